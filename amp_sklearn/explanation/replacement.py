"""Explainers that replace a token and measure how the prediction changes; they work for any classifier."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

from .attribution_baselines import baseline_rows, of_rows
from .base import Attribution, Explainer
from .registry import register_explainer


def output_without(model, rows, tokens, replacement, batch_size):
    """Model output for rows in which single tokens are replaced.

    Parameters
    ----------
    model : ExplainedModel
    rows : ndarray of shape (n, n_features)
    tokens : sequence of int
        Tokens to replace, one at a time.
    replacement : ndarray of shape (1 or n, n_features)
        Where the replacing columns come from.
    batch_size : int
        Rows at a time.

    Returns
    -------
    ndarray of shape (n, len(tokens))
    """
    replaced = np.eye(model.layout.n_tokens, dtype=bool)[list(tokens)].repeat(model.layout.width, axis=1)
    found = np.empty((len(rows), len(tokens)))
    step = max(1, batch_size // len(tokens))  # all tokens of some pairs at once: calls of a forest cost much
    for start in range(0, len(rows), step):
        some, other = rows[start : start + step], of_rows(replacement, slice(start, start + step))
        mixed = np.where(replaced[:, None], other, some)  # n_tokens x n_pairs x n_features
        outputs = model.output(mixed.reshape(-1, rows.shape[1]), batch_size)
        found[start : start + step] = outputs.reshape(len(tokens), -1).T
    return found


@register_explainer("occlusion")
@dataclass
class Occlusion(Explainer):
    """Fall of the model's output when a token is replaced by the baseline.

    Values are signed: positive where the token speaks for the explained class. In logits for networks, in
    probability for other classifiers.

    Parameters
    ----------
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        See ``amp_sklearn.explanation.baseline_rows``.
    n_background : int, default=200
        Background rows that ``"mean"`` averages.
    random_state : int, RandomState or None, default=0
        Draws the background rows.
    batch_size : int, default=1024
        Rows at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Occlusion
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = LogisticRegression().fit(X, X[:, 3] > 0)
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> Occlusion().explain(model, X, layout=layout).values.__abs__().mean(axis=0).argmax()
    np.int64(3)
    """

    baseline: str | np.ndarray = "mean"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 1024

    def attribute(self, model):
        baseline = baseline_rows(model, self.baseline, self.n_background, self.random_state)
        values = []
        for rows in model.batches(self.batch_size):
            x = model.rows(rows)
            without = output_without(
                model, x, range(model.layout.n_tokens), of_rows(baseline, rows), self.batch_size
            )
            values.append(model.output(x, self.batch_size)[:, None] - without)
        base = np.broadcast_to(model.output(baseline, self.batch_size), len(model))
        return Attribution(values=np.concatenate(values), base_values=base)


@register_explainer("permutation")
@dataclass
class Permutation(Explainer):
    """Fall of the model's output when a token is replaced by the same token of other, random pairs.

    The average over many pairs is permutation importance in terms of the output; unlike ``occlusion`` it
    never shows the model a token that no protein has. Values are signed, in logits for networks and in
    probability for other classifiers.

    Parameters
    ----------
    n_repeats : int, default=5
        Random background pairs per pair and token.
    random_state : int, RandomState or None, default=0
        Draws them.
    batch_size : int, default=1024
        Rows at a time.

    References
    ----------
    Breiman, Random forests, Machine Learning 2001, :doi:`10.1023/A:1010933404324`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Permutation
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = LogisticRegression().fit(X, X[:, 3] > 0)
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> Permutation().explain(model, X, layout=layout).values.__abs__().mean(axis=0).argmax()
    np.int64(3)
    """

    n_repeats: int = 5
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 1024

    def attribute(self, model):
        if self.n_repeats < 1:
            raise ValueError(f"n_repeats must be at least 1, got {self.n_repeats}")
        random = check_random_state(self.random_state)
        tokens = range(model.layout.n_tokens)
        values = []
        for rows in model.batches(self.batch_size):
            x = model.rows(rows)
            fall = np.zeros((len(x), len(tokens)))
            for _ in range(self.n_repeats):
                others = np.asarray(model.background[random.randint(0, len(model.background), len(x))])
                fall += model.output(x, self.batch_size)[:, None]
                fall -= output_without(model, x, tokens, others, self.batch_size)
            values.append(fall / self.n_repeats)
        return Attribution(values=np.concatenate(values))
