"""Cross-validated metrics and out-of-fold predictions of pair models."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing
from tqdm.auto import tqdm

from ..data.sequence_pairs import pair_ids
from ..metrics import pair_metrics


def evaluate_folds(model, X, y, cv, *, verbose=0):
    """Fit and test a model on every fold; all published metrics, and every test pair's probability.

    Parameters
    ----------
    model : classifier or Pipeline
        Cloned for each fold.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences; ids in the index are carried into the predictions.
    y : array-like of shape (n_pairs,)
        Two classes; the larger label (1 of 0 and 1) is the positive one.
    cv : splitter, iterable of (train, test), or int
        Such as ``ProteinDisjointKFold(5)``, or the row numbers of folds of your own. As everywhere in scikit-learn, an
        int stands for so many stratified folds, which share proteins between training and test.
    verbose : int, default=0
        Show a progress bar over folds when positive.

    Returns
    -------
    metrics : DataFrame
        One row per fold: ``n_train``, ``n_test`` and the metrics of ``pair_metrics``.
    predictions : DataFrame
        One row per test pair: ``fold``, ``row`` (in ``X``), protein ids where ``X`` has them, ``label``,
        ``probability``, ``prediction``.

    Raises
    ------
    ValueError
        If ``y`` does not have two classes.

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
    positive = (y == classes[1]).astype(int)
    rows, tables, ids = [], [], pair_ids(X)
    folds = list(check_cv(cv, y, classifier=True).split(X, y))
    for fold, (train, test) in enumerate(tqdm(folds, desc="folds", disable=not verbose)):
        fitted = clone(model).fit(_safe_indexing(X, train), y[train])
        probability = fitted.predict_proba(_safe_indexing(X, test))[:, 1]
        rows.append({"n_train": len(train), "n_test": len(test)} | pair_metrics(positive[test], probability))
        table = pd.DataFrame({"fold": fold, "row": test})
        if ids is not None:
            table[["protein_a", "protein_b"]] = ids[test]
        predicted = fitted.classes_[(probability > 0.5).astype(int)]
        tables.append(table.assign(label=y[test], probability=probability, prediction=predicted))
    return pd.DataFrame(rows).rename_axis("fold"), pd.concat(tables, ignore_index=True)
