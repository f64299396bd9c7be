"""How long commands take, against what they cannot do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.inputs import (
    MANY_WORKFLOWS,
    TREE_FILES,
    TREE_WORKFLOWS,
    plant_repository_project,
    plant_tree,
    plant_workflow,
    plant_workflows,
)
from benchmarks.processes import Comparison, compare

PYTHON = (sys.executable, "-c")
STEPGRAPH = (sys.executable, "-m", "stepgraph")

IMPORT = "import libcst"
PARSE = """\
import gc, sys
import libcst
gc.disable()
for path in sys.argv[1:]:
    libcst.parse_module(open(path, "rb").read())
"""
SEARCH = """\
import os, sys
found, folders = 0, [sys.argv[1]]
while folders:
    for entry in os.scandir(folders.pop()):
        if entry.is_dir():
            folders.append(entry.path)
        else:
            descriptor = os.open(entry.path, os.O_RDONLY)
            found += b"WorkflowEntrypoint" in os.read(descriptor, 1 << 20)
            os.close(descriptor)
"""
# Nothing to analyse is an exit code of its own, which is no failure here.
LIST = "import sys; from stepgraph.cli.main import main; main(['list', sys.argv[1]])"


@dataclass(frozen=True, slots=True)
class Case:
    """Two commands to compare, and what the ratio of their times and of their memory is to be at most."""

    name: str
    tool: Sequence[str]
    floor: Sequence[str]
    most: float
    most_memory: float | None = None


def cases(folder: Path) -> Iterator[Case]:
    """Yield all cases, each after its input is written to the folder."""
    small = str(plant_workflow(folder, 20))
    graph, in_json = (*STEPGRAPH, "graph", "--no-cache"), ("-f", "json")
    yield Case("one file, 20 steps, JSON", (*graph, small, *in_json), (*PYTHON, IMPORT), 1.5)
    tree = folder / "tree"
    found = [str(path) for path in plant_tree(tree, TREE_WORKFLOWS)]
    name = f"{TREE_FILES:,} files, {TREE_WORKFLOWS} workflows"
    yield Case(name, (*graph, str(tree), *in_json), (*PYTHON, PARSE, *found), 1.7)
    yield Case(f"{name}, unchanged", (*STEPGRAPH, "graph", str(tree), *in_json), (*PYTHON, SEARCH, str(tree)), 1.5)
    large = str(plant_workflow(folder, 5000))
    yield Case("one workflow of 5,000 steps", (*graph, large, *in_json), (*PYTHON, PARSE, large), 1.5, 1.3)
    many = [str(path) for path in plant_workflows(folder / "many")]
    name = f"{MANY_WORKFLOWS} files with a workflow each"
    yield Case(name, (*graph, str(folder / "many"), *in_json), (*PYTHON, PARSE, *many), 1.3)
    project = folder / "repository"
    project.mkdir()
    entry = str(plant_repository_project(project))
    modules = sorted(str(path) for path in project.iterdir())
    yield Case("70 modules, 360 functions", (*graph, entry, *in_json), (*PYTHON, PARSE, *modules), 1.5)
    plain = folder / "plain"
    plant_tree(plain, 0)
    yield Case(f"{TREE_FILES:,} files, no workflow", (*PYTHON, LIST, str(plain)), (*PYTHON, SEARCH, str(plain)), 1.5)
    yield Case("check, 20 steps", (*STEPGRAPH, "check", "--no-cache", small), (*graph, small, *in_json), 1.2)
    check_large = (*STEPGRAPH, "check", "--no-cache", large)
    yield Case("check, 5,000 steps", check_large, (*graph, large, *in_json), 1.2)
    yield Case("SVG, 20 steps", (*graph, small, "-f", "svg"), (*graph, small, *in_json), 1.05)


HEADER = f"{'':<44}{'ms':>8}{'floor':>8}{'ratio':>8}{'at most':>9}{'memory':>9}"


def row(case: Case, found: Comparison) -> str:
    """Return a line of the table; a `!` stands where a target is missed."""
    missed = found.ratio > case.most or (case.most_memory is not None and found.memory_ratio > case.most_memory)
    return (
        f"{case.name:<44}{found.took * 1000:>8.0f}{found.floor * 1000:>8.0f}{found.ratio:>8.2f}{case.most:>9.2f}"
        f"{found.memory_ratio:>9.2f}{' !' if missed else ''}"
    )


def print_table(folder: Path, rounds: int) -> None:
    """Print the table."""
    print(HEADER)
    for case in cases(folder):
        print(row(case, compare(case.tool, case.floor, rounds)), flush=True)
