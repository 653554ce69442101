"""What every explainer shares."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from .explanation import Explanation
from .model import PERMUTATION_INVARIANT_NOTE, read_model

AGGREGATES = ("mean_abs", "sum", "sum_abs")


class RefusedExplanation(ValueError):
    """The method would say something wrong about this model; the message tells why and what to use."""


@dataclass
class Attribution:
    """What an explainer found. ``values`` may be left out where ``feature_values`` are given.

    Parameters
    ----------
    values : ndarray of shape (n_pairs, n_tokens), default=None
        Importance of each token; by default the mean magnitude of the token's feature values.
    feature_values : ndarray of shape (n_pairs, n_features), default=None
        Signed attribution of each column.
    base_values, error : ndarray of shape (n_pairs,), default=None
        See ``Explanation``.
    residue_values, token_maps, map_names, pair_values
        See ``Explanation``.
    notes : tuple of str, default=()
    """

    values: np.ndarray | None = None
    feature_values: np.ndarray | None = None
    base_values: np.ndarray | None = None
    error: np.ndarray | None = None
    residue_values: tuple | None = None
    token_maps: np.ndarray | None = None
    map_names: tuple[str, ...] = ()
    pair_values: np.ndarray | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Explainer(ABC):
    """Base of all explainers.

    A subclass is a dataclass whose fields are its settings. It implements ``attribute`` and, if there are
    models it would explain wrongly, ``reason_unsuitable``; ``register_explainer`` makes it known to ``explain``, and
    with that to the displays, the evaluation and the region analysis, all of which read nothing but an
    ``Explanation``.
    """

    name: ClassVar[str] = ""
    expensive: ClassVar[bool] = False  # too slow to be compared without being asked for
    baselines: ClassVar[tuple[str, ...]] = ("mean", "zero", "sample")
    """Names that the setting ``baseline`` may have, of methods that have it."""
    exact_to: ClassVar[float | None] = None
    """Largest ``error``, relative to what was handed out, that is rounding; None for methods that approximate."""

    @abstractmethod
    def attribute(self, model):
        """Attribute the model's output to tokens or columns.

        Parameters
        ----------
        model : ExplainedModel

        Returns
        -------
        Attribution
        """

    def reason_unsuitable(self, model):
        """Why this method would explain ``model`` wrongly and what to use instead, or None."""
        return None

    def explain(self, fitted, X, *, layout=None, background=None, target=None):
        """Explain the predictions of a fitted model; parameters as in ``amp_sklearn.explanation``.

        Returns
        -------
        Explanation
        """
        return self.explain_model(read_model(fitted, X, layout=layout, background=background, target=target))

    def explain_model(self, model):
        """Explain an ``ExplainedModel``, as ``explain`` does after reading the fitted model.

        Parameters
        ----------
        model : ExplainedModel

        Returns
        -------
        Explanation

        Raises
        ------
        RefusedExplanation
            If the method would be wrong for this model, or values that must add up to the model's output do not.
        """
        reason = self.reason_unsuitable(model)
        if reason is not None:
            raise RefusedExplanation(f"{self.name} refuses this model: {reason}")
        found = self.attribute(model)
        values = found.values
        if values is None:
            values = aggregate_tokens(found.feature_values, model.layout)
        self._check_additivity(found)
        permutation_invariant = (PERMUTATION_INVARIANT_NOTE,) if model.permutation_invariant() else ()
        notes = (*model.notes, *permutation_invariant, *found.notes)
        return Explanation(
            values=values,
            layout=model.layout,
            method=self.name,
            pair_ids=model.pair_ids,
            predictions=model.probability(),
            base_values=found.base_values,
            feature_values=found.feature_values,
            residue_values=found.residue_values,
            lengths=model.lengths,
            token_maps=found.token_maps,
            map_names=found.map_names,
            pair_values=found.pair_values,
            error=found.error,
            notes=notes,
            model=model.fingerprint(),
            parameters=self.settings(),
        )

    def _check_additivity(self, found):
        if self.exact_to is None or found.error is None:
            return
        size = np.ones(len(found.error))
        if found.base_values is not None:
            size = np.maximum(size, np.abs(found.base_values))
        if found.feature_values is not None:
            size = np.maximum(size, np.abs(found.feature_values).sum(axis=1))
        error = np.abs(found.error) / size
        worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
        if not error[worst] <= self.exact_to:
            raise RefusedExplanation(
                f"the values of {self.name} must add up to the model's output, but for pair {worst} (counted from 0) "
                f"they miss it by {found.error[worst]:.3g}, which is more than rounding; they would be wrong. Use "
                "'permutation' or 'occlusion' instead"
            )

    def settings(self):
        """Settings as plain values, for the record; arrays are named by their shape."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


@dataclass
class FeatureExplainer(Explainer):
    """Base of explainers that attribute to single columns, some pairs at a time.

    A subclass implements ``attribute_rows`` and, for what is done once, ``prepare``.

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        How columns are put together to one value per token; see ``aggregate_tokens``.
    keep_features : bool, default=True
        Whether the ``Explanation`` holds the value of each column (4 bytes x n_pairs x n_features).
    """

    aggregate: str = "mean_abs"
    keep_features: bool = True

    def prepare(self, model):
        """What all batches share; handed to ``attribute_rows``."""
        return None

    @property
    def pairs_at_once(self):
        """Pairs handed to one call of ``attribute_rows``."""
        return 64

    @abstractmethod
    def attribute_rows(self, model, rows, shared):
        """Attribute the output for some pairs.

        Parameters
        ----------
        model : ExplainedModel
        rows : slice
            Pairs.
        shared : object
            What ``prepare`` returned.

        Returns
        -------
        feature_values : ndarray of shape (len(rows), n_features)
        base_values, error : ndarray of shape (len(rows),)
        """

    def attribute(self, model):
        if self.aggregate not in AGGREGATES:
            raise ValueError(f"aggregate must be one of {AGGREGATES}, got {self.aggregate!r}")
        shared = self.prepare(model)
        values, features, base, error = [], [], [], []
        for rows in model.batches(self.pairs_at_once):
            found, base_values, errors = self.attribute_rows(model, rows, shared)
            values.append(aggregate_tokens(found, model.layout, self.aggregate))
            base.append(base_values)
            error.append(errors)
            if self.keep_features:
                features.append(found)
        return Attribution(
            values=np.concatenate(values),
            feature_values=np.concatenate(features) if self.keep_features else None,
            base_values=np.concatenate(base),
            error=np.concatenate(error),
        )


def _plain(value):
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if shape is not None else type(value).__name__


def aggregate_tokens(feature_values, layout, aggregate="mean_abs"):
    """One value per token from one value per column.

    Parameters
    ----------
    feature_values : array-like of shape (n_pairs, n_features)
    layout : FeatureLayout
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        Mean magnitude over the token's columns (as published), the signed sum (which stays additive), or the
        sum of magnitudes.

    Returns
    -------
    ndarray of shape (n_pairs, n_tokens)

    Raises
    ------
    ValueError
        If ``aggregate`` is unknown.
    """
    by_token = layout.by_token(feature_values)
    if aggregate == "mean_abs":
        return np.abs(by_token).mean(axis=-1, dtype=float)
    if aggregate == "sum":
        return by_token.sum(axis=-1, dtype=float)
    if aggregate == "sum_abs":
        return np.abs(by_token).sum(axis=-1, dtype=float)
    raise ValueError(f"aggregate must be one of {AGGREGATES}, got {aggregate!r}")
