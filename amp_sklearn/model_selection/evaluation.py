"""Cross-validated metrics and out-of-fold predictions of pair models."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing
from tqdm.auto import tqdm

from ..data.sequence_pairs import pair_ids
from ..metrics import pair_metrics, positive_label, probability_and_score


def evaluate_folds(model, X, y, cv, *, pos_label=None, verbose=0):
    """Fit and test a model on every fold; all published metrics, and every test pair's probability.

    Parameters
    ----------
    model : classifier or Pipeline
        Cloned for each fold.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences; ids in the index are carried into the predictions.
    y : array-like of shape (n_pairs,)
        Two classes.
    cv : splitter, iterable of (train, test), or int
        Such as ``ProteinDisjointKFold(5)``, or the row numbers of folds of your own. As everywhere in scikit-learn, an
        int stands for so many stratified folds, which share proteins between training and test.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    verbose : int, default=0
        Show a progress bar over folds when positive.

    Returns
    -------
    metrics : DataFrame
        One row per fold: ``n_train``, ``n_test``, ``n_positive`` (of the test pairs), ``n_dropped`` (pairs in neither
        part) and the metrics of ``pair_metrics``.
    predictions : DataFrame
        One row per test pair: ``fold``, ``row`` (in ``X``), protein ids where ``X`` has them, ``label``,
        ``probability``, ``score`` (what orders the pairs: the probability, or the decision function where
        probabilities tie near 1), ``prediction``.

    Raises
    ------
    ValueError
        If ``y`` does not have two classes, or nobody can tell which is the positive one.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import StratifiedKFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.model_selection import evaluate_folds
    >>> from amp_sklearn.preprocessing import CompositionEncoder
    >>> X, y = load_bernett_mini("val")
    >>> model = make_pipeline(CompositionEncoder(), LogisticRegression())
    >>> metrics, predictions = evaluate_folds(model, X, y, StratifiedKFold(2))
    >>> len(metrics), len(predictions)
    (2, 1000)
    """
    y = np.asarray(y)
    classes = np.unique(y)
    if len(classes) != 2:
        raise ValueError(f"y must have two classes, got {len(classes)}: {classes[:5].tolist()}")
    positive_class = positive_label(classes, pos_label)
    positive = (y == positive_class).astype(int)
    other = classes[0] if positive_class == classes[1] else classes[1]
    rows, tables, ids = [], [], pair_ids(X)
    folds = list(check_cv(cv, y, classifier=True).split(X, y))
    for fold, (train, test) in enumerate(tqdm(folds, desc="folds", disable=not verbose)):
        fitted = clone(model).fit(_safe_indexing(X, train), y[train])
        probability, score = probability_and_score(fitted, _safe_indexing(X, test), positive_class)
        sizes = fold_sizes(len(y), train, positive[test])
        rows.append(sizes | pair_metrics(positive[test], probability, score=score))
        table = pd.DataFrame({"fold": fold, "row": test})
        if ids is not None:
            table[["protein_a", "protein_b"]] = ids[test]
        predicted = np.where(probability > 0.5, positive_class, other).astype(y.dtype)
        table = table.assign(label=y[test], probability=probability, score=score, prediction=predicted)
        tables.append(table)
    return pd.DataFrame(rows).rename_axis("fold"), pd.concat(tables, ignore_index=True)


def fold_sizes(n_pairs, train, positive_test):
    """Sizes of a fold, as every table of results shows them.

    Parameters
    ----------
    n_pairs : int
        Of the whole set.
    train : ndarray of int
        Rows of the training pairs.
    positive_test : ndarray of shape (n_test,)
        1 for each positive test pair.

    Returns
    -------
    dict of str to int
        ``n_train``, ``n_test``, ``n_positive``, ``n_dropped``.
    """
    n_test = len(positive_test)
    return {
        "n_train": len(train),
        "n_test": n_test,
        "n_positive": int(np.sum(positive_test)),
        "n_dropped": n_pairs - len(np.unique(train)) - n_test,
    }
