"""Fuzz the command with random and mutated input: `python -m tests.hostile.fuzzing COUNT [FIRST]`.

The number of an input is its seed. Each batch of inputs runs in a subprocess, so that an input that crashes the
interpreter or hangs is identified by its number.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from stepgraph.cli.formats import REPORT_FORMATS
from tests.hostile.mutations import generate_module, mutate, texts
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS, TEXT_FORMATS

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 500
# The time limit for a whole batch, which usually takes seconds.
_PATIENCE_SECONDS: Final = 600
_MOST_NAMED: Final = 20
_HALF: Final = 0.5

_FORMATS: Final = list(TEXT_FORMATS)
_DRAWINGS: Final = list(TEXT_DRAWINGS)
_REPORTS: Final = list(REPORT_FORMATS)
_DIFFS: Final = list(TEXT_DIFFS)


@dataclass(slots=True)
class FuzzCounts:
    """Totals of the inputs, and the numbers of those that failed."""

    inputs: int = 0
    results: int = 0
    refused: int = 0
    """Inputs that made the command report an error."""
    defects: list[int] = field(default_factory=list)
    """Inputs that raised an exception or printed no error."""
    crashes: list[int] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    """Inputs for which the command changed files."""
    slowest: tuple[int, float] = (0, 0.0)
    """The input that was slowest for its size, and its milliseconds per kilobyte."""

    def add(self, counts: FuzzCounts) -> None:
        """Add the counts of another batch."""
        self.inputs += counts.inputs
        self.results += counts.results
        self.refused += counts.refused
        self.defects += counts.defects
        self.crashes += counts.crashes
        self.hangs += counts.hangs
        self.writes += counts.writes
        self.slowest = max(self.slowest, (counts.slowest[0], counts.slowest[1]), key=lambda slow: slow[1])


@dataclass(frozen=True, slots=True)
class FuzzInput:
    """One run of the command."""

    arguments: tuple[str, ...]
    files: dict[str, bytes]
    """The files in the working directory, by name."""


def generate_input(number: int) -> FuzzInput:
    """Generate the input whose seed is `number`."""
    rng = Random(number)  # noqa: S311 - not for cryptography
    graph, report = ["-f", rng.choice(_FORMATS)], ["-f", rng.choice(_REPORTS)]
    kind = rng.randrange(12)
    if kind == 0:
        saved = {"a.json": _saved(rng), "b.json": _saved(rng)}
        drawn = ("render", "a.json", "-f", rng.choice(_DRAWINGS))
        compared = ("diff", "a.json", "b.json", "-f", rng.choice(_DIFFS))
        return FuzzInput(drawn if rng.random() < _HALF else compared, saved)
    files = {"a.py": generate_module(rng)}
    if kind == 1:
        files["b.py"] = mutate(rng, files["a.py"], texts(".py"))
        return FuzzInput(("diff", "a.py", "b.py", "-f", rng.choice(_DIFFS)), files)
    if kind == 2:
        files[rng.choice(["wrangler.jsonc", "wrangler.json"])] = mutate(rng, _WRANGLER, texts(".jsonc"))
        files["pyproject.toml"] = mutate(rng, _SETTINGS, [_SETTINGS])
        return FuzzInput(("check", ".", *report), files)
    if kind == 3:
        files["wrangler.toml"] = mutate(rng, _WRANGLER_TOML, [_WRANGLER_TOML])
        return FuzzInput(("graph", ".", *graph), files)
    if kind == 4:
        files["entry.py"] = b"from workers import *\nfrom a import *\nimport a\n" + generate_module(rng)
        return FuzzInput(("check", ".", *report), files)
    commands: list[tuple[str, ...]] = [
        ("graph", "a.py", *graph),
        ("check", "a.py", *report),
        ("check", "a.py", "--diff"),
        ("list", "a.py"),
    ]
    return FuzzInput(rng.choices(commands, [4, 4, 2, 1])[0], files)


_WRANGLER: Final = b"""{
  // where workflows are
  "name": "shop", "main": "a.py", "compatibility_date": "2026-03-01", "compatibility_flags": ["python_workers"],
  "workflows": [{"name": "orders", "binding": "ORDERS", "class_name": "Orders", "limits": {"steps": 10}},],
  "env": {"test": {"workflows": [{"name": "orders", "binding": "ORDERS", "class_name": "Orders"}]}}
}
"""
_WRANGLER_TOML: Final = b"""name = "shop"
main = "a.py"
compatibility_date = 2026-03-01
compatibility_flags = ["python_workers"]
[[workflows]]
name = "orders"
binding = "ORDERS"
class_name = "Orders"
[env.test]
workflows = [{ name = "orders", binding = "ORDERS", class_name = "Orders" }]
"""
_SETTINGS: Final = b"""[tool.stepgraph]
select = ["SG1", "SG201"]
ignore = ["SG2"]
strict = true
fail-on = "warning"
baseline = "known.json"
[tool.stepgraph.severity]
SG201 = "warning"
"""


def _saved(rng: Random) -> bytes:
    graphs = texts(".json")
    return mutate(rng, rng.choice(graphs), graphs)


def fuzz(count: int, first: int = 0) -> FuzzCounts:
    """Run the command on `count` inputs, from the number `first` on."""
    counts = FuzzCounts()
    at, end = first, first + count
    while at < end:
        batch = _batch(at, min(end, at + _BATCH))
        counts.add(batch)
        at += batch.inputs
    return counts


def _batch(first: int, end: int) -> FuzzCounts:
    """Run inputs in a subprocess, up to the first that crashes or hangs."""
    with tempfile.TemporaryDirectory() as folder:
        counts_path = Path(folder, "counted")
        command = [sys.executable, "-m", "tests.hostile.fuzzing", "--here", str(counts_path), str(first), str(end)]
        try:
            code = subprocess.run(command, cwd=_ROOT, check=False, timeout=_PATIENCE_SECONDS).returncode
        except subprocess.TimeoutExpired:
            code = None
        counts = _read(counts_path)
    if counts.inputs < end - first and code != -signal.SIGTERM:
        (counts.hangs if code is None else counts.crashes).append(first + counts.inputs)
        counts.inputs += 1
    return counts


def _read(counts_path: Path) -> FuzzCounts:
    lines = counts_path.read_text(encoding="utf-8").splitlines() if counts_path.exists() else []
    return FuzzCounts(**json.loads(lines[-1])) if lines else FuzzCounts()


def _fuzz_in_process(counts_path: str, first: int, end: int) -> None:
    """Run inputs in this process, and write the counts as a line of JSON after each."""
    counts = FuzzCounts()
    with tempfile.TemporaryDirectory() as folder, Path(counts_path).open("w", encoding="utf-8") as lines:
        os.chdir(folder)
        _try_input(first, FuzzCounts())  # a warm-up, which pays for the imports
        for number in range(first, end):
            _try_input(number, counts)
            lines.write(json.dumps(asdict(counts)) + "\n")
            lines.flush()
        os.chdir(_ROOT)


def _try_input(number: int, counts: FuzzCounts) -> None:
    case = generate_input(number)
    _clear()
    for name, content in case.files.items():
        Path(name).write_bytes(content)
    began = time.process_time()
    code, output = run(case.arguments)
    took = (time.process_time() - began) * 1000
    size = sum(map(len, case.files.values())) / 1000
    counts.inputs += 1
    counts.results += code in (0, 1)
    counts.refused += code in (2, 3) and bool(output)
    if code not in (0, 1, 2, 3) or (code in (2, 3) and not output) or "Traceback (most" in output:
        counts.defects.append(number)
    if {path.name: path.read_bytes() for path in Path().iterdir()} != case.files:
        counts.writes.append(number)
    # One kilobyte is added for the constant cost of a run.
    counts.slowest = max(counts.slowest, (number, round(took / (size + 1), 1)), key=lambda slow: slow[1])


def _clear() -> None:
    for path in Path().iterdir():
        path.unlink()


def run(arguments: tuple[str, ...]) -> tuple[int, str]:
    """Return the exit code and the output of the command, or 5 and the exception if it raises one."""
    from stepgraph.cli.main import main

    output = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(output), redirect_stderr(output):
        try:
            code = int(main(arguments))
        except BaseException as error:  # noqa: BLE001 - any exception is a defect
            return 5, repr(error)
    output.seek(0)
    return code, output.read()


def format_counts(counts: FuzzCounts) -> Iterator[str]:
    """Yield the lines of a summary."""
    yield f"inputs {counts.inputs:,}, results {counts.results:,}, refused {counts.refused:,}"
    for name, numbers in (
        ("internal errors", counts.defects),
        ("crashes", counts.crashes),
        ("hangs", counts.hangs),
        ("unrequested writes", counts.writes),
    ):
        named = f": inputs {', '.join(map(str, numbers[:_MOST_NAMED]))}" if numbers else ""
        yield f"{name} {len(numbers):,}{named}"
    yield f"slowest for its size: input {counts.slowest[0]}, {counts.slowest[1]} ms per kilobyte"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--here", counts_path, first, end]:
            _fuzz_in_process(counts_path, int(first), int(end))
        case [count, *first]:
            print("\n".join(format_counts(fuzz(int(count), *map(int, first)))))  # noqa: T201 - a script
