"""A fitted model as a screen sees it: what belongs to one protein, what to a pair, and how its probabilities are read."""

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ..calibration import CalibratedPairClassifier, SelectiveClassifier
from ..calibration.calibrators import apply_calibrator
from ..data.pair_matrix import PairMatrix
from ..persistence import model_fingerprint


def class_column(classifier, label):
    """Column of ``predict_proba`` that is the score.

    Parameters
    ----------
    classifier : fitted classifier
    label : class label or None
        None is the second of two classes.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no such class, or there are more than two and none is named.
    """
    classes = classifier.classes_
    if label is None:
        if len(classes) != 2:
            raise ValueError(f"the model knows {len(classes)} classes; pass label, one of {list(classes)}")
        return 1
    where = np.flatnonzero(classes == label)
    if not len(where):
        raise ValueError(f"label {label!r} is no class of the model, which knows {list(classes)}")
    return int(where[0])


def pair_table(model, sequences, ids, rows):
    """Pairs of sequences as the model was fitted on: a data frame with ids where it had column names, else an array."""
    table = np.array(sequences, dtype=object)[rows]
    columns = getattr(model, "feature_names_in_", None)
    if columns is None:
        return table
    names = [tuple(ids[row] for row in pair) for pair in rows]
    return pd.DataFrame(table, pd.MultiIndex.from_tuples(names), columns)


def protein_features(encoder, sequences, ids):
    """What the steps before the classifier make of proteins.

    Parameters
    ----------
    encoder : Pipeline
        Fitted steps from pairs of sequences to features.
    sequences : sequence of str
    ids : sequence
        For messages.

    Returns
    -------
    PairMatrix or another kind of features
        The pairs hold each protein once, in the order given; the last one twice if their number is odd.
    """
    rows = np.minimum(np.arange(len(ids) + len(ids) % 2), len(ids) - 1).reshape(-1, 2)
    return encoder.transform(pair_table(encoder, sequences, ids, rows))


class ScreenedModel:
    """A fitted model taken apart: encoder of proteins, classifier of pairs, calibration, applicability domain.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        From pairs of sequences to probabilities; it may stand inside a `CalibratedPairClassifier` or a
        `SelectiveClassifier`.
    label : class label, default=None
        Class whose probability is the score; by default the second of two.

    Attributes
    ----------
    pipeline : fitted classifier
        The innermost model.
    calibrators : list of dict
        To be applied to its probability one after another; empty if it is not calibrated.
    domain : ApplicabilityDomain or None
    column : int
        Column of ``predict_proba`` that is the score.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If ``label`` is not a class of the model.
    """

    def __init__(self, model, label=None):
        self.calibrators: list[dict] = []
        self.domain = None
        check_is_fitted(model)
        self.column = class_column(model, label)
        while True:
            if isinstance(model, SelectiveClassifier):
                self.domain, model = model.domain_, model.estimator_
                if isinstance(self.domain, FrozenEstimator):
                    self.domain = self.domain.estimator
            elif isinstance(model, CalibratedPairClassifier):
                self.calibrators.insert(0, model.calibrator_)
                model = model.estimator_
            elif isinstance(model, FrozenEstimator):
                model = model.estimator
            else:
                break
        self.pipeline = model

    @property
    def classifier(self):
        """What is asked about pairs of encoded proteins: the last step of the innermost model."""
        return self.pipeline[-1] if hasattr(self.pipeline, "steps") else self.pipeline

    @property
    def fingerprint(self):
        """Digest of the fitted model with all that is around it."""
        return model_fingerprint([self.pipeline, self.calibrators, self.domain, self.column])

    def encode(self, sequences, ids):
        """Features of proteins, where the model has steps that work on single proteins.

        Parameters
        ----------
        sequences : sequence of str
        ids : sequence of str

        Returns
        -------
        features : ndarray of shape (n_proteins, n_protein_features), or None
            None if the steps before the classifier do not give a `PairMatrix`: such a model is asked about
            whole pairs.
        layout : FeatureLayout or None
        """
        if not hasattr(self.pipeline, "steps") or len(self.pipeline) < 2:
            return None, None
        X = protein_features(self.pipeline[:-1], sequences, ids)
        if not isinstance(X, PairMatrix):
            return None, None
        return X.features[X.index.ravel()[: len(sequences)]], X.layout

    def inside(self, sequences, ids):
        """Which proteins lie in the applicability domain; None without a domain.

        Parameters
        ----------
        sequences : sequence of str
        ids : sequence of str

        Returns
        -------
        ndarray of bool of shape (n_proteins,), or None
        """
        if self.domain is None:
            return None
        rows = np.minimum(np.arange(len(ids) + len(ids) % 2), len(ids) - 1).reshape(-1, 2)
        similarity = self.domain.transform(pair_table(self.domain, sequences, ids, rows))
        return (np.asarray(similarity) >= self.domain.threshold_).ravel()[: len(ids)]

    def columns_of(self, probability, uncertainty=None):
        """What is said of pairs, from the probability of the innermost model.

        Parameters
        ----------
        probability : ndarray of shape (n,)
            Of the first class where ``column`` is 0.
        uncertainty : ndarray of shape (n,), default=None

        Returns
        -------
        dict of str to ndarray of float32
            ``probability``; ``calibrated`` and ``uncertainty`` where the model has them.
        """
        columns = {"probability": probability}
        if self.calibrators:
            positive = probability if self.column == 1 else 1 - probability
            for calibrator in self.calibrators:
                positive = apply_calibrator(calibrator, positive)
            columns["calibrated"] = positive if self.column == 1 else 1 - positive
        if uncertainty is not None:
            columns["uncertainty"] = uncertainty
        return {name: np.asarray(values, dtype=np.float32) for name, values in columns.items()}
