"""ApplicabilityDomain: which pairs are enough like the training proteins for a prediction to be trusted."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..data.pair_matrix import PairMatrix
from ..data.sequence_pairs import distinct_sequences
from .protein_similarity import EmbeddingReference, KmerReference


class ApplicabilityDomain(TransformerMixin, BaseEstimator):
    """Flag pairs of proteins that are unlike all proteins of the training pairs.

    Each protein is compared with the training proteins, and the nearest counts; of a pair counts the protein that is
    less alike. A pair below the threshold lies outside of the applicability domain: what a model says of it is
    extrapolation, however sure it is.

    Parameters
    ----------
    embedder : transformer or Pipeline, default=None
        None compares sequences: the share of a protein's distinct k-mers that a training protein has too (containment,
        0 to 1). A transformer from pairs of sequences to a PairMatrix, such as
        ``make_pipeline(ESM2Embedder(), PairConcatenator("mean"))``, compares features: their cosine, centred on the
        training proteins (-1 to 1).
    k : int, default=4
        Length of k-mers, in residues, up to 12. Unrelated proteins share many 3-mers and hardly any 5-mer.
    threshold : float or "auto", default="auto"
        Similarity below which a pair is outside. ``"auto"`` compares each training protein with the *other* training
        proteins and takes the similarity that the share ``outside`` of the training pairs does not reach.
    outside : float, default=0.05
        Of ``threshold="auto"``: share of training pairs that would be outside if their own proteins were not known.

    Attributes
    ----------
    threshold_ : float
        Similarity below which a pair is outside.
    reference_similarity_ : ndarray of shape (n_pairs,)
        Similarity of each training pair to the other training proteins.
    embedder_ : transformer or None
        The fitted embedder.
    n_proteins_ : int
        Training proteins.
    n_features_in_ : int
        Columns of ``X``: 2.
    feature_names_in_ : ndarray of str
        Column names of ``X``, when it has any.

    Notes
    -----
    Whether being outside goes with more errors is a question to the data and the model: compare the metrics inside and
    outside on a validation set before acting on the flag.

    References
    ----------
    Sahigara et al., Molecules 2012, :doi:`10.3390/molecules17054791` (applicability domains and their names).

    Examples
    --------
    >>> from amp_sklearn.calibration import ApplicabilityDomain
    >>> train = [["MKTAYIAKQRQISF", "MVLSPADKTNVKAA"], ["MKTAYIAKQRNISF", "MVLSPADKTNVRAA"]]
    >>> domain = ApplicabilityDomain(k=3).fit(train)
    >>> test = [["MKTAYIAKQRQISF", "MVLSPADKSNVKAA"], ["MKTAYIAKQRQISF", "GGGHHHWWWGGG"]]
    >>> domain.transform(test).round(2)
    array([[1.  , 0.75],
           [1.  , 0.  ]])
    >>> domain.contains(test)
    array([ True, False])
    """

    _parameter_constraints: ClassVar[dict] = {
        "embedder": [HasMethods(["fit", "transform"]), None],
        "k": [Interval(Integral, 1, 12, closed="both")],
        "threshold": [StrOptions({"auto"}), Real],
        "outside": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, embedder=None, *, k=4, threshold="auto", outside=0.05):
        self.embedder = embedder
        self.k = k
        self.threshold = threshold
        self.outside = outside

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False  # to scikit-learn that means an array of numbers
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X, y=None):
        """Remember the training proteins and find the threshold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Training pairs of sequences.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        SequenceError
            If a cell is no protein sequence.
        ValueError
            If a parameter cannot be used, or the embedder does not return a PairMatrix.
        """
        self._validate_params()
        sequences, index = self._sequences(X, reset=True)
        self.embedder_ = None if self.embedder is None else clone(self.embedder).fit(_pairs_of(sequences))
        proteins = self._proteins(sequences)
        self.reference_ = (
            KmerReference(proteins, self.k) if self.embedder_ is None else EmbeddingReference(proteins)
        )
        self.n_proteins_ = len(sequences)
        others = self.reference_.nearest(proteins, excluded=np.arange(len(sequences)))
        self.reference_similarity_ = others[index].min(axis=1)
        if isinstance(self.threshold, str):
            self.threshold_ = float(np.quantile(self.reference_similarity_, self.outside))
        else:
            self.threshold_ = float(self.threshold)
        return self

    def transform(self, X):
        """Similarity of both proteins of each pair to the nearest training protein.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Pairs of sequences.

        Returns
        -------
        ndarray of shape (n_pairs, 2)
            A training protein itself has similarity 1.
        """
        check_is_fitted(self)
        sequences, index = self._sequences(X, reset=False)
        return self.reference_.nearest(self._proteins(sequences))[index]

    def similarity(self, X):
        """Similarity of each pair: that of its less known protein.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        return self.transform(X).min(axis=1)

    def contains(self, X):
        """Whether each pair lies in the applicability domain.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)

        Returns
        -------
        ndarray of bool of shape (n_pairs,)
        """
        # the features of one protein differ in the last digits with the pairs that it is embedded with
        return self.similarity(X) >= self.threshold_ - 1e-9

    def get_feature_names_out(self, input_features=None):
        """Names of the two columns.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        return np.array(["similarity_a", "similarity_b"], dtype=object)

    def _sequences(self, X, reset):
        """Distinct sequences and the (n_pairs, 2) index into them."""
        sequences, index, _ = distinct_sequences(self, X, reset=reset)
        return sequences, index

    def _proteins(self, sequences):
        """What the reference compares: the sequences, or their features."""
        if self.embedder_ is None:
            return sequences
        features = self.embedder_.transform(_pairs_of(sequences))
        if not isinstance(features, PairMatrix):
            raise ValueError(
                f"embedder must return a PairMatrix, as ESM2Embedder and CompositionEncoder do, got {type(features).__name__}"
            )
        return features.features[features.index[:, 0]]


def _pairs_of(sequences):
    """Each protein paired with itself, so that pair k is protein k."""
    return np.array([sequences, sequences], dtype=object).T
