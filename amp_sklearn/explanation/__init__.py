"""Explanations of fitted models: one contract, several methods."""

from .attention import AttentionExplainer
from .attention_store import AttentionStore, write_attention
from .attribution_baselines import baseline_rows
from .base import (
    Attribution,
    Explainer,
    FeatureExplainer,
    RefusedExplanation,
    aggregate_tokens,
)
from .captum_adapter import CAPTUM_METHODS, CaptumAdapter
from .deep_shap import DeepShap
from .esm2_gradients import ESM2Gradients
from .evaluation import ExplanationReport, evaluate_explanations
from .explanation import Explanation
from .faithfulness import deletion_curve, insertion_curve
from .gradients import IntegratedGradients
from .interaction_map import InteractionMap
from .model import ExplainedModel, read_model
from .mutation_effects import mutation_scan
from .mutations import MutationScan
from .published import PUBLISHED_ANALYSES, TOKEN_SETS, PublishedAnalysis
from .registry import available_explainers, explain, make_explainer, register_explainer
from .replacement import Occlusion, Permutation
from .residue_gradients import ResidueGradients
from .residue_truth import ResidueTruthReport, evaluate_against_residues
from .residues import spread_over_residues
from .sanity import rank_correlation, top_overlap
from .shap_adapter import SHAP_METHODS, ShapAdapter
from .shapley_gradients import GradientShap
from .trees import Gini, TreeShap

__all__ = [
    "CAPTUM_METHODS",
    "PUBLISHED_ANALYSES",
    "SHAP_METHODS",
    "TOKEN_SETS",
    "AttentionExplainer",
    "AttentionStore",
    "Attribution",
    "CaptumAdapter",
    "DeepShap",
    "ESM2Gradients",
    "ExplainedModel",
    "Explainer",
    "Explanation",
    "ExplanationReport",
    "FeatureExplainer",
    "Gini",
    "GradientShap",
    "IntegratedGradients",
    "InteractionMap",
    "MutationScan",
    "Occlusion",
    "Permutation",
    "PublishedAnalysis",
    "RefusedExplanation",
    "ResidueGradients",
    "ResidueTruthReport",
    "ShapAdapter",
    "TreeShap",
    "aggregate_tokens",
    "available_explainers",
    "baseline_rows",
    "deletion_curve",
    "evaluate_against_residues",
    "evaluate_explanations",
    "explain",
    "insertion_curve",
    "make_explainer",
    "mutation_scan",
    "rank_correlation",
    "read_model",
    "register_explainer",
    "spread_over_residues",
    "top_overlap",
    "write_attention",
]
