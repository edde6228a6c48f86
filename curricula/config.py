"""The options of a curriculum, with their units."""

from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from .checks import near_miss


class CurriculumConfig(BaseModel, frozen=True, extra="forbid"):
    """Which curriculum, and how cautious it is.

    The defaults suit a small model that trains for a few hundred iterations of some 32 groups of 8
    completions: a level with pass rate 0.9 is passed after about 6 groups, one at 0.75 after about
    14, and one at 0.55 or less falsely in at most 5 % of tests. Two in five tickets go back to
    levels already passed, most of them to those with the lowest pass rate.

    >>> CurriculumConfig(promote_at=0.8, reject_at=0.6).gate
    'sprt'
    """

    kind: Literal["ladder", "uniform", "fixed"] = Field(
        default="ladder",
        description="ladder: promotes on success; uniform: all levels alike; fixed: one level",
    )
    gate: Literal["sprt", "wilson"] = Field(
        default="sprt",
        description="test that promotes: sprt (promote_at against reject_at), or wilson (lower"
        " bound of the pass rate reaches promote_at; stricter and slower)",
    )
    promote_at: float = Field(
        default=0.75,
        gt=0,
        lt=1,
        description="pass rate at which a level should be passed (fraction)",
    )
    reject_at: float = Field(
        default=0.55,
        gt=0,
        lt=1,
        description="pass rate at or below which a promotion is false (fraction; gate sprt only)",
    )
    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="accepted chance of a false promotion, per test; also of a false demotion,"
        " per look",
    )
    beta: float = Field(
        default=0.1,
        gt=0,
        lt=0.5,
        description="accepted chance of a false rejection, per test (gate sprt)",
    )
    icc: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="assumed correlation of two completions of one problem (0 = independent)",
    )
    demote_below: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="a passed level whose pass rate is surely below this is lost (fraction)",
    )
    demote_groups: int = Field(
        default=6,
        ge=1,
        description="fewest groups, since the last promotion or demotion, for a demotion",
    )
    half_life: float = Field(
        default=8.0, gt=0, description="age at which an outcome counts half, in groups of its level"
    )
    replay: float = Field(
        default=0.4, ge=0, lt=1, description="share of a family's tickets on levels already passed"
    )
    preview: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of a family's tickets on the level after the frontier",
    )
    floor: float = Field(
        default=0.05,
        gt=0,
        description="added to a level's recent failure rate to give its weight within the replay"
        " share; larger is more even",
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="relative share of each family; 1 where not named"
    )
    start: int | dict[str, int] = Field(
        default=1,
        description="first frontier level, for all families or for each (1 where not named)",
    )
    level: int | dict[str, int] = Field(
        default=1, description="the level of kind fixed, for all families or for each"
    )

    @model_validator(mode="before")
    @classmethod
    def _name_near_miss(cls, data: Any) -> Any:
        """Answer an unknown option with the one that was probably meant."""
        for name in data if isinstance(data, dict) else ():
            if name not in cls.model_fields:
                raise ValueError(
                    f"unknown option {name} of the curriculum{near_miss(name, cls.model_fields)}"
                )
        return data

    @model_validator(mode="after")
    def _check_order(self) -> "CurriculumConfig":
        """Refuse thresholds without hysteresis and shares that leave the frontier nothing."""
        if not self.demote_below < self.reject_at < self.promote_at:
            raise ValueError(
                f"needs demote_below < reject_at < promote_at, got demote_below="
                f"{self.demote_below}, reject_at={self.reject_at}, promote_at={self.promote_at}"
            )
        if self.replay + self.preview >= 1:
            raise ValueError(
                f"replay + preview must be below 1, got replay={self.replay}, "
                f"preview={self.preview}"
            )
        for family, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"weights must be positive, got {family}={weight}")
        return self
