"""Hostile inputs by the thousand, each by its number: what is read and written for them, and what is said.

A module of such inputs is run as `python -m tests.hostile.NAME COUNT [FIRST]`. Inputs are tried in batches, each in a
process of its own, where Python itself tells of each file that is opened.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

SECRET: Final = "hunter2-ghp-canary"  # noqa: S105 - that of nobody
PROJECT: Final = "project"
OUTSIDE: Final = "outside"
TEMPORARY: Final = "temporary"

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 250
# For a whole batch, which takes seconds.
_PATIENCE_SECONDS: Final = 900
_MOST_NAMED: Final = 20
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGING: Final = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"}
)
_READ_ANYWHERE: Final = ("/dev/null",)

Trial = Callable[[int, Path], Callable[[], tuple[int, str]]]
"""Makes the input of a number in a folder, and returns what runs it: to an exit code, and all that was said."""


@dataclass(slots=True)
class Counts:
    """What became of inputs: `results` of the command, `refused` ones, and with its number what must not be."""

    inputs: int = 0
    results: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Count what another has counted."""
        self.inputs += other.inputs
        self.results += other.results
        self.refused += other.refused
        self.faults += other.faults


def tried(module: str, count: int, first: int = 0) -> Counts:
    """Return what becomes of so many inputs of a module, from a number on."""
    counts = Counts()
    at, end = first, first + count
    while at < end:
        batch = _batch(module, at, min(end, at + _BATCH))
        counts.add(batch)
        at += batch.inputs
    return counts


def _batch(module: str, first: int, end: int) -> Counts:
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder, "counted")
        command = [sys.executable, "-m", module, "--here", str(counted), str(first), str(end)]
        environment = {**os.environ, "STEPGRAPH_NO_CACHE": "1", "SOURCE_DATE_EPOCH": "0", "STEPGRAPH_CANARY": SECRET}
        how = "killed the interpreter"
        try:
            subprocess.run(command, cwd=_ROOT, env=environment, check=False, timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            how = "did not end"
        lines = counted.read_text(encoding="utf-8").splitlines() if counted.exists() else []
        counts = Counts(**json.loads(lines[-1])) if lines else Counts()
    if counts.inputs < end - first:
        counts.faults.append(f"{first + counts.inputs} {how}")
        counts.inputs += 1
    return counts


class _Watch:
    """Notes what is opened outside of a project, and what is changed outside of it and of the temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.noted: list[str] = []
        self.is_on = False
        self._outside = str(folder / OUTSIDE)
        self._inside = (str(folder / PROJECT), str(folder / TEMPORARY))
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on or not arguments or not isinstance(arguments[0], str | bytes):
            return
        if event not in _CHANGING and event not in ("open", "os.listdir", "os.scandir"):
            return
        if event in _CHANGING:
            # What a link leads to is text, and what is renamed is changed in both places.
            changed = (
                arguments[1:2] if event in ("os.symlink", "os.link") else arguments[: 2 if event == "os.rename" else 1]
            )
            for path in changed:
                self._note(os.fsdecode(str(path)), writes=True, follows=False)
        else:
            flags = arguments[2] if event == "open" and len(arguments) > 2 else 0
            self._note(
                os.fsdecode(arguments[0]), writes=isinstance(flags, int) and bool(flags & _WRITING), follows=True
            )

    def _note(self, path: str, *, writes: bool, follows: bool) -> None:
        real = os.path.realpath(path if follows else Path(path).parent)
        if path in _READ_ANYWHERE:
            return
        if writes and not real.startswith(self._inside):
            self.noted.append(f"changed {path!r}")
        elif real.startswith((self._outside, "/proc/", "/dev/")):
            self.noted.append(f"opened {path!r}")


def _try_here(trial: Trial, counted: str, first: int, end: int) -> None:
    """Try inputs in this process, and write a line of the counts after each."""
    counts = Counts()
    with tempfile.TemporaryDirectory() as top, Path(counted).open("w", encoding="utf-8") as lines:
        folder = Path(top).resolve()
        watch = _Watch(folder)
        tempfile.tempdir = str(folder / TEMPORARY)
        for number in range(first, end):
            _clear(folder)
            _try(trial, number, folder, counts, watch)
            lines.write(json.dumps(asdict(counts)) + "\n")
            lines.flush()
        os.chdir(_ROOT)


def _clear(folder: Path) -> None:
    os.chdir(folder)
    for path in folder.iterdir():
        shutil.rmtree(path)
    for name in (PROJECT, OUTSIDE, TEMPORARY):
        (folder / name).mkdir()
    for name in ("leak.py", "entry.py", "netrc", "known.json", "wrangler.toml", "pyproject.toml", "__init__.py"):
        (folder / OUTSIDE / name).write_text(f'API_KEY = "{SECRET}"\n', encoding="utf-8")
    os.chdir(folder / PROJECT)


def _try(trial: Trial, number: int, folder: Path, counts: Counts, watch: _Watch) -> None:
    run = trial(number, folder)
    watch.is_on = True
    try:
        code, said = run()
    finally:
        watch.is_on = False
    outside = {path.name: path.read_text(encoding="utf-8") for path in (folder / OUTSIDE).iterdir()}
    faults = [
        *watch.noted,
        *([f"ended with {code}: {said[-300:]}"] if code not in (0, 1, 2, 3) or "Traceback (most" in said else []),
        *(["said nothing"] if code in (2, 3) and not said else []),
        *(["told a secret"] if SECRET in said else []),
        *(["changed what is outside"] if set(outside.values()) != {f'API_KEY = "{SECRET}"\n'} else []),
        *(["left a temporary folder"] if any((folder / TEMPORARY).iterdir()) else []),
        *(["ran what git is configured with"] if any((folder / PROJECT).glob("**/sprung")) else []),
        *(["wrote a secret"] if SECRET in _written(folder / PROJECT) else []),
    ]
    watch.noted.clear()
    counts.inputs += 1
    counts.results += code in (0, 1)
    counts.refused += code in (2, 3)
    counts.faults += [f"{number} {fault}" for fault in faults]


def _written(project: Path) -> str:
    """Return what all files of a project hold that are no links."""
    files = (
        path for path in project.rglob("*") if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    )
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def told(counts: Counts) -> Iterator[str]:
    """Yield the counts in lines for people."""
    became = f"results {counts.results:,}, refused {counts.refused:,}, faults {len(counts.faults):,}"
    yield f"inputs {counts.inputs:,}, {became}"
    yield from counts.faults[:_MOST_NAMED]


def main(module: str, trial: Trial) -> None:
    """Do what the command line asks for."""
    match sys.argv[1:]:
        case ["--here", counted, first, end]:
            _try_here(trial, counted, int(first), int(end))
        case [count, *first]:
            print("\n".join(told(tried(module, int(count), *map(int, first)))))  # noqa: T201 - what it is for
