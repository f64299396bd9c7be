"""The command on input that nobody meant, and what became of it: `python -m tests.hostile.fuzzing COUNT [FIRST]`.

Each input follows from its number. Inputs are tried in batches, each in a process of its own, so that one that kills
the interpreter, or does not end, is known by its number too.
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

from tests.hostile.mutations import module, mutated, texts

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 500
# For a whole batch, which takes seconds.
_PATIENCE_SECONDS: Final = 600
_MOST_NAMED: Final = 20
_HALF: Final = 0.5

_FORMATS: Final = ["text", "json", "dot", "svg", "html", "mermaid"]
_REPORTS: Final = ["text", "json", "sarif", "github", "gitlab", "markdown"]


@dataclass(slots=True)
class Counts:
    """What became of inputs: `results` of the command, `told` errors, and what must not be, by number of the input.

    `slowest` is the number of the input that took longest for its size, and how many milliseconds for each kilobyte.
    """

    inputs: int = 0
    results: int = 0
    told: int = 0
    defects: list[int] = field(default_factory=list)
    crashes: list[int] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    slowest: tuple[int, float] = (0, 0.0)

    def add(self, other: Counts) -> None:
        """Count what another has counted."""
        self.inputs += other.inputs
        self.results += other.results
        self.told += other.told
        self.defects += other.defects
        self.crashes += other.crashes
        self.hangs += other.hangs
        self.writes += other.writes
        self.slowest = max(self.slowest, (other.slowest[0], other.slowest[1]), key=lambda slow: slow[1])


@dataclass(frozen=True, slots=True)
class Input:
    """The arguments of a run of the command, and the files that it is run on, by name."""

    arguments: tuple[str, ...]
    files: dict[str, bytes]


def input_of(number: int) -> Input:
    """Return the input of a number."""
    chance = Random(number)  # noqa: S311 - no secret
    graph, report = ["-f", chance.choice(_FORMATS)], ["-f", chance.choice(_REPORTS)]
    kind = chance.randrange(12)
    if kind == 0:
        saved = {"a.json": _saved(chance), "b.json": _saved(chance)}
        drawn = ("render", "a.json", "-f", chance.choice(["text", "dot", "svg", "html", "mermaid"]))
        compared = ("diff", "a.json", "b.json", "-f", chance.choice(["text", "json", "markdown", "svg"]))
        return Input(drawn if chance.random() < _HALF else compared, saved)
    files = {"a.py": module(chance)}
    if kind == 1:
        files["b.py"] = mutated(chance, files["a.py"], texts(".py"))
        return Input(("diff", "a.py", "b.py", "-f", chance.choice(["text", "json", "markdown", "svg"])), files)
    if kind == 2:
        files[chance.choice(["wrangler.jsonc", "wrangler.json"])] = mutated(chance, _WRANGLER, texts(".jsonc"))
        files["pyproject.toml"] = mutated(chance, _SETTINGS, [_SETTINGS])
        return Input(("check", ".", *report), files)
    if kind == 3:
        files["wrangler.toml"] = mutated(chance, _WRANGLER_TOML, [_WRANGLER_TOML])
        return Input(("graph", ".", *graph), files)
    if kind == 4:
        files["entry.py"] = b"from workers import *\nfrom a import *\nimport a\n" + module(chance)
        return Input(("check", ".", *report), files)
    commands: list[tuple[str, ...]] = [
        ("graph", "a.py", *graph),
        ("check", "a.py", *report),
        ("check", "a.py", "--fix"),
        ("list", "a.py"),
    ]
    return Input(chance.choices(commands, [4, 4, 2, 1])[0], files)


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


def _saved(chance: Random) -> bytes:
    graphs = texts(".json")
    return mutated(chance, chance.choice(graphs), graphs)


def fuzzed(count: int, first: int = 0) -> Counts:
    """Return what becomes of so many inputs, from a number on."""
    counts = Counts()
    at, end = first, first + count
    while at < end:
        tried = _batch(at, min(end, at + _BATCH))
        counts.add(tried)
        at += tried.inputs
    return counts


def _batch(first: int, end: int) -> Counts:
    """Return what becomes of inputs in a process of their own: of all, or of those up to one that kills it or hangs."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder, "counted")
        command = [sys.executable, "-m", "tests.hostile.fuzzing", "--here", str(counted), str(first), str(end)]
        try:
            code = subprocess.run(command, cwd=_ROOT, check=False, timeout=_PATIENCE_SECONDS).returncode
        except subprocess.TimeoutExpired:
            code = None
        counts = _read(counted)
    if counts.inputs < end - first and code != -signal.SIGTERM:
        (counts.hangs if code is None else counts.crashes).append(first + counts.inputs)
        counts.inputs += 1
    return counts


def _read(counted: Path) -> Counts:
    lines = counted.read_text(encoding="utf-8").splitlines() if counted.exists() else []
    return Counts(**json.loads(lines[-1])) if lines else Counts()


def _fuzz_here(counted: str, first: int, end: int) -> None:
    """Try inputs in this process, and write a line of the counts after each."""
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder, Path(counted).open("w", encoding="utf-8") as lines:
        os.chdir(folder)
        _try(first, Counts())  # what is imported for the first is no matter of it
        for number in range(first, end):
            _try(number, counts)
            lines.write(json.dumps(asdict(counts)) + "\n")
            lines.flush()
        os.chdir(_ROOT)


def _try(number: int, counts: Counts) -> None:
    made = input_of(number)
    _clear()
    for name, content in made.files.items():
        Path(name).write_bytes(content)
    began = time.process_time()
    code, said = run(made.arguments)
    took = (time.process_time() - began) * 1000
    size = sum(map(len, made.files.values())) / 1000
    counts.inputs += 1
    counts.results += code in (0, 1)
    counts.told += code in (2, 3) and bool(said)
    if code not in (0, 1, 2, 3) or (code in (2, 3) and not said) or "Traceback (most" in said:
        counts.defects.append(number)
    if {path.name: path.read_bytes() for path in Path().iterdir()} != made.files:
        counts.writes.append(number)
    # What every run costs is no matter of its size.
    counts.slowest = max(counts.slowest, (number, round(took / (size + 1), 1)), key=lambda slow: slow[1])


def _clear() -> None:
    for path in Path().iterdir():
        path.unlink()


def run(arguments: tuple[str, ...]) -> tuple[int, str]:
    """Return the exit code of the command, and all that it said. Where it raises, as it never should, the code is 5."""
    from stepgraph.cli.main import main

    said = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(said), redirect_stderr(said):
        try:
            code = int(main(arguments))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a defect
            return 5, repr(error)
    said.seek(0)
    return code, said.read()


def told_counts(counts: Counts) -> Iterator[str]:
    """Yield the counts in lines for people."""
    yield f"inputs {counts.inputs:,}, results {counts.results:,}, errors told {counts.told:,}"
    for name, numbers in (
        ("internal errors", counts.defects),
        ("crashes", counts.crashes),
        ("hangs", counts.hangs),
        ("unasked writes", counts.writes),
    ):
        named = f": inputs {', '.join(map(str, numbers[:_MOST_NAMED]))}" if numbers else ""
        yield f"{name} {len(numbers):,}{named}"
    yield f"slowest for its size: input {counts.slowest[0]}, {counts.slowest[1]} ms a kilobyte"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--here", counted, first, end]:
            _fuzz_here(counted, int(first), int(end))
        case [count, *first]:
            print("\n".join(told_counts(fuzzed(int(count), *map(int, first)))))  # noqa: T201 - what it is for
