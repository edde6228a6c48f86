"""`frostline audit`: does a family keep its promises; a table, a page, an exit status."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, Field
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from frostline.envs import FAMILIES, Family
from frostline.envs.audit import CHECKS, Audit, Settings, audit

from .audit_page import broken, page, summary
from .families import load_family
from .live import Ticker
from .options import JsonFlag, parse

NO_FILE = "none"
POLICY = "policy"
LONGEST_CHECK = max(len(word) for name in CHECKS for word in name.split())
ON_PAGE_ALONE = ("levels", "first draw", "hostile text")  # a terminal is narrow

DESCRIPTION = """Check that families keep their promises; print a table and write a page.

Every level builds, every knob of the level table turns something, the reference answer scores 1,
independent code comes to it, mutated answers and repeated questions score 0, no constant answer
pays, spellings are accepted, hostile text is graded in time, problems are pure, fast, and in one
split, and nothing hidden shows. The exit status is 1 if a family breaks a promise.

Examples:
  frostline audit
  frostline audit arithmetic polynomials --quick --out none
  frostline audit mymodule:MyFamily --json
  frostline audit --policy base --out docs/audit.md
"""


class AuditArgs(BaseModel, frozen=True, extra="forbid"):
    """What is audited, and how thoroughly."""

    families: Annotated[tuple[str, ...], tyro.conf.Positional] = Field(
        default=(),
        description="names, or module:Class for your own; all that ship if none is given",
    )
    problems: int = Field(24, ge=1, description="problems per level for the checks of content")
    programs: int = Field(6, ge=1, description="the same where a verdict runs a program")
    split_problems: int = Field(
        10_000, ge=1, description="draws per level for time, splits and distinct questions"
    )
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        False, description="the same checks on fewer problems"
    )
    policy: str | None = Field(
        None, description="also measure pass rates: `base`, `mixed`, a folder or a hub id"
    )
    policy_problems: int = Field(100, ge=1, description="problems per level that the policy tries")
    seed: int = Field(0, ge=0, description="chooses the problems")
    out: str = Field("audit.md", description="page to write; none writes no page")
    json_output: JsonFlag = False

    def settings(self) -> Settings:
        """Return the settings of the library."""
        settings = Settings(
            problems=self.problems,
            programs=self.programs,
            split_problems=self.split_problems,
            seed=self.seed,
        )
        return settings.quick() if self.quick else settings


def main(args: list[str]) -> int:
    """Run `frostline audit`."""
    options = parse(AuditArgs, args, prog="frostline audit", description=DESCRIPTION)
    families = [load_family(name) for name in options.families or FAMILIES]
    names = [family.name for family in families]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice:
        raise ValueError(f"family {twice!r} is named twice")
    audits = run(options, families)
    if options.out != NO_FILE:
        command = shlex.join(["frostline", "audit", *args])
        Path(options.out).parent.mkdir(parents=True, exist_ok=True)
        Path(options.out).write_text(page(audits, command, options.settings()), encoding="utf-8")
    if options.json_output:
        print(json.dumps([to_dict(done) for done in audits], ensure_ascii=False))
    else:
        print_tables(audits)
    return 0 if all(done.ok for done in audits) else 1


def run(options: AuditArgs, families: Sequence[Family]) -> list[Audit]:
    """Return the audits, showing progress on standard error."""
    measure = _policy_check(options) if options.policy else None
    console = Console(stderr=True)
    ticker = Ticker(console)
    audits = []
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("auditing", total=len(families) * (len(CHECKS) + bool(measure)))
        for family in families:

            def show(check: str, name: str = family.name) -> None:
                progress.update(bar, advance=1, description=f"auditing {name}: {check}")
                if not console.is_terminal:
                    ticker.say(f"auditing {name}: {check} done")

            done = audit(family, options.settings(), on_check=show)
            if measure:
                done = measure(done)
                show(POLICY)
            audits.append(done)
    return audits


def _policy_check(options: AuditArgs) -> Callable[[Audit], Audit]:
    from .audit_policy import policy_check  # torch takes seconds to import

    return policy_check(str(options.policy), problems=options.policy_problems, seed=options.seed)


def to_dict(done: Audit) -> dict[str, object]:
    """Return JSON values."""
    return {
        "family": done.family.name,
        "version": done.family.version,
        "ok": done.ok,
        "findings": [finding.to_dict() for finding in done.findings],
    }


def print_tables(audits: Sequence[Audit]) -> None:
    """Print one row per family, and each broken promise on a line of its own."""
    console = Console()
    rows = [summary(done) for done in audits]
    table = Table(title="Audit of families")
    for name in rows[0]:
        if name not in ON_PAGE_ALONE:
            side: Literal["left", "right"] = "left" if name in ("family", "result") else "right"
            width = LONGEST_CHECK if name == "result" else None
            table.add_column(
                name, justify=side, overflow="fold", no_wrap=name == "family", min_width=width
            )
    for row in rows:
        cells = (text for name, text in row.items() if name not in ON_PAGE_ALONE)
        table.add_row(*map(escape, cells))
    console.print(table)
    for done in audits:
        for line in broken(done):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
