import inspect
import pickle
import warnings

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import NopPruner, ThresholdPruner
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    PredefinedSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from amp_sklearn.data import PairMatrix
from amp_sklearn.model_selection import OptunaSearchCV

C = {"C": FloatDistribution(1e-3, 10.0, log=True)}


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(120, 6, random_state=0)
    return X, np.where(y, "yes", "no")


def search_of(estimator=None, space=None, **parameters):
    parameters = {"cv": 3, "n_trials": 4, "random_state": 0, **parameters}
    return OptunaSearchCV(
        LogisticRegression() if estimator is None else estimator,
        C if space is None else space,
        **parameters,
    )


class RowRecorder(ClassifierMixin, BaseEstimator):
    """Remembers the rows it was trained on (first column), across calls of fit on one object."""

    def __init__(self, quality=0.5, fits=None):
        self.quality = quality
        self.fits = fits

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = getattr(self, "seen_", set()) | set(np.asarray(X)[:, 0].tolist())
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


LEDGER: list[tuple[set, set]] = []


def leak_scorer(estimator, X, y):
    """Score by ``quality``; writes down training and held-out rows."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    LEDGER.append((last.seen_, set(np.asarray(X)[:, 0].tolist())))
    return last.quality


def test_has_the_parameters_and_defaults_of_the_original():
    original = {
        "estimator": inspect.Parameter.empty,
        "param_distributions": inspect.Parameter.empty,
        "enable_pruning": False,
        "error_score": np.nan,
        "max_iter": 1000,
        "n_jobs": None,
        "n_trials": 10,
        "random_state": None,
        "refit": True,
        "return_train_score": False,
        "scoring": None,
        "study": None,
        "subsample": 1.0,
        "timeout": None,
        "verbose": 0,
        "callbacks": None,
        "catch": (),
    }
    ours = inspect.signature(OptunaSearchCV).parameters
    for name, default in original.items():
        assert ours[name].default is default or ours[name].default == default, name
    assert ours["cv"].default == 5  # the original's None means 5 folds too


def test_private_interface_of_scikit_learn_still_has_what_the_search_uses():
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.model_selection._validation import _fit_and_score

    for method in (
        "_get_scorers",
        "_get_routed_params_for_fit",
        "_select_best_index",
        "score",
        "predict_proba",
    ):
        assert callable(getattr(BaseSearchCV, method))
    wanted = {"scorer", "train", "test", "parameters", "fit_params", "score_params", "error_score"}
    assert wanted <= set(inspect.signature(_fit_and_score).parameters)


def test_private_interface_of_optuna_still_has_what_the_search_uses():
    study = optuna.create_study()
    assert study._thread_local.in_optimize_loop is False
    assert study._stop_flag is False
    assert study.ask()._trial_id == 0


def test_finds_the_optimum_that_a_grid_finds(data):
    grid = {"max_depth": [1, 2, 3]}
    tree = DecisionTreeClassifier(random_state=0)
    ours = search_of(tree, {"max_depth": IntDistribution(1, 3)}, n_trials=20, scoring="accuracy").fit(*data)
    theirs = GridSearchCV(tree, grid, cv=3, scoring="accuracy").fit(*data)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == theirs.best_score_
    assert (ours.predict(data[0]) == theirs.predict(data[0])).all()
    assert ours.score(*data) == theirs.score(*data)


def test_cv_results_equal_those_of_a_grid_over_the_same_parameters(data):
    ours = search_of(return_train_score=True).fit(*data)
    grid = GridSearchCV(LogisticRegression(), [{"C": [p["C"]]} for p in ours.cv_results_["params"]], cv=3)
    theirs = grid.set_params(return_train_score=True).fit(*data).cv_results_
    assert set(theirs) <= set(ours.cv_results_)
    for key in theirs:
        if "time" not in key and key != "params":
            np.testing.assert_allclose(
                np.ma.getdata(ours.cv_results_[key]).astype(float), np.ma.getdata(theirs[key]).astype(float)
            )
    assert ours.cv_results_["params"] == theirs["params"]
    assert ours.best_index_ == grid.best_index_


def test_types_and_methods_are_those_of_the_estimator(data):
    assert is_classifier(search_of())
    assert is_regressor(search_of(Ridge(), {"alpha": FloatDistribution(0, 1)}))
    svm, tree = search_of(LinearSVC()), search_of(DecisionTreeClassifier())
    assert hasattr(svm, "decision_function") and not hasattr(svm, "predict_proba")
    assert hasattr(tree, "predict_proba") and not hasattr(tree, "decision_function")
    assert not hasattr(search_of(), "classes_")
    assert search_of().fit(*data).classes_.tolist() == ["no", "yes"]


@pytest.mark.parametrize("estimator", [LogisticRegression(), LinearSVC()])
def test_outer_roc_auc_is_finite(data, estimator):
    scores = cross_val_score(
        search_of(estimator, n_trials=2), *data, cv=3, scoring="roc_auc", error_score="raise"
    )
    assert (scores > 0.5).all()


def test_works_in_meta_estimators_and_over_processes(data):
    X, y = data
    search = search_of(n_trials=2, n_jobs=2)
    assert search.fit(X, y).best_params_ == clone(search).set_params(n_jobs=1).fit(X, y).best_params_
    calibrated = CalibratedClassifierCV(search_of(n_trials=2), cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (120, 2)
    assert cross_val_predict(search_of(n_trials=2), X, y, cv=2).shape == (120,)


def test_takes_frames_sparse_matrices_and_pair_matrices(data):
    X, y = data
    expected = search_of().fit(X, y)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    fitted = search_of().fit(frame, y)
    assert fitted.feature_names_in_.tolist() == list("abcdef")
    assert fitted.best_params_ == expected.best_params_
    assert search_of().fit(sparse.csr_array(X), y).best_params_ == expected.best_params_
    pairs = PairMatrix(
        np.vstack([X[:, :3], X[:, 3:]]), np.column_stack([np.arange(120), np.arange(120, 240)])
    )
    dense = make_pipeline(AsArray(), LogisticRegression())
    space = {"logisticregression__C": C["C"]}
    study = optuna.create_study(direction="maximize")
    of_pairs = search_of(dense, space, study=study).fit(pairs, y)
    of_array = search_of(dense, space).fit(X, y)
    np.testing.assert_array_equal(
        of_pairs.cv_results_["mean_test_score"], of_array.cv_results_["mean_test_score"]
    )


class AsArray(BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)

    def __sklearn_is_fitted__(self):
        return True


def test_same_seed_same_search_another_seed_another(data):
    draws = [search_of(random_state=s).fit(*data).cv_results_["params"] for s in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 (the global generator is what must not move)
    search_of(random_state=None, n_trials=1).fit(*data)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_seeded_sampler_of_a_study_stays_reproducible(data):
    def draws(seed):
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        return search_of(study=study, random_state=None).fit(*data).cv_results_["params"]

    assert draws(3) == draws(3) != draws(4)


def test_groups_keep_groups_apart(data):
    X, y = data
    groups = np.arange(120) // 4
    X = np.column_stack([np.arange(120), X])
    LEDGER.clear()
    search = search_of(RowRecorder(), {}, cv=GroupKFold(3), n_trials=1, scoring=leak_scorer, refit=False)
    search.fit(X, y, groups=groups)
    for trained, held_out in LEDGER:
        assert not {int(r) // 4 for r in trained} & {int(r) // 4 for r in held_out}
    with pytest.raises(ValueError, match="groups"):
        search.fit(X, y)


def test_sample_weight_reaches_estimator_and_scorer(data):
    X, y = data
    weight = np.where(y == "yes", 1e6, 1e-6)
    weighted = search_of(n_trials=2).fit(X, y, sample_weight=weight)
    assert (weighted.predict(X) == "yes").all()
    assert weighted.best_score_ == pytest.approx(1.0)
    assert not (search_of(n_trials=2).fit(X, y).predict(X) == "yes").all()


def test_metadata_routing(data):
    X, y = data
    weight = np.where(y == "yes", 1e6, 1e-6)
    with config_context(enable_metadata_routing=True):
        asks = LogisticRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        weighted = search_of(asks, n_trials=2, cv=GroupKFold(3))
        weighted.fit(X, y, sample_weight=weight, groups=np.arange(120) // 4)
        assert (weighted.predict(X) == "yes").all()
        assert weighted.best_score_ < 0.9  # the score, unlike the fit, asked for no weights
        with pytest.raises(TypeError, match="unexpected"):
            search_of(asks, n_trials=2).fit(X, y, colour=weight)


def test_subsample_searches_on_part_and_refits_on_all(data):
    X, y = data
    X = np.column_stack([np.arange(120), X])
    for subsample, size in ((0.5, 60), (30, 30), (1.0, 120)):
        LEDGER.clear()
        weight = np.ones(120)
        search = search_of(RowRecorder(), {}, subsample=subsample, scoring=leak_scorer, n_trials=1).fit(X, y)
        rows = set().union(*(trained | held for trained, held in LEDGER))
        assert rows == set(search.sample_indices_) and len(rows) == size
        assert len(search.best_estimator_.seen_) == 120
        search_of(subsample=subsample).fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="leaves none"):
        search_of(subsample=0.001).fit(X, y)


@pytest.mark.parametrize("predefined", [False, True])
def test_subsample_keeps_to_folds_that_were_given_as_rows(data, predefined):
    X, y = data
    X = np.column_stack([np.arange(120), X])
    fold = np.random.RandomState(1).randint(-1, 3, 120)
    cv = PredefinedSplit(fold)
    cv = cv if predefined else list(cv.split())
    LEDGER.clear()
    search = search_of(RowRecorder(), {}, subsample=60, cv=cv, scoring=leak_scorer, n_trials=1).fit(X, y)
    assert len(LEDGER) == 3
    for number, (trained, held) in enumerate(LEDGER):
        of_fold = set(search.sample_indices_[fold[search.sample_indices_] == number])
        assert held == of_fold and trained == set(search.sample_indices_) - of_fold
    alone = [(np.arange(1, 120), np.array([0])), (np.arange(0, 119), np.array([119]))]
    with pytest.raises(ValueError, match="leaves fold 0 of cv no test rows; raise subsample"):
        search_of(subsample=5, cv=alone).fit(X, y)


def test_best_params_of_choices_that_compare_equal_are_those_that_were_scored(data):
    seen = []

    class Typed(LogisticRegression):
        def fit(self, X, y):
            seen.append(type(self.C))
            return super().fit(X, y)

    def score(estimator, X, y):
        return {float: 1.0, int: 0.5, bool: 0.0}[type(estimator.C)]

    search = search_of(Typed(), {"C": [1, 1.0, True]}, scoring=score, n_trials=25).fit(*data)
    assert {int, float, bool} <= set(seen)
    assert type(search.best_params_["C"]) is float and search.best_score_ == 1.0
    for params, value in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        assert value == {float: 1.0, int: 0.5, bool: 0.0}[type(params["C"])]


def test_error_when_no_trial_completed_names_the_first_failure(data):
    bad = search_of(LogisticRegression(), {"C": FloatDistribution(-2.0, -1.0)})
    with warnings.catch_warnings(record=True) as warned, pytest.raises(ValueError) as caught:
        warnings.simplefilter("always")
        bad.fit(*data)
    assert [str(w.message).partition(" is left")[0] for w in warned] == [
        f"trial {i} failed and" for i in range(4)
    ]
    assert "no trial completed (4 finished)" in str(caught.value)
    assert "must be a float in the range" in str(caught.value)
    with pytest.raises(ValueError, match="'C' parameter"):
        bad.set_params(error_score="raise").fit(*data)


def test_failed_trials_are_left_out_and_reported(data):
    space = {"C": FloatDistribution(-1.0, 1.0)}
    with pytest.warns(FitFailedWarning):
        search = search_of(space=space, n_trials=8).fit(*data)
    frame = search.trials_frame().set_index("number")
    failed = frame.params_C <= 0
    assert 0 < failed.sum() < 8
    assert (frame.state == np.where(failed, "FAIL", "COMPLETE")).all()
    assert frame.error[failed].str.contains("range").all() and frame.error[~failed].isna().all()
    assert np.isnan(search.cv_results_["mean_test_score"][failed]).all()
    assert (
        search.cv_results_["rank_test_score"][failed].min()
        > search.cv_results_["rank_test_score"][~failed].max()
    )
    assert search.best_params_["C"] > 0
    scored = search_of(space=space, n_trials=8, error_score=-5.0).fit(*data)
    assert (scored.cv_results_["mean_test_score"][failed] == -5).all()


def test_a_failing_scorer_is_a_failure_too(data):
    def scorer(estimator, X, y):
        raise RuntimeError("no score today")

    with pytest.warns(FitFailedWarning), pytest.raises(ValueError, match="no score today"):
        search_of(scoring=scorer).fit(*data)
    with pytest.warns(FitFailedWarning), pytest.raises(ValueError, match="fold 0 scored NaN"):
        search_of(scoring=lambda *args: np.nan).fit(*data)


def test_catch_goes_on_after_raised_failures(data):
    space = {"C": FloatDistribution(-1.0, 1.0)}
    search = search_of(space=space, n_trials=8, error_score="raise", catch=ValueError).fit(*data)
    assert {t.state.name for t in search.trials_} == {"FAIL", "COMPLETE"}
    with pytest.raises(ValueError, match="'C' parameter"):
        search_of(space=space, n_trials=8, error_score="raise", catch=(KeyError,)).fit(*data)


@pytest.mark.parametrize("enable_pruning", [False, True])
@pytest.mark.parametrize(
    "cv",
    [
        3,
        StratifiedKFold(3, shuffle=True),
        StratifiedKFold(3, shuffle=True, random_state=np.random.RandomState(0)),
    ],
)
@pytest.mark.parametrize("pipeline", [False, True])
def test_held_out_rows_never_reach_training(data, enable_pruning, cv, pipeline):
    X, y = data
    X = np.column_stack([np.arange(120.0), X])
    LEDGER.clear()
    estimator = make_pipeline("passthrough", RowRecorder()) if pipeline else RowRecorder()
    name = "rowrecorder__quality" if pipeline else "quality"
    search = search_of(
        estimator,
        {name: FloatDistribution(0, 1)},
        cv=cv,
        n_trials=12,
        enable_pruning=enable_pruning,
        scoring=leak_scorer,
        refit=False,
    )
    search.fit(X, y)
    states = [t.state.name for t in search.trials_]
    assert ("PRUNED" in states) == enable_pruning
    assert len(LEDGER) == 36 if not enable_pruning else len(LEDGER) < 36
    for trained, held_out in LEDGER:
        assert not trained & held_out
        assert len(trained | held_out) == 120
    held = [frozenset(h) for _, h in LEDGER]
    assert len(set(held)) == 3  # one set of folds for all trials


def test_pruning_stops_after_the_fold_the_pruner_names(data):
    search = search_of(
        RowRecorder(),
        {"quality": CategoricalDistribution((0.2, 0.8))},
        n_trials=6,
        enable_pruning=True,
        pruner=ThresholdPruner(lower=0.5, n_warmup_steps=1),
        scoring=leak_scorer,
    ).fit(*data)
    by_quality = search.trials_frame().groupby("params_quality").first()
    assert by_quality.state.to_dict() == {0.2: "PRUNED", 0.8: "COMPLETE"}
    assert by_quality.split1_test_score.notna().all() and by_quality.split2_test_score.isna().tolist() == [
        True,
        False,
    ]
    parallel = clone(search).set_params(n_jobs=2).fit(*data)
    assert [t.state for t in parallel.trials_] == [t.state for t in search.trials_]
    none = clone(search).set_params(pruner=NopPruner()).fit(*data)
    assert {t.state.name for t in none.trials_} == {"COMPLETE"}


def test_equal_parameters_are_evaluated_once(data):
    LEDGER.clear()
    space = {"quality": CategoricalDistribution((0.2, 0.8))}
    search = search_of(RowRecorder(), space, n_trials=9, scoring=leak_scorer, refit=False).fit(*data)
    assert len(LEDGER) == 2 * 3
    assert search.n_trials_ == 9
    frame = search.trials_frame()
    assert frame.copied_from.notna().sum() == 7
    np.testing.assert_allclose(frame.value.astype(float), frame.params_quality)


def test_choices_of_any_type_come_back_as_they_were(data):
    scalers = [StandardScaler(), MinMaxScaler(), "passthrough", None]
    space = {"scaler": scalers, "logisticregression__C": (1.0, 0.1)}
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.steps[0] = ("scaler", pipeline.steps[0][1])
    search = search_of(pipeline, space, n_trials=10).fit(*data)
    types = {type(p["scaler"]) for p in search.cv_results_["params"]}
    assert types <= {StandardScaler, MinMaxScaler, str, type(None)} and len(types) > 1
    assert type(search.best_estimator_[0]) is type(search.best_params_["scaler"])
    assert (
        search.best_estimator_[0] is not search.best_params_["scaler"]
        or search.best_params_["scaler"] is None
    )


def test_unsupervised_estimators(data):
    search = search_of(KMeans(n_init=1, random_state=0), {"n_clusters": IntDistribution(2, 4)}).fit(data[0])
    assert search.predict(data[0]).shape == (120,)
    assert search.transform(data[0]).shape == (120, search.best_params_["n_clusters"])


def test_refit_can_be_off_or_choose(data):
    off = search_of(refit=False).fit(*data)
    assert off.best_params_ == off.cv_results_["params"][off.best_index_]
    assert not hasattr(off, "best_estimator_")
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        off.predict(data[0])
    chosen = search_of(refit=lambda results: len(results["params"]) - 1).fit(*data)
    assert chosen.best_index_ == 3
    assert chosen.best_estimator_.C == chosen.cv_results_["params"][3]["C"] == chosen.best_trial_.params["C"]
    with pytest.raises(IndexError):
        search_of(refit=lambda results: 99).fit(*data)


def test_direction_minimize_takes_the_lowest_score():
    X, y = make_regression(60, 4, noise=1.0, random_state=0)

    def error(estimator, X, y):
        return np.abs(estimator.predict(X) - y).mean()

    space = {"alpha": FloatDistribution(0.1, 1e3, log=True)}
    search = search_of(Ridge(), space, direction="minimize", scoring=error, n_trials=6).fit(X, y)
    means = search.cv_results_["mean_test_score"]
    assert search.best_score_ == means.min() == search.study_.best_value
    assert search.cv_results_["rank_test_score"][means.argmin()] == 1
    study = optuna.create_study(direction="minimize")
    assert search_of(Ridge(), space, study=study, scoring=error).fit(X, y).best_score_ == study.best_value
    with pytest.raises(ValueError, match="made with direction 'minimize'"):
        search_of(Ridge(), space, study=optuna.create_study(), direction="maximize").fit(X, y)


def test_callbacks_see_each_trial_and_can_stop(data):
    seen = []

    def stop_at_two(study, trial):
        seen.append((trial.number, trial.state.name))
        if trial.number == 1:
            study.stop()

    search = search_of(n_trials=None, callbacks=[stop_at_two]).fit(*data)
    assert seen == [(0, "COMPLETE"), (1, "COMPLETE")]
    assert search.n_trials_ == search.n_iter_ == 2
    assert search.study_._thread_local.in_optimize_loop is False


def test_timeout_starts_no_further_trial(data):
    with pytest.raises(ValueError, match=r"no trial completed \(0 finished.*timeout"):
        search_of(timeout=0).fit(*data)
    assert search_of(timeout=1000).fit(*data).n_trials_ == 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scoring": ["accuracy", "f1"]}, "one metric"),
        ({"scoring": lambda e, X, y: {"a": 1.0}}, "one number"),
        ({"study": optuna.create_study(), "storage": "sqlite:///x.db"}, "study and storage"),
        ({"study": optuna.create_study(directions=["maximize", "minimize"])}, "one objective"),
        ({"study_name": "mine"}, "needs a storage"),
        ({"n_trials": None}, "needs a timeout"),
        ({"n_trials": 0}, "n_trials"),
        ({"direction": "up"}, "direction"),
        ({"storage": "somewhere"}, "is not understood"),
        ({"storage": "sqlite:///:memory:", "direction": "sideways"}, "direction"),
    ],
)
def test_contradictions_are_refused(data, parameters, message):
    with pytest.raises(ValueError, match=message):
        search_of(**parameters).fit(*data)


@pytest.mark.parametrize("space", [[("C", 1)], {"C": "wide"}])
def test_a_space_of_the_wrong_type_is_refused(data, space):
    with pytest.raises(TypeError, match="param_distributions"):
        OptunaSearchCV(LogisticRegression(), space).fit(*data)


def test_max_iter_says_that_it_has_no_effect(data):
    with pytest.warns(UserWarning, match="max_iter=5 has no effect"):
        search_of(max_iter=5, enable_pruning=True).fit(*data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search_of(enable_pruning=True).fit(*data)


def test_nothing_is_printed_unless_asked(data, capfd):
    search_of().fit(*data)
    assert capfd.readouterr() == ("", "")
    search_of(verbose=1).fit(*data)
    assert capfd.readouterr().out.splitlines()[0].startswith("trial 0 COMPLETE 0.")
    search_of(verbose=2, n_trials=1).fit(*data)
    assert "trial 0, fold 2: " in capfd.readouterr().out


def test_fitted_search_can_be_pickled_and_cloned(data):
    search = search_of().fit(*data)
    again = pickle.loads(pickle.dumps(search))
    assert (again.predict(data[0]) == search.predict(data[0])).all()
    assert again.trials_frame().equals(search.trials_frame())
    assert clone(search).get_params()["n_trials"] == 4
    assert "OptunaSearchCV" in search._repr_html_()


def test_accessors_of_the_original(data):
    search = search_of().fit(*data)
    assert search.best_trial_.number == search.best_index_
    assert len(search.trials_) == search.n_trials_ == len(search.trials_dataframe()) == 4
    search.set_user_attr("note", "x")
    assert search.user_attrs_["note"] == "x"


def test_folds_may_leave_rows_out(data):
    fold = np.r_[np.full(60, -1), np.zeros(30), np.ones(30)]
    search = search_of(cv=PredefinedSplit(fold)).fit(*data)
    assert search.n_splits_ == 2


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".csv.gz", ".tsv"])
def test_export(data, tmp_path, suffix):
    space = {"C": FloatDistribution(-1.0, 1.0), "class_weight": [None, "balanced", {"yes": 1, "no": 2}]}
    with pytest.warns(FitFailedWarning):
        search = search_of(space=space, n_trials=6, return_train_score=True).fit(*data)
    path = tmp_path / f"trials{suffix}"
    search.export_trials(path)
    table = (
        pd.read_excel(path) if suffix == ".xlsx" else pd.read_csv(path, sep="\t" if suffix == ".tsv" else ",")
    )
    frame = search.trials_frame()
    assert table.columns.tolist() == frame.columns.tolist()
    assert [c for c in frame if c.startswith(("params_", "split"))] == [
        "params_C",
        "params_class_weight",
        *(f"split{i}_test_score" for i in range(3)),
        *(f"split{i}_train_score" for i in range(3)),
    ]
    np.testing.assert_allclose(table.value, frame.value.astype(float), equal_nan=True)
    np.testing.assert_allclose(table.params_C, frame.params_C)
    assert (table.state == frame.state).all()
    with pytest.raises(ValueError, match="must end in"):
        search.export_trials(tmp_path / "trials.json")


def test_export_to_excel_survives_control_characters_and_formulas(tmp_path):
    from amp_sklearn.model_selection.optuna_results import export_trials

    export_trials(pd.DataFrame({"error": ["=1+1", "\x1b[31mred", None]}), tmp_path / "t.xlsx")
    assert pd.read_excel(tmp_path / "t.xlsx").error.tolist()[:2] == ["'=1+1", "[31mred"]
