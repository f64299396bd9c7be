"""Compare with `temporalio-graphs`, which draws workflows of Temporal, on equivalent input."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.inputs import MANY_WORKFLOWS, write_workflow, write_workflows
from benchmarks.processes import measure

PEER = "temporalio-graphs==0.4.0"

_HEAD = """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class W:
    @workflow.run
    async def run(self, order):
"""
_STEP = """\
        await workflow.execute_activity(step_{n}, order, start_to_close_timeout=timedelta(seconds=5))
"""
_DRAW = """\
import sys
from temporalio_graphs import analyze_workflow
for path in sys.argv[1:]:
    analyze_workflow(path)
"""


def print_peers(folder: Path, rounds: int) -> None:
    """Print the shortest time of each command, for one workflow of 20 steps and for 200 of them."""
    python = _install_peer(folder / "peer")
    workflow_path = str(write_workflow(folder, 20))
    paths = write_workflows(folder / "workflows")
    peer_paths = _write_peer_workflows(folder / "peer_workflows")
    draw = (python, "-c", _DRAW)
    for name, command in (
        (
            "stepgraph graph, 20 steps",
            (sys.executable, "-m", "stepgraph", "graph", "--no-cache", workflow_path, "-f", "mermaid"),
        ),
        (
            "stepgraph graph, unchanged since",
            (sys.executable, "-m", "stepgraph", "graph", workflow_path, "-f", "mermaid"),
        ),
        ("temporalio-graphs, 20 activities", (*draw, peer_paths[0])),
        (f"stepgraph graph, {MANY_WORKFLOWS} files", _graph_command(paths, "--no-cache")),
        (f"stepgraph graph, {MANY_WORKFLOWS} files unchanged", _graph_command(paths)),
        (f"temporalio-graphs, {MANY_WORKFLOWS} files", (*draw, *peer_paths)),
    ):
        measure(command)
        print(f"{name:<44}{min(measure(command).wall for _ in range(rounds)) * 1000:>8.0f} ms", flush=True)


def _graph_command(paths: list[Path], *options: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "stepgraph", "graph", *options, str(paths[0].parent), "-f", "mermaid")


def _install_peer(folder: Path) -> str:
    """Install the tool in a virtual environment, and return its Python."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    return python


def _write_peer_workflows(folder: Path) -> list[str]:
    folder.mkdir()
    source = _HEAD + "".join(_STEP.format(n=n) for n in range(20))
    paths = [folder / f"workflow_{number}.py" for number in range(MANY_WORKFLOWS)]
    for path in paths:
        path.write_text(source, encoding="utf-8")
    return [str(path) for path in paths]
