"""What an embedder does with single proteins: token vectors, residue vectors, the language model behind them."""

from collections import Counter
from collections.abc import Callable
from os import PathLike

import numpy as np
import pandas as pd
import torch

from ..data.sequences import check_sequences
from ..exceptions import ModelLoadError, SequenceError
from .batching import embed_distinct, hidden_states
from .language_model import load_language_model
from .long_proteins import LongProteinRule
from .residue_features import DTYPES, compute_residue_features
from .store import open_store


class SingleProteins:
    """Part of `ProteinLanguageModelEmbedder`, whose parameters it reads; pairs are the other part."""

    model: str | PathLike
    revision: str | None
    layer: int | list[int]
    max_length: int | None
    long_proteins: str
    window_overlap: int | None
    uppercase: bool
    batch_size: int
    batch_tokens: int
    device: str | torch.device
    dtype: str
    store: str | PathLike | None
    verbose: int
    _validate_params: Callable[[], None]

    def embed(self, sequences):
        """Token vectors of single proteins; no ``fit`` is needed.

        Parameters
        ----------
        sequences : sequence of str, Series or dict
            Protein sequences; need not be distinct.

        Returns
        -------
        ndarray of shape (n_proteins, n_tokens, d), float32
            Tokens in the order of ``amp_sklearn.data.PROTEIN_TOKENS``: cls, segment0..9, eos, mean; without cls where the
            model has none.

        Raises
        ------
        SequenceError, ModelLoadError, EmbeddingStoreError, ValueError
            As in ``fit`` and ``transform``.

        Examples
        --------
        >>> from amp_sklearn import ProteinLanguageModelEmbedder
        >>> ProteinLanguageModelEmbedder(store=None).embed({"P1": "MKTAYIAKQR", "P2": "MVLSPADKTN"}).shape
        (2, 13, 192)
        """
        ids = list(sequences.keys()) if isinstance(sequences, dict | pd.Series) else None
        checked = check_sequences(sequences, ids, uppercase=self.uppercase)
        codes, distinct = pd.factorize(np.array(checked, dtype=object))
        first = np.unique(codes, return_index=True)[1]
        names = [f"row {row}" if ids is None else str(ids[row]) for row in first]
        return self._embed(list(distinct), names)[codes]

    def residues_embedded(self, sequences):
        """The residues of each protein that are embedded: checked, and cut where ``long_proteins="truncate"``.

        Parameters
        ----------
        sequences : sequence of str

        Returns
        -------
        list of str
        """
        rule = self.long_protein_rule()
        return [rule.cut(sequence) for sequence in check_sequences(sequences, uppercase=self.uppercase)]

    def residue_states(self, sequences):
        """Vectors of single residues in the hidden state at ``layer``, of which the tokens are means.

        Parameters
        ----------
        sequences : sequence of str

        Returns
        -------
        list of ndarray of shape (n_residues, d), float32
            Of the residues that are embedded; see `residues_embedded`.
        """
        loaded, rule = self._loaded_as_fitted(), self.long_protein_rule()
        states = (
            hidden_states([sequence], loaded, rule, self.batch_tokens)
            for sequence in self.residues_embedded(sequences)
        )
        before, after = loaded.ends
        return [state[before : len(state) - after].cpu().numpy() for state in states]  # without cls and eos

    def residue_features(self, sequences, path, *, dtype="float16"):
        """Vectors of all residues, computed in batches, written to a folder, and read from there when they are asked for.

        A run that was stopped, however, goes on where it ended when it is called again with the same proteins and settings;
        one that is complete is only opened. Vectors are those of `residue_states`; the embedding store is not used.

        Parameters
        ----------
        sequences : sequence of str, Series or dict
            Protein sequences; their ids are the keys, the index (of numbers as text), or the positions as text.
        path : str or path-like
            Folder; it is made. It needs ``2 * d`` bytes of disk per residue, ``4 * d`` in float32.
        dtype : {"float16", "float32"}, default="float16"
            Of the numbers on disk.

        Returns
        -------
        ResidueFeatures
            By id, arrays of shape (n_residues, d) in memory-mapped files.

        Raises
        ------
        SequenceError, ModelLoadError
            As in ``fit``.
        ValueError
            If ids repeat, if the folder holds vectors of other proteins or settings, or if vectors are NaN, infinite, or too
            large for ``dtype``.
        OSError
            If the disk is full; room for all vectors is reserved at the start.

        Examples
        --------
        >>> import tempfile
        >>> from amp_sklearn import ProteinLanguageModelEmbedder
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found = ProteinLanguageModelEmbedder().residue_features({"P1": "MKTAYIAKQR"}, f"{folder}/residues")
        ...     found["P1"].shape
        (10, 192)
        """
        self._check_parameters()
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {DTYPES}, got {dtype!r}")
        ids = list(sequences.keys()) if isinstance(sequences, dict | pd.Series) else range(len(sequences))
        checked = check_sequences(
            sequences, None if isinstance(ids, range) else ids, uppercase=self.uppercase
        )
        names = [str(name) for name in ids]
        rule, loaded = self.long_protein_rule(), self._loaded_as_fitted()
        rule.check(checked, names)
        self._check_longest(checked, names, loaded)
        return compute_residue_features(
            _by_name(names, [rule.cut(sequence) for sequence in checked]),
            path,
            loaded,
            rule=rule,
            dtype=dtype,
            batch_size=self.batch_size,
            batch_tokens=self.batch_tokens,
            verbose=self.verbose,
        )

    def long_protein_rule(self):
        """What happens to proteins longer than ``max_length``.

        Returns
        -------
        LongProteinRule
        """
        return LongProteinRule(self.max_length, self.long_proteins, self.window_overlap)

    def language_model(self):
        """The language model that ``model`` stands for; loaded once per process.

        Returns
        -------
        LanguageModel

        Raises
        ------
        ModelLoadError
            If the model cannot be loaded.
        ValueError
            If it has no such layer as ``layer``, or its family is not safe in ``dtype``.
        """
        return load_language_model(self.model, self.revision, self.device, self.dtype).at(self.layer)

    def weights_fingerprint(self):
        """Digest of the weights that ``model`` stands for now; no ``fit`` is needed.

        Returns
        -------
        str
            After ``fit`` and as long as the weights stay what they are, equal to ``fingerprint_``.

        Raises
        ------
        ModelLoadError
            If the model cannot be loaded.
        """
        return self.language_model().fingerprint

    def _check_parameters(self):
        self._validate_params()
        if self.max_length is not None and not 0 <= self.long_protein_rule().overlap < self.max_length:
            raise ValueError(
                f"window_overlap must lie in 0..max_length-1 ({self.max_length - 1}), got {self.window_overlap!r}"
            )

    def _check_longest(self, sequences, names, loaded):
        """Refuse proteins of more residues than the model has positions for, where nothing cuts them."""
        if loaded.longest is None:
            return
        if self.max_length is not None and self.max_length > loaded.longest:
            raise ValueError(
                f"max_length={self.max_length} is more than the {loaded.longest} residues that {self.model!r} can read"
            )
        longest = max(range(len(sequences)), key=lambda row: len(sequences[row]), default=None)
        if self.max_length is None and longest is not None and len(sequences[longest]) > loaded.longest:
            raise SequenceError(
                f"{self.model!r} can read {loaded.longest} residues in one piece; {names[longest]} has "
                f"{len(sequences[longest]):,}. Give max_length={loaded.longest} and long_proteins='window' or 'truncate'"
            )

    def _loaded_as_fitted(self):
        """The language model, which must be that of ``fit`` where there was one."""
        loaded = self.language_model()
        fitted = getattr(self, "fingerprint_", loaded.fingerprint)
        if loaded.fingerprint != fitted:
            raise ModelLoadError(
                f"the weights of {self.model!r} have changed since fit (fingerprint {loaded.fingerprint[:12]}, "
                f"expected {fitted[:12]}); fit again, or give the model that was used"
            )
        return loaded

    def _embed(self, sequences, names):
        self._check_parameters()
        rule = self.long_protein_rule()
        rule.check(sequences, names)
        loaded = self._loaded_as_fitted()
        self._check_longest(sequences, names, loaded)
        return embed_distinct(
            [rule.cut(sequence) for sequence in sequences],
            loaded,
            rule=rule,
            batch_size=self.batch_size,
            batch_tokens=self.batch_tokens,
            store=open_store(self.store),
            verbose=self.verbose,
        )


def _by_name(names, sequences):
    """Sequences by name; names must differ."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            f"ids of proteins must differ; {len(repeated)} occur more than once, first {repeated[:3]}"
        )
    return dict(zip(names, sequences, strict=True))
