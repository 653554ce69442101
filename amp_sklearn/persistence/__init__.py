"""Fitted models in one file that can be opened without running anything in it."""

from .archive import FORMAT, load_model, save_model
from .fingerprint import model_fingerprint
from .published_forest import load_forest
from .ready_models import ready_models
from .trusted import register_model_class

__all__ = [
    "FORMAT",
    "load_forest",
    "load_model",
    "model_fingerprint",
    "ready_models",
    "register_model_class",
    "save_model",
]
