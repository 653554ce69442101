"""scikit-learn's checks on the estimators of amp_sklearn.calibration, none expected to fail."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from amp_sklearn.calibration import ApplicabilityDomain, CalibratedPairClassifier, SelectiveClassifier

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
FOLDS = StratifiedKFold(2, shuffle=True, random_state=0)  # rows of numbers have no proteins to keep apart


class NumericApplicabilityDomain(ApplicabilityDomain):
    """The estimator behind input that the checks can make: each row of numbers becomes a pair of proteins.

    Numbers are validated as scikit-learn validates numbers; then the text of the even columns of a row spells protein A
    and that of the odd ones protein B. All else is the estimator as users have it.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _sequences(self, X, reset):
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        texts = [repr(row[k::2].tolist()) for row in X for k in range(2)]
        spelled = ["".join(RESIDUES[ord(character) % 20] for character in text) for text in texts]
        distinct, index = np.unique(spelled, return_inverse=True)
        return distinct.tolist(), index.reshape(-1, 2)


NumericApplicabilityDomain.__name__ = "ApplicabilityDomain"


@parametrize_with_checks([NumericApplicabilityDomain()])
def test_checks_of_the_domain_on_numbers_as_sequences(estimator, check):
    check(estimator)


@parametrize_with_checks([ApplicabilityDomain()])
def test_checks_of_the_strict_domain(estimator, check):
    """Those that scikit-learn itself selects for an estimator that takes no numbers."""
    check(estimator)


@parametrize_with_checks(
    [
        CalibratedPairClassifier(LogisticRegression(), cv=FOLDS),
        CalibratedPairClassifier(LogisticRegression(), method="isotonic", cv=FOLDS),
        SelectiveClassifier(LogisticRegression()),
    ]
)
def test_checks_of_meta_estimators(estimator, check):
    check(estimator)
