"""How a fitted model is read by the explainers: tensors in, one number per pair out."""

import contextlib
import hashlib
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import torch
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix
from ..data.sequence_pairs import pair_ids

_SCALERS = (MaxAbsScaler, MinMaxScaler, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler)
"""Steps of scikit-learn that treat every column by itself and leave it in its place."""

PERMUTATION_INVARIANT_NOTE = (
    "The model reads its tokens as a set: it cannot tell protein A from protein B, nor one segment from "
    "another. A token's value is about what the token holds, not about where it sits."
)


@dataclass(frozen=True, eq=False)
class ExplainedModel:
    """A fitted model together with the pairs to explain, as explainers see them.

    Parameters
    ----------
    estimator : object
        The fitted classifier (the last step of a pipeline), or None for a bare module.
    module : torch.nn.Module or None
        Its network, if it has one.
    features : PairMatrix or ndarray of shape (n_pairs, n_features)
        What the classifier reads.
    layout : FeatureLayout
        Meaning of the columns.
    given_background : PairMatrix or ndarray of shape (n_background, n_features), or None
        Reference pairs; None for the pairs to explain themselves.
    target : int
        Column of ``predict_proba`` that is explained.
    pair_ids : ndarray of shape (n_pairs, 2) or None
    lengths : ndarray of shape (n_pairs, 2) or None
        Residues of both proteins that the embedding saw.
    sequences : ndarray of shape (n_pairs, 2) or None
        Sequences of both proteins.
    embedder : object or None
        The step of the pipeline that embeds them.
    steps : tuple
        Fitted steps of the pipeline between the embedder and the classifier.
    notes : tuple of str
        What a reader of the explanation must know about how the model was read.
    """

    estimator: Any
    module: Any
    features: PairMatrix | np.ndarray
    layout: FeatureLayout
    given_background: PairMatrix | np.ndarray | None = None
    target: int = 1
    pair_ids: np.ndarray | None = None
    lengths: np.ndarray | None = None
    sequences: np.ndarray | None = None
    embedder: Any = None
    steps: tuple = ()
    notes: tuple[str, ...] = ()

    def __len__(self):
        return len(self.features)

    @property
    def background(self):
        """Reference pairs, from which baselines and replacement values are drawn."""
        if self.given_background is not None:
            return self.given_background
        if len(self) == 1:
            raise ValueError(
                "the only pair would be its own reference, and all values 0: pass background=, pairs to compare it "
                'with such as those of the training, or a method that needs none, such as "attention" or '
                'baseline="zero"'
            )
        return self.features

    @property
    def output_name(self):
        """What ``output`` returns: ``"logit"`` of a network, ``"probability"`` of any other classifier."""
        return "probability" if self.module is None else "logit"

    def rows(self, rows):
        """Dense feature rows, shape (len(rows), n_features)."""
        return np.asarray(self.features[rows])

    def batches(self, batch_size):
        """Row slices that cover all pairs."""
        return [slice(start, start + batch_size) for start in range(0, len(self), batch_size)]

    def tensor(self, rows):
        """Rows as a tensor of the network's type, on its device."""
        parameter = next(self.module.parameters())
        return torch.as_tensor(np.asarray(rows)).to(device=parameter.device, dtype=parameter.dtype)

    def logit(self, x):
        """Logit of the explained class for a tensor of rows, differentiable.

        Parameters
        ----------
        x : Tensor of shape (n, n_features)

        Returns
        -------
        Tensor of shape (n,)
            For two classes the log-odds of the explained class; for more the logit of that class.
        """
        return self.signed_logit(self.module(x))

    def signed_logit(self, out):
        """The explained logit among the network's raw outputs, shape (n,), (n, 1) or (n, n_classes)."""
        if out.ndim == 1 or out.shape[1] == 1:
            return out.reshape(-1) if self.target == 1 else -out.reshape(-1)
        if out.shape[1] == 2:
            return out[:, self.target] - out[:, 1 - self.target]
        return out[:, self.target]

    def output(self, rows, batch_size=1024):
        """Model output for dense rows: logits of a network, else probabilities.

        Parameters
        ----------
        rows : array-like of shape (n, n_features)
        batch_size : int, default=1024
            Rows at a time.

        Returns
        -------
        ndarray of shape (n,)
        """
        starts = range(0, len(rows), batch_size)
        if self.module is None:
            parts = [
                self.estimator.predict_proba(np.asarray(rows[s : s + batch_size]))[:, self.target]
                for s in starts
            ]
        else:
            with evaluating(self.module), torch.inference_mode():
                parts = [self.logit(self.tensor(rows[s : s + batch_size])).cpu().numpy() for s in starts]
        return np.concatenate([np.empty(0), *parts])

    def outputs(self, batch_size=1024):
        """Model output of every pair; see ``output``."""
        return np.concatenate([self.output(self.rows(rows), batch_size) for rows in self.batches(batch_size)])

    def probability(self):
        """Probability of the explained class for every pair, as the classifier reports it."""
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(self.features))[:, self.target]
        with evaluating(self.module), torch.inference_mode():
            parts = []
            for rows in self.batches(1024):
                out = self.module(self.tensor(self.rows(rows)))
                multiclass = out.ndim == 2 and out.shape[1] > 2
                p = out.softmax(1)[:, self.target] if multiclass else self._sigmoid(out)
                parts.append(p.cpu().numpy())
        return np.concatenate([np.empty(0), *parts])

    def _sigmoid(self, out):
        out = out[:, 1] - out[:, 0] if out.ndim == 2 and out.shape[1] == 2 else out.reshape(-1)
        return torch.sigmoid(out if self.target == 1 else -out)

    def sample_background(self, n, random_state):
        """Up to ``n`` distinct background rows, dense; all of them if there are no more than ``n``."""
        size = len(self.background)
        n = min(n, size)
        rows = check_random_state(random_state).choice(size, n, replace=False)
        return np.asarray(self.background[rows])

    def permutation_invariant(self):
        """Whether the network gives the same output for any order of its tokens.

        A network that declares ``permutation_invariant`` is believed; any other is tried on a few pairs with shuffled
        tokens.
        """
        if self.module is None:
            return False
        declared = getattr(self.module, "permutation_invariant", None)
        if declared is not None:
            return bool(declared)
        if self.layout.n_tokens < 2 or len(self) == 0:
            return False
        x = self.rows(slice(0, 8))
        shuffled = self.layout.by_token(x)[:, np.random.default_rng(0).permutation(self.layout.n_tokens)]
        before, after = self.output(x), self.output(shuffled.reshape(x.shape))
        return bool(np.allclose(before, after, rtol=1e-4, atol=1e-4))

    def fingerprint(self):
        """Short digest of what was fitted: embedding model, networks before the classifier, and the classifier."""
        digest = hashlib.sha256(str(getattr(self.embedder, "fingerprint_", "")).encode())
        if getattr(self.embedder, "layer", -1) != -1:
            digest.update(f"layer {self.embedder.layer}".encode())
        if self.module is None:
            digest.update(str(joblib.hash(self.estimator)).encode())
        for step in self.steps:
            for statistic in (getattr(step, "mean_", None), getattr(step, "scale_", None)):
                digest.update(b"" if statistic is None else np.ascontiguousarray(statistic).data)
        for module in (*(getattr(step, "module_", None) for step in self.steps), self.module):
            for name, tensor in sorted(module.state_dict().items()) if module is not None else ():
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        fitted = self.estimator if self.module is None else self.module
        return f"{type(fitted).__name__}:{digest.hexdigest()[:16]}"


