"""ESM-2 features of proteins: the embedder, its store and the bundled small model."""

from .esm2_embedder import ESM2Embedder, default_store_path
from .store import EmbeddingStore

__all__ = ["ESM2Embedder", "EmbeddingStore", "default_store_path"]
