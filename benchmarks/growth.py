"""Measure how the time of an analysis, a check and each output format grows with the size of the input.

An exponent of 1 means that the time is proportional to the size. The search for exponents above `MAX_EXPONENT` covers
shapes of programs (`benchmarks/shapes.py`), output formats, differences of two versions, files, and logs of instances.
"""

from __future__ import annotations

import gc
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.shapes import CLASS, IMPORTS, PROGRAMS, Shape, body, class_chains, mixed, repeated
from stepgraph import analyze_source
from stepgraph.api import check_analysis

SIZES: Final = (100, 300, 1000, 3000)
LARGE_SIZES: Final = (100, 1000, 10_000)
"""The sizes of shapes that are analyzed fast enough, and of output formats."""
LIMITED_SIZES: Final = (100, 300, 1000)
"""The sizes of shapes that exceed a limit of the analysis beyond them."""
DIFF_SIZES: Final = (100, 300, 1000, 3000)
FILES: Final = (50, 150, 450)
LOG_ENTRIES: Final = (100, 300, 1000)

MAX_EXPONENT: Final = 1.15
"""The largest exponent that is not marked with `!`."""

_LARGE: Final = frozenset({"steps", "sleeps", "if", "functions called in sequence"})
_LIMITED: Final = frozenset(
    {"awaited chain of dependencies", "functions made in a loop", "chain of dependencies", "as_completed"}
)
_MIN_SECONDS: Final = 0.004
"""The shortest time that counts for an exponent. Shorter times measure the start of a phase rather than its growth."""
_MAX_REPEATED_SIZE: Final = 1000
"""The largest size for which a command runs twice."""
_REPEATED_SECONDS: Final = 0.15
"""The time for repetitions of one measurement. Short measurements are noisy."""

