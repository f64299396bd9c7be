"""Measure the time and memory of commands in subprocesses."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """The resources that a process used."""

    wall: float
    """Wall-clock time in seconds."""
    processor: float
    """Processor time in seconds."""
    memory: int
    """Peak memory in bytes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Median times of a command and its baseline, and median ratios of both in each round.

    The speed of a machine drifts, but the ratio of two consecutive runs does not.
    """

    seconds: float
    """Wall-clock time of the command in seconds."""
    baseline: float
    """Wall-clock time of the baseline in seconds."""
    ratio: float
    """The median ratio of wall-clock times."""
    memory_ratio: float
    """The median ratio of peak memory."""


def measure(command: Sequence[str]) -> ProcessUsage:
    """Run a command with cached bytecode. Raises CalledProcessError if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=errors.read())
    return ProcessUsage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def compare(tool: Sequence[str], baseline: Sequence[str], rounds: int) -> Comparison:
    """Run two commands alternately for a number of rounds, after a warm-up."""
    measure(tool), measure(baseline)  # a warm-up, which fills caches
    pairs = [(measure(tool), measure(baseline)) for _ in range(rounds)]
    return Comparison(
        statistics.median(tool_usage.wall for tool_usage, _ in pairs),
        statistics.median(baseline_usage.wall for _, baseline_usage in pairs),
        statistics.median(tool_usage.wall / baseline_usage.wall for tool_usage, baseline_usage in pairs),
        statistics.median(tool_usage.memory / baseline_usage.memory for tool_usage, baseline_usage in pairs),
    )
