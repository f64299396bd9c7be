"""Measure the time from a saved file to the new result of `check --watch`, in projects of 50 modules.

The analysis alone, without the wait for the event of the file system, is measured in processor time.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from benchmarks.inputs import workflow
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.project.sources import find_sources

MODULES = 50
STEPS = 500
MAXIMUM = 150.0
"""The maximum time in milliseconds."""
_MAX_HELPER = 50.0
_MAX_STEPS = 60.0
"""The maximum times of the analysis alone, in milliseconds."""

_IDLE_SECONDS = 2.0
"""The time between two edits. Within it, the command collects garbage."""
_STATUS = b"Ctrl-C"


def print_watch(folder: Path, rounds: int) -> None:
    """Print the median time of each project."""
    print(f"{'':<56}{'ms':>8}{'at most':>9}")
    workflows, imports, shared, steps = (folder / name for name in ("workflows", "imports", "shared", "steps"))
    for project in (workflows, imports, shared, steps):
        project.mkdir()
    write_workflows(workflows)
    write_imports(imports)
    write_shared(shared)
    (steps / "entry.py").write_text(workflow(STEPS), encoding="utf-8")
    for name, project in (("workflows", workflows), ("modules, 49 of them imported by a workflow", imports)):
        milliseconds = statistics.median(_edit(project, project / "module_7.py", rounds)) * 1000
        _print(f"{MODULES} {name}, one edited", milliseconds, MAXIMUM)
    helper, entry = imports / "module_7.py", steps / "entry.py"
    milliseconds = statistics.median(_analyses(helper, '"5 minutes"', '"{} minutes"', rounds)) * 1000
    _print("the same import edited, analysis alone", milliseconds, _MAX_HELPER)
    milliseconds = statistics.median(_analyses(shared / "shared.py", '"kind"] == 7]', '"kind"] == {}]', rounds)) * 1000
    _print(f"a function of one of {MODULES - 1} workflows, analysis alone", milliseconds, _MAX_HELPER)
    milliseconds = statistics.median(_analyses(entry, '"step 250"', '"step 250 of {}"', rounds)) * 1000
    _print(f"one of {STEPS} steps edited, analysis alone", milliseconds, _MAX_STEPS)


def _print(name: str, milliseconds: float, maximum: float) -> None:
    print(f"{name:<56}{milliseconds:>8.0f}{maximum:>9.0f}{' !' if milliseconds > maximum else ''}", flush=True)


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


def write_shared(folder: Path) -> None:
    """Write a module, and workflows each of which uses another function of it."""
    functions = (
        f"\n\nasync def work_{number}(step, order):\n"
        f'    @step.do("work {number}", config={{"timeout": "5 minutes"}})\n'
        "    async def inner():\n"
        f'        return [line for line in order["lines"] if line["kind"] == {number}]\n\n'
        "    return await inner()\n"
        for number in range(MODULES - 1)
    )
    (folder / "shared.py").write_text("".join(["import re\n", *functions]), encoding="utf-8")
    for number in range(MODULES - 1):
        source = f"from shared import work_{number}\n{workflow(20, f'Workflow{number}').rstrip()}\n"
        call = f'        await work_{number}(step, event["payload"])\n'
        (folder / f"module_{number}.py").write_text(source + call, encoding="utf-8")


def _analyses(path: Path, before: str, after: str, rounds: int) -> list[float]:
    """Return the processor seconds of checks of a directory in this process, each after an edit of one of its files."""
    text = path.read_text(encoding="utf-8")
    analysis = IncrementalAnalysis()
    seconds: list[float] = []
    for number in range(rounds + 2):
        gc.collect()
        gc.disable()  # as in the command, which collects garbage between runs
        path.write_text(text.replace(before, after.format(number)), encoding="utf-8")
        began = time.process_time()
        analysis.check(find_sources([str(path.parent)]))
        seconds.append(time.process_time() - began)
        gc.enable()
    return seconds[2:]  # the first run, and a warm-up


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
