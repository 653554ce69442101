"""Audit of a set of protein pairs: properties that would make a model look better than it is."""

from .audit_pairs import audit_pairs
from .pair_audit import PairAudit

__all__ = ["PairAudit", "audit_pairs"]
