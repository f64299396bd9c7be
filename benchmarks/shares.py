"""Print the largest shares of the processor time of each command in the table, from samples of its call stacks.

Requires `py-spy`. The time until Python is ready is that of `python -c pass`, because nothing can be sampled before.
Processes of git are not sampled, so their time counts as that of the other parts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import Command, environment_of, measure
from benchmarks.rows import Benchmark, benchmarks

SHARES: Final = 5
"""The number of shares of each command."""

_SAMPLES_PER_SECOND: Final = 500
_START: Final = "start of Python"
_PARSER: Final = "LibCST parser"
_MODULE: Final = re.compile(r"<module> \((\w+)[/.]")
"""The frame of a module that is being imported, with its package."""
_OWN: Final = re.compile(r"\(stepgraph/(\w+)[/.]")
"""A frame of a package of stepgraph."""
_PARSING: Final = "(libcst/_parser/"
_IMPORTING: Final = "(<frozen importlib."
_WAITING: Final = ("_wait_for_tstate_lock (", "wait (threading.py", "select (selectors.py", "_try_wait (subprocess.py")
"""The last frames of threads that wait for other threads and processes."""
_INSTALLED: Final = frozenset({"click", "libcst", "msgspec", "platformdirs", "pydantic", "pytest", "stepgraph"})


def print_shares(folder: Path, rounds: int, inputs: Iterable[str]) -> None:
    """Print a line for each benchmark of these inputs, with samples of several runs."""
    sampler = shutil.which("py-spy")
    if sampler is None:
        print("profile: py-spy is not on PATH. Install it with `pip install py-spy`.")
        return
    for benchmark in benchmarks(folder, inputs):
        print(f"{benchmark.name:<54}{', '.join(_shares(benchmark, sampler, rounds))}", flush=True)


def _shares(benchmark: Benchmark, sampler: str, rounds: int) -> Iterator[str]:
    """Yield the largest shares of the processor time of a command."""
    tool = benchmark.tool
    start = Command((tool.arguments[0], "-c", "pass"), tool.folder)
    measure(tool)  # a warm-up, which records runs
    start_time = min(measure(start).processor for _ in range(rounds))
    start_share = min(1.0, start_time / min(measure(tool).processor for _ in range(rounds)))
    samples: Counter[str] = Counter()
    for _ in range(rounds):
        samples.update(_samples(tool, sampler, folder=tool.folder.parent))
    parts = {part: (1 - start_share) * count / samples.total() for part, count in samples.items()}
    shares = Counter({_START: start_share, **parts}).most_common(SHARES)
    return (f"{part} {share:.0%}" for part, share in shares)


def _samples(tool: Command, sampler: str, folder: Path) -> Counter[str]:
    """Return the numbers of samples of a run, by part."""
    path = folder / "samples.txt"
    options = ["--rate", str(_SAMPLES_PER_SECOND), "--format", "raw", "--subprocesses", "--output", str(path)]
    subprocess.run(
        [sampler, "record", *options, "--", *tool.arguments],
        capture_output=True,
        check=False,  # it fails if the process ends before the first sample
        cwd=tool.folder,
        env=environment_of(tool),
    )
    samples: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        stack, _, number = line.rpartition(" ")
        frames = stack.split(";")
        if not any(waiting in frames[-1] for waiting in _WAITING):
            samples[part_of(frames)] += int(number)
    path.unlink(missing_ok=True)
    return samples


def part_of(frames: Sequence[str]) -> str:
    """Return the part of the program that a call stack belongs to, from its outermost to its innermost frame."""
    if any(_PARSING in frame for frame in frames):
        return _PARSER
    for number in range(len(frames) - 1, -1, -1):
        frame = frames[number]
        module = _MODULE.match(frame)
        if module is not None and module[1] in _INSTALLED and any(_IMPORTING in above for above in frames[:number]):
            return f"import {module[1]}"
        own = _OWN.search(frame)
        if own is not None:
            return _import_of(frames[number + 1 :]) or own[1]
    return "pytest" if any("(_pytest/" in frame for frame in frames) else "Python"


def _import_of(frames: Sequence[str]) -> str | None:
    """Return the part of an import by a function, such as of a module of the standard library."""
    return "import of other modules" if frames and _IMPORTING in frames[0] else None
