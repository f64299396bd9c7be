"""Compare the time and memory of commands with baselines: the parts of their work that are unavoidable."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.inputs import (
    MANY_WORKFLOWS,
    TREE_FILES,
    TREE_WORKFLOWS,
    write_repository_project,
    write_tree,
    write_workflow,
    write_workflows,
)
from benchmarks.processes import Comparison, compare

PYTHON = (sys.executable, "-c")
STEPGRAPH = (sys.executable, "-m", "stepgraph")

IMPORT = "import libcst"
QUIET_SECONDS = 2.5
"""The time after a change in which a run is not recorded, so that the next one does not repeat its output."""

PARSE = """\
import gc, sys
import libcst
gc.disable()
for path in sys.argv[1:]:
    libcst.parse_module(open(path, "rb").read())
"""
SEARCH = """\
import os, sys
matches, folders = 0, [sys.argv[1]]
while folders:
    for entry in os.scandir(folders.pop()):
        if entry.is_dir():
            folders.append(entry.path)
        else:
            descriptor = os.open(entry.path, os.O_RDONLY)
            matches += b"WorkflowEntrypoint" in os.read(descriptor, 1 << 20)
            os.close(descriptor)
"""
# The exit code for no workflows is ignored.
LIST = "import sys; from stepgraph.cli.main import main; main(['list', sys.argv[1]])"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A command and its baseline."""

    name: str
    tool: Sequence[str]
    baseline: Sequence[str]
    """A command that does the unavoidable part of the work."""
    max_ratio: float
    """The maximum ratio of their times."""
    max_memory_ratio: float | None = None
    """The maximum ratio of their peak memory."""


def benchmarks(folder: Path) -> Iterator[Benchmark]:
    """Yield all benchmarks, after writing their input to the folder."""
    small = str(write_workflow(folder, 20))
    graph, as_json = (*STEPGRAPH, "graph", "--no-cache"), ("-f", "json")
    yield Benchmark("one file, 20 steps, JSON", (*graph, small, *as_json), (*PYTHON, IMPORT), 1.5)
    time.sleep(QUIET_SECONDS)
    unchanged = (*STEPGRAPH, "graph", small, *as_json)
    yield Benchmark("one file, unchanged", unchanged, (*PYTHON, "pass"), 1.3)
    yield Benchmark("one file, unchanged, check", (*STEPGRAPH, "check", small), (*PYTHON, "pass"), 1.3)
    tree = folder / "tree"
    paths = [str(path) for path in write_tree(tree, TREE_WORKFLOWS)]
    name = f"{TREE_FILES:,} files, {TREE_WORKFLOWS} workflows"
    yield Benchmark(name, (*graph, str(tree), *as_json), (*PYTHON, PARSE, *paths), 1.7)
    yield Benchmark(f"{name}, unchanged", (*STEPGRAPH, "graph", str(tree), *as_json), (*PYTHON, "pass"), 3.0)
    large = str(write_workflow(folder, 5000))
    yield Benchmark("one workflow of 5,000 steps", (*graph, large, *as_json), (*PYTHON, PARSE, large), 1.5, 1.3)
    many = [str(path) for path in write_workflows(folder / "many")]
    name = f"{MANY_WORKFLOWS} files with a workflow each"
    yield Benchmark(name, (*graph, str(folder / "many"), *as_json), (*PYTHON, PARSE, *many), 1.3)
    project = folder / "repository"
    project.mkdir()
    entry = str(write_repository_project(project))
    modules = sorted(str(path) for path in project.iterdir())
    yield Benchmark("70 modules, 360 functions", (*graph, entry, *as_json), (*PYTHON, PARSE, *modules), 1.5)
    plain = folder / "plain"
    write_tree(plain, 0)
    yield Benchmark(
        f"{TREE_FILES:,} files, no workflow", (*PYTHON, LIST, str(plain)), (*PYTHON, SEARCH, str(plain)), 1.5
    )
    yield Benchmark("check, 20 steps", (*STEPGRAPH, "check", "--no-cache", small), (*graph, small, *as_json), 1.2)
    check_large = (*STEPGRAPH, "check", "--no-cache", large)
    yield Benchmark("check, 5,000 steps", check_large, (*graph, large, *as_json), 1.2)
    yield Benchmark("SVG, 20 steps", (*graph, small, "-f", "svg"), (*graph, small, *as_json), 1.05)


HEADER = f"{'':<44}{'ms':>8}{'baseline':>10}{'ratio':>8}{'at most':>9}{'memory':>9}"


def row(benchmark: Benchmark, comparison: Comparison) -> str:
    """Return a line of the table, with `!` if a ratio exceeds its maximum."""
    missed = comparison.ratio > benchmark.max_ratio or (
        benchmark.max_memory_ratio is not None and comparison.memory_ratio > benchmark.max_memory_ratio
    )
    return (
        f"{benchmark.name:<44}{comparison.seconds * 1000:>8.0f}{comparison.baseline * 1000:>10.0f}"
        f"{comparison.ratio:>8.2f}{benchmark.max_ratio:>9.2f}{comparison.memory_ratio:>9.2f}{' !' if missed else ''}"
    )


def print_table(folder: Path, rounds: int) -> None:
    """Print the table."""
    print(HEADER)
    for benchmark in benchmarks(folder):
        print(row(benchmark, compare(benchmark.tool, benchmark.baseline, rounds)), flush=True)
