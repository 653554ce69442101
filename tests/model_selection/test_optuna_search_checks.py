from optuna.distributions import FloatDistribution
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.model_selection import OptunaSearchCV


def _searches():
    for enable_pruning in (False, True):
        common = {"cv": 2, "n_trials": 2, "random_state": 0, "enable_pruning": enable_pruning}
        common["error_score"] = "raise"
        yield OptunaSearchCV(LogisticRegression(), {"C": FloatDistribution(0.1, 1.0)}, **common)
        yield OptunaSearchCV(Ridge(), {"alpha": FloatDistribution(0.1, 1.0)}, **common)


@parametrize_with_checks(list(_searches()))
def test_scikit_learn_checks(estimator, check):
    check(estimator)
