"""Pictures: matplotlib displays that are made from results of the other packages."""

from .audit import AuditDisplay
from .evaluation_comparison import ComparisonDisplay
from .evaluation_curves import RocPrDisplay
from .evaluation_reliability import ReliabilityDisplay
from .evaluation_risk import RiskCoverageDisplay
from .explanation_attention import AttentionDisplay
from .explanation_attribution import AttributionDisplay
from .explanation_map import InteractionMapDisplay
from .explanation_mutations import MutationScanDisplay
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
    "ComparisonDisplay",
    "CoverageDonutDisplay",
    "DeletionCurveDisplay",
    "EnrichmentForestDisplay",
    "FoldsDisplay",
    "HitRateDisplay",
    "InteractionMapDisplay",
    "MutationScanDisplay",
    "RegionTrackDisplay",
    "ReliabilityDisplay",
    "RiskCoverageDisplay",
    "RocPrDisplay",
]
