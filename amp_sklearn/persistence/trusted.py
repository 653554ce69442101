"""What a model file may hold: the fixed list of types, those that users register, and kinds of entries."""

import numpy as np
from sklearn.base import BaseEstimator

from ..nn import PairModule

TRUSTED_TYPES = (
    "amp_sklearn.calibration.applicability_domain.ApplicabilityDomain",
    "amp_sklearn.calibration.calibrated_classifier.CalibratedPairClassifier",
    "amp_sklearn.calibration.protein_similarity.EmbeddingReference",
    "amp_sklearn.calibration.protein_similarity.KmerReference",
    "amp_sklearn.calibration.selective_classifier.SelectiveClassifier",
    "amp_sklearn.classification.protein_frequency.ProteinFrequencyClassifier",
    "amp_sklearn.classification.ensemble.PairEnsembleClassifier",
    "amp_sklearn.classification.fine_tuned.FineTunedPairClassifier",
    "amp_sklearn.classification.fully_connected.AEDNNClassifier",
    "amp_sklearn.classification.fully_connected.DPMClassifier",
    "amp_sklearn.classification.late_interaction.LateInteractionClassifier",
    "amp_sklearn.classification.nearest_pairs.NearestPairsClassifier",
    "amp_sklearn.classification.recurrent.GRUClassifier",
    "amp_sklearn.classification.token_mean.TokenMeanClassifier",
    "amp_sklearn.classification.transformer.AMPCSEClassifier",
    "amp_sklearn.classification.transformer.AMPSClassifier",
    "amp_sklearn.data.layout.FeatureLayout",
    "amp_sklearn.embedding.embedder.ProteinLanguageModelEmbedder",
    "amp_sklearn.embedding.esm2_embedder.ESM2Embedder",
    "amp_sklearn.persistence.parts.FrameReference",
    "amp_sklearn.persistence.parts.NetReference",
    "amp_sklearn.preprocessing.autoencoder.AutoencoderReducer",
    "amp_sklearn.preprocessing.composition.CompositionEncoder",
    "amp_sklearn.preprocessing.pair_concatenator.PairConcatenator",
    "amp_sklearn.preprocessing.protein_scaler.ProteinScaler",
    "numpy.dtype",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""Types beside scikit-learn's estimators, numpy arrays and plain values, which skops knows to be safe."""

REGISTERED: dict[str, type] = {}
"""Classes of other authors that may be loaded, by module and name."""


def type_name(cls):
    """Module and name of a class, as model files give them."""
    return f"{cls.__module__}.{cls.__qualname__}"


def register_model_class(cls):
    """Let `save_model` write and `load_model` read models that hold a class of your own.

    A new classifier needs two calls, for the estimator and for its torch module; each may be written as a decorator.
    Registered is what this process knows: whoever loads the file imports the classes and registers them too, and so
    says that their code may run. Nothing in a file can register a class.

    Parameters
    ----------
    cls : type
        An estimator, or a subclass of `amp_sklearn.nn.PairModule`; defined at the top level of a module, where a file
        that names it can find it.

    Returns
    -------
    type
        The same class.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If it is defined inside of a function or another class.

    Examples
    --------
    >>> from amp_sklearn.nn import TokenMean
    >>> from amp_sklearn.persistence import register_model_class
    >>> @register_model_class
    ... class OtherMean(TokenMean):
    ...     pass
    """
    if not (isinstance(cls, type) and issubclass(cls, BaseEstimator | PairModule)):
        raise TypeError(f"register_model_class takes an estimator or a subclass of PairModule, got {cls!r}")
    if cls.__qualname__ != cls.__name__:
        raise ValueError(
            f"{type_name(cls)} is defined inside of something; define it at the top level of a module"
        )
    REGISTERED[type_name(cls)] = cls
    return cls


ALLOWED_NODES = frozenset(
    {
        "BytesNode",
        "CachedNode",
        "DTypeNode",
        "DefaultDictNode",
        "DictNode",
        "FunctionNode",
        "JsonNode",
        "ListNode",
        "LossNode",
        "MaskedArrayNode",
        "NdArrayNode",
        "ObjectNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "ReduceNode",
        "SetNode",
        "SliceNode",
        "SparseMatrixNode",
        "TreeNode",
        "TupleNode",
        "TypeNode",
    }
)
"""Kinds of entries; not among them are those that call, or bind to a function, arguments from the file."""


def forbidden_nodes(schema):
    """Kinds of entries of a skops schema that are not allowed.

    Parameters
    ----------
    schema : dict
        Parsed ``schema.json``.

    Returns
    -------
    list of str
    """
    found, stack = set(), [schema]
    while stack:
        entry = stack.pop()
        if isinstance(entry, dict):
            if "__loader__" in entry and entry["__loader__"] not in ALLOWED_NODES:
                found.add(str(entry["__loader__"]))
            stack.extend(entry.values())
        elif isinstance(entry, list):
            stack.extend(entry)
    return sorted(found)


def walk(model):
    """Every object that a model holds, itself included; containers and arrays of objects are looked into."""
    seen, stack = set(), [model]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            stack.extend(item)
        elif isinstance(item, np.ndarray):
            if item.dtype == object:
                stack.extend(item.ravel().tolist())
        elif hasattr(item, "__dict__") and not isinstance(item, type):
            stack.extend(vars(item).values())


PATHS = {"store": (None, "auto"), "checkpoint_dir": (None,), "memory": (None,), "callbacks": (None,)}
"""Parameters that make an estimator read or write files, or run code of a user: what they may be in a model file, the
last for any other."""


def reset_paths(model):
    """Replace parameters that point to files of the machine where the model was saved.

    Returns
    -------
    list of str
        Those that were replaced, such as ``"ESM2Embedder.store"``.
    """
    replaced = []
    for item in walk(model):
        if not isinstance(item, BaseEstimator):
            continue
        for name, allowed in PATHS.items():
            value = vars(item).get(name)
            if name in vars(item) and not any(
                value is a or (isinstance(value, str) and value == a) for a in allowed
            ):
                setattr(item, name, allowed[-1])
                replaced.append(f"{type(item).__name__}.{name}")
    return sorted(replaced)
