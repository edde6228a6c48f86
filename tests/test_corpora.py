"""Known cases, kept as data: what each verifier must say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frostline.envs.answers import verify_answer
from frostline.envs.extract import extract
from frostline.envs.problem import Status, Verdict
from frostline.envs.programs.verifier import verify_program

CORPORA = Path(__file__).parent / "corpora"
SQUARES = [(n, n * n) for n in (0, 1, -1, 5, -7, 100, 10**6, -(10**5), 12, 13)]


def cases(name: str) -> list[Any]:
    """Read a corpus; a case's `flood` (piece, count) stands where its completion has `@`."""
    rows = [json.loads(line) for line in (CORPORA / name).read_text("utf-8").splitlines()]
    for row in rows:
        if "flood" in row:
            piece, count = row["flood"]
            row["completion"] = row["completion"].replace("@", piece * count)
    return [pytest.param(row, id=row["id"]) for row in rows]


@pytest.mark.parametrize("case", cases("math.jsonl"))
def test_answer_has_its_known_verdict(case: dict[str, str]) -> None:
    answer = extract(case["completion"], "tag")
    verdict = (
        answer if isinstance(answer, Verdict) else verify_answer(case["kind"], case["gold"], answer)
    )
    assert verdict.status is not Status.VERIFIER_ERROR, verdict
    assert (verdict.reward == 1.0) == (case["expected"] == "accept"), (case, verdict)


@pytest.mark.parametrize("case", cases("program.jsonl"))
def test_program_has_its_known_verdict(case: dict[str, str]) -> None:
    verdict = verify_program(case["code"], SQUARES)
    allowed = {
        "accept": {Status.CORRECT},
        "reject": {Status.WRONG, Status.MALFORMED},
        "unsupported": {Status.UNSUPPORTED},
        "free": set(Status) - {Status.VERIFIER_ERROR},
    }[case["expected"]]
    assert verdict.status in allowed, (case, verdict)
