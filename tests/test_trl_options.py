"""What the TRL engine passes on to TRL, and what it refuses."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from children import Coin
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers.utils import hub
from trl.trainer.grpo_config import GRPOConfig as TRLConfig
from trl_children import HASTY, build

from frostline.agents.config import GRPOConfig
from frostline.agents.policy import load_policy
from frostline.agents.subsets import resolve
from frostline.agents.trl_engine import TrlEngine
from frostline.agents.trl_options import check_subset, microbatches, read_pass_through
from frostline.curricula import make_curriculum
from frostline.envs import TextEnv

Tiny = Callable[[str], Path]
LISA = "lisa:k=1,every=1+embeddings"


# -- what is refused


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"trainable": "cyclic:k=1,every=2"},
        "no subset schedule but lisa, got cyclic; use the native",
    ),
    ({"trainable": "greedy:score=fisher,k=1,every=2"}, "no subset schedule but lisa, got greedy"),
    (
        {"trainable": LISA, "grpo": {"moments": "offload"}},
        "moments=offload needs the native engine",
    ),
    ({"trainable": LISA, "grpo": {"rewarmup_iterations": 2}}, "rewarmup_iterations must be 0"),
    ({"trainable": "lora:r=2", "pass_through": {"use_vllm": True}}, "vLLM has no place for"),
    ({"trainable": "steering", "pass_through": {"use_vllm": True}}, "vLLM has no place for"),
    ({"pass_through": {"use_vlm": True}}, "no option 'use_vlm'; did you mean 'use_vllm'?"),
    ({"pass_through": {"beta": 0.1}}, "option 'beta' of TRL is set by this engine; set grpo.beta"),
    ({"pass_through": {"shuffle_dataset": True}}, "'shuffle_dataset' of TRL is set by this engine"),
    ({"pass_through": {"chat_template_kwargs": {}}}, "'chat_template_kwargs' of TRL is set by"),
    (
        {"pass_through": {"per_device_train_batch_size": 5}},
        "must divide the 12 completions of a rank",
    ),
    (
        {"pass_through": {"gradient_checkpointing_kwargs": {"use_reentrant": True}}},
        "gradient_checkpointing_kwargs must not set use_reentrant",
    ),
    ({"grpo": {"max_completion_length": 500}}, "max_completion_length=500"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_the_engine_cannot_do_is_refused_in_one_line(
    options: dict[str, Any], message: str, tiny: Tiny, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        build(tiny("llama"), tmp_path, **options)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["deepspeed", "fsdp"])
@pytest.mark.parametrize("launched", [False, True])
def test_lisa_is_refused_where_the_trainable_weights_are_settled_at_the_start(
    name: str, launched: bool, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    subset = resolve(LISA, load_policy(str(tiny("llama"))).model)
    check_subset(subset, (), GRPOConfig(), {})
    if launched:
        monkeypatch.setenv(f"ACCELERATE_USE_{name.upper()}", "true")
    with pytest.raises(ValueError, match=f"lisa needs plain DDP: {name} settles what trains"):
        check_subset(subset, (), GRPOConfig(), {} if launched else {name: "a file or a strategy"})


def test_environments_of_several_turns_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    envs = {"coin": TextEnv(Coin(), max_turns=2)}
    curriculum = make_curriculum(HASTY, {"coin": 2}, seed=0)
    with pytest.raises(
        ValueError, match=r"the TRL engine is single turn, .* of coin has max_turns=2"
    ):
        TrlEngine(
            load_policy(str(tiny("llama"))), curriculum, envs, iterations=1, output_dir=tmp_path
        )


@pytest.mark.parametrize("processes", [5, 7])
def test_ranks_that_cannot_share_the_rows_are_refused(processes: int) -> None:
    with pytest.raises(ValueError, match=f"processes, {processes}; got 3 times 4"):
        microbatches(GRPOConfig(groups=3, num_generations=4), processes, row_tokens=9, size=None)


@given(
    groups=st.integers(1, 40),
    generations=st.integers(2, 16),
    processes=st.integers(1, 8),
    row_tokens=st.integers(1, 500),
    budget=st.integers(1, 20_000),
)
def test_microbatches_hold_every_row_once_and_heed_the_token_budget(
    groups: int, generations: int, processes: int, row_tokens: int, budget: int
) -> None:
    assume(groups * generations % processes == 0)
    config = GRPOConfig(groups=groups, num_generations=generations, tokens_per_microbatch=budget)
    size, parts = microbatches(config, processes, row_tokens, None)
    assert size * parts * processes == groups * generations
    assert size == 1 or size * row_tokens <= budget


TYPES = get_type_hints(TRLConfig)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"use_vlm": True}, "GRPOConfig has no option 'use_vlm'; did you mean 'use_vllm'?"),
        ({"top_k": "abc"}, "option 'top_k' of TRL must be int, got 'abc'"),
        ({"top_k": 1.5}, "option 'top_k' of TRL must be int, got 1.5"),
        ({"per_device_train_batch_size": "x"}, "must be int, got 'x'"),
        ({"use_vllm": 7}, "option 'use_vllm' of TRL must be bool, got 7"),
        ({"reward_weights": 1}, "option 'reward_weights' of TRL must be list[float] | None, got 1"),
    ],
)
def test_an_option_that_trl_could_not_use_is_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_pass_through(option, TYPES)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("use_vllm", "no", False),
        ("use_vllm", True, True),
        ("run_name", 7, "7"),
        ("fsdp", True, True),
        ("top_entropy_quantile", 1, 1.0),
        ("deepspeed", "zero2.json", "zero2.json"),
        ("generation_kwargs", {"k": [1]}, {"k": [1]}),
        ("report_to", ["trackio"], ["trackio"]),
    ],
)
def test_an_option_of_trl_has_the_type_that_trl_declares(name: str, given: Any, read: Any) -> None:
    found = read_pass_through({name: given}, TYPES)[name]
    assert found == read
    assert type(found) is type(read)


def test_trl_sends_no_telemetry(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants: Any = vars(hub)["constants"]
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.delenv("CI", raising=False)
    off: list[bool] = []
    monkeypatch.setattr(
        "trl.trainer.base_trainer.send_telemetry",
        lambda **_: off.append(constants.HF_HUB_DISABLE_TELEMETRY),
    )
    build(tiny("llama"), tmp_path)
    assert off == [True]


def test_options_of_trl_go_before_the_defaults_of_the_engine(tiny: Tiny, tmp_path: Path) -> None:
    extra = {"top_entropy_quantile": 0.5, "per_device_train_batch_size": 4, "save_total_limit": 7}
    args: Any = build(tiny("llama"), tmp_path, pass_through=extra).trainer.args
    assert (args.top_entropy_quantile, args.save_total_limit) == (0.5, 7)
    assert (args.per_device_train_batch_size, args.gradient_accumulation_steps) == (4, 3)
    assert (args.bf16, args.gradient_checkpointing, args.report_to) == (False, False, [])
