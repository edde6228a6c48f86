"""Running reference programs and their mutants in CPython, in a child process with limits.

Only text of a family's author goes here, and small changes of it; never what a model wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from ..problem import Value

BATCH_SECONDS = 120.0  # of a whole batch; a job has half a second

# values travel as `repr`, which tells 1, True, 1.0 and '1' apart at every depth
_CHILD = r"""
import ast, contextlib, io, json, signal, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
except (ImportError, ValueError, OSError):
    pass

def stop(number, frame):
    raise TimeoutError

def small(value):
    return "huge" if type(value) is int and value.bit_length() > 4096 else repr(value)

def run(text, inputs):
    space = {}
    exec(text, space)
    f = space["f"]
    spread = getattr(getattr(f, "__code__", None), "co_argcount", 1) > 1
    outputs = []
    for x in map(ast.literal_eval, inputs):
        try:
            outputs.append(small(f(*x) if spread and isinstance(x, tuple) else f(x)))
        except TimeoutError:
            raise
        except Exception as error:
            outputs.append("raises " + type(error).__name__)
    return outputs

signal.signal(signal.SIGALRM, stop)
results = []
for text, inputs in json.load(sys.stdin):
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            outputs = run(text, inputs)
    except (Exception, SystemExit) as error:
        outputs = ["raises " + type(error).__name__] * len(inputs)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    results.append(outputs)
print(json.dumps(results))
"""


class Job(NamedTuple):
    """A program to run on inputs.

    Attributes:
        module: text that defines `f`.
        inputs: what it is called with, one after the other.
    """

    module: str
    inputs: tuple[Value, ...]


def run_jobs(jobs: Sequence[Job]) -> list[list[str]]:
    """Return the outputs of each job as `repr`; `raises …` where the program failed.

    Raises:
        RuntimeError: if the child died.
    """
    if not jobs:
        return []
    sent = json.dumps([[job.module, [repr(x) for x in job.inputs]] for job in jobs])
    command = [sys.executable, "-I", "-c", _CHILD]
    done = subprocess.run(
        command, input=sent, capture_output=True, text=True, timeout=BATCH_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"CPython failed on the references: {done.stderr.strip()[-200:]}")
    results: list[list[str]] = json.loads(done.stdout)
    return results
