"""The pages of docs/environments, made from the families themselves: one each, and an index."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

from frostline.envs import FAMILIES, SPECIAL_IDS, Family, Problem, TaskSpec, TextEnv
from frostline.envs.answers import KINDS
from frostline.envs.registry import id_of

SAMPLES = 3
INDEX = "README.md"
# kinds that need more than a reference text
OTHER_KINDS = {
    "program": "a Python program, right on every hidden case",
    "input": "an input on which the given program has the given output",
}
COMMON = ("Observation", "Action", "Reward", "Episode end", "Arguments")
MADE = "Made by `frostline list --write docs/environments`; do not edit."


def sections(documented: object) -> dict[str, str]:
    """Return a docstring's sections by heading; what stands before the first one is under ''.

    >>> sections(TextEnv)["Episode end"]
    'Terminated by a correct answer or after `max_turns` answers; never truncated.'
    """
    found: dict[str, list[str]] = {"": []}
    heading = ""
    for line in (inspect.getdoc(documented) or "").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ").strip()
            found[heading] = []
        else:
            found[heading].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def first_problems(family: Family, level: int, count: int = SAMPLES) -> list[Problem]:
    """Return the first problems of a level's train split."""
    return [family.problem(TaskSpec(family.name, level, "train", i)) for i in range(count)]


def family_page(family: Family) -> str:
    """Return the page of a family as Markdown: prose, levels with samples, the common contract."""
    said = sections(type(family))
    parts = [f"# {id_of(family)}", said[""] or family.summary]
    parts += _named(said, "Description")
    parts += [*_named(said, "Answer"), _kinds(family)]
    parts += ["## Levels", "1 is the easiest; each adds a skill to the one before."]
    for number, level in enumerate(family.levels, 1):
        wider = " (widens the range only)" if level.widens else ""
        parts.append(f"**Level {number}**: {level.skill}{wider}")
        parts.append("\n".join(map(sample, first_problems(family, number))))
    common = sections(TextEnv)
    for heading in COMMON:
        parts += _named(common, heading)
    parts += _named(said, "Version history")
    return "\n\n".join(parts) + "\n"


def _named(said: dict[str, str], heading: str) -> list[str]:
    return [f"## {heading}", said[heading]] if heading in said else []


def kinds_of(family: Family) -> list[str]:
    """Return the answer kinds of a family's first problems, in the order of the levels."""
    levels = range(1, len(family.levels) + 1)
    met = [p.kind for level in levels for p in first_problems(family, level)]
    return list(dict.fromkeys(met))


def _kinds(family: Family) -> str:
    lines = ["| kind | what counts as an answer |", "|---|---|"]
    for name in kinds_of(family):
        summary = KINDS[name].summary if name in KINDS else OTHER_KINDS[name]
        lines.append(f"| `{name}` | {summary} |")
    return "\n".join(lines)


def sample(problem: Problem) -> str:
    """Return a problem and its reference answer as an item of a Markdown list."""
    if "\n" not in problem.question + problem.answer:
        return f"- {_code(problem.question)} → {_code(problem.answer)}"
    blocks = [("text", problem.question), ("python", problem.answer)]
    lines = [f"```{kind}\n{text}\n```" for kind, text in blocks]
    return "- " + "\n\n".join(lines).replace("\n", "\n  ")


def _code(text: str) -> str:
    """Return text as Markdown code, whatever backticks and bars it holds."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", "\\|")


def index_page() -> str:
    """Return the index as Markdown: every family with a sample of its first and last level."""
    parts = ["# Environments"]
    lines = ["| environment | levels | what is asked | level 1 | answer |", "|---|---|---|---|---|"]
    for family in FAMILIES.values():
        (easy,) = first_problems(family, 1, 1)
        question, answer = (_code(" ".join(t.split())) for t in (easy.question, easy.answer))
        lines.append(
            f"| [{id_of(family)}]({family.name}.md) | {len(family.levels)} | {family.summary} "
            f"| {question} | {answer} |"
        )
    parts.append("\n".join(lines))
    for env_id, documented in SPECIAL_IDS.items():
        said = sections(documented)
        page = f"[{env_id}]({page_name(env_id)})"
        parts.append(f"{page}: {said['']}")
    parts.append("Of every environment:")
    common = sections(TextEnv)
    for heading in ("Description", *COMMON):
        parts += _named(common, heading)
    return "\n\n".join(parts) + "\n"


def special_page(env_id: str) -> str:
    """Return the page of an environment that is no single family."""
    said = sections(SPECIAL_IDS[env_id])
    parts = [f"# {env_id}", said.pop("")]
    for heading in said:
        parts += _named(said, heading)
    common = sections(TextEnv)
    for heading in COMMON:
        if heading not in said:
            parts += _named(common, heading)
    return "\n\n".join(parts) + "\n"


def page_name(env_id: str) -> str:
    """Return the file of a special environment's page.

    >>> page_name("frostline/TaskFile-v0")
    'task_file.md'
    """
    camel = env_id.partition("/")[2].partition("-")[0]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in camel).strip("_") + ".md"


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    made = {INDEX: index_page()}
    made |= {f"{name}.md": family_page(family) for name, family in FAMILIES.items()}
    made |= {page_name(env_id): special_page(env_id) for env_id in SPECIAL_IDS}
    return {name: f"{text}\n{MADE}\n" for name, text in made.items()}


def write_pages(folder: Path) -> list[Path]:
    """Write every page, each atomically, and remove those of families that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for name, text in made.items():
        partial = folder / f"{name}.partial"
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, folder / name)
    for path in folder.glob("*.md"):
        if path.name not in made and MADE in path.read_text(encoding="utf-8"):
            path.unlink()
    return [folder / name for name in made]
