"""Pictures: matplotlib displays that take results and nothing else."""

from .explanation_attention import AttentionDisplay
from .explanation_attribution import AttributionDisplay

__all__ = ["AttentionDisplay", "AttributionDisplay"]
