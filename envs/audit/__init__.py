"""Checks that a family keeps its promises; `frostline audit` runs them."""

from .checks import CHECKS, Audit, audit
from .finding import Finding, Settings

__all__ = ["CHECKS", "Audit", "Finding", "Settings", "audit"]
