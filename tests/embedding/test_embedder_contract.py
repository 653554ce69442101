"""scikit-learn's estimator checks on ESM2Embedder."""

import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from amp_sklearn.embedding import ESM2Embedder

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"


def as_sequence(number):
    """A distinct protein for each number: one residue per character of its text."""
    return "".join(RESIDUES[ord(character) % 20] for character in repr(number))


class NumericESM2Embedder(ESM2Embedder):
    """The embedder behind input that the checks can make: each row of numbers becomes a pair of proteins.

    scikit-learn's checks feed random numbers. They are validated as scikit-learn validates numbers; then the even
    columns of a row spell protein A and the odd ones protein B. All else is the embedder as users have it.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _sequences(self, X, reset):
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        pairs = [["".join(map(as_sequence, row[k::2].tolist())) or "M" for k in range(2)] for row in X]
        distinct, index = np.unique(np.array(pairs, dtype=object).ravel().astype(str), return_inverse=True)
        return distinct.tolist(), index.reshape(-1, 2), distinct.tolist()


NumericESM2Embedder.__name__ = "ESM2Embedder"


@parametrize_with_checks([NumericESM2Embedder(store=None, dtype="float32")])
def test_estimator_checks_on_numbers_as_sequences(estimator, check):
    check(estimator)


@parametrize_with_checks([ESM2Embedder(store=None)])
def test_estimator_checks_on_the_strict_class(estimator, check):
    """Those that scikit-learn itself selects for an estimator that takes no numbers."""
    check(estimator)
