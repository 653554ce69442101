"""Pictures: matplotlib displays that take results and nothing else."""

from .audit import AuditDisplay
from .explanation_attention import AttentionDisplay
from .explanation_attribution import AttributionDisplay
from .explanation_report import AgreementDisplay, DeletionCurveDisplay
from .folds import FoldsDisplay
from .regions_coverage import CoverageDonutDisplay, HitRateDisplay
from .regions_enrichment import EnrichmentForestDisplay
from .regions_track import RegionTrackDisplay

__all__ = [
    "AgreementDisplay",
    "AttentionDisplay",
    "AttributionDisplay",
    "AuditDisplay",
    "CoverageDonutDisplay",
    "DeletionCurveDisplay",
    "EnrichmentForestDisplay",
    "FoldsDisplay",
    "HitRateDisplay",
    "RegionTrackDisplay",
]
