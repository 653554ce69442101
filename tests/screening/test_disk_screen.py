"""Screens on disk against screens in memory: the same pairs, whatever interrupts them."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn import (
    ApplicabilityDomain,
    CalibratedPairClassifier,
    CompositionEncoder,
    ESM2Embedder,
    LateInteractionClassifier,
    PairConcatenator,
    PairEnsembleClassifier,
    ProteinFrequencyClassifier,
    ProteinScaler,
    SelectiveClassifier,
    merge_screen,
    screen,
    screen_pairs,
)
from amp_sklearn.exceptions import ScreenError
from amp_sklearn.screening import ScoreHistogram
from amp_sklearn.screening.screen_result import SUMMARY

RANDOM = np.random.default_rng(1)
SEQUENCES = ["".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(8, 40))) for _ in range(23)]
PROTEOME = {f"P{number}": sequence for number, sequence in enumerate(SEQUENCES)}
OTHERS = {f"Q{number}": sequence[::-1] for number, sequence in enumerate(SEQUENCES[:7])}
TABLE = pd.DataFrame({"sequence_a": SEQUENCES[:10], "sequence_b": SEQUENCES[10:20]})
LABELS = np.tile([0, 1], 5)


@pytest.fixture(scope="module")
def model(tiny_esm2):
    """A pipeline that tells protein A from protein B, and whose scores differ."""
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    model = make_pipeline(embedder, PairConcatenator("mean"), LogisticRegression(C=1e3, max_iter=500))
    return model.fit(TABLE, LABELS)


def probabilities(found):
    table = found.pairs()
    return pd.Series(
        table["probability"].to_numpy(), pd.MultiIndex.from_frame(table[["protein_a", "protein_b"]])
    )


def in_memory(model, *proteins, **options):
    table = screen_pairs(model, *proteins, **options)
    return pd.Series(table["score"].to_numpy(), pd.MultiIndex.from_frame(table[["protein_a", "protein_b"]]))


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "pairs").iterdir())}


@pytest.mark.parametrize(("partners", "include_self"), [(None, False), (None, True), (OTHERS, False)])
def test_all_pairs_once(model, tmp_path, partners, include_self):
    expected = in_memory(model, PROTEOME, partners, include_self=include_self)
    found = screen(model, PROTEOME, partners, tmp_path, include_self=include_self, block_size=5)
    series = probabilities(found)
    assert series.index.is_unique and len(series) == len(expected) == found.n_pairs == found.summary.scored
    np.testing.assert_allclose(series[expected.index], expected, rtol=0, atol=1e-6)


def test_best_partners_are_those_of_either_protein(model, tmp_path):
    everything = in_memory(model, PROTEOME).astype(np.float32)
    best = set()
    for protein in PROTEOME:
        of_protein = everything[[protein in pair for pair in everything.index]]
        best |= set(of_protein.sort_values(ascending=False).index[:3])
    for size in (4, 30):
        assert (
            set(
                probabilities(
                    screen(model, PROTEOME, None, tmp_path / str(size), top_k=3, block_size=size)
                ).index
            )
            == best
        )


def test_threshold(model, tmp_path):
    everything = in_memory(model, PROTEOME)
    limit = float(everything.median())
    found = probabilities(screen(model, PROTEOME, None, tmp_path, threshold=limit, block_size=6))
    assert 0 < len(found) < len(everything) and (found >= limit - 1e-6).all()
    assert abs(len(found) - (everything >= limit).sum()) <= 1


def test_calibration_and_domain_are_told(model, tmp_path):
    frozen = CalibratedPairClassifier(make_pipeline(CompositionEncoder(), LogisticRegression()), cv=2).fit(
        TABLE, LABELS
    )
    selective = SelectiveClassifier(frozen, domain=ApplicabilityDomain(threshold=0.5)).fit(TABLE, LABELS)
    found = screen(selective, PROTEOME, None, tmp_path, block_size=5).pairs()
    X = pd.DataFrame(
        [[PROTEOME[a], PROTEOME[b]] for a, b in zip(found["protein_a"], found["protein_b"], strict=True)],
        columns=TABLE.columns,
    )
    np.testing.assert_allclose(found["calibrated"], selective.predict_proba(X)[:, 1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        found["probability"], selective.estimator_.estimator_.predict_proba(X)[:, 1], rtol=0, atol=1e-6
    )
    outside = ~selective.domain_.contains(X)
    assert outside.any() and not outside.all()
    np.testing.assert_array_equal(found["outside_domain"], outside)


def test_a_model_of_whole_pairs(tmp_path):
    model = ProteinFrequencyClassifier().fit(TABLE, LABELS)
    found = probabilities(screen(model, PROTEOME, None, tmp_path, block_size=7))
    X = [[PROTEOME[a], PROTEOME[b]] for a, b in found.index]
    np.testing.assert_allclose(
        found, model.predict_proba(pd.DataFrame(X, columns=TABLE.columns))[:, 1], atol=1e-6
    )
    with pytest.raises(
        ValueError, match="prefilter needs a model whose features are those of single proteins"
    ):
        screen(model, PROTEOME, None, tmp_path / "two", prefilter=0.2)


def test_it_goes_on_where_it_stopped(model, tmp_path, monkeypatch):
    whole = contents(screen(model, PROTEOME, None, tmp_path / "whole", block_size=4).folder)
    folder = tmp_path / "stopped"
    from amp_sklearn.screening.tile_scores import TileScorer

    real, calls = TileScorer.score, []

    def stops(self, *arguments):
        calls.append(arguments)
        if len(calls) in (3, 7):
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(TileScorer, "score", stops)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            screen(model, PROTEOME, None, folder, block_size=4)
    screen(model, PROTEOME, None, folder, block_size=4)
    assert contents(folder) == whole and len(calls) == len(whole) + 2
    screen(model, PROTEOME, None, folder, block_size=4)
    assert len(calls) == len(whole) + 2, "a finished screen is not computed again"


def test_parts_of_a_job_array_merge_to_the_same_bytes(model, tmp_path):
    options = {"block_size": 4, "top_k": 2}
    whole = contents(screen(model, PROTEOME, OTHERS, tmp_path / "whole", **options).folder)
    folder = tmp_path / "parts"
    for part in (2, 3):
        assert screen(model, PROTEOME, OTHERS, folder, part=(part, 3), **options) is None
    with pytest.raises(ScreenError, match=r"of the 12 blocks of .* are not there yet"):
        merge_screen(folder)
    screen(model, PROTEOME, OTHERS, folder, part=(1, 3), **options)
    assert contents(merge_screen(folder).folder) == whole


def test_something_else_is_refused(model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _stop_after_a_block(model, tmp_path)
    other = {**PROTEOME, "P0": PROTEOME["P0"] + "A"}
    with pytest.raises(ScreenError, match=r"screen of something else .proteins: "):
        screen(model, other, None, tmp_path, block_size=4)
    with pytest.raises(ScreenError, match="top_k: null there, 3 now"):
        screen(model, PROTEOME, None, tmp_path, block_size=4, top_k=3)
    changed = make_pipeline(*model[:-1], LogisticRegression()).fit(TABLE, LABELS)
    with pytest.raises(ScreenError, match="model: "):
        screen(changed, PROTEOME, None, tmp_path, block_size=4)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep me")
    with pytest.raises(ScreenError, match="is not empty and holds no screen"):
        screen(model, PROTEOME, None, tmp_path / "notes")
    assert (tmp_path / "notes" / "mine.txt").read_text() == "keep me"


def _stop_after_a_block(model, folder):
    from amp_sklearn.screening.journal import ScreenJournal

    real = ScreenJournal.record

    def once(self, *arguments, **counts):
        real(self, *arguments, **counts)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScreenJournal, "record", once)
        screen(model, PROTEOME, None, folder, block_size=4)


def test_a_damaged_block_is_noticed_and_computed_again(model, tmp_path):
    whole = contents(screen(model, PROTEOME, None, tmp_path / "whole", block_size=4).folder)
    folder = tmp_path / "damaged"
    with pytest.raises(KeyboardInterrupt):
        _stop_after_a_block(model, folder)
    path = folder / "blocks" / "block-00000000.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ScreenError, match=r"block-00000000\.parquet is damaged"):
        screen(model, PROTEOME, None, folder, block_size=4)
    with open(folder / "journal.jsonl", "a") as file:
        file.write('{"block": 3, "sha2')  # a line that was cut
    screen(model, PROTEOME, None, folder, block_size=4)
    assert contents(folder) == whole


def test_a_killed_screen_ends_with_the_same_bytes(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from amp_sklearn import screen
        from amp_sklearn.screening.tile_scores import TileScorer
        from amp_sklearn.model_selection import make_baseline
        from amp_sklearn.data import load_bernett_mini
        real = TileScorer.score
        def slow(self, *arguments):
            time.sleep(float(sys.argv[2]))
            return real(self, *arguments)
        TileScorer.score = slow
        X, y = load_bernett_mini("val")
        model = make_baseline("composition_logistic").fit(X[::5], y[::5])
        proteins = {f"P{n}": s for n, s in enumerate(X["sequence_a"].unique()[:40])}
        screen(model, proteins, out=sys.argv[1], block_size=8)
        """
    )

    def run(folder, pause):
        return subprocess.Popen([sys.executable, "-c", script, str(folder), str(pause)], env=os.environ)

    assert run(tmp_path / "whole", 0).wait() == 0
    process = run(tmp_path / "killed", 0.3)
    deadline = time.monotonic() + 120
    while not len(list((tmp_path / "killed").glob("blocks/*.parquet"))) >= 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / SUMMARY).exists()
    assert run(tmp_path / "killed", 0).wait() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_the_first_stage_keeps_its_share_and_says_what_it_loses(model, tmp_path):
    proteins = {f"P{n}": "".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), 20)) for n in range(120)}
    everything = in_memory(model, proteins)
    found = screen(model, proteins, None, tmp_path, prefilter=0.3, block_size=50)
    kept, report = probabilities(found), found.summary.prefilter
    assert 0.2 < len(kept) / len(everything) <= 0.33 and found.summary.scored == len(kept)
    np.testing.assert_allclose(kept, everything[kept.index], rtol=0, atol=1e-6)
    best = everything[everything >= everything.quantile(0.99)].index
    true_recall = best.isin(kept.index).mean()
    low, high = report["interval_95"]
    assert low - 0.05 <= true_recall <= high + 0.05 and true_recall > 0.5
    assert json.loads((tmp_path / "prefilter.json").read_text()) == report


