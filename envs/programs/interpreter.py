"""Runs model programs in pydantic-monty, a small Python interpreter in worker processes of its own.

A program gets one fresh session, no files, no network, no environment, a frozen clock, sleep that
takes no time, a seeded `random`, 150 ms to define and 150 ms to be called, 64 MB, and 400 frames.
Its prints are dropped. A value that it returns comes back if it is small: 256 items at all depths
together, 8 levels, 4096 bits a number, 4000 characters a string. A worker that does not
stop in time is killed and replaced.

What this does not stop: bugs in pydantic-monty itself, which is young and unaudited (add a
container or a seccomp profile where that matters); two busy cores per process that verifies; a slow
machine making a slow program miss its limit. What it lacks: generators (`yield`; generator
expressions are lists, and `map` and such read an endless iterator for ever), `del`, inheritance,
decorators of the descriptor kind, methods named `__…__`, and modules beyond math, re, json,
itertools, functools, collections, random, datetime, bisect, copy and a few others.

The pool is not fork-safe: once a process has run a program, its forked children cannot, and get
VERIFIER_ERROR. Use `spawn` or `forkserver`, or fork before the first program.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import datetime
import importlib
import os
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_monty import (
    Monty,
    MontyConversionError,
    MontyCrashedError,
    MontyRuntimeError,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from ..problem import Status, Value
from ..values import fresh_value
from .iterators import with_iterators

FEED_SECONDS = 0.15  # of each of the two feeds: define, then call
KILL_GRACE_SECONDS = 0.05
MAX_RESULT_BITS = 4096
MAX_RESULT_ITEMS = 256  # of one value, at all depths together
MAX_RESULT_DEPTH = 8
MAX_RESULT_CHARS = 4000
MAX_MESSAGE_CHARS = 500
MAX_PROCESSES = 2

_LIMITS = ResourceLimits(
    max_feed_duration_secs=FEED_SECONDS,
    max_memory=64 << 20,
    max_recursion_depth=400,
    max_total_sleep_secs=0.0,
    max_suspensions=1,
)
_POLICY = OSPolicy(sleep="zero", random_start={"seed": 0}, datetime=datetime.datetime(2026, 1, 1))
# Values are bounded inside the sandbox, so that none that is large, shared or of another type
# crosses to the host: `x = [x, x]` forty times over would take terabytes there. What bounds them
# is out of a program's reach: local names that `f` cannot rebind, and comparisons in place of `len`
# and `type`, which it may shadow. A value without `<` is no int.
# The inputs lose their global name before the first call: a call sees no input but its own.
_CALL_INTS = f"""[_y if -_c < _y < _c else ...
 for _c in [1 << {MAX_RESULT_BITS}] for _all in [_xs] if (_xs := None) is None
 for _y in [f(_x) for _x in _all]]"""
# each value is copied before the next call, which could change it
_CALL_VALUES = f"""
def _call(xs):
    global _xs
    _xs = None
    cap = 1 << {MAX_RESULT_BITS}
    left = 0
    def small(y, depth):
        nonlocal left
        left -= 1
        if left < 0 or depth > {MAX_RESULT_DEPTH}:
            return ...
        if y is None:
            return y
        try:
            return y if -cap < y < cap else ...
        except:
            pass
        try:
            if '' <= y:
                return ... if y[{MAX_RESULT_CHARS}:] else y
        except:
            pass
        try:
            [] <= y
        except:
            try:
                () <= y
            except:
                return ...
            return ... if y[left:] else (*[small(i, depth + 1) for i in y],)
        return ... if y[left:] else [small(i, depth + 1) for i in y]
    values = []
    for x in xs:
        y = f(x)
        left = {MAX_RESULT_ITEMS} + 1
        values += [small(y, 0)]
    return values
_call(_xs)
"""
_NOT_AN_INT = "'<' not supported between instances of 'int'"

_MISSING_MODULE = re.compile(r"No module named '(\w+)|cannot import name '\w+' from '(\w+)'")
_MISSING_ATTRIBUTE = re.compile(
    r"(?:type object |(module ))?'(\w+)' (?:object )?has no attribute '([a-z]\w*)'"
)
_MISSING_NAME = re.compile(r"name '([a-z]\w*)' is not defined")
# modules that the interpreter has in part, less those through which a program could get out
_MODULES = frozenset(
    {"bisect", "collections", "copy", "dataclasses", "datetime", "functools", "itertools", "json",
     "math", "random", "re", "sys", "time", "typing"}
)  # fmt: skip
# builtins that are absent on purpose: using one is the program's mistake
_FORBIDDEN_NAMES = frozenset(
    {"breakpoint", "compile", "exit", "globals", "help", "input", "locals", "open", "quit", "vars"}
)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of running a program on inputs.

    Attributes:
        values: one result per input, or None if it failed; `...` stands for, or within, one that
            is huge or of a type that no case has.
        status: None when there are values, else MALFORMED, WRONG, UNSUPPORTED or VERIFIER_ERROR.
        reason: why it failed; holds the type of an exception, never its message, which could
            carry an input.
    """

    values: tuple[Any, ...] | None
    status: Status | None = None
    reason: str = ""


class PoolError(RuntimeError):
    """The interpreter itself failed; no verdict on the program."""


