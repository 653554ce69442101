"""Proteins too long to be embedded in one piece: one rule for embedding and for the way back to residues."""

import warnings
from dataclasses import dataclass

import numpy as np

from ..exceptions import SequenceError

LONG_PROTEINS = ("error", "truncate", "window")


@dataclass(frozen=True)
class LongProteinRule:
    """What happens to proteins of more than ``max_length`` residues; parameters as of ``ESM2Embedder``.

    Parameters
    ----------
    max_length : int, default=None
        Residues that are embedded in one piece at most; None embeds every protein whole.
    long_proteins : {"error", "truncate", "window"}, default="error"
    window_overlap : int, default=None
        Residues that neighbouring windows share at least; None is a quarter of ``max_length``.

    Examples
    --------
    >>> from amp_sklearn.embedding.long_proteins import LongProteinRule
    >>> LongProteinRule(100, "window").windows(230)
    [(0, 100), (65, 165), (130, 230)]
    """

    max_length: int | None = None
    long_proteins: str = "error"
    window_overlap: int | None = None

    @property
    def overlap(self):
        """Residues that neighbouring windows share at least."""
        if self.max_length is None:
            return 0
        return self.max_length // 4 if self.window_overlap is None else self.window_overlap

    def check(self, sequences, names):
        """Raise a SequenceError where a protein is too long, or warn where residues will be left out.

        Parameters
        ----------
        sequences : sequence of str
        names : sequence of str
            What the message calls the proteins.
        """
        if self.max_length is None or self.long_proteins == "window":
            return
        long = [row for row, sequence in enumerate(sequences) if len(sequence) > self.max_length]
        if not long:
            return
        longest = max(long, key=lambda row: len(sequences[row]))
        found = (
            f"{len(long):,} of {len(sequences):,} proteins are longer than max_length={self.max_length} residues; "
            f"the longest, {names[longest]}, has {len(sequences[longest]):,}"
        )
        if self.long_proteins == "truncate":
            warnings.warn(f"{found}. Only their first {self.max_length} residues are used.", stacklevel=4)
            return
        raise SequenceError(
            f"{found}. Choose long_proteins='window' (overlapping windows, every residue counts), "
            "long_proteins='truncate' (first residues only), or max_length=None (whole, slow and memory-hungry)."
        )

    def lengths(self, lengths):
        """Residues of proteins of the given lengths that are embedded."""
        lengths = np.asarray(lengths)
        return lengths if self._kept is None else np.minimum(lengths, self._kept)

    def cut(self, sequence):
        """The residues of a protein that are embedded."""
        return sequence[: self._kept]

    @property
    def _kept(self):
        return self.max_length if self.long_proteins == "truncate" else None

    def windows(self, n_residues):
        """Windows in which a protein is embedded; the last one ends with the protein.

        Parameters
        ----------
        n_residues : int
            Residues of the protein.

        Returns
        -------
        list of (int, int)
            First residue and end of each; one window where the protein is embedded in one piece.
        """
        if self.max_length is None or n_residues <= self.max_length:
            return [(0, n_residues)]
        n_windows = -(-(n_residues - self.overlap) // (self.max_length - self.overlap))
        starts = np.linspace(0, n_residues - self.max_length, n_windows).astype(int).tolist()
        return [(start, start + self.max_length) for start in starts]
