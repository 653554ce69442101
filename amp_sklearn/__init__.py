"""Predict whether two proteins interact from their sequences, and show why."""

import importlib

__version__ = "0.1.0"

# Imported when first asked for: torch and transformers take seconds, and a help text needs neither.
_HOME_OF = {
    "AEDNNClassifier": "classification",
    "AMPCSEClassifier": "classification",
    "AMPSClassifier": "classification",
    "ApplicabilityDomain": "calibration",
    "AutoencoderReducer": "preprocessing",
    "CalibratedPairClassifier": "calibration",
    "ClusterDisjointKFold": "model_selection",
    "CompositionEncoder": "preprocessing",
    "DPMClassifier": "classification",
    "ESM2Embedder": "embedding",
    "Explanation": "explanation",
    "FineTunedPairClassifier": "classification",
    "GRUClassifier": "classification",
    "LateInteractionClassifier": "classification",
    "NearestPairsClassifier": "classification",
    "OptunaSearchCV": "model_selection",
    "PairAudit": "audit",
    "PairClassKFold": "model_selection",
    "PairConcatenator": "preprocessing",
    "PairEnsembleClassifier": "classification",
    "PairMatrix": "data",
    "ProteinDisjointKFold": "model_selection",
    "ProteinFrequencyClassifier": "classification",
    "ProteinLanguageModelEmbedder": "embedding",
    "ProteinScaler": "preprocessing",
    "Report": "report",
    "ScreenReport": "report",
    "SelectiveClassifier": "calibration",
    "SideDisjointKFold": "model_selection",
    "TokenMeanClassifier": "classification",
    "audit_pairs": "audit",
    "compare": "model_selection",
    "evaluate": "model_selection",
    "evaluate_folds": "model_selection",
    "explain": "explanation",
    "load_bernett": "data",
    "load_bernett_mini": "data",
    "load_checkpoint": "classification.checkpoints",
    "load_forest": "persistence",
    "load_model": "persistence",
    "load_park_marcotte": "data",
    "load_yeast_ppi": "data",
    "make_baseline": "model_selection",
    "make_preset": "presets",
    "merge_screen": "screening",
    "pair_classes": "model_selection",
    "read_fasta": "data",
    "read_pair_features": "data",
    "read_pairs": "data",
    "sample_negatives": "data",
    "save_model": "persistence",
    "screen": "screening",
    "screen_pairs": "screening",
}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name):
    if name in _HOME_OF:
        return getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
