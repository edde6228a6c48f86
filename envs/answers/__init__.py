"""Verifiers of answers: one module a kind, `verify_answer` for all of them."""

from .characters import Malformed
from .kind import Kind
from .kinds import KINDS
from .verify import check_kind, verify_answer

__all__ = ["KINDS", "Kind", "Malformed", "check_kind", "verify_answer"]
