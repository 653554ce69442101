"""Coverage: the published outputs but for the named defects; brute force says who is right."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout, segment_bounds
from amp_sklearn.explanation import Explanation
from amp_sklearn.regions import (
    INTERPRO_TYPES,
    UNIPROT_TYPES,
    AnnotatedResidues,
    AnnotationError,
    annotation_table,
    coverage,
    explanation_from_ranked_segments,
    parse_feature_cell,
    protein_lengths,
)

COLUMNS = {"all types": "total", **{t: t for t in UNIPROT_TYPES}}
WIPED = (
    168  # rows of the published table that change when regions sharing one residue with a segment are counted
)


@pytest.fixture(scope="module")
def ours(published):
    """Our coverage of the published pairs, rounded and arranged as the published table."""
    ends = [
        coverage(published.explanation, published.annotations, published.lengths, which=which)
        for which in ("top", "low")
    ]
    table = pd.concat(ends, ignore_index=True)
    table["which"] = table["which"].astype(str).str.capitalize() + table["rank"].astype(str)
    wide = table.pivot_table(index=["pair", "which"], columns="type", values="coverage", observed=True)
    return wide.rename(columns=COLUMNS).map(lambda value: round(value, 1)).loc[published.coverage.index]


def test_every_cell_equals_the_published_one_but_for_the_named_defects(published, ours):
    mended = published.coverage[[f"fixed_{c}_pct" for c in COLUMNS.values()]].set_axis(
        list(COLUMNS.values()), axis=1
    )
    different = ours[mended.columns] != mended
    assert different.to_numpy().sum() == 1
    row, column = next(zip(*np.nonzero(different.to_numpy()), strict=True))
    sample = published.samples.iloc[different.index[row][0]]
    assert different.columns[column] == "Repeat"
    assert (
        sample["protein_b"] == "P63162"
    )  # five repeats without a note, which the published reader passes over


def test_segments_are_the_published_ones(published):
    tables = [
        coverage(published.explanation, published.annotations, published.lengths, which=w, types=["Domain"])
        for w in ("top", "low")
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table[table["type"] == "Domain"]
    table["which"] = table["which"].astype(str).str.capitalize() + table["rank"].astype(str)
    table = table.set_index(["pair", "which"]).loc[published.coverage.index]
    assert (table["token"].astype(str) == published.coverage["segment"]).all()
    assert (table["start"] - 1 == published.coverage["start_exclusive"]).all()
    assert (table["end"] == published.coverage["end"]).all()


def test_where_the_published_code_loses_single_residues_brute_force_agrees_with_us(
    published, ours, brute_force_segment
):
    as_published = published.coverage[[f"{c}_pct" for c in COLUMNS.values()]].set_axis(
        list(COLUMNS.values()), axis=1
    )
    changed = (ours[as_published.columns] != as_published).any(axis=1)
    by_defect = (
        as_published.to_numpy() != published.coverage[[f"fixed_{c}_pct" for c in COLUMNS.values()]]
    ).any(axis=1)
    assert by_defect.sum() == WIPED
    assert changed.sum() == WIPED + 1  # and the row of P63162
    for pair, which in changed.index[changed]:
        sample = published.samples.iloc[pair]
        label = published.coverage.loc[(pair, which), "segment"]
        protein = sample["protein_a"] if label[0] == "A" else sample["protein_b"]
        truth = brute_force_segment(published.regions, published.lengths, protein, int(label[-1]))
        mine = ours.loc[(pair, which)]
        for type_, column in COLUMNS.items():
            assert mine[column] == round(truth[type_], 1), (pair, which, type_)


def test_the_published_example_of_a_wiped_domain(published, ours):
    pair = int(np.flatnonzero(published.samples["pair"] == "P26641-Q9P2H0")[0])
    assert published.coverage.loc[(pair, "Top2"), "Domain_pct"] == 0
    assert ours.loc[(pair, "Top2"), "Domain"] == 100


def test_random_published_rows_agree_with_brute_force(published, ours, brute_force_segment, rng):
    for row in rng.choice(len(ours), 150, replace=False):
        pair = ours.index[row][0]
        label = published.coverage["segment"].iloc[row]
        protein = published.samples["protein_a" if label[0] == "A" else "protein_b"].iloc[pair]
        truth = brute_force_segment(published.regions, published.lengths, protein, int(label[-1]))
        for type_, column in COLUMNS.items():
            assert ours.iloc[row][column] == round(truth[type_], 1)


def test_published_unit_cases(region_data):
    cases = json.loads((region_data / "published" / "unit_cases.json").read_text())
    for case in cases["get_segment_interval"]:
        expected = [tuple(map(int, text.strip("(]").split(","))) for text in case["intervals"]]
        assert [tuple(b) for b in segment_bounds(case["length"]).tolist()] == expected
    n_defect = 0
    for case in cases["calculate_coverage_ratio"]:
        start, end = case["segment"]
        cell = "" if case["intervals"] == "nan" else case["intervals"]
        regions = annotation_table(("P", t, a[0], b[0]) for t, a, b, *_ in parse_feature_cell(cell))
        types = (*UNIPROT_TYPES, *INTERPRO_TYPES[2:])
        annotated = AnnotatedResidues(regions, {"P": 200}, types)
        counts = dict(zip(annotated.types, annotated.count([0], [start], [end])[0], strict=True))
        share = {t: n / (end - start) if end > start else 0 for t, n in counts.items()}
        assert share["all types"] == pytest.approx(case["fixed"]["total_ratio"], abs=1e-12)
        for type_, ratio in case["fixed"]["type_ratios"].items():
            assert share[type_] == pytest.approx(ratio, abs=1e-12)
        n_defect += case["fixed"] != case["upstream"]
    assert n_defect == 5  # the cases in which the published code is wrong


# --- properties -----------------------------------------------------------------------------------------------

LENGTH = 60
REGION = st.tuples(
    st.integers(1, LENGTH), st.integers(1, LENGTH), st.sampled_from(["Domain", "Motif", "Chain"])
)


def table_of(regions, protein="P"):
    return annotation_table((protein, type_, min(a, b), max(a, b)) for a, b, type_ in regions)


@settings(max_examples=80, deadline=None)
@given(st.lists(REGION, max_size=12), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_any_stretch_agrees_with_brute_force(brute_force_coverage, by_protein, regions, a, b):
    start, end = sorted((a, b))
    table = table_of(regions)
    annotated = AnnotatedResidues(table, {"O": 7, "P": LENGTH, "Q": 9}, ("Domain", "Motif"))
    counts = annotated.count([1], [start], [end])[0]
    truth = brute_force_coverage(by_protein(table).get("P", []), start, end, ("Domain", "Motif"))
    assert (counts >= 0).all() and (counts <= end - start).all()
    if end > start:
        expected = [truth[t] * (end - start) / 100 for t in annotated.types]
        np.testing.assert_allclose(counts, expected, atol=1e-9)
    assert (annotated.count([0, 2], [0, 0], [7, 9]) == 0).all()  # neighbours on the axis are not touched


@settings(max_examples=25, deadline=None)
@given(st.lists(REGION, max_size=10), st.permutations(range(20)), st.integers(1, 10))
def test_coverage_of_pairs_agrees_with_brute_force(brute_force_segment, by_protein, regions, order, k):
    lengths = {"P": LENGTH, "Q": 13}
    table = table_of(regions)
    explanation = Explanation([order], FeatureLayout(SEGMENT_TOKENS, 1), "x", pair_ids=[("P", "Q")])
    for which in ("top", "low"):
        got = coverage(explanation, table, lengths, k=k, which=which, types=("Domain", "Motif"))
        assert got["coverage"].between(0, 100).all()
        ranked = explanation.top(k) if which == "top" else explanation.low(k)
        assert got["token"].astype(str).tolist()[::3] == ranked["token"].tolist()
        for _, row in got.iterrows():
            truth = brute_force_segment(
                by_protein(table), lengths, row["protein"], int(row["token"][-1]), ("Domain", "Motif")
            )
            assert row["coverage"] == pytest.approx(truth[row["type"]])


@settings(max_examples=60, deadline=None)
@given(st.lists(REGION, min_size=1, max_size=10))
def test_repeated_and_overlapping_regions_count_once(regions):
    once = AnnotatedResidues(table_of(regions), {"P": LENGTH}, "any")
    twice = AnnotatedResidues(table_of(regions + regions[::-1]), {"P": LENGTH}, "any")
    assert (once.mask(0) == twice.mask(0)).all()
    total = once.count([0], [0], [LENGTH])[0]
    assert max(total[:-1]) <= total[-1] <= min(total[:-1].sum(), LENGTH)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, LENGTH), min_size=2, max_size=12, unique=True))
def test_disjoint_regions_add_up(cuts):
    cuts = sorted(cuts)[: len(cuts) // 2 * 2]
    pieces = [("P", "Domain", a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    together = AnnotatedResidues(annotation_table(pieces), {"P": LENGTH}, ["Domain"]).segment_counts()[1]
    apart = [
        AnnotatedResidues(annotation_table([p]), {"P": LENGTH}, ["Domain"]).segment_counts()[1]
        for p in pieces
    ]
    assert (together == sum(apart)).all()


# --- residues, positions, errors ------------------------------------------------------------------------------


def explain_residues():
    a, b = np.zeros(30), np.zeros(45)
    a[[3, 7]], b[44] = (5, 4), 6
    return Explanation(
        np.zeros((1, 20)),
        FeatureLayout(SEGMENT_TOKENS, 1),
        "x",
        pair_ids=[("P", "Q")],
        residue_values=[(a, b)],
    )


def test_residues(published):
    regions = annotation_table([("P", "Domain", 4, 4), ("Q", "Motif", 45, 45)])
    table = coverage(
        explain_residues(), regions, {"P": 30, "Q": 45}, unit="residue", types=("Domain", "Motif")
    )
    assert table["token"].astype(str).tolist()[::3] == ["B_residue45", "A_residue4", "A_residue8"]
    assert table["start"].tolist()[::3] == [45, 4, 8]
    wide = table.pivot_table(index="rank", columns="type", values="coverage", observed=True)
    assert wide["Domain"].tolist() == [0, 100, 0]
    assert wide["Motif"].tolist() == [100, 0, 0]
    assert wide["all types"].tolist() == [100, 100, 0]
    with pytest.raises(ValueError, match=r"residue_values have \(30, 45\) entries, the sequences \(30, 44\)"):
        coverage(explain_residues(), regions.head(1), {"P": 30, "Q": 44}, unit="residue")
    with pytest.raises(ValueError, match="does not have"):
        coverage(published.explanation, published.annotations, published.lengths, unit="residue")
    with pytest.raises(ValueError, match=r"1\.\.75"):
        coverage(explain_residues(), regions, {"P": 30, "Q": 45}, unit="residue", k=76)


def test_tokens_without_residues_are_passed_over():
    layout = FeatureLayout(("cls", *SEGMENT_TOKENS, "eos", "mean"), 1)
    values = np.zeros((1, 26))
    values[0, [0, 12, 14]] = 9, 8, 7  # cls of A, mean of A, segment 0 of B
    explanation = Explanation(values, layout, "x", pair_ids=[("P", "Q")])
    table = coverage(explanation, annotation_table([]), {"P": 50, "Q": 50}, k=2)
    assert table["token"].astype(str).unique().tolist() == ["B_segment0", "A_segment0"]


def test_short_proteins_have_empty_segments():
    explanation = explanation_from_ranked_segments(
        [("P", "Q")], [["A_segment9", "A_segment0"]], [["B_segment0", "B_segment1"]]
    )
    table = coverage(
        explanation, annotation_table([("P", "Domain", 1, 5)]), {"P": 5, "Q": 50}, k=2, types=["Domain"]
    )
    assert table["coverage"].tolist() == [0, 0, 100, 100]
    assert (table["end"] - table["start"] + 1).tolist() == [0, 0, 1, 1]


def test_inexact_positions_are_used_dropped_and_counted():
    regions = annotation_table(
        [
            ("P", "Domain", "<1", 5),
            ("P", "Domain", "?8", ">9"),
            ("P", "Domain", "?", 20),
            ("P", "Motif", 30, "?"),
        ]
    )
    with pytest.warns(UserWarning, match=r"2 of 4 regions left out: 2 for an unknown position"):
        used = AnnotatedResidues(regions, {"P": 40}, "any")
    assert (used.n_unknown, used.n_fuzzy) == (2, 2)
    assert used.count([0], [0], [40])[0].tolist() == [7, 0, 7]
    with pytest.warns(UserWarning, match=r"4 of 4 regions left out: .*2 for a position that is not exact"):
        dropped = AnnotatedResidues(regions, {"P": 40}, "any", fuzzy="drop")
    assert dropped.count([0], [0], [40])[0].tolist() == [0, 0, 0]
    assert dropped.n_unannotated == 1


def test_regions_past_the_end_are_refused_or_cut():
    regions = annotation_table([("P", "Domain", 5, 12), ("P", "Domain", 20, 30)])
    with pytest.raises(AnnotationError, match=r"Domain 5\.\.12 passes the end of protein P \(9 residues\)"):
        AnnotatedResidues(regions, {"P": 9})
    with pytest.warns(UserWarning, match="2 regions cut"):
        cut = AnnotatedResidues(regions, {"P": 9}, outside="clip")
    assert cut.count([0], [0], [9])[0].tolist() == [5, 5]
    assert cut.n_clipped == 2


def test_bonds_are_their_two_residues():
    regions = annotation_table([("P", "Disulfide bond", 3, 9), ("P", "Cross-link", 20, 20)])
    annotated = AnnotatedResidues(regions, {"P": 30}, "any")
    assert np.flatnonzero(annotated.mask(0)[:, -1]).tolist() == [2, 8, 19]


def test_the_pair_table_of_the_estimators_gives_lengths():
    index = pd.MultiIndex.from_tuples([("P", "Q"), ("Q", "R")])
    pairs = pd.DataFrame({"sequence_a": ["MKV", "MK"], "sequence_b": ["MK", "MKVA"]}, index=index)
    assert protein_lengths(pairs).to_dict() == {"P": 3, "Q": 2, "R": 4}
    pairs.iloc[1, 0] = "MKVAA"
    with pytest.raises(ValueError, match="'Q' stands for sequences of 2 and of 5 residues"):
        protein_lengths(pairs)
    with pytest.raises(ValueError, match="sequence_a"):
        protein_lengths(pairs[["sequence_a"]])
    with pytest.raises(ValueError, match="no residue"):
        protein_lengths({"P": ""})


def test_errors_say_what_is_wrong(published):
    few = published.lengths.drop(["P04899", "P81274"])
    with pytest.raises(KeyError, match="no sequence for protein 'P04899' and 1 others"):
        coverage(published.explanation, published.annotations, few)
    arguments = (published.explanation, published.annotations, published.lengths)
    for options, message in (
        ({"which": "best"}, "'top' or 'low'"),
        ({"unit": "atom"}, "'segment' or 'residue'"),
        ({"k": 21}, r"1\.\.20"),
        ({"types": "Domain"}, "'any' or a sequence"),
        ({"types": ["Domain", "Domain"]}, "distinct"),
        ({"fuzzy": "keep"}, "'use' or 'drop'"),
    ):
        with pytest.raises(ValueError, match=message):
            coverage(*arguments, **options)
    with pytest.raises(AnnotationError, match=r"lack the columns \['end'\]"):
        coverage(published.explanation, published.annotations.drop(columns="end"), published.lengths)
    wrong = pd.DataFrame({"protein": ["P"], "type": ["Domain"], "start": [0], "end": [4]})
    with pytest.raises(AnnotationError, match="expected 1 <= start <= end"):
        AnnotatedResidues(wrong, {"P": 9})
    summary = Explanation([[1.0, 2.0]], FeatureLayout(("mean",), 1), "x", pair_ids=[("P", "Q")])
    with pytest.raises(ValueError, match="needs the tokens segment0"):
        coverage(summary, annotation_table([]), {"P": 9, "Q": 9})
    with pytest.raises(ValueError, match="names A_segment1 twice"):
        explanation_from_ranked_segments([("P", "Q")], [["A_segment1"]], [["A_segment1"]])
    with pytest.raises(ValueError, match="got \\['A_cls'\\]"):
        explanation_from_ranked_segments([("P", "Q")], [["A_cls"]], [["A_segment1"]])
