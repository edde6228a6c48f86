"""Estimators: what is believed of the pass rate of every cell."""

from .averages import EMA, Window
from .beta import DiscountedBeta
from .estimator import Estimator
from .irt import IRTPosterior
from .ladder_beta import LadderBeta

__all__ = ["EMA", "DiscountedBeta", "Estimator", "IRTPosterior", "LadderBeta", "Window"]
