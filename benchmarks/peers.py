"""Compare with tools that draw Python code, and with `ruff check`, on the same or equivalent input.

`temporalio-graphs` draws workflows of Temporal, so its input has an activity for each step. It and `pyflowchart` read
single files: they neither search for workflows nor follow imports. `code2flow` draws the calls of functions, and finds
none in a workflow without helpers. `ruff check` draws nothing, but shows how fast all files can be parsed and checked.
"""

from __future__ import annotations

import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.inputs import (
    HELPED_WORKFLOWS,
    HELPERS,
    HELPERS_OF_A_WORKFLOW,
    MANY_WORKFLOWS,
    STEPS_OF_A_FILE,
    TREE_FILES,
    TREE_WORKFLOWS,
    write_helper_project,
    write_orders,
    write_tree,
    write_workflows,
)
from benchmarks.processes import Command, ProcessUsage, measure, output_of, typical_usage
from benchmarks.rows import NO_CACHE, QUIET_SECONDS, STEPGRAPH

PEERS: Final = ("temporalio-graphs==0.4.0", "pyflowchart==0.6.0", "code2flow==2.5.1", "ruff==0.17.6")

_HEAD: Final = """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class W:
    @workflow.run
    async def run(self, order):
"""
_STEP: Final = """\
        await workflow.execute_activity(step_{n}, order, start_to_close_timeout=timedelta(seconds=5))
"""
_DRAW_TEMPORAL: Final = """\
import sys
from temporalio_graphs import analyze_workflow
for path in sys.argv[1:]:
    print(analyze_workflow(path))
"""
_DRAW_FLOW_CHART: Final = """\
import re, sys
from pyflowchart import Flowchart
for path in sys.argv[1:]:
    code = open(path).read()
    print(Flowchart.from_code(code, field=re.search(r"class (\\w+)", code)[1] + ".run", inner=False).flowchart())
"""
_COLUMNS: Final = (
    f"{STEPS_OF_A_FILE} steps",
    f"{MANY_WORKFLOWS} files",
    f"{HELPED_WORKFLOWS} workflows, {HELPERS} helpers",
    f"{TREE_FILES:,} files, {TREE_WORKFLOWS} workflows",
)
_STEPGRAPH_COLD: Final = "`stepgraph graph`, first run"
_STEPGRAPH: Final = "`stepgraph graph`, unchanged"
_TEMPORAL: Final = "`temporalio-graphs`"
_FLOW_CHART: Final = "`pyflowchart`"
_CALLS: Final = "`code2flow`"
_RUFF_COLD: Final = "`ruff check`, first run"
_RUFF: Final = "`ruff check`, unchanged"
_EMPTY: Final = "`python -c pass`"
_OUTPUTS: Final = {
    _STEPGRAPH_COLD: b"flowchart",
    _STEPGRAPH: b"flowchart",
    _TEMPORAL: b"flowchart",
    _FLOW_CHART: b"=>start",
    _CALLS: b"digraph",
    _RUFF_COLD: b"All checks passed",
    _RUFF: b"All checks passed",
    _EMPTY: b"",
}
"""A text in the output of each tool, which proves that it did its work."""


def print_peers(folder: Path, rounds: int, *, markdown: bool) -> None:
    """Print the processor time of each tool for each input, from alternate runs."""
    programs = _install_peers(folder / "peers")
    columns = [_measured(commands, rounds) for commands in _inputs(folder, programs)]
    cells = [[_cell(column.get(name)) for column in columns] for name in _OUTPUTS]
    if markdown:
        print(f"| processor time in ms | {' | '.join(_COLUMNS)} |\n| --- |{' ---: |' * len(_COLUMNS)}")
        for name, row in zip(_OUTPUTS, cells, strict=True):
            print(f"| {name} | {' | '.join(row)} |")
        return
    print(f"{'processor time in ms':<28}{''.join(f'{column:>30}' for column in _COLUMNS)}")
    for name, row in zip(_OUTPUTS, cells, strict=True):
        print(f"{name.replace('`', ''):<28}{''.join(f'{cell:>30}' for cell in row)}")


