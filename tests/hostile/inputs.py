"""Print the time and memory that each hostile input takes: `python -m tests.hostile.inputs`.

Each module in `registry` defines `INPUTS`, a list of `HostileInput`s. Each input runs in a subprocess, at its size and
at ten times its size. It fails if it exceeds 5 seconds and 500 MB (10 seconds at ten times the size), or if it ends
with a signal, a traceback or an internal error.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile import registry
from tests.hostile.hostile_input import HostileInput

_SECONDS = (5, 10)
_MEGABYTES = 500
_EXPECTED_CODES = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The outcome of one run of the command."""

    seconds: float
    """Processor time."""
    megabytes: float
    """Peak resident memory."""
    code: int
    """Exit code, negative for a signal."""
    message: str
    """First line of the output that names a limit or an error."""

    def is_within(self, factor: int) -> bool:
        """Return whether the exit code, the time and, for a factor of 1, the memory are within their limits."""
        fits = self.megabytes <= _MEGABYTES or factor > 1
        return self.seconds <= _SECONDS[factor > 1] and fits and self.code in _EXPECTED_CODES


def load_inputs(only: str | None = None) -> list[HostileInput]:
    """Return the inputs of all modules in `registry`, or of a single one."""
    modules = [only] if only else sorted(module.name for module in pkgutil.iter_modules(registry.__path__))
    return [row for name in modules for row in importlib.import_module(f"{registry.__name__}.{name}").INPUTS]


def measure(row: HostileInput, size: int, patience: float) -> Measurement:
    """Run the command on an input of this size, and kill it after `patience` seconds of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in row.files(size).items():
            path = Path(folder, "project", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        cache = {"STEPGRAPH_CACHE_DIR": str(Path(folder, "cache")), "GIT_CEILING_DIRECTORIES": folder}
        with Path(folder, "out").open("w+b") as out:
            ended = subprocess.run(
                [sys.executable, "-c", _RUNNER, str(int(patience)), sys.executable, "-m", "stepgraph", *row.command],
                stdout=out,
                stderr=subprocess.PIPE,
                env={**os.environ, **cache},
                cwd=Path(folder, "project"),
                check=True,
            )
            out.seek(0)
            text = (out.read(2_000_000) + ended.stderr).decode("utf-8", "replace")
    status, seconds, kilobytes = text.rsplit("\n", 1)[-1].split()
    code = os.waitstatus_to_exitcode(int(status))
    return Measurement(float(seconds), int(kilobytes) / 1024, code, _message(text))


# The peak memory of a process includes its parent at the fork, so a small process starts the command.
_RUNNER: Final = """
import os, resource, subprocess, sys
limit = int(sys.argv[1])
process = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)))
_, status, usage = os.wait4(process.pid, 0)
sys.stderr.write(f"\\n{status} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
"""


def _message(text: str) -> str:
    lines = text.splitlines()
    matches = (line for word in ("more than", "Error", "error", "incomplete") for line in lines if word in line)
    return next(matches, "").strip()[:90]


def table(inputs: list[HostileInput], times: list[int], patience: float) -> Iterator[str]:
    """Yield the lines of the table, with `!` before each failure."""
    for row in inputs:
        for factor in times:
            measured = measure(row, row.size * factor, patience)
            mark = " " if measured.is_within(factor) else "!"
            cost = f"{measured.seconds:6.1f} s {measured.megabytes:6.0f} MB"
            yield f"{mark} {row.name[:50]:50} {row.size * factor:>9,} {cost} {measured.code:>4} {measured.message}"


def main() -> int:
    """Print the table, and return 1 if an input fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.inputs", description=__doc__)
    parser.add_argument("names", nargs="*", help="only inputs whose name contains one of these")
    parser.add_argument("--module", help="only inputs of this module in `registry`")
    parser.add_argument("--times", type=int, action="append", help="factors of the size (default: 1 and 10)")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds of processor time before an input is killed (default: 60)"
    )
    arguments = parser.parse_args()
    inputs = load_inputs(arguments.module)
    wanted = [row for row in inputs if not arguments.names or any(name in row.name for name in arguments.names)]
    failures = 0
    for line in table(wanted, arguments.times or [1, 10], arguments.patience):
        failures += line.startswith("!")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
