"""Features of all proteins of a screen, once, in a file of its folder."""

import os
from typing import Any

import numpy as np
from tqdm.auto import tqdm

TOGETHER = 2048
"""Proteins whose features are computed at a time."""


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
    if not whole.exists():
        own = journal.folder / f"{name}{suffix}.npy"
        partial = own.with_name(f"{own.name}.{os.getpid()}.partial")
        features: Any = None
        starts = range(0, len(proteins), TOGETHER)
        for start in tqdm(
            starts, desc="encoding proteins", unit="batch", disable=not verbose or len(starts) == 1
        ):
            some = slice(start, start + TOGETHER)
            found, layout = screened.encode(proteins.sequences[some], proteins.ids[some])
            if features is None:
                features = np.lib.format.open_memmap(
                    partial, "w+", found.dtype, (len(proteins), found.shape[1])
                )
            features[some] = found
        features.flush()
        os.replace(partial, own)
        whole = own
    return np.load(whole, mmap_mode="r"), layout
