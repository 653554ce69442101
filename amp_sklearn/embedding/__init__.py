"""Features of protein language models: the embedders, their store and the bundled small ESM-2."""

from .embedder import ProteinLanguageModelEmbedder
from .esm2_embedder import ESM2Embedder
from .residue_features import ResidueFeatures, read_residue_features
from .store import EmbeddingStore, default_store_path

__all__ = [
    "ESM2Embedder",
    "EmbeddingStore",
    "ProteinLanguageModelEmbedder",
    "ResidueFeatures",
    "default_store_path",
    "read_residue_features",
]