Measurement: TypeAlias = tuple[Sequence[int], Sequence[float]]
"""Sizes, and the time for each."""


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Return the exponent of the power law that fits the times: the slope of the regression of their logarithms."""
    points = [
        (math.log(size), math.log(spent)) for size, spent in zip(sizes, times, strict=True) if spent >= _MIN_SECONDS
    ]
    if len(points) < 2:  # noqa: PLR2004 - a line has two points
        return math.nan
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def measure_program(shape: Shape, sizes: Sequence[int], rounds: int) -> tuple[Measurement, Measurement]:
    """Return the minimum processor times of the analysis and of the check of a shape."""
    times = [_program_seconds(shape(size), rounds) for size in sizes]
    return (sizes, [graph for graph, _ in times]), (sizes, [check for _, check in times])


def _program_seconds(source: str, rounds: int) -> tuple[float, float]:
    """Return the minimum processor times of the analysis and of the check. Long measurements are not repeated."""
    graph: list[float] = []
    check: list[float] = []
    while len(graph) < rounds and sum(graph) < _REPEATED_SECONDS:
        gc.collect()
        began = time.process_time()
        analysis = analyze_source(source)
        analyzed = time.process_time()
        check_analysis(analysis)
        check.append(time.process_time() - analyzed)
        graph.append(analyzed - began)
        del analysis
    return min(graph), min(check)


def command_seconds(folder: Path, arguments: Sequence[str]) -> float:
    """Return the processor time of a command in a process that has already imported the code of the command."""
    process = os.fork()
    if process == 0:
        _run_silently(folder, arguments)
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise RuntimeError(f"stepgraph {' '.join(arguments)} failed in {folder}")
    return usage.ru_utime + usage.ru_stime


def _run_silently(folder: Path, arguments: Sequence[str]) -> None:
    """Run a command in this process, which ends."""
    from stepgraph.cli.main import run

    os.chdir(folder)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.environ["STEPGRAPH_NO_CACHE"] = "1"
    try:
        run([*arguments])
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    os._exit(0)


def measure_command(
    folder: Path, write: Callable[[Path, int], None], arguments: Sequence[str], sizes: Sequence[int]
) -> Measurement:
    """Return the times of a command for the files that `write` writes for each size, without the start of the command.

    The time for one step stands for the start.
    """
    times: list[float] = []
    for size in (1, *sizes):
        inputs = folder / f"{write.__name__.strip('_')}_{size}"
        if not inputs.exists():
            inputs.mkdir()
            write(inputs, size)
        times.append(min(command_seconds(inputs, arguments) for _ in range(2 if size <= _MAX_REPEATED_SIZE else 1)))
    start, *spent = times
    return sizes, [max(each - start, 0.0) for each in spent]


def _write_mixed(folder: Path, size: int) -> None:
    (folder / "new.py").write_text(mixed(size), encoding="utf-8")


def _named_sleeps(names: Sequence[str]) -> str:
    return body(f"        await step.sleep('{name}', '5 minutes')\n" for name in names)


def _write_versions(folder: Path, old: Sequence[str], new: Sequence[str]) -> None:
    (folder / "old.py").write_text(_named_sleeps(old), encoding="utf-8")
    (folder / "new.py").write_text(_named_sleeps(new), encoding="utf-8")


def _named_calls(names: Sequence[str]) -> str:
    calls = body(f"        await self.do(step, '{name}')\n" for name in names)
    return f"{calls}\n    async def do(self, step, name):\n        await step.sleep(f'sleep {{name}}', '5 minutes')\n"


def _write_other_arguments(folder: Path, size: int) -> None:
    (folder / "old.py").write_text(_named_calls([f"old {n}" for n in range(size)]), encoding="utf-8")
    (folder / "new.py").write_text(_named_calls([f"new {n}" for n in range(size)]), encoding="utf-8")


def _write_renamed(folder: Path, size: int) -> None:
    _write_versions(folder, [f"old {n}" for n in range(size)], [f"new {n}" for n in range(size)])


def _write_partly_renamed(folder: Path, size: int) -> None:
    _write_versions(folder, [f"s {n}" for n in range(size)], [f"{'s' if n % 2 else 'new'} {n}" for n in range(size)])


def _write_moved(folder: Path, size: int) -> None:
    # A permutation without a long common subsequence.
    order = sorted(range(size), key=lambda n: n * 7919 % 10_007)
    _write_versions(folder, [f"s {n}" for n in range(size)], [f"s {n}" for n in order])


def _write_different(folder: Path, size: int) -> None:
    (folder / "old.py").write_text(_named_sleeps([f"s {n}" for n in range(size)]), encoding="utf-8")
    template = "        if event['payload']['{n}']:\n            await step.wait_for_event('{n}', 'type')\n"
    (folder / "new.py").write_text(repeated(template)(size), encoding="utf-8")


def _write_removed(folder: Path, size: int) -> None:
    _write_versions(folder, [f"s {n}" for n in range(size)], [f"s {n}" for n in range(0, size, 2)])


def _write_files(folder: Path, size: int) -> None:
    for n in range(size):
        source = IMPORTS + CLASS.replace("W(", f"W{n}(") + f"        await step.sleep('{n}', '5 minutes')\n"
        (folder / f"workflow_{n}.py").write_text(source, encoding="utf-8")


def _write_imports(folder: Path, size: int) -> None:
    for n in range(size):
        called = f"    await m{n + 1}.f(step)\n" if n < size - 1 else ""
        imported = f"import m{n + 1}\n\n\n" if called else ""
        source = f"{imported}async def f(step):\n    await step.sleep('{n}', '5 minutes')\n{called}"
        (folder / f"m{n}.py").write_text(source, encoding="utf-8")
    (folder / "entry.py").write_text(f"import m0\n{IMPORTS}{CLASS}        await m0.f(step)\n", encoding="utf-8")


def _write_failed(folder: Path, size: int) -> None:
    _write_instance(folder, size, "errored")


def _write_running(folder: Path, size: int) -> None:
    _write_instance(folder, size, "running")


def _write_instance(folder: Path, size: int, status: str) -> None:
    """Write a workflow, and the log of an instance whose last step has failed or, with `running`, has succeeded."""
    steps = [
        {
            "name": f"s{n}-1",
            "type": "step",
            "start": f"2026-03-02T18:{n // 60 % 60:02}:{n % 60:02}.000Z",
            "end": f"2026-03-02T18:{n // 60 % 60:02}:{n % 60:02}.500Z",
            "success": n < size - 1 or status == "running",
            "output": n,
            "attempts": [],
        }
        for n in range(size)
    ]
    log: dict[str, object] = {"status": status, "start": steps[0]["start"], "steps": steps}
    if status == "errored":
        log |= {"end": steps[-1]["end"], "error": {"name": "Error", "message": "failed"}}
    (folder / "log.json").write_text(json.dumps(log), encoding="utf-8")
    (folder / "new.py").write_text(PROGRAMS["steps"](size), encoding="utf-8")


_GRAPH_FORMATS: Final = ("text", "json", "svg", "html", "mermaid", "dot")
_CHECK_FORMATS: Final = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown")
_DIFF_FORMATS: Final = ("text", "json", "markdown", "svg", "html")
_DIFFS: Final[Mapping[str, Callable[[Path, int], None]]] = {
    "all renamed": _write_renamed,
    "half renamed": _write_partly_renamed,
    "all moved": _write_moved,
    "all different": _write_different,
    "half removed": _write_removed,
    "other arguments": _write_other_arguments,
}


def command_rows(folder: Path) -> Iterator[str]:
    """Yield a line for each command and format."""
    for name in _GRAPH_FORMATS:
        measured = measure_command(folder, _write_mixed, ("graph", "-f", name, "new.py"), LARGE_SIZES)
        yield _row(f"graph -f {name}", measured)
    for name in _CHECK_FORMATS:
        measured = measure_command(folder, _write_mixed, ("check", "-f", name, "new.py"), SIZES)
        yield _row(f"check -f {name}", measured)
    for name, write in _DIFFS.items():
        yield _row(f"diff, {name}", measure_command(folder, write, ("diff", "old.py", "new.py"), DIFF_SIZES))
    for name in _DIFF_FORMATS:
        command = ("diff", "-f", name, "old.py", "new.py")
        yield _row(f"diff -f {name}", measure_command(folder, _write_partly_renamed, command, SIZES))
    for name in ("list", "graph", "check"):
        yield _row(f"{name}, files", measure_command(folder, _write_files, (name, "."), FILES))
    for name in ("graph", "check"):
        yield _row(f"{name}, chain of imports", measure_command(folder, _write_imports, (name, "entry.py"), FILES))
    for name, write in (("instance", _write_running), ("why", _write_failed), ("replay", _write_running)):
        arguments = (name, "log.json", "new.py")
        yield _row(f"{name}, steps in the log", measure_command(folder, write, arguments, LOG_ENTRIES))


def program_rows(rounds: int) -> Iterator[str]:
    """Yield two lines for each shape of programs: for the analysis and for the check."""
    for name, shape in PROGRAMS.items():
        sizes = LARGE_SIZES if name in _LARGE else LIMITED_SIZES if name in _LIMITED else SIZES
        graph, check = measure_program(shape, sizes, rounds)
        yield _row(name, graph)
        yield _row("  check", check)


def order_rows(rounds: int) -> Iterator[str]:
    """Yield a line for the order of all steps of each of several shapes."""
    _order_seconds(PROGRAMS["sleeps"](1), 1)  # a warm-up, which imports NetworkX
    for name in ("sleeps", "if", "try", "tasks between steps", "functions called in sequence"):
        times = [_order_seconds(PROGRAMS[name](size), rounds) for size in SIZES]
        yield _row(f"order, {name}", (SIZES, times))


def _order_seconds(source: str, rounds: int) -> float:
    """Return the minimum processor time of `WorkflowGraph.order()`."""
    from stepgraph.testing import WorkflowGraph

    (workflow,) = analyze_source(source).workflows
    times: list[float] = []
    while len(times) < min(rounds, 2) or (len(times) < rounds and sum(times) < _REPEATED_SECONDS):
        graph = WorkflowGraph.of(workflow)
        began = time.process_time()
        graph.order()
        times.append(time.process_time() - began)
    return min(times)


def _row(name: str, measured: Measurement) -> str:
    slope = exponent(*measured)
    shown = "    -" if math.isnan(slope) else f"{slope:5.2f}"
    mark = "!" if slope > MAX_EXPONENT else " "
    timings = "  ".join(f"{size}: {spent * 1000:.0f} ms" for size, spent in zip(*measured, strict=True))
    return f"{mark} {name:<32}{shown}   {timings}"


def print_growth(folder: Path, rounds: int) -> None:
    """Print the exponents of all shapes and commands. Those above `MAX_EXPONENT` are marked."""
    gc.disable()
    check_analysis(analyze_source(class_chains(60)))  # a warm-up, which imports modules
    check_analysis(analyze_source(mixed(60)))
    for line in program_rows(rounds):
        print(line, flush=True)
    for line in order_rows(rounds):
        print(line, flush=True)
    for line in command_rows(folder):
        print(line, flush=True)
