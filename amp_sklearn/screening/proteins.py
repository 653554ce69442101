"""The proteins of a screen: ids, sequences, and a digest that tells one set from another."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data import read_fasta
from ..data.sequences import check_sequences
from ..writing import write_atomically


def proteins_by_id(proteins, name):
    """Ids and sequences of proteins in any of the accepted forms.

    Parameters
    ----------
    proteins : dict, Series or sequence of str
        Sequences by protein id; without ids their position is the id.
    name : str
        Name of the parameter, for messages.

    Returns
    -------
    ids : ndarray of shape (n_proteins,)
    sequences : list of str

    Raises
    ------
    TypeError
        If one text is given instead of a collection.
    ValueError
        If an id occurs twice.
    """
    if isinstance(proteins, str):
        raise TypeError(
            f"{name} must be a dict, Series or list of sequences, got one text; put it into a list"
        )
    named = isinstance(proteins, dict | pd.Series)
    ids = pd.Index(list(proteins.keys()) if named else range(len(proteins)), tupleize_cols=False)
    if not ids.is_unique:
        raise ValueError(f"{name} hold the protein id {ids[ids.duplicated()][0]!r} more than once")
    sequences = list(proteins.values()) if isinstance(proteins, dict) else list(proteins)
    return ids.to_numpy(), sequences


@dataclass(frozen=True, eq=False)
class ProteinSet:
    """Proteins of one side of a screen.

    Parameters
    ----------
    ids : ndarray of str of shape (n_proteins,)
    sequences : list of str
        Checked.
    """

    ids: np.ndarray
    sequences: list

    @classmethod
    def of(cls, proteins, name):
        """Read and check proteins.

        Parameters
        ----------
        proteins : path-like, dict, Series or sequence of str
            A FASTA file, or sequences by id.
        name : str
            Name of the parameter, for messages.

        Returns
        -------
        ProteinSet

        Raises
        ------
        SequenceError
            If a protein is no protein sequence.
        ValueError
            If an id occurs twice, or there is no protein.
        """
        if hasattr(proteins, "__fspath__") or isinstance(proteins, str):
            proteins = read_fasta(proteins)
        ids, sequences = proteins_by_id(proteins, name)
        if not len(ids):
            raise ValueError(f"{name} hold no protein")
        ids = np.array([str(id_) for id_ in ids], dtype=object)
        return cls(ids, list(check_sequences(dict(zip(ids, sequences, strict=True)))))

    def __len__(self):
        return len(self.ids)

    def write_table(self, path):
        """Write ids and lengths, in order."""
        rows = zip(self.ids, self.sequences, strict=True)
        lines = ["protein\tlength\n", *(f"{protein}\t{len(sequence)}\n" for protein, sequence in rows)]
        with write_atomically(path) as unfinished:
            unfinished.write_text("".join(lines))

    @property
    def digest(self):
        """Digest of ids and sequences in their order."""
        hashed = hashlib.blake2b(digest_size=16)
        for protein, sequence in zip(self.ids, self.sequences, strict=True):
            hashed.update(f"{protein}\n{sequence}\n".encode())
        return hashed.hexdigest()
