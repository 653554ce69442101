"""Ready models: loaded, named on the command line, described by a card, unchanged."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from amp_sklearn import cli
from amp_sklearn.calibration import ApplicabilityDomain
from amp_sklearn.data import load_bernett_mini, load_yeast_ppi
from amp_sklearn.persistence import load_model, ready_models
from amp_sklearn.persistence.ready_models import ready_model_card, ready_model_figures, shown_figure


@pytest.mark.parametrize("name", sorted(ready_models()))
def test_cards_hold_figures_data_and_limits(name):
    card, figures = ready_model_card(name), ready_model_figures(name)
    assert card.startswith("---\nlibrary_name: amp_sklearn")
    for part in (
        "## Figures",
        "## Limits",
        f"{figures['n_train']:,} pairs",
        f"| roc auc | {shown_figure(figures['roc_auc'])} |",
        "doi:10.",
    ):
        assert part in card


def test_the_yeast_model_knows_its_training_pairs():
    X, y = load_yeast_ppi()
    short = np.flatnonzero((X["sequence_a"].str.len() < 250) & (X["sequence_b"].str.len() < 250))
    short = np.concatenate([short[y[short] == label][:30] for label in (1, 0)])
    model = load_model(ready_models()["yeast-mini"])
    probability = model.predict_proba(X.iloc[short])[:, 1]
    assert probability.std() > 0.01 and probability[y[short] == 1].mean() > probability[y[short] == 0].mean()
    assert isinstance(model.domain_, ApplicabilityDomain) and model.domain_.n_proteins_ == 2492
    assert model.domain_.contains(X.iloc[short]).all()


def test_the_human_model_tells_test_pairs_apart_a_little():
    X, y = load_bernett_mini("test")
    short = (X["sequence_a"].str.len() < 250) & (X["sequence_b"].str.len() < 250)
    model = load_model(ready_models()["human-mini"])
    assert roc_auc_score(y[short], model.predict_proba(X[short])[:, 1]) > 0.52
    train, _ = load_bernett_mini("train")
    known = train[(train["sequence_a"].str.len() < 250) & (train["sequence_b"].str.len() < 250)].iloc[:20]
    assert model.domain_.n_proteins_ == 4286 and (model.domain_.similarity(known) == 1).all()


def test_a_name_stands_for_the_file(tmp_path, monkeypatch, capfd):
    X, _ = load_yeast_ppi()
    X = X[(X["sequence_a"].str.len() < 200) & (X["sequence_b"].str.len() < 200)].iloc[:5]
    monkeypatch.chdir(tmp_path)
    X.index.to_frame(index=False).to_csv("pairs.csv", index=False)
    proteins = dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True))
    (tmp_path / "p.fasta").write_text("".join(f">{name}\n{text}\n" for name, text in proteins.items()))
    with pytest.raises(SystemExit) as ended:
        cli.main(["predict", "yeast-mini", "pairs.csv", "p.fasta"])
    assert ended.value.code == 0
    table = pd.read_csv("predictions.tsv", sep="\t")
    assert {"probability", "calibrated", "similarity", "outside_domain"} <= set(table.columns)
    with pytest.raises(SystemExit) as ended:
        cli.main(["predict", "human-maxi", "pairs.csv", "p.fasta"])
    assert (
        ended.value.code == 2
        and "no ready model of this name; ready are yeast-mini, human-mini" in capfd.readouterr().err
    )
    with pytest.raises(SystemExit) as ended:
        cli.main(["models", "yeast-mini"])
    assert ended.value.code == 0 and "## Limits" in capfd.readouterr().out
