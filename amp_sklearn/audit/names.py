"""Whether ids and sequences agree, and whether the form of an id reveals the label."""

import re

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from .finding import Finding, auroc_severity, grade, percent

_SEPARATOR = re.compile(r"[_.|:\-]")


def check_names(pairs):
    """One sequence under several ids, one id with several sequences.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``shared_sequences`` and ``ambiguous_ids``, one row per id.
    """
    checks = ("one sequence, several ids", "one id, several sequences")
    if pairs.ids is None:
        unnamed = "the pairs have no ids (an index of two levels)"
        return [Finding(check, "not checked", np.nan, "ids", unnamed) for check in checks], {}
    known = pd.DataFrame({"protein": pairs.proteins.ravel(), "id": pairs.ids.ravel()}).drop_duplicates()
    shared = known[known.groupby("protein")["id"].transform("size") > 1].sort_values(["protein", "id"])
    several = known[known.groupby("id")["protein"].transform("size") > 1].sort_values(["id", "protein"])
    n_groups, n_ids = shared["protein"].nunique(), several["id"].nunique()
    findings = [
        Finding(
            checks[0],
            grade(len(shared), 0, None, None),
            len(shared),
            "ids",
            f"{len(shared):,} id(s) share {n_groups:,} sequence(s)"
            + (": splits by id leak them, splits by sequence do not" if n_groups else ""),
        ),
        Finding(
            checks[1],
            grade(n_ids, None, 0, None),
            n_ids,
            "ids",
            f"{n_ids:,} id(s) stand for more than one sequence",
        ),
    ]
    tables = {}
    for name, table in (("shared_sequences", shared), ("ambiguous_ids", several)):
        length = [len(pairs.sequences[number]) for number in table["protein"]]
        tables[name] = table.assign(length=length).reset_index(drop=True)
    return findings, tables


def id_form(name):
    """Form of an id: letters as A, digits as 9, runs of one kind once, other signs as they are.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> from amp_sklearn.audit.names import id_form
    >>> id_form("YAL001C"), id_form("9606.ENSP00000357654")
    ('A9A', '9.A9')
    """
    return re.sub(r"9+", "9", re.sub(r"[0-9]", "9", re.sub(r"[^\W\d_]+", "A", name)))


def check_id_forms(pairs, folds):
    """Whether the form of the ids, or which of the two comes first, predicts the label of unseen proteins.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.
    folds : list of (train, test)
        Protein-disjoint folds, so that an id's form is not taken for its protein.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``id_forms``: how often each form occurs and which share of its pairs is positive; ``id_traits``: for each trait
        of an id (form, length, first letter, prefix, suffix) of the first, the second or either protein the pairs that
        have it, the share of them that is positive, and that of the other pairs; the most telling first.
    """
    check = "id form"
    if pairs.ids is None or not folds:
        text = "the pairs have no ids" if pairs.ids is None else "too few pairs for protein-disjoint folds"
        return [Finding(check, "not checked", np.nan, "AUROC", text)], {}
    names, codes = np.unique(pairs.ids.ravel(), return_inverse=True)
    described = [_describe(name) for name in names]
    traits = sorted({trait for of_name in described for trait in of_name})
    column = {trait: k for k, trait in enumerate(traits)}
    ends = np.array([(row, column[trait]) for row, of_name in enumerate(described) for trait in of_name])
    one_hot = sparse.csr_matrix((np.ones(len(ends)), ends.T), shape=(len(names), len(traits)))
    codes = codes.reshape(-1, 2)
    in_order = (codes[:, 0] < codes[:, 1]).astype(float)[:, None]  # names are sorted
    features = sparse.hstack(
        [one_hot[codes[:, 0]], one_hot[codes[:, 1]], sparse.csr_matrix(in_order)]
    ).tocsr()
    score, order = [], []
    for train, test in folds:
        model = LogisticRegression(C=1.0, max_iter=200).fit(features[train], pairs.positive[train])
        score.append(roc_auc_score(pairs.positive[test], model.decision_function(features[test])))
        order.append(roc_auc_score(pairs.positive[test], in_order[test, 0]))
    auroc, of_order = float(np.mean(score)), float(np.mean(order))
    text = f"the form of the ids predicts labels of unseen proteins with AUROC {auroc:.2f}"
    told = _traits(one_hot, codes, names, traits, pairs.positive)
    if abs(of_order - 0.5) > 0.1:
        text += f"; which id comes first does with {of_order:.2f}"
        sorted_ids = in_order[:, 0] == 1
        shares = [percent(pairs.positive[mask].mean()) for mask in (sorted_ids, ~sorted_ids)]
        text += f": with the ids in alphabetical order {shares[0]} of the pairs are positive, otherwise {shares[1]}"
    if auroc_severity(auroc) == "clean":
        text += " (0.50 is chance)"
    elif len(told):
        most = told.iloc[0]
        text += (
            f"; most telling: where {most['place']} id has {most['trait']} (such as {most['example']}), {percent(most['positive_share'])} "
            f"of {most['n_pairs']:,} pairs are positive, and {percent(most['others_share'])} of the others"
        )
    forms = pd.DataFrame(
        {
            "form": np.array([id_form(name) for name in names], dtype=object)[codes].ravel(),
            "positive": np.repeat(pairs.positive, 2),
        }
    )
    grouped = forms.groupby("form")["positive"]
    table = pd.DataFrame({"n": grouped.size(), "positive_share": grouped.mean()})
    finding = Finding(check, auroc_severity(auroc), auroc, "AUROC in protein-disjoint folds", text)
    tables = {"id_forms": table.sort_values("n", ascending=False).reset_index(), "id_traits": told}
    return [finding], tables


def _traits(one_hot, codes, names, traits, positive):
    """Pairs with each trait and their labels, by what a chi-squared test finds most telling."""
    share, n = positive.mean(), len(positive)
    first, second = one_hot[codes[:, 0]], one_hot[codes[:, 1]]
    tables = []
    for place, having in (("the first", first), ("the second", second), ("either", first.maximum(second))):
        n_pairs, n_positive = np.asarray(having.sum(axis=0)).ravel(), having.T @ positive.astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            of_pairs, others = n_positive / n_pairs, (positive.sum() - n_positive) / (n - n_pairs)
            telling = (of_pairs - others) ** 2 / (share * (1 - share) * (1 / n_pairs + 1 / (n - n_pairs)))
        table = {"trait": traits, "place": place, "n_pairs": n_pairs.astype(int)}
        table |= {"positive_share": of_pairs, "others_share": others, "chi_squared": telling}
        tables.append(pd.DataFrame(table | {"example": names[np.asarray(one_hot.argmax(axis=0)).ravel()]}))
    table = pd.concat(tables).dropna(subset=["chi_squared"])
    return table.sort_values("chi_squared", ascending=False, kind="stable", ignore_index=True)


def _describe(name):
    """Traits of an id that do not name it: form, length, first letter, prefix and suffix."""
    parts = _SEPARATOR.split(name)
    traits = {f"form {id_form(name)}", f"length {len(name)}", f"first {name[:1]}"}
    if len(parts) > 1:
        traits |= {f"prefix {id_form(parts[0])}", f"suffix {id_form(parts[-1])}"}
    return traits