def _cell(usage: ProcessUsage | None) -> str:
    return "—" if usage is None else f"{usage.processor * 1000:,.0f}"


def _measured(commands: dict[str, Command], rounds: int) -> dict[str, ProcessUsage]:
    """Return the median usage of each command, by the name of its tool. Raises RuntimeError if a tool draws nothing."""
    time.sleep(QUIET_SECONDS)
    for name, command in commands.items():
        output = output_of(command)[0] if name != _CALLS else _drawing_of_calls(command)
        if _OUTPUTS[name] not in output:
            raise RuntimeError(f"{name}: {_OUTPUTS[name]!r} is not in the output")
    runs = [{name: measure(command) for name, command in commands.items()} for _ in range(rounds)]
    return {name: typical_usage([run[name] for run in runs]) for name in commands}


def _drawing_of_calls(command: Command) -> bytes:
    measure(command)
    return Path(command.arguments[-1]).read_bytes()


def _inputs(folder: Path, programs: Path) -> Iterator[dict[str, Command]]:
    """Yield the commands for each column. `folder` is for the inputs, and `programs` contains the installed tools."""
    one, many, project, tree = (folder / name for name in ("one", "many", "project", "tree"))
    temporal = folder / "temporal"
    temporal.mkdir()
    write_orders(one)
    files = _write_temporal_workflows(temporal, MANY_WORKFLOWS, STEPS_OF_A_FILE)
    yield _commands(one, programs, files[:1], [one / "orders.py"])
    yield _commands(many, programs, files, write_workflows(many))
    flows = write_helper_project(project)[HELPERS:]
    files = _write_temporal_workflows(temporal, HELPED_WORKFLOWS, HELPERS_OF_A_WORKFLOW)
    calls = Command((str(programs / "code2flow"), "flows", "helpers", "-q", "-o", str(folder / "calls.gv")), project)
    yield {**_commands(project, programs, files, flows), _CALLS: calls}
    write_tree(tree, TREE_WORKFLOWS)
    yield _commands(tree, programs, [], [])


def _commands(folder: Path, programs: Path, temporal: Sequence[Path], files: Sequence[Path]) -> dict[str, Command]:
    """Return the command of each tool for a directory, and for files if the tool needs files."""
    graph = (*STEPGRAPH, "graph", "-f", "mermaid")
    python, ruff = str(programs / "python"), (str(programs / "ruff"), "check", "--isolated", "--exit-zero")
    commands = {_STEPGRAPH_COLD: Command(graph, folder, 0, NO_CACHE), _STEPGRAPH: Command(graph, folder)}
    for name, source, paths in ((_TEMPORAL, _DRAW_TEMPORAL, temporal), (_FLOW_CHART, _DRAW_FLOW_CHART, files)):
        if paths:
            commands[name] = Command((python, "-c", source, *map(str, paths)), folder)
    return commands | {
        _RUFF_COLD: Command((*ruff, "--no-cache"), folder),
        _RUFF: Command((*ruff, "--cache-dir", str(folder.parent / "ruff")), folder),
        _EMPTY: Command((sys.executable, "-c", "pass"), folder),
    }


def _install_peers(folder: Path) -> Path:
    """Install the tools in a virtual environment, and return the directory of its programs."""
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS]
    subprocess.run(install, check=True)
    return programs


def _write_temporal_workflows(folder: Path, workflows: int, activities: int) -> list[Path]:
    source = _HEAD + "".join(_STEP.format(n=n) for n in range(activities))
    paths = [folder / f"workflow_{number}_{activities}.py" for number in range(workflows)]
    for path in paths:
        path.write_text(source, encoding="utf-8")
    return paths
