"""Running commands as processes, and what each takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took: seconds on the wall, seconds of the processor, and bytes of memory at its peak."""

    wall: float
    processor: float
    memory: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The medians of a command and of what it cannot do without, and of their ratios, pair by pair.

    The machine's speed drifts, the ratio of what runs in turn does not.
    """

    took: float
    floor: float
    ratio: float
    memory_ratio: float


def run(command: Sequence[str]) -> Run:
    """Run a command to its end, as installed: with what was compiled before. Raises CalledProcessError if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=told.read())
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def compare(tool: Sequence[str], floor: Sequence[str], rounds: int) -> Comparison:
    """Run two commands in turn, so many times."""
    run(tool), run(floor)  # the first runs fill caches
    pairs = [(run(tool), run(floor)) for _ in range(rounds)]
    return Comparison(
        statistics.median(one.wall for one, _ in pairs),
        statistics.median(other.wall for _, other in pairs),
        statistics.median(one.wall / other.wall for one, other in pairs),
        statistics.median(one.memory / other.memory for one, other in pairs),
    )
