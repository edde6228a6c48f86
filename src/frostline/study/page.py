"""The page of a study, made from its lines alone."""

from __future__ import annotations

import json
from pathlib import Path

from ..outputs import write
from ..statistics import REPLICATES
from .contributions import best, contributions
from .drawings import (
    draw_curricula,
    draw_layers,
    draw_pareto,
    draw_rates,
    draw_rewards,
    draw_shares,
)
from .page_arms import by_family, by_schedule, compared, layers, share, small_arms, table, trained
from .page_curricula import curricula
from .page_text import ALPHA, points
from .plan import left
from .results import Results
from .starting_study import HARDLY, PANELS, WELL, findings, protocols, whole

CONTRIBUTIONS = "contributions.json"


def write_page(page: Path, results: Results, command: str) -> None:
    """Write the page and its pictures, which go into a folder of its name beside it.

    Args:
        page: a file that ends in .md.
        results: what it tells.
        command: that makes it.
    """
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder, results)
    files = {page: markdown(results, command, folder.name).encode()}
    if layers(results):
        text = json.dumps(contributions(results), indent=2) + "\n"
        files[folder / CONTRIBUTIONS] = text.encode()
    write(files)


def draw(folder: Path, results: Results) -> None:
    """Draw all pictures that the study has something for."""
    rows = trained(results)
    panels = {
        heading: {title: arms[name] for name, title in PANELS.items()}
        for heading, arms in protocols(results).items()
    }
    if panels:
        draw_rewards(folder / "rewards.png", panels)
    if any(row.share is not None for row in rows):
        draw_shares(folder / "shares.png", compared(results))
    if compared(results):
        draw_pareto(folder / "pareto.png", compared(results))
    if rows:
        draw_rates(folder / "rates.png", rows)
    if layers(results):
        draw_layers(folder / "layers.png", results, results.study.curricula[0])
    if len(results.study.curricula) > 1:
        draw_curricula(folder / "curricula.png", results)


def markdown(results: Results, command: str, folder: str) -> str:
    """Return the page."""
    parts = [
        *opening(results, command),
        *starting(results, folder),
        *table(results, folder),
        *(small_arms(results, folder) if compared(results) else []),
        *curricula(results, folder),
        *rates(results, folder),
        *by_layer(results, folder),
        *by_schedule(results),
        *by_family(results),
        *spent(results),
        *limits(results),
    ]
    return "\n".join(parts).rstrip() + "\n"


def opening(results: Results, command: str) -> list[str]:
    """Return what was done, and how."""
    study, train, exam = results.study, results.study.train, results.study.exam
    tops = ", ".join(
        f"{name} 1–{train.levels[name]}" if name in train.levels else name
        for name in study.ladders()
    )
    grpo, under = train.grpo, study.tuning.curriculum
    missing = sum(part.runs for part in left(study, results.lines))
    noise = results.noise()
    spread = "" if noise is None else (
        f" A run's pass rate scatters by {100 * noise:.1f} points (standard deviation beside arm "
        "and seed)."
    )  # fmt: skip
    return [
        f"# Study: {study.name}",
        "",
        f"Made by `{command}` from its raw lines; every number here is recomputed from them."
        + (f" **Unfinished: about {missing} runs are missing.**" if missing else ""),
        "",
        f"Policy `{train.policy}`; each run trains {train.iterations} iterations of "
        f"{grpo.groups} problems × {grpo.num_generations} completions on a mixture of "
        f"{len(study.ladders())} ladders: {tops}. Arms differ in what trains and in the learning "
        "rate, unless their names or notes say more. Rates are found by successive halving on the "
        f"validation split with {study.tuning.seeds} seeds"
        + (f", under {under} for all curricula" if under and len(study.curricula) > 1 else "")
        + "; the runs below have fresh seeds. The pass rate is the mean of the ladders, "
        f"{exam.problems} problems of the test split each, one completion at temperature "
        f"{grpo.temperature:g}; all arms of a seed sit the same problems. Levels with few "
        "questions repeat some within an exam and between seeds."
        + (
            f" Sections on arms and learning rates are of the runs under {study.curricula[0]}."
            if len(study.curricula) > 1
            else ""
        ),
        "",
        f"Intervals: 95 %, each for itself, paired bootstrap over seeds and problems, {REPLICATES} "
        "resamples. p-values: Student's t on differences of the same seeds, with the residual "
        "spread of all arms that have them, adjusted by Holm over the arms of the table. A run "
        f"that diverged solves nothing.{spread}",
        "",
    ]


