"""The audit finds faults that are rare or lie between two levels, and outlasts endless code."""

import audit_toys_more as toys
import pytest

from frostline.envs import Family
from frostline.envs.audit import CHECKS, Settings, audit, structure, subject
from frostline.envs.audit import hostile as hostile_module

QUICK = Settings().quick()


@pytest.mark.parametrize(
    ("toy", "check"),
    [
        (toys.WrongOnceInAHundred, "recomputed"),
        (toys.CopiesTheReference, "recomputed"),
        (toys.RepeatsALevel, "steps"),
        (toys.HintsAtTheSize, "leaks"),
    ],
)
def test_a_fault_that_a_short_look_misses_is_found(toy: type[Family], check: str) -> None:
    done = audit(toy(), QUICK, checks=(check,))
    assert not done.ok


@pytest.mark.parametrize(
    ("toy", "check"), [(toys.DrawsWithoutEnd, "builds"), (toys.JudgesWithoutEnd, "hostile")]
)
def test_endless_code_of_a_family_does_not_hold_the_audit(
    toy: type[Family], check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (structure, subject, hostile_module):
        monkeypatch.setattr(module, "ENDLESS", 0.1)
    done = audit(toy(), QUICK, checks=(check,))
    assert "took more than 0.1 s" in " ".join(f.detail for f in done.findings if not f.ok)


def test_what_cannot_be_drawn_is_not_looked_at_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "ENDLESS", 0.1)
    done = audit(toys.DrawsWithoutEnd(), QUICK)
    assert {f.check for f in done.findings if f.detail.startswith("not tried")} == (
        set(CHECKS) - {"builds"}
    )
