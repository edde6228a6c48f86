"""Trainable subsets: which weights of a policy may train, and when, named in one line."""

from .adapters import Adapter
from .modules import decoder_layers
from .resolve import TrainableSubset, apply, resolve
from .schedules import Schedule, parse_schedule
from .spec import parse
from .table import spec_text

__all__ = [
    "Adapter",
    "Schedule",
    "TrainableSubset",
    "apply",
    "decoder_layers",
    "parse",
    "parse_schedule",
    "resolve",
    "spec_text",
]