def read_model(fitted, X, *, layout=None, background=None, target=None):
    """Take a fitted model apart for the explainers.

    Parameters
    ----------
    fitted : Pipeline, classifier, search or torch.nn.Module
        A fitted pipeline (sequences to classifier), a fitted classifier, a search that holds one in
        ``best_estimator_``, or a bare network that maps ``(n, n_features)`` to logits.
    X : DataFrame, PairMatrix or array-like
        What ``fitted.predict`` takes.
    layout : FeatureLayout, default=None
        Meaning of the columns; needed only where neither the features nor the classifier know it.
    background : same as ``X``, default=None
        Reference pairs; by default ``X``.
    target : class label, default=None
        Class to explain; by default the positive class of two.

    Returns
    -------
    ExplainedModel

    Raises
    ------
    ValueError
        If the meaning of the columns is unknown or does not fit, or the class is ambiguous or unknown.
    """
    fitted = getattr(fitted, "best_estimator_", fitted)
    ids, sequences = _identify(X)
    lengths = None
    if sequences is not None:
        lengths = np.array([[len(a), len(b)] for a, b in sequences], dtype=int).reshape(-1, 2)
    estimator, features, notes = fitted, X, ()
    if isinstance(fitted, Pipeline):
        lengths, notes = _embedded(fitted, lengths)
        check_is_fitted(fitted[-1])
        estimator, features = fitted[-1], _features(fitted, X)
        background = None if background is None else _features(fitted, background)
    if not isinstance(features, PairMatrix):
        features, background = np.asarray(features), None if background is None else np.asarray(background)
        if features.ndim != 2 or features.dtype.kind not in "fiu":
            raise ValueError(
                f"expected a numeric table of pairs (n_pairs x n_features), got {features.dtype} of shape "
                f"{features.shape}; give a fitted pipeline to explain sequences"
            )
    if len(features) == 0:
        raise ValueError("there is no pair to explain: X has no rows")
    if layout is None:
        layout = getattr(features, "layout", None) or getattr(estimator, "layout_", None)
    if layout is None and isinstance(fitted, Pipeline):
        layout = _layout_before_scaling(fitted, X, features.shape[1])
    if layout is None:
        raise ValueError(
            f"the meaning of the {features.shape[1]} columns is unknown; pass "
            "layout=FeatureLayout(tokens, width)"
        )
    if layout.n_features != features.shape[1]:
        raise ValueError(
            f"the layout describes {layout.n_features} columns, the features have {features.shape[1]}"
        )
    bare = isinstance(estimator, torch.nn.Module)
    if not bare:
        check_is_fitted(estimator)
    return ExplainedModel(
        estimator=None if bare else estimator,
        module=estimator if bare else getattr(estimator, "module_", None),
        features=features,
        layout=layout,
        given_background=background,
        target=_target_column(estimator, target),
        pair_ids=ids,
        lengths=lengths,
        sequences=sequences,
        embedder=fitted[0] if isinstance(fitted, Pipeline) and sequences is not None else None,
        steps=_between(fitted) if isinstance(fitted, Pipeline) and sequences is not None else (),
        notes=notes,
    )


