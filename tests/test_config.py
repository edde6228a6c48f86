"""The options of a run: precedence, and what is said about mistakes."""

import io
from pathlib import Path

import pytest

from frostline.config import TrainConfig, differences, load_config
from frostline.options import parse
from frostline.train import start
from frostline.train_command import TrainArgs

DEFAULT = TrainConfig()


def command_line(line: str) -> TrainArgs:
    return parse(TrainArgs, line.split(), prog="frostline train", description="")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--iterations -1", "iterations: should be greater than or equal to 0, got -1"),
        ("--iterations x", "--iterations: invalid literal for int() with base 10: 'x'"),
        ("--iterations", "Missing value for argument '--iterations'"),
        ("--iteratons 3", "unknown option --iteratons; did you mean --iterations?"),
        ("--iteratons=3", "unknown option --iteratons=3; did you mean --iterations?"),
        ("--learning-rate 1", "unknown option --learning-rate; did you mean --grpo.learning-rate?"),
        ("--grpo.learning-rte 1", "did you mean --grpo.learning-rate?"),
        ("--grpo.learning-rate -1", "grpo.learning_rate: should be greater than 0, got -1.0"),
        ("--grpo.num-generations 1", "grpo.num_generations: should be greater than or equal to 2"),
        ("--curriculum.kind lader", "invalid choice 'lader' for argument '--curriculum.kind'"),
        ("--curriculum.options promot_at 0.4", "got 'promot_at'; did you mean 'promote_at'?"),
        ("--curriculum.kind frontire", "'ladder', 'frontier'); did you mean frontier?"),
        ("--engine tlr", "Expected one of ('native', 'trl'); did you mean trl?"),
        (
            "--engine zzz",
            "choice 'zzz' for argument '--engine'. Expected one of ('native', 'trl').",
        ),
        ("--curriculum.promote-at 0.8", "did you mean --curriculum.options promote_at 0.8?"),
        ("--curriculum.target=0.8", "did you mean --curriculum.options target 0.8?"),
        ("--curriculum.promot-at 0.8", "did you mean --curriculum.options promote_at 0.8?"),
        ("--half-life 3", "did you mean --curriculum.options half_life 3?"),
        ("--curriculum.target", "did you mean --curriculum.options target …?"),
        ("--beta 0.1", "did you mean --grpo.beta?"),
        ("--curriculum.options weights 2", "of its own beside them: --curriculum.weights, or weig"),
        ("--curriculum.options start 2", "of its own beside them: --curriculum.start, or start ="),
        (
            "--curriculum.options alpha",
            "--curriculum.options needs pairs of a name and a number",
        ),
        ("--curriculum.options alpha x", "a name and a number, got alpha x"),
        ("--curriculum.options=alpha x --seed 1", "a name and a number, got alpha x"),
        (
            "--curriculum.start a",
            "needs a whole number or pairs of a name and a whole number, ",
        ),
        ("--curriculum.level a 1 b", "of a name and a whole number or several, got a 1 b"),
        ("--curriculum.kind uniform --curriculum.start 2", "start is no option of uniform"),
        ("--zzz", "unknown option --zzz; see frostline train --help"),
        ("arithmetic", "unknown argument arithmetic; see frostline train --help"),
        ("--seed 1 --seed=2", "--seed is given twice; give it once, with all its values"),
        ("--name ..", "name: must be the name of one folder, without slashes (see also runs)"),
        ("--name a/b", "got 'a/b'"),
        ("--grpo.max-grad-norm inf", "grpo.max_grad_norm: should be a finite number, got inf"),
        ("--grpo.beta nan", "grpo.beta: should be "),
        ("--engine trl --trl top_k", "trl must be name=value, such as use_vllm=true; got 'top_k'"),
        ("--engine trl --trl top_k=", "trl must be name=value, such as use_vllm=true; got 'top_k="),
        ("--engine trl --trl top_k=1 top_k=2", "trl must give top_k once, got 'top_k=2' as well"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_one_line(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        command_line(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("iteratons = 3", "unknown option iteratons; did you mean iterations?"),
        ("[grpo]\nlearningrate = 1", "unknown option grpo.learningrate; did you mean grpo.learn"),
        ("[curriculum]\npromot_at = 1", "unknown option promot_at of the curriculum; did you m"),
        ("[curriculum]\nkind = 'frontire'", "got 'frontire'; did you mean frontier?"),
        ("engine = 'zzz'", "engine: should be 'native' or 'trl', got 'zzz'"),
        ("[curriculum]\nstart = true", "curriculum.start: must hold numbers, not true or false"),
        ("[curriculum.weights]\na = true", "curriculum.weights: must hold numbers, not true or"),
        ("[curriculum.level]\na = [true]", "curriculum.level: must hold numbers, not true or fal"),
        ("[grpo.deep]\nx = 1", "unknown option grpo.deep"),
        ("[qqqq]\nx = 1", "unknown option qqqq"),
        ("grpo = 3", "grpo: should be a valid dictionary"),
        ("iterations = 'many'", "iterations: should be a valid integer"),
        ("iterations = 1.5", "got 1.5"),
        ("family = 'arithmetic'", "family: should be a valid tuple, got 'arithmetic'"),
        ("family = [1]", "family.0: should be a valid string, got 1"),
        ("name = '../x'", "name: must be the name of one folder"),
        ("seed = ", "is not valid: Invalid value"),
        ("seed = 1\nseed = 2", "is not valid: Cannot overwrite a value"),
    ],
)
def test_a_mistake_in_the_file_names_file_option_and_value(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"my\.toml") as caught:
        load_config(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"binary\.toml is not valid: 'utf-8' codec"):
        load_config(binary)
    with pytest.raises(ValueError, match=r"none\.toml cannot be read: No such file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_the_file_beats_the_defaults_and_the_command_line_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("seed = 3\niterations = 7\n[grpo]\ngroups = 4\nnum_generations = 4\n")
    base = load_config(path)
    assert (base.seed, base.grpo.groups, base.grpo.num_generations) == (3, 4, 4)
    assert base.grpo.learning_rate == DEFAULT.grpo.learning_rate
    options = parse(
        TrainArgs,
        ["--seed", "5", "--grpo.groups", "2"],
        prog="frostline train",
        description="",
        default=TrainArgs(**base.model_dump()),
    ).run_config()
    expected = {"seed": 5, "iterations": 7, "grpo": options.grpo}
    assert options == TrainConfig(**(DEFAULT.model_dump() | expected))
    assert (options.grpo.groups, options.grpo.num_generations) == (2, 4)


def test_a_configuration_survives_its_own_json(tmp_path: Path) -> None:
    config = command_line("--family a b:C --grpo.beta 0.1 --curriculum.kind uniform").run_config()
    path = tmp_path / "config.json"
    path.write_text(config.model_dump_json())
    assert load_config(path) == config


def test_two_configurations_differ_in_options_and_not_in_whole_groups() -> None:
    other = command_line("--seed 1 --grpo.beta 0.1 --curriculum.kind uniform").run_config()
    assert list(differences(DEFAULT, other)) == [
        ("seed", 0, 1),
        ("grpo.beta", DEFAULT.grpo.beta, 0.1),
        ("curriculum.kind", "frontier", "uniform"),
    ]
    assert list(differences(DEFAULT, DEFAULT)) == []


def test_a_run_that_is_gone_on_with_names_the_option_that_differs(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(DEFAULT.model_dump_json())
    other = command_line("--curriculum.kind uniform").run_config()
    rule = "has curriculum.kind='frontier', it cannot go on with 'uniform'$"
    with pytest.raises(ValueError, match=rule):
        start(other, tmp_path)


def test_the_name_of_a_run_is_one_folder_whatever_is_trained() -> None:
    config = TrainConfig(family=("arithmetic", "my.module:Mine"), trainable="layers:1,2 + head")
    assert config.run_name() == "arithmetic-Mine-layers-1-2-head-seed0"
    assert len(TrainConfig(family=("arithmetic",) * 40).run_name()) < 200


def test_options_of_trl_are_read_as_json_or_text_from_the_line_and_from_a_table(
    tmp_path: Path,
) -> None:
    line = "--engine trl --trl use_vllm=true fsdp=full_shard top_k=20"
    read = {"use_vllm": True, "fsdp": "full_shard", "top_k": 20}
    assert command_line(line).trl_options() == read
    file = tmp_path / "trl.toml"
    file.write_text("engine='trl'\n[trl]\nuse_vllm=true\nfsdp='full_shard'\ntop_k=20\n")
    assert load_config(file).trl_options() == read


def test_a_mistake_is_told_in_one_line_where_the_terminal_has_no_unicode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setattr("sys.stderr", stdout)
    with pytest.raises(ValueError, match=r"^Missing value for argument '--iterations'[^-]*$"):
        command_line("--iterations")
