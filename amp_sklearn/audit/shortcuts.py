"""Label shortcuts: how well labels can be predicted from the identity of the proteins, without their sequences."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ..classification.protein_frequency import ProteinFrequencyClassifier
from ..data.layout import combine_proteins
from .finding import Finding, auroc_severity, grade, percent

BASELINES = {
    "protein frequency": "share",
    "positive degree": "positive_degree",
    "degree": "degree",
    "positive and negative degree": None,  # logistic regression, see below
}
_MORE = {
    "protein frequency": "the larger the share of positive pairs among those of two proteins",
    "positive degree": "the more positive pairs two proteins have",
    "degree": "the more pairs two proteins have",
    "positive and negative degree": "the more their numbers of pairs of either label speak for two proteins",
}
_COLUMNS = ["baseline", "folds", "auroc", "auroc_sd", "accuracy", "n_folds", "n_test"]
_FEWEST = 20
_FEW = 0.05  # share of proteins of one label up to which the labels of the proteins count as balanced


def check_one_label(pairs):
    """Proteins that occur with one label only, against what chance would make of their numbers of pairs.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``proteins``: positive and negative pairs of each protein.
    """
    n = len(pairs.sequences)
    other = pairs.proteins[:, 0] != pairs.proteins[:, 1]  # a pair of a protein with itself counts once
    ends = np.concatenate([pairs.proteins[:, 0], pairs.proteins[other, 1]])
    positive = np.concatenate([pairs.positive, pairs.positive[other]])
    n_positive, n_negative = (np.bincount(ends[positive == of], minlength=n) for of in (True, False))
    degree = n_positive + n_negative
    used = degree > 0
    share = pairs.positive.mean()
    only = {"positive": used & (n_negative == 0), "negative": used & (n_positive == 0)}
    observed = {label: mask[used].mean() for label, mask in only.items()}
    expected = (share ** degree[used] + (1 - share) ** degree[used]).mean()
    excess = sum(observed.values()) - expected
    text = (
        f"{percent(observed['positive'])} of the proteins are only ever positive and {percent(observed['negative'])} "
        f"only ever negative; labels dealt at random would make {percent(expected)} of one label"
    )
    names = pd.DataFrame({"protein": np.flatnonzero(used)})
    if pairs.ids is not None:
        flat = pd.DataFrame({"protein": pairs.proteins.ravel(), "id": pairs.ids.ravel()}).drop_duplicates()
        joined = flat.groupby("protein")["id"].agg(";".join)
        names["ids"] = joined.reindex(names["protein"]).to_numpy()
    table = names.assign(n_positive=n_positive[used], n_negative=n_negative[used])
    severity = grade(excess, 0.05, 0.15, 0.5)
    finding = Finding("proteins of one label", severity, excess, "share of proteins above chance", text)
    return [finding], {"proteins": table}


def check_baselines(pairs, folds, test=None, classes=None):
    """What baselines reach that only count pairs of each protein.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.
    folds : dict of str to list of (train, test)
        Schemes of cross-validation: ``"random"`` and ``"protein-disjoint"``.
    test : EncodedPairs, default=None
        Test pairs with labels.
    classes : ndarray of str, default=None
        Class of each test pair.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``baselines``: AUROC and accuracy (means over folds, standard deviations) of each.
    """
    rows = []
    for name, statistic in BASELINES.items():
        for scheme, of_scheme in folds.items():
            scores = [_score(statistic, pairs, train, pairs, held_out) for train, held_out in of_scheme]
            rows.append(_row(name, scheme, scores))
        if test is not None:
            rows.extend(_on_test(name, statistic, pairs, test, classes))
    table = pd.DataFrame(rows, columns=_COLUMNS)
    findings = []
    counts = [
        np.bincount(pairs.proteins[pairs.positive == of].ravel(), minlength=len(pairs.sequences))
        for of in (0, 1)
    ]
    one_label = ((counts[0] == 0) != (counts[1] == 0))[pairs.used()].mean()
    for scheme, check in (
        ("random", "shortcut in random folds"),
        ("protein-disjoint", "shortcut in disjoint folds"),
    ):
        if scheme not in folds:
            continue
        of_scheme = table[table["folds"] == scheme]
        findings.append(_worst(check, of_scheme, f"{scheme} folds", one_label))
    on_test = table[table["folds"].str.startswith("test")]
    if len(on_test):
        findings.append(_worst("shortcut on the test pairs", on_test, "the test pairs", one_label))
    return findings, {"baselines": table}


def _worst(check, table, where, one_label):
    """The baseline farthest from chance; a score below 0.5 is as telling as one above."""
    row = table.iloc[int((table["auroc"] - 0.5).abs().to_numpy().argmax())]
    on = (
        where
        if not row["folds"].startswith("test C")
        else f"{where} of class {row['folds'].removeprefix('test ')}"
    )
    text = (
        f"the baseline '{row['baseline']}', which reads no sequence, reaches AUROC {row['auroc']:.2f} and accuracy "
        f"{row['accuracy']:.2f} on {on}"
    )
    if auroc_severity(row["auroc"]) == "clean":
        text += " (0.50 is chance)"
    lowest = table.loc[table["auroc"].idxmin()]
    if lowest["auroc"] < 0.4:
        text += (
            f"; '{lowest['baseline']}' falls to {lowest['auroc']:.2f}: {_MORE[lowest['baseline']]} in training, the "
            f"rarer a held-out pair of them is positive. {percent(one_label)} of the proteins have one label only"
        )
        if one_label < _FEW:
            text += "; the others lack in training the label of the pair that is held out, as both labels are in balance"
    return Finding(check, auroc_severity(row["auroc"]), row["auroc"], "AUROC", text)


def _on_test(name, statistic, pairs, test, classes):
    parts = {"test": np.ones(len(test), dtype=bool)}
    if len(np.unique(classes)) > 1:
        parts |= {f"test {of}": classes == of for of in np.unique(classes)}
    everything = np.arange(len(pairs))
    for part, mask in parts.items():
        rows = np.flatnonzero(mask)
        counts = np.bincount(test.positive[rows].astype(int), minlength=2)
        if counts.min() >= _FEWEST or (part == "test" and counts.min() > 0):
            yield _row(name, part, [_score(statistic, pairs, everything, test, rows)])


def _score(statistic, pairs, train, test, rows):
    """AUROC, accuracy, number of pairs."""
    scores = _by_both_degrees if statistic is None else _by_counts
    probability = scores(statistic, pairs, train, test, rows)
    truth = test.positive[rows]
    return roc_auc_score(truth, probability), ((probability > 0.5) == truth).mean(), len(rows)


def _by_counts(statistic, pairs, train, test, rows):
    model = ProteinFrequencyClassifier(statistic).fit(pairs.names(train), pairs.positive[train])
    return model.predict_proba(test.names(rows))[:, 1]


def _by_both_degrees(_, pairs, train, test, rows):
    """Logistic regression on the proteins' numbers of positive and of negative training pairs.

    A training pair does not count itself, or its label would be among its features.
    """
    ends, positive = pairs.proteins[train], pairs.positive[train]
    degrees = np.array(
        [np.bincount(ends[positive == of].ravel(), minlength=len(pairs.sequences)) for of in (True, False)]
    ).T
    own = np.stack([positive, ~positive], axis=1)[:, None]
    model = LogisticRegression(max_iter=200).fit(_degree_features(degrees[ends] - own), positive)
    return model.predict_proba(_degree_features(degrees[test.proteins[rows]]))[:, 1]


def _degree_features(degrees):
    """Symmetric features of (n_pairs, 2 proteins, 2 labels) degrees."""
    a, b = np.moveaxis(np.log1p(np.maximum(degrees, 0)), 1, 0)
    return np.hstack(combine_proteins(a, b, ("A+B", "|A-B|")))


def _row(name, scheme, scores):
    auroc, accuracy, n = np.array(scores).T
    return (name, scheme, auroc.mean(), auroc.std(), accuracy.mean(), len(auroc), int(n.sum()))