def starting(results: Results, folder: str) -> list[str]:
    """Return the four pictures of the starting study, and whether its finding holds."""
    found = protocols(results)
    if not found:
        return []
    lines = [
        "## The four pictures of the starting study",
        "",
        "Training reward over the iterations: mean of the seeds, band from the worst to the best; "
        "in brackets the learning rate.",
        "",
        f"![Training reward of first 5, last 5, last 1 and all layers]({folder}/rewards.png)",
        "",
        "## Does its finding hold?",
        "",
        "It trained one seed at one learning rate for all, and found that training the first five "
        "layers works reasonably well, the last five and the last one do not. Here a share of the "
        f"full gain of at least {WELL:g} counts as reasonably well, one below {HARDLY:g} as not; "
        "p-values are adjusted by Holm for the two comparisons.",
        "",
    ]
    for heading, arms in found.items():
        claims = findings(results, arms, ALPHA)
        gains = ", ".join(f"{PANELS[name]} {points(row.gain)}" for name, row in arms.items())
        lines += [
            f"**With {heading}: {whole(claims)}.** Gains in points: {gains}.",
            "",
            "| claim | measured | test | holds? |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {claim.text} | {claim.measured} | {claim.test} | {claim.verdict} |"
            for claim in claims
        ]
        lines.append("")
    return lines


def rates(results: Results, folder: str) -> list[str]:
    """Return the learning-rate curves."""
    edges = [row.arm.name for row in trained(results) if row.choice and row.choice.edge]
    if not trained(results):
        return []
    said = f"The best rate lies at the end of the range for {', '.join(edges)}." if edges else (
        "No arm's best rate lies at the end of its range."
    )  # fmt: skip
    return [
        "## Learning rates",
        "",
        "Validation pass rate over the learning rate, mean of the tuning seeds: all rates after a "
        f"short run, the better ones after a longer one. Dotted: chosen. {said}",
        "",
        f"![Validation pass rate over learning rate, by arm]({folder}/rates.png)",
        "",
    ]


def by_layer(results: Results, folder: str) -> list[str]:
    """Return what each layer alone contributes."""
    rows = layers(results)
    if not rows:
        return []
    chosen = best(results)
    lines = [
        "## Contribution of each layer",
        "",
        f"![Gain of each layer trained alone]({folder}/layers.png)",
        "",
        f"Best on the validation split: layer {chosen.layer if chosen else '–'}. What greedy "
        f"selection reads is of that split too: [{CONTRIBUTIONS}]({folder}/{CONTRIBUTIONS}).",
        "",
        "| layer | learning rate | gain, points | share of the full gain | seeds |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        rate = "" if row.choice is None else f"{row.choice.rate:g}" + "†" * row.choice.edge
        cells = [str(row.layer), rate, points(row.gain), share(row), str(len(row.seeds))]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def spent(results: Results) -> list[str]:
    """Return what the study took."""
    mine = results.runs()
    seconds = sum(sum(line.seconds.values()) for line in mine)
    exam = sum(line.seconds.get("exam", 0.0) for line in mine if line.stage == "final" and line.lr)
    final = sum(sum(line.seconds.values()) for line in mine if line.stage == "final" and line.lr)
    counts = {name: sum(line.status == name for line in mine)
              for name in ("ok", "diverged", "failed")}  # fmt: skip
    machines = ", ".join(sorted({line.hardware for line in mine}))
    return [
        "## What it took",
        "",
        f"{len(mine)} runs ({counts['diverged']} diverged, {counts['failed']} failed), "
        f"{seconds / 3600:.1f} hours of processor time; evaluation takes "
        f"{100 * exam / max(final, 1e-9):.0f} % of a final run. {machines}.",
        "",
    ]


def limits(results: Results) -> list[str]:
    """Return what the numbers do not say."""
    total, policy = results.base().total, results.study.train.policy
    made = {
        "mixed": "It was made for this: it has practised on answers of which most were spoiled on "
        "purpose (`scripts/mixed_base.py`), so that reinforcement learning has something to raise. "
        "Most of the gain wins back what was spoiled: by its card (100 problems a level) the base "
        "policy solved 51 % of such problems before that practice. Full training comes close to "
        "that, and arms that do too may stand at a ceiling where nothing tells them apart. "
    }
    study = results.study
    order = (
        f"The exam weighs all levels alike, as {study.curricula[0]} trains them, and learning "
        f"rates are tuned under {study.tuning.curriculum or 'each curriculum'}. Rules that begin "
        f"at level 1 have {study.train.iterations} iterations to rise: what they lose may be their "
        "pace, and says little of their order. "
    ) if len(study.curricula) > 1 else ""  # fmt: skip
    return [
        "## Limits",
        "",
        f"One policy of {total / 1e6:.1f} M weights. {made.get(policy, '')}{order}"
        f"Problems are synthetic, answers short, runs {study.train.iterations} iterations long. "
        "Whether larger models on longer tasks agree is open.",
    ]
