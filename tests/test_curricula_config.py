"""From options to a curriculum, and what is said about options that do not exist."""

import inspect
from typing import Any, get_args

import pytest
from schedulers import CONTEXT

from frostline.curricula import PRESETS, CurriculumConfig, Outcome, make_curriculum
from frostline.curricula.config import OWN_FIELDS, Kind

SPACE = {"sums": 4, "programs": 2}
every = pytest.mark.parametrize("kind", sorted(PRESETS))


def numeric_defaults(kind: str) -> dict[str, float]:
    """Return the numeric options of a preset with their defaults, all as the TOML file has them."""
    parameters = inspect.signature(PRESETS[kind]).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    numbers = {n: v for n, v in defaults.items() if isinstance(v, int | float)}
    return {name: float(v) for name, v in numbers.items() if name not in OWN_FIELDS}


def test_the_choices_of_the_command_line_are_the_presets() -> None:
    assert get_args(Kind) == tuple(PRESETS)


@every
def test_the_configuration_names_the_preset(kind: Any) -> None:
    curriculum = make_curriculum(CurriculumConfig(kind=kind), SPACE, seed=0, **CONTEXT)
    assert curriculum.state_dict()["kind"] == kind


@every
def test_a_default_configuration_is_the_preset_as_published(kind: Any) -> None:
    preset = PRESETS[kind]
    known = {"horizon": 10} if "horizon" in inspect.signature(preset).parameters else {}
    direct = preset(SPACE, seed=5, **known)
    configured = make_curriculum(
        CurriculumConfig(kind=kind), SPACE, seed=5, horizon=10, groups=3, generations=5
    )
    for version in range(40):
        tickets = direct.sample(4, policy_version=version)
        assert configured.sample(4, policy_version=version) == tickets
        outcomes = [Outcome(t, 5 * (t.index % 3 > 0), 5) for t in tickets]
        assert configured.update(outcomes) == direct.update(outcomes)


@every
def test_options_at_their_defaults_change_nothing(kind: Any) -> None:
    config = CurriculumConfig(kind=kind, options=numeric_defaults(kind))
    given = make_curriculum(config, SPACE, seed=5, **CONTEXT)
    default = make_curriculum(CurriculumConfig(kind=kind), SPACE, seed=5, **CONTEXT)
    assert given.sample(20, policy_version=3) == default.sample(20, policy_version=3)
    assert given.state_dict() == default.state_dict()


@every
def test_every_parameter_of_a_preset_can_be_configured(kind: Any) -> None:
    for name, parameter in inspect.signature(PRESETS[kind]).parameters.items():
        reachable = {"space", "seed", *CONTEXT, *OWN_FIELDS}
        numeric = parameter.default is None or isinstance(parameter.default, int | float)
        assert name in reachable or numeric, name


def test_options_reach_the_preset() -> None:
    config = CurriculumConfig(kind="rlve", options={"threshold": 0.5, "prompts": 1, "window": 2})
    curriculum = make_curriculum(config, {"sums": 3}, seed=0)
    assert curriculum.metrics()["level/sums"] == 1
    assert (
        curriculum.state_dict()
        == PRESETS["rlve"]({"sums": 3}, seed=0, threshold=0.5, prompts=1, window=2).state_dict()
    )


def test_fields_of_the_configuration_reach_the_preset() -> None:
    config = CurriculumConfig(kind="ladder", start={"sums": 3}, weights={"sums": 3})
    curriculum = make_curriculum(config, SPACE, seed=0)
    chances = curriculum.probabilities()
    assert curriculum.metrics()["level/sums"] == 3
    assert sum(chances["sums", level] for level in range(1, 5)) == pytest.approx(0.75)


def test_an_option_goes_before_what_the_run_knows() -> None:
    config = CurriculumConfig(kind="linear", options={"horizon": 4})
    given = make_curriculum(config, SPACE, seed=0, horizon=1000)
    given.sample(1, policy_version=3)
    assert given.metrics()["level/sums"] == 4


@pytest.mark.parametrize("kind", ["linear", "e2h_cosine", "e2h_gaussian"])
def test_a_schedule_in_time_needs_a_horizon(kind: Any) -> None:
    with pytest.raises(ValueError, match=rf"curriculum {kind} needs options = {{ horizon = … }}"):
        make_curriculum(CurriculumConfig(kind=kind), SPACE, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"promot_at": 0.9},
            "unknown option promot_at of the curriculum; did you mean 'promote_at'",
        ),
        ({"knd": "ladder"}, "unknown option knd of the curriculum; did you mean 'kind'"),
        ({"promote_at": 0.9}, "promote_at is an option of presets: options = { promote_at = … }"),
        ({"options": {"promot_at": 0.9}}, "got 'promot_at'; did you mean 'promote_at'"),
        ({"kind": "dapo", "start": 2}, "start is no option of dapo; it is one of reasoning_gym, "),
        ({"kind": "uniform", "level": 2}, "level is no option of uniform; it is one of fixed"),
        ({"kind": "sec", "weights": {"sums": 2}}, "weights is no option of sec; it is one of unif"),
        ({"kind": "rlve", "options": {"prompts": 2.5}}, "option prompts must be an integer, got 2"),
        ({"options": {"wilson": 2}}, "curriculum option wilson must be 0 or 1, got 2.0"),
        ({"options": {"demote_below": 0.6}}, "needs demote_below < reject_at < promote_at, got de"),
        ({"options": {"alpha": 0.7}}, "alpha must be in (0, 0.5), got 0.7"),
        ({"weights": {"sums": 0}}, "weights must be positive and finite, got sums=0"),
        ({"weights": {"sumz": 1}}, "weights names the unknown family 'sumz'; did you mean 'sums'"),
        ({"start": 0}, "start must be between 1 and 2 for family 'programs', got 0"),
        ({"start": {"sums": 5}}, "start must be between 1 and 4 for family 'sums', got 5"),
        ({"start": {"sum": 1}}, "start names the unknown family 'sum'; did you mean 'sums'"),
        ({"kind": "fixed", "level": 9}, "level must be between 1 and 2 for family 'programs'"),
        ({"kind": "fixed", "level": {"sums": 1}}, "level must name every family, 'programs' is mi"),
    ],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refusal:
        make_curriculum(CurriculumConfig(**({"kind": "ladder"} | options)), SPACE, seed=0)
    assert message in str(refusal.value)
