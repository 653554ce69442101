"""MutationScan: what a model says of every variant of a pair, as a table, a matrix and a file."""

import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..data.sequences import STANDARD_RESIDUES
from ..writing import plain_value, write_atomically

DELETION = "-"
"""What stands for the residue that a deletion puts in place of another."""

FORMAT_NUMBER = 1
_KIND = "mutation scan"


@dataclass(frozen=True, eq=False)
class MutationScan:
    """How a model's output for one pair changes with single mutations. Made by `mutation_scan`.

    Parameters
    ----------
    sequences : tuple of (str, str)
        Protein A and protein B without mutation.
    variants : DataFrame
        One row per variant: ``protein`` (``"A"`` or ``"B"``), ``position`` (from 1), ``variant`` (the new residue; ``"-"`` is
        a deletion).
    outputs : ndarray of shape (n_variants,)
        Output of the model for each variant; NaN where it is not yet computed.
    probabilities : ndarray of shape (n_variants,)
        Probability of each variant as the model reports it, calibrated where it is; NaN where it is not known.
    wild_output, wild_probability : float
        The same for the pair without mutation.
    output_name : {"logit", "probability"}
        What ``outputs`` are.
    method : {"exact", "gradient"}
        Each variant embedded and predicted, or estimated from gradients.
    pair_id : tuple of (str, str), default=("A", "B")
        Ids of both proteins.
    notes : tuple of str, default=()
        What a reader must know.
    model : str, default=""
        Fingerprint of the fitted model.
    settings : dict, default={}
        What else determines the outputs, such as the class that is looked at.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from amp_sklearn.explanation import MutationScan
    >>> variants = pd.DataFrame({"protein": ["A", "A"], "position": [1, 2], "variant": ["A", "-"]})
    >>> nan = np.full(2, np.nan)
    >>> scan = MutationScan(("MK", "MV"), variants, np.array([0.5, 0.25]), nan, 1.0, 0.73, "logit", "exact")
    >>> scan.table[["mutation", "change"]].to_dict("list")
    {'mutation': ['M1A', 'K2del'], 'change': [-0.5, -0.75]}
    """

    sequences: tuple[str, str]
    variants: pd.DataFrame
    outputs: np.ndarray
    probabilities: np.ndarray
    wild_output: float
    wild_probability: float
    output_name: str
    method: str
    pair_id: tuple[str, str] = ("A", "B")
    notes: tuple[str, ...] = ()
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def __len__(self):
        return len(self.variants)

    def __repr__(self):
        a, b = self.pair_id
        return f"MutationScan({a!r}, {b!r}, n_variants={len(self)}, method={self.method!r})"

    @property
    def complete(self):
        """Whether every variant is computed."""
        return not np.isnan(self.outputs).any()

    @property
    def changes(self):
        """Output of each variant less that of the pair without mutation, shape (n_variants,)."""
        return self.outputs - self.wild_output

    @property
    def proteins(self):
        """Which proteins are mutated: ``"A"``, ``"B"`` or both, in order."""
        return tuple(side for side in "AB" if (self.variants["protein"] == side).any())

    @property
    def table(self):
        """One row per variant.

        Returns
        -------
        DataFrame
            Columns ``protein`` (A or B), ``protein_id``, ``position`` (from 1), ``residue``, ``variant`` (``"-"`` is a
            deletion), ``mutation`` (such as ``"K4A"``, ``"K4del"``), ``change`` (of the output), ``logit`` (where the model
            has one) and ``probability``.
        """
        table = self.variants.reset_index(drop=True)
        side = table["protein"].map({"A": 0, "B": 1}).to_numpy(dtype=int)
        residues = [
            self.sequences[which][position - 1]
            for which, position in zip(side, table["position"], strict=True)
        ]
        table.insert(1, "protein_id", [self.pair_id[which] for which in side])
        table.insert(3, "residue", residues)
        named = table["variant"].where(table["variant"] != DELETION, "del")
        table["mutation"] = table["residue"] + table["position"].astype(str) + named
        table["change"] = self.changes
        if self.output_name == "logit":
            table["logit"] = self.outputs
        table["probability"] = self.probabilities
        return table

    def matrix(self, protein=None):
        """Changes of one protein: residues in rows, positions in columns.

        Parameters
        ----------
        protein : {"A", "B"}, default=None
            By default the only one that was scanned.

        Returns
        -------
        DataFrame
            Rows: the twenty standard residues, then ``"-"`` where deletions were scanned; columns: every position of the
            protein, from 1. NaN where nothing was scanned, as at the residue that is there.
        """
        protein = self._one(protein)
        chosen = (self.variants["protein"] == protein).to_numpy()
        rows = [*STANDARD_RESIDUES]
        if (self.variants["variant"][chosen] == DELETION).any():
            rows.append(DELETION)
        sequence = self.sequences["AB".index(protein)]
        values = np.full((len(rows), len(sequence)), np.nan)
        place = [rows.index(letter) for letter in self.variants["variant"][chosen]]
        values[place, self.variants["position"][chosen] - 1] = self.changes[chosen]
        return pd.DataFrame(values, rows, pd.RangeIndex(1, len(sequence) + 1, name="position"))

    def by_position(self, protein=None):
        """What the variants of each position have in common.

        Parameters
        ----------
        protein : {"A", "B"}, default=None
            By default all that were scanned.

        Returns
        -------
        DataFrame
            One row per scanned position: ``protein``, ``protein_id``, ``position``, ``residue``, ``n_variants``, ``mean``,
            ``lowest`` and ``highest`` change, and ``magnitude``, the mean size of the change, largest first.
        """
        table = self.table
        if protein is not None:
            table = table[table["protein"] == self._one(protein)]
        table = table.assign(magnitude=table["change"].abs())
        by = table.groupby(["protein", "protein_id", "position", "residue"], sort=False)
        found = by.agg(
            n_variants=("change", "count"),
            mean=("change", "mean"),
            lowest=("change", "min"),
            highest=("change", "max"),
            magnitude=("magnitude", "mean"),
        )
        return found.reset_index().sort_values("magnitude", ascending=False, kind="stable", ignore_index=True)

    def agreement(self, other):
        """How well another scan of the same pair agrees, such as a first look by gradients with the exact scan.

        Parameters
        ----------
        other : MutationScan

        Returns
        -------
        dict of str to float
            ``variants``: Spearman's correlation of the changes of all variants that both hold; ``positions``: of the mean
            size of the change at each position; ``top_positions``: share of the tenth of positions with the largest
            size that both name; ``n_variants`` and ``n_positions``.

        Raises
        ------
        ValueError
            If the scans are of different sequences or share fewer than three variants.
        """
        if self.sequences != other.sequences:
            raise ValueError("the scans are of different pairs: their sequences differ")
        keys = ["protein", "position", "variant"]
        both = self.table.merge(other.table, on=keys, suffixes=("", "_other")).dropna(
            subset=["change", "change_other"]
        )
        if len(both) < 3:
            raise ValueError(f"the scans share {len(both)} computed variants; at least three are needed")
        sizes = both[["change", "change_other"]].abs().groupby([both["protein"], both["position"]]).mean()
        n_top = max(len(sizes) // 10, 1)
        first, second = (set(sizes[column].nlargest(n_top).index) for column in sizes)
        return {
            "variants": float(spearmanr(both["change"], both["change_other"]).statistic),
            "positions": float(spearmanr(*sizes.to_numpy().T).statistic) if len(sizes) > 2 else np.nan,
            "top_positions": len(first & second) / n_top,
            "n_variants": len(both),
            "n_positions": len(sizes),
        }

    def _one(self, protein):
        if protein is None and len(self.proteins) == 1:
            return self.proteins[0]
        if protein not in self.proteins:
            raise ValueError(f"protein must be one of {self.proteins}, which were scanned; got {protein!r}")
        return protein

    def to_csv(self, path):
        """Write ``table``; with tabs where the name ends in ``.tsv``, else with commas.

        Parameters
        ----------
        path : str or path-like
        """
        separator = "\t" if str(path).lower().endswith(".tsv") else ","
        with write_atomically(path) as unfinished:
            self.table.to_csv(unfinished, sep=separator, index=False)

    def save(self, path):
        """Write to one file (arrays and a JSON header, no pickle); ``load`` is the way back, `mutation_scan` goes on with it.

        Parameters
        ----------
        path : str or path-like
            It is replaced as a whole or not at all.
        """
        header = {
            "kind": _KIND,
            "format": FORMAT_NUMBER,
            "sequences": self.sequences,
            "wild_output": self.wild_output,
            "wild_probability": self.wild_probability,
            "output_name": self.output_name,
            "method": self.method,
            "pair_id": [str(name) for name in self.pair_id],
            "notes": self.notes,
            "model": self.model,
            "settings": self.settings,
        }
        text = json.dumps(header, default=plain_value)
        with write_atomically(path) as unfinished, open(unfinished, "wb") as file:
            np.savez_compressed(
                file,
                header=np.frombuffer(text.encode(), dtype=np.uint8),
                protein=self.variants["protein"].to_numpy(dtype="U1"),
                position=self.variants["position"].to_numpy(dtype=np.int64),
                variant=self.variants["variant"].to_numpy(dtype="U1"),
                outputs=self.outputs,
                probabilities=self.probabilities,
            )

    @classmethod
    def load(cls, path):
        """Read a scan that ``save`` wrote.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        MutationScan

        Raises
        ------
        ValueError
            If the file holds no mutation scan, or was written by a newer format.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            header = json.loads(arrays["header"].tobytes().decode())
        except FileNotFoundError:
            raise
        except (ValueError, KeyError, AttributeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path} is not a file of a mutation scan (an .npz archive with a header)"
            ) from error
        if header.pop("kind", None) != _KIND:
            raise ValueError(f"{path} holds no mutation scan, though it is an .npz file of this package")
        number = header.pop("format", None)
        if not isinstance(number, int) or number > FORMAT_NUMBER:
            raise ValueError(
                f"{path} has format {number!r} of mutation scans, this version reads up to {FORMAT_NUMBER}; update "
                "amp_sklearn to read it"
            )
        variants = pd.DataFrame({name: arrays[name].tolist() for name in ("protein", "position", "variant")})
        for name in ("sequences", "pair_id", "notes"):
            header[name] = tuple(header[name])
        return cls(
            variants=variants, outputs=arrays["outputs"], probabilities=arrays["probabilities"], **header
        )
