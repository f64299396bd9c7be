"""The rows of the table: commands, their baselines, and the goals for their ratios."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from benchmarks.inputs import (
    HELPED_WORKFLOWS,
    HELPERS,
    MANY_WORKFLOWS,
    TREE_FILES,
    TREE_WORKFLOWS,
    write_helper_project,
    write_orders,
    write_repository_project,
    write_short_steps,
    write_tree,
    write_workflow,
    write_workflows,
)
from benchmarks.processes import Command

STEPGRAPH: Final = (sys.executable, "-m", "stepgraph")
NO_CACHE: Final = {"STEPGRAPH_NO_CACHE": "1"}
QUIET_SECONDS: Final = 2.5
"""The time after a change in which a run is not recorded, so that the next one does not repeat its output."""

_NO_WORKFLOWS: Final = 3
"""The exit code without workflows."""
_JSON: Final = ("-f", "json")
_IMPORT: Final = "import libcst"
_PARSE: Final = """\
import gc, sys
import libcst
gc.disable()
for path in sys.argv[1:]:
    libcst.parse_module(open(path, "rb").read())
"""
_SEARCH: Final = """\
import os, sys
matches, folders = 0, ["."]
while folders:
    for entry in os.scandir(folders.pop()):
        if entry.is_dir():
            if entry.name != ".git":
                folders.append(entry.path)
        elif entry.name.endswith(".py"):
            descriptor = os.open(entry.path, os.O_RDONLY)
            matches += b"WorkflowEntrypoint" in os.read(descriptor, 1 << 20)
            os.close(descriptor)
"""


class State(Enum):
    """The state of the cache before a command."""

    COLD = "cold"
    """The command neither reads nor writes the cache."""
    UNCHANGED = "unchanged"
    """The command repeats the output of its last run."""
    OTHER = "other"
    """The cache is used in another way, by pytest."""


class Clock(Enum):
    """The time that a ratio compares."""

    PROCESSOR = "processor time"
    WALL = "wall-clock time"
    """For commands whose processes share the work."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A command and its baseline."""

    name: str
    reference: str
    """The name of the baseline."""
    tool: Command
    baseline: Command
    max_ratio: float | None
    """The maximum ratio of their times, or None for information."""
    output: str
    """A text in the output of the command, which proves that it did its work."""
    state: State = State.COLD
    clock: Clock = Clock.PROCESSOR
    max_memory_ratio: float | None = None
    """The maximum ratio of their peak memory."""
    max_megabytes: float | None = None
    """The maximum peak memory of the command."""


def benchmarks(folder: Path, inputs: Iterable[str]) -> Iterator[Benchmark]:
    """Yield the benchmarks of these inputs, after writing each input to the folder."""
    for name in inputs:
        (folder / name).mkdir()
        yield from INPUTS[name](folder / name)


def _stepgraph(folder: Path, *arguments: str, code: int = 0, cold: bool = False) -> Command:
    return Command((*STEPGRAPH, *arguments), folder, code, NO_CACHE if cold else {})


def _python(folder: Path, source: str, *arguments: str) -> Command:
    return Command((sys.executable, "-c", source, *arguments), folder)


def _empty(folder: Path) -> Command:
    return _python(folder, "pass")


def _parse(folder: Path, paths: Iterable[Path]) -> Command:
    return _python(folder, _PARSE, *map(str, paths))


def _one_file(folder: Path) -> Iterator[Benchmark]:
    plain = folder / "plain"
    plain.mkdir()
    small = write_workflow(plain, 20).name
    graph = _stepgraph(plain, "graph", small, *_JSON, cold=True)
    imports = _python(plain, _IMPORT)
    yield Benchmark("20 steps, JSON", "`import libcst`", graph, imports, 1.15, '"step 19"')
    check = _stepgraph(plain, "check", small, cold=True)
    yield Benchmark("20 steps, `check`", "`graph` of the same file", check, graph, 1.2, "in 1 workflow")
    svg = _stepgraph(plain, "graph", small, "-f", "svg", cold=True)
    yield Benchmark("20 steps, SVG", "JSON of the same file", svg, graph, 1.05, "step 19")
    repository = folder / "repository"
    orders = write_orders(repository)
    in_repository = _stepgraph(repository, "graph", orders, *_JSON, cold=True)
    imports = _python(repository, _IMPORT)
    yield Benchmark("20 steps in a repository, JSON", "`import libcst`", in_repository, imports, None, '"step 19"')
    time.sleep(QUIET_SECONDS)
    for of_name, output, arguments in (
        ("JSON", '"step 19"', ("graph", orders, *_JSON)),
        ("SVG", "step 19", ("graph", orders, "-f", "svg")),
        ("page", "step 19", ("graph", orders, "-f", "html")),
        ("`check`", "in 1 workflow", ("check", orders)),
        ("`list`", "Orders", ("list", orders)),
        ("`diff` of two revisions", "renamed", ("diff", "HEAD~1", "HEAD")),
    ):
        tool = _stepgraph(repository, *arguments)
        name = f"20 steps, {of_name}, unchanged"
        yield Benchmark(name, "`python -c pass`", tool, _empty(repository), 1.3, output, State.UNCHANGED)


