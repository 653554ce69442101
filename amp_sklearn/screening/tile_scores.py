"""Scores of the pairs of a tile: by matrix products where the model allows it, pair by pair otherwise."""

from typing import Any

import numpy as np
import torch
from scipy.special import expit

from ..data.pair_matrix import PairMatrix
from .screened_model import pair_table


def whole_block_scorer(screened):
    """The torch module of a model that scores proteins against proteins by matrix products, or None.

    Parameters
    ----------
    screened : ScreenedModel

    Returns
    -------
    torch.nn.Module or None
        With methods ``protein_part`` and ``score_block``.
    """
    classifier = screened.classifier
    module = getattr(classifier, "module_", None)
    if module is None or not hasattr(module, "score_block") or len(classifier.classes_) != 2:
        return None
    return module


class TileScorer:
    """Scores of tiles of pairs under one model.

    Parameters
    ----------
    screened : ScreenedModel
    queries, targets : ProteinSet
        The same object where proteins are paired among themselves.
    query_features, target_features : array of shape (n_proteins, n_protein_features), or None
        What the model's encoder makes of them; None for a model that is asked about whole pairs.
    layout : FeatureLayout or None
    """

    def __init__(self, screened, queries, targets, query_features, target_features, layout):
        self.screened, self.queries, self.targets = screened, queries, targets
        self.query_features, self.target_features, self.layout = query_features, target_features, layout
        self.module: Any = None if query_features is None else whole_block_scorer(screened)
        self._kept_parts = {}

    def score(self, queries, targets, chosen=None):
        """Scores of the pairs of a tile.

        Parameters
        ----------
        queries, targets : range
            Rows of the proteins.
        chosen : ndarray of bool of shape (n_queries, n_targets), default=None
            Pairs of the tile to score; None is all of them.

        Returns
        -------
        rows : ndarray of int of shape (n, 2)
            Row of the query and row of the target of each pair.
        columns : dict of str to ndarray of float32 of shape (n,)
            See `ScreenedModel.columns_of`.
        """
        if chosen is None:
            chosen = np.ones((len(queries), len(targets)), dtype=bool)
        rows = np.argwhere(chosen) + np.array([queries.start, targets.start])
        if not len(rows):
            return rows, self.screened.columns_of(np.empty(0))
        uncertainty = None
        if self.module is not None:
            each = self._block_logits(queries, targets)[:, chosen]
            logits = each.mean(axis=0)
            probability = expit(logits if self.screened.column == 1 else -logits)
            if hasattr(self.screened.classifier, "predict_uncertainty"):
                uncertainty = expit(each).std(axis=0)  # of two classes, the same for either
        elif self.query_features is not None:
            X, classifier = self._pair_matrix(rows, queries, targets), self.screened.classifier
            probability = classifier.predict_proba(X)[:, self.screened.column]
            if hasattr(classifier, "predict_uncertainty"):
                uncertainty = classifier.predict_uncertainty(X)
        else:
            probability = self.screened.pipeline.predict_proba(self._table(rows))[:, self.screened.column]
        return rows, self.screened.columns_of(probability, uncertainty)

    def probability_of(self, query_features, target_features, index):
        """Probability of the scored class for pairs of encoded proteins.

        Parameters
        ----------
        query_features, target_features : ndarray
        index : ndarray of int of shape (n_pairs, 2)
            Rows of both stacked on each other.

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        features = np.concatenate([query_features, target_features])
        return self.screened.classifier.predict_proba(PairMatrix(features, index, self.layout))[
            :, self.screened.column
        ]

    def _block_logits(self, queries, targets):
        """Logits by each member of an ensemble, or by the one network, shape (n_members, n_queries, n_targets)."""
        with torch.inference_mode():
            a = self._parts(self.query_features, queries, 0)
            b = self._parts(self.target_features, targets, 1)
            if hasattr(self.module, "score_block_by_member"):
                logits = self.module.score_block_by_member(a, b)
            else:
                logits = self.module.score_block(a, b)[None]
            return logits.double().cpu().numpy()

    def _parts(self, features, rows, side):
        """Parts of a range of proteins; those of the last range of each side are kept for the next tile."""
        key = (side, rows.start, rows.stop)
        if self._kept_parts.get(side, (None, None))[0] != key:
            parameter = next(self.module.parameters())
            X = torch.from_numpy(np.array(features[rows.start : rows.stop])).to(parameter)
            self._kept_parts[side] = (key, self.module.protein_part(X, side))
        return self._kept_parts[side][1]

    def _pair_matrix(self, rows, queries, targets):
        """Pairs of the tile as the classifier takes them, with the features of its proteins only."""
        a = np.asarray(self.query_features[queries.start : queries.stop])
        b = np.asarray(self.target_features[targets.start : targets.stop])
        index = rows - np.array([queries.start, targets.start - len(queries)])
        return PairMatrix(np.concatenate([a, b]), index, self.layout)

    def _table(self, rows):
        sequences = [*self.queries.sequences, *self.targets.sequences]
        ids = [*self.queries.ids, *self.targets.ids]
        return pair_table(self.screened.pipeline, sequences, ids, rows + np.array([0, len(self.queries)]))
