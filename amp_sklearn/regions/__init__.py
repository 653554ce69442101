"""Functional regions: annotation readers, coverage of what a model looks at, and tests against chance."""

from ..exceptions import AnnotationError
from .analysis import RegionAnalysis, analyse_regions, outcomes_by_labels, read_protein_lengths
from .coverage import coverage
from .enrichment import enrichment
from .feature_names import BOND_TYPES, interpro_type, uniprot_type
from .hit_rate_null import hit_rate_by_chance
from .hit_rates import COVERAGE_BINS, coverage_bins, hit_rate, outcomes
from .interpro import (
    read_entry_types,
    read_interpro_table,
    read_interproscan_gff,
    read_interproscan_json,
    read_interproscan_tsv,
    read_interproscan_xml,
)
from .intervals import ALL_TYPES, AnnotatedResidues, protein_lengths
from .null_models import NULL_MODELS, PositionNull, RotationNull
from .paired import top_vs_low
from .ranked_tables import explanation_from_ranked_segments
from .reading import READERS, annotation_format, read_annotations
from .resampling import adjust_p_values
from .table import (
    INTERPRO_TYPES,
    UNIPROT_TYPES,
    annotation_summary,
    annotation_table,
    parse_position,
)
from .uniprot_entries import read_uniprot_json, read_uniprot_text, read_uniprot_xml
from .uniprot_tables import parse_feature_cell, read_uniprot_gff, read_uniprot_table

__all__ = [
    "ALL_TYPES",
    "BOND_TYPES",
    "COVERAGE_BINS",
    "INTERPRO_TYPES",
    "NULL_MODELS",
    "READERS",
    "UNIPROT_TYPES",
    "AnnotatedResidues",
    "AnnotationError",
    "PositionNull",
    "RegionAnalysis",
    "RotationNull",
    "adjust_p_values",
    "analyse_regions",
    "annotation_format",
    "annotation_summary",
    "annotation_table",
    "coverage",
    "coverage_bins",
    "enrichment",
    "explanation_from_ranked_segments",
    "hit_rate",
    "hit_rate_by_chance",
    "interpro_type",
    "outcomes",
    "outcomes_by_labels",
    "parse_feature_cell",
    "parse_position",
    "protein_lengths",
    "read_annotations",
    "read_entry_types",
    "read_interpro_table",
    "read_interproscan_gff",
    "read_interproscan_json",
    "read_interproscan_tsv",
    "read_interproscan_xml",
    "read_protein_lengths",
    "read_uniprot_gff",
    "read_uniprot_json",
    "read_uniprot_table",
    "read_uniprot_text",
    "read_uniprot_xml",
    "top_vs_low",
    "uniprot_type",
]
