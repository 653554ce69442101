"""Features of all proteins of a screen, once, in a file of its folder."""

import numpy as np

from ..preprocessing.feature_file import write_features


def encoded(journal, screened, proteins, name, suffix, verbose):
    """Features of proteins as a memory map: those that are in the folder, or computed now.

    Parameters
    ----------
    journal : ScreenJournal
    screened : ScreenedModel
    proteins : ProteinSet
    name : {"features", "partner_features"}
    suffix : str
        Of the file of a part that finds none of the whole screen.
    verbose : int

    Returns
    -------
    features : ndarray of shape (n_proteins, n_protein_features), or None
        None for a model that is asked about whole pairs.
    layout : FeatureLayout or None
        Of a pair.
    """
    found, layout = screened.encode(proteins.sequences[:1], proteins.ids[:1])
    if found is None:
        return None, None
    whole = journal.folder / f"{name}.npy"  # its name is given when it is complete
    if whole.exists():
        return np.load(whole, mmap_mode="r"), layout

    def encode(some):
        return screened.encode(proteins.sequences[some], proteins.ids[some])[0]

    own = journal.folder / f"{name}{suffix}.npy"
    return write_features(encode, len(proteins), own, verbose), layout
