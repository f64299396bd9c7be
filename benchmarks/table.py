"""Compare the time and memory of commands with baselines: the parts of their work that are unavoidable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.processes import Comparison, compare, output_of
from benchmarks.rows import NO_CACHE, Benchmark, Clock, State, benchmarks

_MEGABYTE: Final = 1_000_000
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_COMMAND: Final = b"stepgraph.cli.main"
"""The module of the command, which a repeated run does not import."""
_PARSER: Final = b"libcst"
_IMPORT_TIMES: Final = ("-X", "importtime")
"""Options of Python that report the imports, and do not change which run is repeated, as variables do."""


def print_table(folder: Path, rounds: int, inputs: Iterable[str], *, markdown: bool) -> None:
    """Print a row for each benchmark of these inputs."""
    header, row = (_MARKDOWN_HEADER, _markdown_row) if markdown else (_HEADER, _text_row)
    print(header)
    for benchmark in benchmarks(folder, inputs):
        verify(benchmark)
        print(row(benchmark, compare(benchmark.tool, benchmark.baseline, rounds)), flush=True)


def verify(benchmark: Benchmark) -> None:
    """Run a command, and raise RuntimeError if it does not do what its row states.

    A cold run analyzes the input. An unchanged run repeats the output of the last one, which is that of a cold run.
    """
    tool = benchmark.tool
    if benchmark.state is not State.COLD:
        output_of(tool)  # the run that is repeated
    python, *arguments = tool.arguments
    output, imported = output_of(replace(tool, arguments=(python, *_IMPORT_TIMES, *arguments)))
    if benchmark.output.encode() not in output:
        raise RuntimeError(f"{benchmark.name}: {benchmark.output!r} is not in the output")
    if benchmark.state is State.COLD and _PARSER not in imported and benchmark.output:
        raise RuntimeError(f"{benchmark.name}: the run is not cold")
    if benchmark.state is State.UNCHANGED and _COMMAND in imported:
        raise RuntimeError(f"{benchmark.name}: the run does not repeat the last one")
    if benchmark.state is State.UNCHANGED and output != output_of(tool, **NO_CACHE)[0]:
        raise RuntimeError(f"{benchmark.name}: the repeated output differs from a new one")


def is_missed(benchmark: Benchmark, comparison: Comparison) -> bool:
    """Return whether a goal is missed."""
    goals = (
        (benchmark.max_ratio, ratio_of(benchmark, comparison)),
        (benchmark.max_memory_ratio, comparison.memory_ratio),
        (benchmark.max_megabytes, comparison.tool.memory / _MEGABYTE),
    )
    return any(goal is not None and value > goal for goal, value in goals)


def ratio_of(benchmark: Benchmark, comparison: Comparison) -> float:
    """Return the ratio of the times that a benchmark compares."""
    return comparison.wall_ratio if benchmark.clock is Clock.WALL else comparison.processor_ratio


_HEADER: Final = (
    f"{'':<54}{'ratio':>7}{'at most':>9}   {'processor ms':^14}{'wall ms':^14}{'memory MB':^12}{'at most':>8}\n"
    f"{'':<54}{'':>7}{'':>9}   {'':>7}{'of':>7}{'':>7}{'of':>7}{'':>6}{'of':>6}"
)


def _text_row(benchmark: Benchmark, comparison: Comparison) -> str:
    """Return a line of the table, with `!` if a goal is missed."""
    tool, baseline = comparison.tool, comparison.baseline
    name = f"{benchmark.name}{' (wall)' if benchmark.clock is Clock.WALL else ''}"
    goal = "" if benchmark.max_ratio is None else f"{benchmark.max_ratio:.2f}"
    return (
        f"{name:<54}{ratio_of(benchmark, comparison):>7.2f}{goal:>9}   "
        f"{tool.processor * 1000:>7.0f}{baseline.processor * 1000:>7.0f}"
        f"{tool.wall * 1000:>7.0f}{baseline.wall * 1000:>7.0f}"
        f"{tool.memory / _MEGABYTE:>6.0f}{baseline.memory / _MEGABYTE:>6.0f}{_memory_goal(benchmark):>8}"
        f"{' !' if is_missed(benchmark, comparison) else ''}"
    )


def _memory_goal(benchmark: Benchmark) -> str:
    if benchmark.max_memory_ratio is not None:
        return f"{benchmark.max_memory_ratio} x"
    return "" if benchmark.max_megabytes is None else f"{benchmark.max_megabytes:.0f}"


_MARKDOWN_HEADER: Final = "| input | time | relative to | processor time | memory |\n| --- | ---: | --- | ---: | ---: |"


def _markdown_row(benchmark: Benchmark, comparison: Comparison) -> str:
    """Return a row of the table in `docs/explanation/performance.md`."""
    tool = comparison.tool
    reference = f"{benchmark.reference}{' (wall-clock time)' if benchmark.clock is Clock.WALL else ''}"
    return (
        f"| {benchmark.name} | {ratio_of(benchmark, comparison):.2f} {_TIMES} | {reference} "
        f"| {tool.processor * 1000:,.0f} ms | {tool.memory / _MEGABYTE:,.0f} MB |"
    )