def _embedded(pipeline, lengths):
    """Lengths after an embedder that cuts long proteins: their segments are segments of what was left."""
    for step in pipeline:
        if lengths is None or not hasattr(step, "long_protein_rule"):
            continue
        rule = step.long_protein_rule()
        embedded = rule.lengths(lengths)
        if (embedded < lengths).any():
            note = f"Only the first {rule.max_length} residues of longer proteins were embedded; segments divide these."
            return embedded, (note,)
    return lengths, ()


def _between(pipeline):
    steps = (step for _, step in pipeline.steps[1:-1])
    return tuple(step for step in steps if step is not None and not isinstance(step, str))  # "passthrough"


def _features(pipeline, X):
    return pipeline[:-1].transform(X) if len(pipeline) > 1 else X


def _layout_before_scaling(pipeline, X, n_features):
    """Layout of the last step that knows it, where the steps after it leave every column in its place; else None."""
    layout = getattr(X, "layout", None)
    for place, (name, step) in enumerate(pipeline.steps[:-1], 1):
        found = getattr(step, "layout_", None)
        if found is not None:
            layout = found
        elif hasattr(step, "get_support") and layout is not None:
            raise ValueError(
                f"the step {name!r} ({type(step).__name__}) keeps single columns, so that no whole tokens are left to "
                "explain; choose tokens instead, with PairConcatenator(tokens=...)"
            )
        elif not isinstance(step, _SCALERS) and step not in (None, "passthrough") and place > 1:
            layout = None
    return layout if layout is not None and layout.n_features == n_features else None


def _identify(X):
    """Protein ids from a two-level index, and two columns of sequences."""
    sequences = None
    columns = getattr(X, "columns", ())
    if "sequence_a" in columns and "sequence_b" in columns:
        sequences = X[["sequence_a", "sequence_b"]].to_numpy(dtype=object)
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 2 and X.dtype.kind in "OUT":
        sequences = X.astype(object)
    return pair_ids(X), sequences


def _target_column(estimator, target):
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        classes = np.array([0, 1])
    if target is None:
        if len(classes) != 2:
            raise ValueError(f"the model knows {len(classes)} classes; pass target, one of {list(classes)}")
        return 1
    where = np.flatnonzero(np.asarray(classes) == target)
    if len(where) == 0:
        raise ValueError(f"target {target!r} is no class of the model, which knows {list(classes)}")
    return int(where[0])


@contextlib.contextmanager
def evaluating(module):
    """Within the block dropout is off and normalisation is fixed; every submodule gets its mode back."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield module
    finally:
        for part in training:
            part.training = True
