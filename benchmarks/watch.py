"""Measure the time from a saved file to the new result of `check --watch`, in projects of 50 modules."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from benchmarks.inputs import workflow

MODULES = 50
MAXIMUM = 150.0
"""The maximum time in milliseconds."""

_IDLE_SECONDS = 2.0
"""The time between two edits. Within it, the command collects garbage."""
_STATUS = b"Ctrl-C"


def print_watch(folder: Path, rounds: int) -> None:
    """Print the median time of each project."""
    print(f"{'':<44}{'ms':>8}{'at most':>9}")
    for number, (name, write, maximum) in enumerate(
        (
            (f"{MODULES} workflows, one edited", write_workflows, MAXIMUM),
            (f"{MODULES - 1} imports of one workflow, one edited", write_imports, MAXIMUM),
        )
    ):
        project = folder / str(number)
        project.mkdir()
        write(project)
        milliseconds = statistics.median(_edit(project, project / "module_7.py", rounds)) * 1000
        print(f"{name:<44}{milliseconds:>8.0f}{maximum:>9.0f}{' !' if milliseconds > maximum else ''}", flush=True)


def write_workflows(folder: Path) -> None:
    """Write modules with a workflow each."""
    for number in range(MODULES):
        (folder / f"module_{number}.py").write_text(workflow(20, f"Workflow{number}"), encoding="utf-8")


def write_imports(folder: Path) -> None:
    """Write a workflow and the modules that it imports, each with a step and three functions that the step calls."""
    imports, calls = [], []
    for number in range(MODULES - 1):
        functions = "".join(
            f'def select_{n}(order):\n    return [line for line in order["lines"] if line["kind"] == {n}]\n\n\n'
            for n in range(3)
        )
        step = (
            "async def work(step, order):\n"
            f'    @step.do("work {number}", config={{"timeout": "5 minutes"}})\n'
            "    async def inner():\n"
            "        return [select_0(order), select_1(order), select_2(order)]\n\n"
            "    return await inner()\n"
        )
        (folder / f"module_{number}.py").write_text(functions + step, encoding="utf-8")
        imports.append(f"import module_{number}\n")
        calls.append(f'        await module_{number}.work(step, event["payload"])\n')
    head = "from workers import WorkflowEntrypoint\n\n\nclass W(WorkflowEntrypoint):\n"
    run = "    async def run(self, event, step):\n"
    (folder / "entry.py").write_text("".join([*imports, head, run, *calls]), encoding="utf-8")


def _edit(project: Path, path: Path, rounds: int) -> list[float]:
    """Return the seconds from each edit of a file to the next status line."""
    command = [sys.executable, "-m", "stepgraph", "check", "--watch", "-f", "concise"]
    text = path.read_text(encoding="utf-8")
    seconds: list[float] = []
    with subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        if process.stderr is None:
            return seconds
        try:
            _read_status(process.stderr)
            for number in range(rounds + 1):
                time.sleep(_IDLE_SECONDS)
                began = time.perf_counter()
                path.write_text(f"{text}# {number}\n", encoding="utf-8")
                _read_status(process.stderr)
                seconds.append(time.perf_counter() - began)
        finally:
            process.kill()
    return seconds[1:]  # the first edit is a warm-up


def _read_status(stream: IO[bytes]) -> None:
    for line in stream:
        if _STATUS in line:
            return
