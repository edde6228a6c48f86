"""The command line: `frostline COMMAND`, see `COMMANDS`.

Each command lives in a module of its own that is imported when the command is used, so that
`frostline list` does not wait for torch.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

EXIT_USAGE = 2
EXIT_INTERRUPT = 130
EXIT_PIPE = 141


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        module: where it lives; the module has `main(args: list[str]) -> int`.
        summary: one line for the overview.
    """

    module: str
    summary: str


COMMANDS = {
    "train": Command("frostline.train_command", "train a policy up a curriculum, and report"),
    "evaluate": Command("frostline.evaluate_command", "measure held-out pass rates of a policy"),
    "play": Command("frostline.play", "answer problems yourself, or watch a policy answer"),
    "list": Command("frostline.listing", "list families, levels and a sample of each"),
    "audit": Command("frostline.audit_command", "check that families keep their promises"),
    "verify": Command("frostline.verify", "grade answers or programs from a JSON-lines file"),
    "report": Command("frostline.report_command", "write the report of a run again"),
    "export": Command("frostline.export_command", "write the policy of a run as a folder"),
    "plan": Command("frostline.plan_command", "show what trainable subsets are and cost"),
    "profile-layers": Command("frostline.profile_command", "measure what each layer earns alone"),
    "compare": Command("frostline.compare_command", "run a study: arms, learning rates, seeds"),
    "bench": Command(
        "frostline.bench.command", "measure problems, verdicts, iterations, curricula against peers"
    ),
}

OVERVIEW = """usage: frostline COMMAND [options]

Curriculum-learning environments with verifiable rewards, and a GRPO agent that trains few weights.

{commands}

frostline COMMAND --help shows the options and an example.
Example: frostline train --trainable first:5 --iterations 100
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    A mistake of the user is told in one line with status 2. `FROSTLINE_DEBUG=1` shows the trace.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        lines = "\n".join(f"  {name:<{width}}  {c.summary}" for name, c in COMMANDS.items())
        print(OVERVIEW.format(commands=lines), end="")
        return 0 if args else EXIT_USAGE
    if args[0] == "--version":
        from frostline import __version__

        print(f"frostline {__version__}")
        return 0
    if args[0] not in COMMANDS:
        close = difflib.get_close_matches(args[0], COMMANDS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return complain(f"command must be one of {', '.join(COMMANDS)}; got {args[0]!r}{hint}")
    try:
        status: int = importlib.import_module(COMMANDS[args[0]].module).main(args[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # `frostline list | head`: nobody reads on; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except (ValueError, OSError) as error:
        if os.environ.get("FROSTLINE_DEBUG"):
            raise
        message = explain(error) if isinstance(error, ValidationError) else str(error)
        return complain(" ".join(message.split()))
    except KeyboardInterrupt:
        return EXIT_INTERRUPT
    return status


def complain(message: str) -> int:
    """Print a one-line error and return the exit status of a wrong call."""
    print(f"frostline: error: {message}", file=sys.stderr)
    return EXIT_USAGE


def explain(error: ValidationError, prefix: str = "") -> str:
    """Return the first finding of a validation error as one line.

    Args:
        error: what pydantic raised.
        prefix: name of the option group that was validated, if it was one.
    """
    first = error.errors()[0]
    path = ".".join(str(part) for part in ([prefix] if prefix else []) + list(first["loc"]))
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    got = f", got {first['input']!r}" if first["loc"] else ""
    return f"{path}: {message}{got}" if path else message
