"""Measure the time and memory of commands in subprocesses."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LAUNCHER: Final = """\
import os, sys, time
files = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
began = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=files)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - began
code = os.waitstatus_to_exitcode(status)
print([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, code])
"""
"""Runs a command from a small process, because the peak memory of a process is never below that of its parent."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to measure."""

    arguments: Sequence[str]
    """The path of the program, and its arguments."""
    folder: Path
    """The working directory."""
    code: int = 0
    """The exit code of success."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Additional variables of the environment."""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """The resources that a process and its child processes used."""

    wall: float
    """Wall-clock time in seconds."""
    processor: float
    """Processor time in seconds, of all processes."""
    memory: int
    """Peak memory in bytes, of the largest process."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A command and its baseline, in alternate runs."""

    tool: ProcessUsage
    """The median usage of the command."""
    baseline: ProcessUsage
    """The median usage of the baseline."""
    processor_ratio: float
    """The median ratio of processor times in each round.

    The speed of a machine drifts, but the ratio of two consecutive runs does not.
    """
    wall_ratio: float
    """The median ratio of wall-clock times in each round."""
    memory_ratio: float
    """The ratio of the median peak memory."""


def environment_of(command: Command) -> dict[str, str]:
    """Return the environment of a command, in which Python caches bytecode."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | dict(
        command.environment
    )


def measure(command: Command) -> ProcessUsage:
    """Run a command without its output. Raises RuntimeError if it fails."""
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command.arguments]
    result = subprocess.run(
        launch,
        capture_output=True,
        check=True,
        cwd=command.folder,
        env=environment_of(command),
        stdin=subprocess.DEVNULL,
    )
    wall, processor, memory, code = json.loads(result.stdout)
    if code != command.code:
        raise RuntimeError(_failure(command, code, result.stderr))
    return ProcessUsage(wall, processor, memory)


def _failure(command: Command, code: int, messages: bytes) -> str:
    return (
        f"exit code {code} of {' '.join(command.arguments)} in {command.folder}:\n{messages.decode(errors='replace')}"
    )


def output_of(command: Command, **variables: str) -> tuple[bytes, bytes]:
    """Return standard output and error of a command, with additional variables. Raises RuntimeError if it fails."""
    environment = environment_of(command) | variables
    result = subprocess.run(
        command.arguments,
        capture_output=True,
        check=False,
        cwd=command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if result.returncode != command.code:
        raise RuntimeError(_failure(command, result.returncode, result.stderr))
    return result.stdout, result.stderr


def typical_usage(usages: Sequence[ProcessUsage]) -> ProcessUsage:
    """Return the medians of several runs."""
    return ProcessUsage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.processor for usage in usages),
        int(statistics.median(usage.memory for usage in usages)),
    )


def compare(tool: Command, baseline: Command, rounds: int) -> Comparison:
    """Run two commands alternately for a number of rounds, after a warm-up."""
    measure(tool), measure(baseline)  # a warm-up, which fills caches
    pairs = [(measure(tool), measure(baseline)) for _ in range(rounds)]
    tool_usage, baseline_usage = (typical_usage(usages) for usages in zip(*pairs, strict=True))

    def ratio(amount: Callable[[ProcessUsage], float]) -> float:
        return statistics.median(amount(of_tool) / amount(of_baseline) for of_tool, of_baseline in pairs)

    return Comparison(
        tool_usage,
        baseline_usage,
        ratio(lambda usage: usage.processor),
        ratio(lambda usage: usage.wall),
        tool_usage.memory / baseline_usage.memory,
    )
