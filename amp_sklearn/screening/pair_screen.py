"""Scoring one protein against many, or many among themselves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from ..data.pair_matrix import PairMatrix
from .best_partners import BestPartners
from .plan import ScreeningPlan
from .proteins import proteins_by_id
from .screened_model import class_column, protein_features


@dataclass(frozen=True, eq=False)
class ScreenedBlock:
    """Scores of one block of a screen.

    Parameters
    ----------
    number : int
        Number of the block in its ``ScreeningPlan``.
    pairs : ndarray of int of shape (n, 2)
        Row of the query and row of the target.
    scores : ndarray of shape (n,)
        Probability of the scored class.
    """

    number: int
    pairs: np.ndarray
    scores: np.ndarray


class PairScreen:
    """All pairs of queries and targets under a fitted pipeline, computed block by block.

    Every protein is embedded once, when the screen is made. Blocks are then computed on demand, in any order; beside
    the features of the proteins a screen holds nothing.

    Parameters
    ----------
    model : Pipeline
        Fitted; from two columns of sequences to a classifier with ``predict_proba``, features in between as a
        ``PairMatrix`` (as ``ESM2Embedder``, ``AutoencoderReducer`` and ``PairConcatenator`` make them).
    queries : dict, Series or sequence of str
        Sequences by protein id; without ids their position is the id.
    targets : dict, Series or sequence of str, default=None
        Proteins to pair them with; None pairs the queries among themselves, each pair once.
    block_size : int, default=128
        Proteins on either side of a block: 128 make 16,384 pairs.
    include_self : bool, default=False
        Among themselves: also pair each protein with itself.
    label : class label, default=None
        Class whose probability is the score; by default the second of two.

    Attributes
    ----------
    plan : ScreeningPlan
    query_ids, target_ids : ndarray
        Ids by row; the same array where the queries are paired among themselves.

    Raises
    ------
    SequenceError
        If a protein is no protein sequence.
    TypeError
        If the pipeline is none of the described kind.
    ValueError
        If ids repeat, there is nothing to pair, or the class is unknown.

    Notes
    -----
    A pair is scored with the query as protein A. Among themselves that is the earlier protein; models that tell
    protein A from protein B give another score to the other order unless they are fitted with ``symmetric=True``.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn.preprocessing import CompositionEncoder
    >>> from amp_sklearn.screening import PairScreen
    >>> X = [["MKTAYIAK", "MVLSPADK"], ["MKTAYIAK", "GGSGGSGG"], ["MVLSPADK", "GGSGGSGG"], ["MVLSPADK", "MKVA"]]
    >>> model = make_pipeline(CompositionEncoder(), LogisticRegression()).fit(X, [1, 0, 0, 1])
    >>> screen = PairScreen(model, ["MKTAYIAK", "MVLSPADK", "GGSGGSGG"], block_size=2)
    >>> len(screen), screen.block(1).pairs.tolist(), screen.block(1).scores.shape
    (3, [[0, 2], [1, 2]], (2,))
    """

    def __init__(self, model, queries, targets=None, *, block_size=128, include_self=False, label=None):
        self.query_ids, sequences = proteins_by_id(queries, "queries")
        self.target_ids, n_targets = self.query_ids, None
        if targets is not None:
            self.target_ids, others = proteins_by_id(targets, "targets")
            sequences, n_targets = sequences + others, len(others)
        self.plan = ScreeningPlan(len(self.query_ids), n_targets, block_size, include_self)
        self._first_target = 0 if targets is None else len(self.query_ids)
        if not self.plan.n_pairs:
            raise ValueError(
                f"there is no pair to score: {len(self.query_ids)} queries and "
                f"{'no targets' if targets is None else f'{n_targets} targets'}"
            )
        ids = [*self.query_ids, *(() if targets is None else self.target_ids)]
        if not hasattr(model, "steps") or len(model) < 2:
            raise TypeError(
                f"model must be a fitted Pipeline from sequences to a classifier, got {type(model).__name__}"
            )
        check_is_fitted(model[-1])
        X = protein_features(model[:-1], sequences, ids)
        if not isinstance(X, PairMatrix):
            raise TypeError(
                f"the steps before the classifier must give a PairMatrix, got {type(X).__name__}: a screen in memory "
                "computes what belongs to one protein once; use `screen`, which takes any pipeline, or leave out steps "
                "that work on whole pairs, and set_output"
            )
        self._features, self._rows, self._layout = X.features, X.index.ravel()[: len(sequences)], X.layout
        self._classifier = model[-1]
        self._column = class_column(self._classifier, label)

    def __len__(self):
        """Number of blocks."""
        return self.plan.n_blocks

    def __iter__(self):
        """All blocks in the order of their numbers."""
        return (self.block(number) for number in range(len(self)))

    def block(self, number):
        """Compute one block.

        Parameters
        ----------
        number : int
            0 to ``len(self) - 1``.

        Returns
        -------
        ScreenedBlock
        """
        pairs = self.plan.pairs(number)
        if not len(pairs):
            return ScreenedBlock(number, pairs, np.empty(0))
        index = self._rows[pairs + np.array([0, self._first_target])]
        X = PairMatrix(self._features, index, self._layout)
        return ScreenedBlock(number, pairs, self._classifier.predict_proba(X)[:, self._column])


def screen_pairs(
    model,
    queries,
    targets=None,
    *,
    top_k=None,
    min_score=None,
    block_size=128,
    include_self=False,
    label=None,
    verbose=0,
):
    """Score all pairs of queries and targets and keep the best.

    Parameters
    ----------
    model : Pipeline
        Fitted; see ``PairScreen``.
    queries : dict, Series or sequence of str
        Sequences by protein id: one protein, or a whole proteome.
    targets : dict, Series or sequence of str, default=None
        Proteins to pair them with; None pairs the queries among themselves, each pair once.
    top_k : int, default=None
        Partners to keep per query; among themselves a pair counts for both of its proteins. None keeps all.
    min_score : float, default=None
        Lowest score to keep; None keeps all.
    block_size : int, default=128
        Proteins on either side of a block that is computed at a time.
    include_self : bool, default=False
        Among themselves: also pair each protein with itself.
    label : class label, default=None
        Class whose probability is the score; by default the second of two.
    verbose : int, default=0
        Show a progress bar when positive.

    Returns
    -------
    DataFrame
        Columns ``protein_a``, ``protein_b`` (ids) and ``score``. With ``top_k`` sorted by the protein in
        ``protein_a`` and its best partners first, else in the order of the pairs' blocks.

    Raises
    ------
    SequenceError, TypeError, ValueError
        See ``PairScreen``; also if ``top_k`` is below 1.

    Notes
    -----
    Memory holds the features of the proteins, one block, and what is kept: with neither ``top_k`` nor ``min_score``
    that is every pair.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn.preprocessing import CompositionEncoder
    >>> from amp_sklearn.screening import screen_pairs
    >>> X = [["MKTAYIAK", "MVLSPADK"], ["MKTAYIAK", "GGSGGSGG"], ["MVLSPADK", "GGSGGSGG"], ["MVLSPADK", "MKVA"]]
    >>> model = make_pipeline(CompositionEncoder(), LogisticRegression()).fit(X, [1, 0, 0, 1])
    >>> proteins = {"P1": "MKTAYIAK", "P2": "MVLSPADK", "P3": "GGSGGSGG"}
    >>> screen_pairs(model, proteins)[["protein_a", "protein_b"]].to_numpy().tolist()
    [['P1', 'P2'], ['P1', 'P3'], ['P2', 'P3']]
    >>> screen_pairs(model, {"P1": "MKTAYIAK"}, proteins, top_k=2).shape
    (2, 3)
    """
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    screen = PairScreen(
        model, queries, targets, block_size=block_size, include_self=include_self, label=label
    )
    best = None if top_k is None else BestPartners(len(screen.query_ids), top_k)
    parts = []
    with tqdm(total=screen.plan.n_pairs, unit="pair", unit_scale=True, disable=not verbose) as progress:
        for block in screen:
            (a, b), scores = block.pairs.T, block.scores
            if min_score is not None:
                good = scores >= min_score
                a, b, scores = a[good], b[good], scores[good]
            if best is None:
                parts.append((a, b, scores))
            else:
                best.add(a, b, scores)
                if targets is None:  # the pair is a candidate of both its proteins
                    other = a != b
                    best.add(b[other], a[other], scores[other])
            progress.update(len(block.scores))
    a, b, scores = best.found() if best is not None else map(np.concatenate, zip(*parts, strict=True))
    return pd.DataFrame(
        {"protein_a": screen.query_ids[a], "protein_b": screen.target_ids[b], "score": scores}
    )
