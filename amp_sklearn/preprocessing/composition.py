"""CompositionEncoder: amino-acid and dipeptide frequencies, the baseline that every embedding must beat."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix, as_configured_output
from ..data.sequence_pairs import distinct_sequences
from ..data.sequences import STANDARD_RESIDUES, residue_numbers

_N = len(STANDARD_RESIDUES)


def composition(sequence):
    """Frequencies of the 20 residues and the 400 dipeptides of one protein.

    Parameters
    ----------
    sequence : str
        Residues other than the twenty standard ones, and dipeptides with them, are not counted.

    Returns
    -------
    ndarray of shape (420,)
        Both parts sum to 1, or to 0 where there is nothing to count.
    """
    numbers = residue_numbers(sequence)
    standard = (numbers >= 0) & (numbers < _N)
    both = standard[:-1] & standard[1:]
    residues = np.bincount(numbers[standard], minlength=_N)
    dipeptides = np.bincount(numbers[:-1][both] * _N + numbers[1:][both], minlength=_N * _N)
    return np.concatenate([counts / max(counts.sum(), 1) for counts in (residues, dipeptides)])


class CompositionEncoder(TransformerMixin, BaseEstimator):
    """Encode a pair by amino-acid and dipeptide frequencies, in a way that does not depend on the order of A and B.

    A row is the sum of both proteins' frequencies and their absolute difference (840 columns). With logistic
    regression behind it, this is the baseline to which every other model is compared.

    Parameters
    ----------
    uppercase : bool, default=False
        Turn lower-case letters into upper case instead of rejecting them.

    Attributes
    ----------
    layout_ : FeatureLayout
        Meaning of the columns.
    n_features_in_ : int
        Columns of ``X``: 2.
    feature_names_in_ : ndarray of str
        Column names of ``X``, when it has any.

    Examples
    --------
    >>> from amp_sklearn.preprocessing import CompositionEncoder
    >>> CompositionEncoder().fit_transform([["MKTAYIAKQR", "MVLSPADKTN"]]).shape
    (1, 840)
    """

    def __init__(self, uppercase=False):
        self.uppercase = uppercase

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False  # to scikit-learn that means an array of numbers
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X, y=None):
        """Check the input; nothing is learned.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        SequenceError
            If a cell is no protein sequence.
        """
        distinct_sequences(self, X, reset=True, uppercase=self.uppercase)
        self.layout_ = FeatureLayout(("composition",), _N + _N * _N, ("A+B", "|A-B|"))
        return self

    def transform(self, X):
        """Encode the pairs.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.

        Returns
        -------
        PairMatrix of shape (n_pairs, 840); a DataFrame after ``set_output(transform="pandas")``
        """
        check_is_fitted(self)
        sequences, index, _ = distinct_sequences(self, X, reset=False, uppercase=self.uppercase)
        features = np.stack([composition(sequence) for sequence in sequences])
        return as_configured_output(self, PairMatrix(features, index, self.layout_))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in ``fit``, not used.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return self.layout_.feature_names()
