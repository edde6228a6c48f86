"""One arm of a study, and how it gets its learning rate."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

Stage: TypeAlias = Literal["tune", "final"]

UNTRAINED = "none"  # the `trainable` of the untrained policy, and its curriculum
TUNING_SEED = 10_000  # the first seed of tuning; fresh seeds lie below
MIN_RATES = 5
UNEVEN = 1.5  # logarithms of the steps in 1, 2, 5, 10 differ by 1.32, in 1, 2, 3, 4, 5 by 3.1


class Arm(BaseModel, frozen=True, extra="forbid"):
    """One way to train: a trainable subset or schedule, an optimizer and its learning rates."""

    trainable: str = Field(
        description="which weights train, and when: full, first:5, lora:r=8, lisa:k=2,every=10 … "
        "(docs/subsets.md lists all); none is the untrained policy"
    )
    name: str = Field(default="", validate_default=True, description="empty: what it trains")
    optimizer: Literal["adamw", "sgd"] = Field(default="adamw", description="update rule")
    rates: tuple[float, ...] = Field(
        default=(), description="learning rates to try; empty: those of tuning"
    )
    rate_of: str = Field(
        default="", description="arm whose tuned rate this one takes over; empty: tuned itself"
    )
    seeds: int | None = Field(
        default=None, ge=1, le=TUNING_SEED, description="fresh seeds; else those of the study"
    )
    headline: bool = Field(default=False, description="whether its runs come first")
    note: str = Field(default="", description="what a reader of the report should know of it")

    @property
    def untrained(self) -> bool:
        """Return whether this is the policy as it is."""
        return self.trainable == UNTRAINED

    @field_validator("trainable", mode="before")
    @classmethod
    def _one_line(cls, value: Any) -> str:
        """Turn a list or a table of TOML into the spec that it means, and check it."""
        from frostline.agents.subsets import parse, parse_schedule, spec_text  # they import torch

        text = value if isinstance(value, str) else spec_text(value)
        if text != UNTRAINED:
            for item in parse(text):
                if item.role == "schedule":
                    parse_schedule(item.what)
        return text

    @field_validator("name")
    @classmethod
    def _named(cls, name: str, info: ValidationInfo) -> str:
        return name or str(info.data.get("trainable", ""))

    @field_validator("rates")
    @classmethod
    def _spaced(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        return check_rates(rates) if rates else rates

    @model_validator(mode="after")
    def _one_source_of_rates(self) -> Arm:
        if self.untrained and (self.rates or self.rate_of or self.optimizer != "adamw"):
            raise ValueError(f"arm {self.name!r} trains nothing: no rates, rate_of or optimizer")
        if self.rates and self.rate_of:
            raise ValueError(f"arm {self.name!r} may have rates or rate_of, got both")
        if self.optimizer == "sgd" and not (self.rates or self.rate_of):
            raise ValueError(f"arm {self.name!r} needs rates: those of tuning are for adamw")
        return self


class Tuning(BaseModel, frozen=True, extra="forbid"):
    """Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943) of learning rates.

    The longer runs of a later round begin anew.
    """

    rates: tuple[float, ...] = Field(
        default=(1e-5, 3.2e-5, 1e-4, 3.2e-4, 1e-3),
        description="learning rates to try, evenly spaced on a logarithmic scale",
    )
    seeds: int = Field(default=2, ge=1, description="trainings of each rate in a round")
    rounds: tuple[tuple[float, float], ...] = Field(
        default=((0.33, 0.5), (1.0, 0.0)),
        min_length=1,
        description="share of the iterations, and share of the rates that go on; 0 in the last: "
        "one rate wins",
    )
    widen: int = Field(
        default=2, ge=0, description="how often the range grows by one step if its end wins"
    )
    curriculum: str = Field(
        default="", description="tune under this curriculum for all of them; empty: under each"
    )

    @field_validator("rates")
    @classmethod
    def _spaced(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        return check_rates(rates)

    @field_validator("rounds")
    @classmethod
    def _halving(cls, rounds: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        shares = [share for share, _ in rounds]
        if not (all(0 < share <= 1 for share in shares) and shares == sorted(set(shares))):
            raise ValueError("shares of the iterations must rise within 0 … 1, 0 excluded")
        kept = [kept for _, kept in rounds]
        if kept[-1] != 0 or not all(0 < share < 1 for share in kept[:-1]):
            raise ValueError("shares kept must lie between 0 and 1, and the last one be 0")
        return rounds


def check_rates(rates: tuple[float, ...]) -> tuple[float, ...]:
    """Return learning rates if they are enough, rising, and evenly spaced by their logarithms."""
    if len(rates) < MIN_RATES:
        raise ValueError(f"must be {MIN_RATES} learning rates at least, got {len(rates)}")
    if not all(0 < rate < math.inf for rate in rates):
        raise ValueError("must be finite learning rates above 0")
    steps = [math.log(high / low) for low, high in pairwise(rates)]
    if min(steps) <= 0 or max(steps) > UNEVEN * min(steps):
        raise ValueError("must rise in even steps on a logarithmic scale, such as 1e-5, 3e-5, 1e-4")
    return rates