def _tree(folder: Path) -> Iterator[Benchmark]:
    tree = folder / "tree"
    paths = write_tree(tree, TREE_WORKFLOWS)
    name = f"{TREE_FILES:,} files, {TREE_WORKFLOWS} workflows"
    cold, last = _stepgraph(tree, "graph", *_JSON, cold=True), '"Orders9000"'
    yield Benchmark(f"{name}, JSON", f"parsing these {TREE_WORKFLOWS} files", cold, _parse(tree, paths), 1.5, last)
    time.sleep(QUIET_SECONDS)
    for of_name, arguments, output in (("JSON", ("graph", *_JSON), last), ("`check`", ("check",), "10 workflows")):
        tool = _stepgraph(tree, *arguments)
        unchanged = f"{name}, {of_name}, unchanged"
        yield Benchmark(unchanged, "`python -c pass`", tool, _empty(tree), 3.0, output, State.UNCHANGED)


def _no_workflow(folder: Path) -> Iterator[Benchmark]:
    tree = folder / "tree"
    write_tree(tree, 0)
    tool, search = _stepgraph(tree, "list", code=_NO_WORKFLOWS, cold=True), _python(tree, _SEARCH)
    name = f"{TREE_FILES:,} files, no workflow, `list`"
    yield Benchmark(name, "searching these files for a word", tool, search, 1.5, "", clock=Clock.WALL)


def _many_steps(folder: Path) -> Iterator[Benchmark]:
    large = write_workflow(folder, 5000)
    graph, parse = _stepgraph(folder, "graph", large.name, *_JSON, cold=True), _parse(folder, [large])
    last = '"step 4999"'
    yield Benchmark("5,000 steps, JSON", "parsing the file", graph, parse, 0.95, last, max_memory_ratio=0.3)
    check = _stepgraph(folder, "check", large.name, cold=True)
    yield Benchmark("5,000 steps, `check`", "`graph` of the same file", check, graph, 1.2, "in 1 workflow")


def _most_steps(folder: Path) -> Iterator[Benchmark]:
    large = write_short_steps(folder, 20_000)
    graph, parse = _stepgraph(folder, "graph", large.name, *_JSON, cold=True), _parse(folder, [large])
    yield Benchmark("20,000 steps, JSON", "parsing the file", graph, parse, None, '"step 19999"', max_megabytes=400)


def _many_files(folder: Path) -> Iterator[Benchmark]:
    many = folder / "many"
    paths = write_workflows(many)
    tool, last = _stepgraph(many, "graph", *_JSON, cold=True), f'"Orders{MANY_WORKFLOWS - 1}"'
    name = f"{MANY_WORKFLOWS} files with a workflow each, JSON"
    yield Benchmark(name, "parsing these files", tool, _parse(many, paths), 1.0, last, clock=Clock.WALL)


def _helpers(folder: Path) -> Iterator[Benchmark]:
    project = folder / "project"
    parse = _parse(project, write_helper_project(project))
    name = f"{HELPED_WORKFLOWS} workflows with {HELPERS} helper modules"
    tool = _stepgraph(project, "graph", *_JSON, cold=True)
    yield Benchmark(f"{name}, JSON", "parsing all modules", tool, parse, 0.6, '"Billing19"')
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    plain = Command((*pytest, "-p", "no:stepgraph", "other_tests"), project)
    first, again = (Command((*pytest, "tests"), project, 0, environment) for environment in (NO_CACHE, {}))
    passed, reference = f"{HELPED_WORKFLOWS} passed", "`pytest` of tests without graphs"
    name = f"pytest, {HELPED_WORKFLOWS} tests of their graphs"
    yield Benchmark(f"{name}, first run", reference, first, plain, None, passed, State.OTHER)
    yield Benchmark(f"{name}, unchanged", reference, again, plain, 1.5, passed, State.OTHER)


def _shared_object(folder: Path) -> Iterator[Benchmark]:
    project = folder / "project"
    project.mkdir()
    entry = write_repository_project(project)
    tool, parse = (
        _stepgraph(project, "graph", entry.name, *_JSON, cold=True),
        _parse(project, sorted(project.iterdir())),
    )
    yield Benchmark("70 modules that share an object, JSON", "parsing these modules", tool, parse, 1.5, '"load 67"')


INPUTS: Final[Mapping[str, Callable[[Path], Iterator[Benchmark]]]] = {
    "one-file": _one_file,
    "tree": _tree,
    "no-workflow": _no_workflow,
    "many-steps": _many_steps,
    "most-steps": _most_steps,
    "many-files": _many_files,
    "helpers": _helpers,
    "shared-object": _shared_object,
}
"""The functions that write an input and yield its benchmarks."""
