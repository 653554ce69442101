"""compare: any models and the baselines on the same folds and seeds, and whether their differences mean anything."""

import copy
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from ..data.digests import data_digest
from ..metrics import positive_label
from ..writing import write_atomically
from .baselines import make_baseline
from .comparison_result import Comparison
from .evaluation import evaluate_folds, fold_sizes
from .evaluation_report import all_metrics


def compare(
    models,
    X,
    y,
    cv,
    *,
    baselines=("protein_share", "protein_counts", "composition_logistic"),
    seeds=(0,),
    pos_label=None,
    folder=None,
    n_jobs=None,
    verbose=0,
):
    """Cross-validate models and baselines on the same folds, with every seed.

    Parameters
    ----------
    models : dict of str to classifier, or list of classifiers
        Classifiers or pipelines with ``predict_proba``; those of a list are named by their class.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences.
    y : array-like of shape (n_pairs,)
        Two classes.
    cv : splitter, iterable of (train, test), or int
        Such as ``ProteinDisjointKFold(5)``, or one published split as ``[(train_rows, test_rows)]``.
    baselines : sequence of str, default=("protein_share", "protein_counts", "composition_logistic")
        Baselines to put into the comparison, of ``BASELINES``; ``()`` for none.
    seeds : sequence of int, default=(0,)
        Each seed makes new folds (where ``cv`` has a ``random_state``) and is given to every ``random_state`` of the
        models, so that the spread covers both the choice of folds and the luck of training.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    folder : str or path-like, default=None
        Where predictions are kept, one Parquet file per model, seed and fold. A comparison that was interrupted, or
        that gets another model, computes only what is missing; a file serves only the same pairs, fold and
        parameters, and the same weights of an ``ESM2Embedder``.
    n_jobs : int, default=None
        Fits at the same time, each in a process of its own (joblib). Results do not depend on it.
    verbose : int, default=0
        Show a progress bar when positive.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If two models have one name, or there is no model, seed or such baseline.

    Examples
    --------
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.model_selection import ProteinDisjointKFold, compare, make_baseline
    >>> X, y = load_bernett_mini("val")
    >>> models = {"forest": make_baseline("composition_forest").set_params(randomforestclassifier__n_estimators=9)}
    >>> result = compare(models, X, y, ProteinDisjointKFold(2), seeds=(0, 1), baselines=["protein_share"])
    >>> result.table("roc_auc")[["model", "n"]]
               model  n
    0         forest  4
    1  protein_share  4
    """
    named = _named(models)
    for name in baselines:
        if name in named:
            raise ValueError(f"a model is called {name!r}, as a baseline is; give it another name")
        named[name] = make_baseline(name)
    if not named or not len(seeds):
        raise ValueError(f"there must be a model and a seed, got {len(named)} models and {len(seeds)} seeds")
    y = np.asarray(y)
    positive_class = positive_label(np.unique(y), pos_label)
    data = None if folder is None else data_digest(X, y)
    weights = {name: None if folder is None else _weights(model) for name, model in named.items()}
    folds = {seed: list(_seeded_splitter(cv, y, seed).split(X, y)) for seed in seeds}
    jobs, paths = [], []
    for seed in seeds:
        models = {name: _seeded_model(model, seed) for name, model in named.items()}
        for fold, (train, test) in enumerate(folds[seed]):
            for name, model in models.items():
                jobs.append((name, seed, fold, model, train, test))
                content = (
                    model,
                    weights[name],
                    data,
                    np.asarray(train),
                    np.asarray(test),
                    positive_class,
                    "score",
                )
                paths.append(_path(folder, name, seed, fold, content))
    found = joblib.Parallel(n_jobs, return_as="generator")(
        joblib.delayed(_predictions)(model, X, y, train, test, path, positive_class)
        for (*_, model, train, test), path in zip(jobs, paths, strict=True)
    )
    metrics, predictions = [], []
    bar = tqdm(zip(jobs, found, strict=True), total=len(jobs), disable=not verbose)
    for (name, seed, fold, _, train, _), of_pairs in bar:
        bar.set_description(f"{name}, seed {seed}, fold {fold}")
        positive = (of_pairs["label"] == positive_class).to_numpy()
        where = {"model": name, "seed": seed, "fold": fold}
        sizes = fold_sizes(len(y), train, positive)
        scores = of_pairs["probability"].to_numpy(), of_pairs["score"].to_numpy()
        metrics.append(where | sizes | all_metrics(positive, scores[0], score=scores[1]))
        predictions.append(of_pairs.drop(columns="fold").assign(**where))
    return Comparison(pd.DataFrame(metrics), pd.concat(predictions, ignore_index=True), positive_class)


def _weights(model):
    """Digests of the weights that steps of a model name but do not hold."""
    steps = [model, *model.get_params().values()]
    return [step.weights_fingerprint() for step in steps if hasattr(step, "weights_fingerprint")]


def _path(folder, name, seed, fold, content):
    """File of one fit, named after all that its predictions depend on."""
    if folder is None:
        return None
    return Path(folder) / f"{_file_name(name)}_seed{seed}_fold{fold}_{joblib.hash(content)[:12]}.parquet"


def _predictions(model, X, y, train, test, path, pos_label):
    """Predictions of one fold, from their file where there is one."""
    if path is not None and path.exists():
        return pd.read_parquet(path)
    _, of_pairs = evaluate_folds(model, X, y, [(train, test)], pos_label=pos_label)
    if path is not None:
        with write_atomically(path) as unfinished:
            of_pairs.to_parquet(unfinished)
    return of_pairs


def _named(models):
    """Models by name; those of a list by the name of their class, numbered where it repeats."""
    if isinstance(models, dict):
        return dict(models)
    named = {}
    for model in models:
        last = model.steps[-1][1] if isinstance(model, Pipeline) else model
        base = name = type(last).__name__
        number = 1
        while name in named:
            number += 1
            name = f"{base}-{number}"
        named[name] = model
    return named


def _seeded_model(model, seed):
    names = [name for name in model.get_params() if name.split("__")[-1] == "random_state"]
    return clone(model).set_params(**dict.fromkeys(names, seed))


def _seeded_splitter(cv, y, seed):
    cv = copy.copy(check_cv(cv, y, classifier=True))
    # a splitter of scikit-learn that does not shuffle has a random_state that it does not use
    if hasattr(cv, "random_state") and getattr(cv, "shuffle", True):
        cv.random_state = seed
    return cv


def _file_name(name):
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
