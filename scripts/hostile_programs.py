"""Grade thousands of hostile programs in a row, and look at what they did to this machine.

Endless loops, memory, recursion, deep nesting, escapes through files, processes, sockets, imports
and introspection, tampering with builtins, huge values: every template with other constants each
time. Afterwards the pool must still be alive, no file outside may have changed or appeared, no
process may be left, memory must be flat, and no program may have been paid. Prints one JSON object;
exit status 1 if anything of this fails. Linux only, for it reads /proc.

    python scripts/hostile_programs.py --programs 10000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from rich.progress import Progress

from frostline.envs.problem import Status
from frostline.envs.programs.interpreter import close_pool
from frostline.envs.programs.verifier import verify_program
from frostline.envs.streams import keyed_rng

SQUARES = [(n, n * n) for n in (0, -1, -4, -37, 4, 9, 58, 731, 86_243, -524_287)]
LISTS = [([3, 1, 2], [1, 2, 3]), ([], []), ([5, -7, 5], [-7, 5, 5])]
THREADS = 2  # as many as the pool has workers
MEMORY_EVERY = 50  # programs between two looks at memory

# @ is another number each time, FOLDER a folder with a file whose content must not change
TEMPLATES = (
    "while True: pass",
    "def f(n):\n    while True: n += @",
    "def f(n):\n    try:\n        while True: pass\n    except BaseException:\n        return n*n",
    "f = lambda n: sum(range(10**1@))",
    "f = lambda n: any(False for _ in iter(int, 1)) or n*n",
    "def f(n):\n    return f(n + 1) + f(n - @)",
    "def f(n):\n    return f(f(n) + @)",
    "f = lambda n: 9**9**9**@",
    "f = lambda n: 1 << 10**1@",
    "def f(n):\n    x = 3**999@\n    for _ in range(40): x = x*x\n    return n*n",
    "x = 7**99@9\nfor _ in range(40): x = x*x\nf = lambda n: n*n",
    "f = lambda n: 'a' * 10**1@",
    "f = lambda n: [0] * 10**1@",
    "a = [@]\nwhile True: a += a",
    "a = 'x'\nwhile True: a += a + '@'",
    "d = {}\ni = @\nwhile True:\n    d[i] = str(i) * 100\n    i += 1",
    "f = lambda n: list(range(10**8 + @))",
    "f = lambda n: ('a' * 10**7).count('ab' * 10**3) + @",
    "f = lambda n: str(10**9@9).zfill(10**9)",
    "f = lambda n: '%100000000@d' % n",
    "import itertools\nf = lambda n: list(itertools.permutations(range(1@)))",
    "import re\nf = lambda n: re.match('(a+)+$', 'a' * 5000 + '@')",
    "while True: print('@' * 10**5)",
    "def f(n):\n    print('CORRECT @' * 10**6)\n    return n",
    "import time\ntime.sleep(3@)\nf = lambda n: n",
    "import time\ndef f(n):\n    time.sleep(1@)\n    return n",
    "(((((" * 300 + "n" + ")))))" * 300 + " + @",
    "-" * 3900 + "@",
    "not " * 900 + "@",
    "n" + "+n" * 1900 + "+@",
    "[" * 1900 + "@" + "]" * 1900,
    "x = []\nfor _ in range(10**5): x = [x]\nf = lambda n: x == x and @",
    "x = []\nx.append(x)\nf = lambda n: repr(x) + '@'",
    "f = lambda n: open('FOLDER/canary', 'w').write('@')",
    "f = lambda n: open('FOLDER/made@', 'w').write('here')",
    "open('FOLDER/canary', 'a').write('@')\nf = lambda n: n*n",
    "from pathlib import Path\nPath('FOLDER/made@').write_text('here')\nf = lambda n: n*n",
    "from pathlib import Path\nf = lambda n: Path('FOLDER/canary').unlink() or @",
    "import os\nos.system('touch FOLDER/made@')\nf = lambda n: n*n",
    "import os\nos.remove('FOLDER/canary')\nf = lambda n: @",
    "import os\nf = lambda n: os.environ['PATH'] + '@'",
    "import os\nos._exit(@)\nf = lambda n: n*n",
    "import os\nos.kill(os.getppid(), 9)\nf = lambda n: @",
    "import os\nwhile True: os.fork()\n# @",
    "import sys\nsys.exit(@)",
    "import subprocess\nsubprocess.run(['touch', 'FOLDER/made@'])\nf = lambda n: n*n",
    "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', 2@))\nf = lambda n: n*n",
    "import ctypes\nctypes.string_at(@)\nf = lambda n: n*n",
    "import threading\nthreading.Thread(target=lambda: 1/@).start()\nf = lambda n: n",
    "import asyncio\nasyncio.run(asyncio.sleep(9@))\nf = lambda n: n",
    "__import__('os').system('touch FOLDER/made@') or n*n",
    "eval(\"__import__('os').system('touch FOLDER/made@')\") or n*n",
    "exec(\"open('FOLDER/made@', 'w')\") or n*n",
    "().__class__.__bases__[0].__subclasses__()[@]",
    "(lambda: 0).__globals__['__builtins__'] or @",
    "getattr((), '__cl' + 'ass__') or @",
    "'{0.__class__.__init__.__globals__}'.format(n) or @",
    "f.__code__ or @",
    "import builtins\nbuiltins.len = lambda x: @\nf = lambda n: n",
    "len = type = sorted = isinstance = all = lambda *a: True\nf = lambda n: 'x' * 10**7 + '@'",
    "class E(int):\n    def __eq__(self, o): return True\nf = lambda n: E(@)",
    "class E:\n    def __eq__(self, o): return True\n    x = @\nf = lambda n: E()",
    "import random\nf = lambda n: n*n if random.random() < 0.5 else @",
    "c = [0]\ndef f(n):\n    c[0] += 1\n    return n*n if c[0] < 1@ else 0",
    "f = lambda n: 10**10**@",
    "f = lambda n: (n*n) * 1.0 + 0*@",
    "f = lambda n: float('nan') or @",
    "f = lambda n: [[[]]] * 10**6 + [@]",
    "f = lambda n: bytes(10**7) + b'@'",
    "def f(n):\n    raise SystemExit(@)",
    "def f(n):\n    raise KeyboardInterrupt('@')",
    "raise BaseException('@')",
    "def f(n):\n    assert n == @\n    return n*n",
    "def f(n):\n    raise AttributeError(\"module 'a\" * @ * 10**6)",
    "def f(n):\n    raise ValueError([n] * 10**6, '@' * 10**6)",
    "e = ValueError('@' * 10**5)\nfor _ in range(10**4): e = ValueError(e)\ndef f(n): raise e",
    "x = []\nfor _ in range(10**5): x = [x]\nx = [x, [x]]\nf = lambda n: sorted(x) or @",
    "x = {}\nfor _ in range(10**5): x = {@: x}\nf = lambda n: repr(x)",
    "x = ()\nfor _ in range(10**5): x = (x,)\nf = lambda n: {x: @}",
    "x = [@]\nfor _ in range(40): x = [x, x]\nf = lambda n: x",
    "x = [@]\nfor _ in range(40): x = [x, x]\nf = lambda n: {n: x}",
    "g = lambda n: @\nfor _ in range(10**5): g = (lambda h: lambda n: h(n))(g)\nf = g",
    "import copy\nx = []\nfor _ in range(10**5): x = [x]\nf = lambda n: copy.deepcopy(x) and @",
    "import json\nf = lambda n: json.loads('[' * 10**6) or @",
    "from decimal import Decimal\nf = lambda n: Decimal('0.' + '@' * 10**7)",
    "from decimal import Decimal\nx = Decimal('0.' + '@' * 10**6)\nf = lambda n: [x] * 200",
    "import random\nf = lambda n: random.getrandbits(10**1@)",
    "import math\nf = lambda n: math.factorial(10**7 + @)",
    "import re\nf = lambda n: re.compile('(((a{1000}){1000}){1000}){100@}')",
    "def f(n):\n    global _call, f\n    f = _call = lambda *a: n*n\n    return n + 1@",
    "def f(n):\n    return n*n if n in _xs else @",
    "def f(n):\n    for x in _xs: x.clear()\n    return _xs or @",
    "lambda n, inputs=_xs: [x*x for x in inputs if x == n][0] + 0*@",
    "\ud800\udfff@",
    "f = lambda n: '\\ud800' * @",
)  # fmt: skip


def processes() -> dict[int, str]:
    """Return the command of every process below this one."""
    parents, names = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text()
        except OSError:  # it has ended meanwhile
            continue
        name, _, rest = stat.partition(" (")[2].rpartition(") ")
        parents[int(path.name)], names[int(path.name)] = int(rest.split()[1]), name
    below: dict[int, str] = {}
    for pid in parents:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and pid != above:
            below[pid] = names[pid]
    return below


def megabytes() -> float:
    """Return the resident memory of this process and of all below it."""
    total = 0
    for pid in (os.getpid(), *processes()):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        total += sum(map(int, sizes))
    return total / 1024


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def grade(number: int, folder: Path) -> tuple[str, float, str]:
    """Return verdict, seconds and text of the hostile program of a number."""
    rng = keyed_rng("hostile programs", number)
    code = TEMPLATES[number % len(TEMPLATES)]
    code = code.replace("FOLDER", str(folder)).replace("@", str(rng.randint(2, 9)))
    cases = LISTS if number % 3 == 2 else SQUARES
    start = time.perf_counter()
    verdict = verify_program(code, cases, shuffle_key=number)
    return verdict.status.value, time.perf_counter() - start, code


def run(programs: int) -> dict[str, object]:
    """Grade the programs and return what was seen."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(THREADS) as threads:
        folder = Path(name)
        (folder / "canary").write_text("untouched")
        before, here = contents(folder), contents_of_working_directory()
        assert verify_program("n*n", SQUARES).status is Status.CORRECT
        said: list[tuple[str, float, str]] = []
        memory: list[float] = []
        began = time.perf_counter()
        with Progress(disable=not sys.stderr.isatty()) as progress:
            bar = progress.add_task("grading", total=programs)
            for result in threads.map(lambda i: grade(i, folder), range(programs)):
                said.append(result)
                progress.advance(bar)
                if len(said) % MEMORY_EVERY == 0:
                    memory.append(megabytes())
        seconds = time.perf_counter() - began
        alive = verify_program("n*n", SQUARES).status is Status.CORRECT
        touched = contents(folder) != before or contents_of_working_directory() != here
    close_pool()
    time.sleep(0.5)
    times = sorted(spent for _, spent, _ in said)
    half = len(memory) // 2
    paid = [code for status, _, code in said if status == "CORRECT"]
    return {
        "programs": programs,
        "templates": len(TEMPLATES),
        "seconds": round(seconds, 1),
        "verdicts": dict(Counter(status for status, _, _ in said).most_common()),
        "paid": paid[:3],
        "median_ms": round(times[len(times) // 2] * 1e3, 2),
        "worst_s": round(times[-1], 3),
        "pool_alive": alive,
        "files_touched": touched,
        "processes_left": sorted(processes().values()),
        # a worker grows and shrinks by 64 MB from one program to the next: medians are compared
        "memory_mb_first_half": round(median(memory[:half]), 1) if half else None,
        "memory_mb_second_half": round(median(memory[half:]), 1) if half else None,
        "memory_mb_most": round(max(memory), 1) if half else None,
    }


def contents_of_working_directory() -> list[str]:
    """Return the names in the working directory."""
    return sorted(os.listdir())


def main() -> int:
    """Parse the command line, run, print; return 1 if a program did anything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=10_000)
    report = run(parser.parse_args().programs)
    print(json.dumps(report, indent=2))
    first, second = report["memory_mb_first_half"], report["memory_mb_second_half"]
    grown = first is not None and second > 1.25 * first  # type: ignore[operator]
    bad = (report["paid"], report["files_touched"], report["processes_left"], grown)
    return int(any(bad) or not report["pool_alive"])


if __name__ == "__main__":
    sys.exit(main())
