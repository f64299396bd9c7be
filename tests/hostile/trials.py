"""Audit the files that the command opens and changes for generated inputs.

A module of inputs runs as `python -m tests.hostile.NAME COUNT [FIRST]`. The number of an input is its seed. Each batch
runs in a subprocess with an audit hook (PEP 578).
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

SECRET: Final = "hunter2-ghp-canary"  # noqa: S105 - not a real secret
PROJECT: Final = "project"
OUTSIDE: Final = "outside"
TEMPORARY: Final = "temporary"

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 250
# The time limit for a whole batch, which usually takes seconds.
_PATIENCE_SECONDS: Final = 900
_MOST_NAMED: Final = 20
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGING: Final = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"}
)
_READ_ANYWHERE: Final = ("/dev/null",)

Trial = Callable[[int, Path], Callable[[], tuple[int, str]]]
"""Creates the input of a number in a directory. Returns a function that runs it and returns its exit code and output.
"""


@dataclass(slots=True)
class TrialCounts:
    """Totals of the trials, and the violations."""

    inputs: int = 0
    results: int = 0
    refused: int = 0
    """Inputs that made the command report an error."""
    violations: list[str] = field(default_factory=list)
    """The violations, each with the number of its input."""

    def add(self, counts: TrialCounts) -> None:
        """Add the counts of another batch."""
        self.inputs += counts.inputs
        self.results += counts.results
        self.refused += counts.refused
        self.violations += counts.violations


def run_trials(module: str, count: int, first: int = 0) -> TrialCounts:
    """Run `count` trials of a module, from the number `first` on."""
    counts = TrialCounts()
    at, end = first, first + count
    while at < end:
        batch = _batch(module, at, min(end, at + _BATCH))
        counts.add(batch)
        at += batch.inputs
    return counts


def _batch(module: str, first: int, end: int) -> TrialCounts:
    with tempfile.TemporaryDirectory() as folder:
        counts_path = Path(folder, "counted")
        command = [sys.executable, "-m", module, "--here", str(counts_path), str(first), str(end)]
        environment = {**os.environ, "STEPGRAPH_NO_CACHE": "1", "SOURCE_DATE_EPOCH": "0", "STEPGRAPH_CANARY": SECRET}
        # Python would write the modules that no earlier test has imported.
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        failure = "killed the interpreter"
        try:
            subprocess.run(command, cwd=_ROOT, env=environment, check=False, timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            failure = "did not end"
        lines = counts_path.read_text(encoding="utf-8").splitlines() if counts_path.exists() else []
        counts = TrialCounts(**json.loads(lines[-1])) if lines else TrialCounts()
    if counts.inputs < end - first:
        counts.violations.append(f"{first + counts.inputs} {failure}")
        counts.inputs += 1
    return counts


class _AuditWatch:
    """An audit hook that records reads outside the project, and writes outside the project and `TEMPORARY`."""

    def __init__(self, folder: Path) -> None:
        self.violations: list[str] = []
        self.is_on = False
        self._outside = str(folder / OUTSIDE)
        self._inside = (str(folder / PROJECT), str(folder / TEMPORARY))
        sys.addaudithook(self._on_audit_event)

    def _on_audit_event(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on or not arguments or not isinstance(arguments[0], str | bytes):
            return
        if event not in _CHANGING and event not in ("open", "os.listdir", "os.scandir"):
            return
        if event in _CHANGING:
            # The target of a link is not opened, and a rename changes both directories.
            changed = (
                arguments[1:2] if event in ("os.symlink", "os.link") else arguments[: 2 if event == "os.rename" else 1]
            )
            for path in changed:
                self._record(os.fsdecode(str(path)), writes=True, follows=False)
        else:
            flags = arguments[2] if event == "open" and len(arguments) > 2 else 0
            self._record(
                os.fsdecode(arguments[0]), writes=isinstance(flags, int) and bool(flags & _WRITING), follows=True
            )

    def _record(self, path: str, *, writes: bool, follows: bool) -> None:
        real = os.path.realpath(path if follows else Path(path).parent)
        if path in _READ_ANYWHERE:
            return
        if writes and not real.startswith(self._inside):
            self.violations.append(f"changed {path!r}")
        elif real.startswith((self._outside, "/proc/", "/dev/")):
            self.violations.append(f"opened {path!r}")


def _try_in_process(trial: Trial, counts_path: str, first: int, end: int) -> None:
    """Run trials in this process, and write the counts as a line of JSON after each."""
    counts = TrialCounts()
    with tempfile.TemporaryDirectory() as top, Path(counts_path).open("w", encoding="utf-8") as lines:
        folder = Path(top).resolve()
        watch = _AuditWatch(folder)
        tempfile.tempdir = str(folder / TEMPORARY)
        for number in range(first, end):
            _clear(folder)
            _try_input(trial, number, folder, counts, watch)
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


def _try_input(trial: Trial, number: int, folder: Path, counts: TrialCounts, watch: _AuditWatch) -> None:
    run = trial(number, folder)
    watch.is_on = True
    try:
        code, output = run()
    finally:
        watch.is_on = False
    outside = {path.name: path.read_text(encoding="utf-8") for path in (folder / OUTSIDE).iterdir()}
    violations = [
        *watch.violations,
        *([f"ended with {code}: {output[-300:]}"] if code not in (0, 1, 2, 3) or "Traceback (most" in output else []),
        *(["printed nothing"] if code in (2, 3) and not output else []),
        *(["printed a secret"] if SECRET in output else []),
        *(["changed a file outside"] if set(outside.values()) != {f'API_KEY = "{SECRET}"\n'} else []),
        *(["left a temporary folder"] if any((folder / TEMPORARY).iterdir()) else []),
        *(["ran a command of the git configuration"] if any((folder / PROJECT).glob("**/sprung")) else []),
        *(["wrote a secret"] if SECRET in _written_text(folder / PROJECT) else []),
    ]
    watch.violations.clear()
    counts.inputs += 1
    counts.results += code in (0, 1)
    counts.refused += code in (2, 3)
    counts.violations += [f"{number} {fault}" for fault in violations]


def _written_text(project: Path) -> str:
    """Return the content of all regular files of a project."""
    files = (
        path for path in project.rglob("*") if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    )
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def format_counts(counts: TrialCounts) -> Iterator[str]:
    """Yield the lines of a summary."""
    totals = f"results {counts.results:,}, refused {counts.refused:,}, violations {len(counts.violations):,}"
    yield f"inputs {counts.inputs:,}, {totals}"
    yield from counts.violations[:_MOST_NAMED]


def main(module: str, trial: Trial) -> None:
    """Run the trials of the command line, and print the counts."""
    match sys.argv[1:]:
        case ["--here", counts_path, first, end]:
            _try_in_process(trial, counts_path, int(first), int(end))
        case [count, *first]:
            print("\n".join(format_counts(run_trials(module, int(count), *map(int, first)))))  # noqa: T201 - a script
