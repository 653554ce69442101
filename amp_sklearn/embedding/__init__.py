"""ESM-2 features of proteins: the embedder, its store and the bundled small model."""

from .esm2_embedder import ESM2Embedder
from .store import EmbeddingStore, default_store_path

__all__ = ["ESM2Embedder", "EmbeddingStore", "default_store_path"]