def test_what_scores_mean():
    random = np.random.default_rng(0)
    probability = random.beta(0.4, 0.4, 200_000)
    histogram = ScoreHistogram.of(probability)
    true = random.random(200_000) < probability
    for threshold in (0.0, 0.5, 0.9):
        above = probability >= threshold
        assert abs(histogram.above(threshold) - above.sum()) <= 0.01 * len(above)
        assert histogram.expected_precision(threshold, 0.5) == pytest.approx(true[above].mean(), abs=0.01)
    # by Bayes: positives weighed by prevalence / .5, negatives by (1 - prevalence) / .5
    prevalence, above = 0.01, probability >= 0.8
    weight = np.where(true, prevalence, 1 - prevalence)
    expected = (weight * true)[above].sum() / weight[above].sum()
    posterior = probability * prevalence / (probability * prevalence + (1 - probability) * (1 - prevalence))
    assert histogram.expected_precision(0.8, prevalence) == pytest.approx(posterior[above].mean(), abs=0.01)
    assert 0 < expected < 1
    threshold = histogram.threshold_for(0.5, prevalence)
    assert posterior[probability >= threshold].mean() == pytest.approx(0.5, abs=0.02)
    assert np.isnan(ScoreHistogram.of([0.5, 0.6]).threshold_for(0.9, 0.001))
    assert (ScoreHistogram.from_dict(histogram.to_dict()).counts == histogram.counts).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 2}, "threshold is a probability"),
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"prefilter": 1.5}, "prefilter is the share of pairs to keep"),
        ({"part": (4, 3)}, r"part must be \(number, total\)"),
    ],
)
def test_options_are_checked(model, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        screen(model, PROTEOME, None, tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("partners", [None, OTHERS])
def test_late_interaction_scores_whole_blocks(tiny_esm2, tmp_path, partners):
    network = LateInteractionClassifier(max_epochs=3, lr=1e-2, random_state=0, device="cpu")
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    model = make_pipeline(embedder, PairConcatenator("segments"), ProteinScaler(), network).fit(TABLE, LABELS)
    expected = in_memory(model, PROTEOME, partners)
    assert np.ptp(expected) > 1e-3
    for size in (6, None):
        found = probabilities(screen(model, PROTEOME, partners, tmp_path / str(size), block_size=size))
        assert len(found) == len(expected)
        np.testing.assert_allclose(found[expected.index], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("label", [None, 0])
def test_an_ensemble_tells_its_uncertainty_in_blocks_as_pair_by_pair(tiny_esm2, tmp_path, label):
    late = LateInteractionClassifier(max_epochs=3, lr=1e-2, device="cpu")
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    steps = [embedder, PairConcatenator("segments"), ProteinScaler()]
    model = make_pipeline(*steps, PairEnsembleClassifier(late, n_repeats=3, random_state=0)).fit(
        TABLE, LABELS
    )
    found = screen(model, PROTEOME, None, tmp_path, label=label, block_size=6).pairs()
    X = pd.DataFrame(
        {f"sequence_{side}": found[f"protein_{side}"].astype(str).map(PROTEOME) for side in "ab"}
    )
    column = 1 if label is None else 0
    np.testing.assert_allclose(found["probability"], model.predict_proba(X)[:, column], rtol=0, atol=1e-5)
    expected = model[-1].predict_uncertainty(model[:-1].transform(X))
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(found["uncertainty"], expected, rtol=0, atol=1e-5)