_lock = threading.Lock()
_pool: tuple[int, Monty] | None = None


def open_pool() -> Monty:
    """Start worker processes; the one place that does, so that tests can make it fail."""
    pool = Monty(
        min_processes=1,
        max_processes=MAX_PROCESSES,
        checkout_timeout=30.0,
        request_timeout=2.0,
        feed_duration_limit_grace=KILL_GRACE_SECONDS,
        turn_duration_limit_grace=KILL_GRACE_SECONDS,
    )
    return pool.__enter__()


def _current_pool() -> Monty:
    global _pool
    with _lock:
        if _pool is None:
            _pool = (os.getpid(), open_pool())
        owner, pool = _pool
        if owner != os.getpid():
            raise PoolError("the interpreter was used before a fork; use spawn or forkserver")
        return pool


@atexit.register
def close_pool() -> None:
    """Stop the worker processes of this process, if any; the next program starts new ones."""
    global _pool
    with _lock:
        if _pool is not None and _pool[0] == os.getpid():
            pool, _pool = _pool[1], None
            with contextlib.suppress(Exception):  # it may be dead already
                pool.__exit__(None, None, None)


def _drop(stream: str, text: str) -> None:
    """Take what a program prints and forget it."""


def _run_once(code: str, inputs: tuple[Value, ...], call: str, one_feed: bool) -> tuple[Any, ...]:
    with _current_pool().checkout(limits=_LIMITS, os_policy=_POLICY) as session:
        if one_feed:
            call = f"{code}\n{call}"
        else:
            # a trailing value would be carried to the host: end on one that costs nothing, apart
            # from a last line that a backslash would continue
            session.feed_run(f"{code}\n\n0", print_callback=_drop)
        return tuple(session.feed_run(call, inputs={"_xs": inputs}, print_callback=_drop))


def run_program(
    code: str, inputs: Sequence[Any], *, one_feed: bool = False, ints: bool = False
) -> RunResult:
    """Define `f` by `code` and call it on every input, in order, in one fresh session.

    Args:
        code: module text that defines `f`.
        inputs: what `f` is called on, each a copy of its own; the program cannot see them before
            `f` is defined, nor all of them afterwards.
        one_feed: define and call in one message, a third faster; for code that runs nothing while
            `f` is defined, such as one lambda.
        ints: whether only ints will do: 50 µs faster, and another value may fail the run.

    Returns:
        The values, or why there are none. Never raises on `code`; takes at most 0.4 s once it has
        a worker.
    """
    copies = tuple(fresh_value(value) for value in inputs)
    call = _CALL_INTS if ints else _CALL_VALUES
    code = with_iterators(code)
    reason = ""
    for _ in range(2):
        try:
            return RunResult(_run_once(code, copies, call, one_feed))
        except MontySyntaxError:
            return RunResult(None, Status.MALFORMED, "SyntaxError")
        except MontyRuntimeError as error:
            return _explain(error)
        except MontyConversionError:
            return RunResult(None, Status.WRONG, "f returned a value that cannot be read")
        except MontyCrashedError as error:
            if error.timed_out:  # one long operation, such as a power of huge numbers
                return RunResult(None, Status.WRONG, "time limit")
            reason = "the worker died"
        except UnicodeError:
            return RunResult(None, Status.MALFORMED, "not Unicode text")
        except Exception as error:  # ours: the program did not choose to come here
            reason = f"{type(error).__name__}: {error}"
        close_pool()
    return RunResult(None, Status.VERIFIER_ERROR, f"interpreter failed twice: {reason}")


def _explain(error: MontyRuntimeError) -> RunResult:
    """Tell the program's mistakes from what the interpreter lacks."""
    # a program can make a message of megabytes, and the interpreter's own are short
    name, _, message = str(error)[:MAX_MESSAGE_CHARS].partition(": ")
    if name == "TimeoutError":
        return RunResult(None, Status.WRONG, "time limit")
    if name == "TypeError" and _NOT_AN_INT in message:
        return RunResult(None, Status.WRONG, "f returned a value that is not an int")
    if _is_gap(name, message):
        return RunResult(None, Status.UNSUPPORTED, f"{name}: legal Python, not in this interpreter")
    if name == "NameError" and "'f'" in message:
        return RunResult(None, Status.MALFORMED, "f is not defined")
    known = getattr(builtins, name, None)  # a class of the program's own could carry an input
    return RunResult(None, Status.WRONG, name if isinstance(known, type) else "an exception")


def _is_gap(name: str, message: str) -> bool:
    """Whether CPython would have gone on where the interpreter stopped."""
    if name == "NotImplementedError" and message:  # a bare one was raised by the program
        return True
    if message == "'list' object is not an iterator":
        return True
    if match := _MISSING_MODULE.search(message):
        return (match[1] or match[2]) in sys.stdlib_module_names
    if match := _MISSING_ATTRIBUTE.search(message):
        if match[1]:
            return match[2] in _MODULES and hasattr(importlib.import_module(match[2]), match[3])
        kind = getattr(builtins, match[2], None)
        return isinstance(kind, type) and hasattr(kind, match[3])
    if name == "NameError" and (match := _MISSING_NAME.search(message)):
        return hasattr(builtins, match[1]) and match[1] not in _FORBIDDEN_NAMES
    return False
