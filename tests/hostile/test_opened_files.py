"""No file outside the project is read, and only the output is written.

An audit hook (PEP 578) in a subprocess records the opened files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCHER = """
import json, os, sys
from stepgraph.source_analysis import import_pipeline
import stepgraph.checks.run, stepgraph.cli.main, stepgraph.cli.diff_sides, stepgraph.report.diff.comparison
import_pipeline()
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
seen = {"read": [], "written": [], "run": []}
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if not path.startswith(tuple(json.loads(sys.argv[1]))):
            seen["written" if (arguments[2] or 0) & WRITING else "read"].append(path)
    elif event in ("os.listdir", "os.scandir"):
        path = os.path.realpath(os.fspath(arguments[0] or "."))
        if not path.startswith(tuple(json.loads(sys.argv[1]))):
            seen["read"].append(path)
    elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod"):
        seen["written"].append(os.path.realpath(os.fspath(arguments[0])))
    elif event in ("os.system", "os.exec", "socket.connect"):
        seen["run"].append(event)
    elif event in ("exec", "compile"):
        file = arguments[1] if event == "compile" else arguments[0].co_filename
        if isinstance(file, str) and os.path.exists(file):
            seen["run"].append(os.path.abspath(file))
sys.addaudithook(watch)
code = stepgraph.cli.main.main(sys.argv[2:])
print(json.dumps([code, seen]), file=sys.stderr)
"""

ENTRY = """from workers import WorkflowEntrypoint
from inside import f
from outside import g
from .. import outside as h
from ...etc import passwd
from linked import k
import linked_folder.secret
import os, asyncio, requests


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await f(step)
        await g(step)
        await h.g(step)
        await k(step)
        await linked_folder.secret.g(step)
"""
STEPS = "async def {}(step):\n    await step.sleep('rest', 1)\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose imports and links lead out of it."""
    outside, project = tmp_path / "outside_of_it", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (tmp_path / "outside.py").write_text(STEPS.format("g"), encoding="utf-8")
    (outside / "secret.py").write_text(STEPS.format("g"), encoding="utf-8")
    (outside / "linked.py").write_text(STEPS.format("k"), encoding="utf-8")
    (project / ".git").mkdir()
    (project / "entry.py").write_text(ENTRY, encoding="utf-8")
    (project / "inside.py").write_text(STEPS.format("f"), encoding="utf-8")
    (project / "linked.py").symlink_to(outside / "linked.py")
    (project / "linked_folder").symlink_to(outside)
    (project / "also.py").symlink_to("/etc/passwd")
    monkeypatch.chdir(project)
    return project


def run_watched(project: Path, *arguments: str) -> tuple[int, dict[str, list[str]]]:
    """Return the exit code of a command, and the paths that it opened outside the project and Python's own folders."""
    allowed = [str(project.resolve()) + os.sep, str(project.resolve()), sys.prefix, sys.base_prefix, os.devnull]
    allowed += [path for path in sys.path if path and Path(path).is_dir()]
    allowed += [str(Path(__file__).resolve().parents[2] / "src")]
    command = [sys.executable, "-c", WATCHER, json.dumps(allowed), *arguments]
    # The cache is outside of the project by design. The compiled files of modules may not exist yet.
    environment = {**os.environ, "STEPGRAPH_NO_CACHE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    code, accesses = json.loads(run.stderr.splitlines()[-1])
    return code, accesses


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("graph", "."),
        ("graph", "entry.py", "-f", "html"),
        ("list", "."),
        ("check", "."),
        ("check", "entry.py", "-f", "sarif"),
        ("diff", "entry.py", "inside.py"),
    ],
    ids=" ".join,
)
def test_nothing_outside_of_the_project_is_read(project: Path, arguments: tuple[str, ...]) -> None:
    _, accesses = run_watched(project, *arguments)
    assert accesses["read"] == []
    assert accesses["written"] == []


@pytest.mark.slow
def test_analyzed_code_is_not_executed(project: Path) -> None:
    (project / "inside.py").write_text("raise SystemExit('executed')\n", encoding="utf-8")
    _, accesses = run_watched(project, "check", ".")
    assert [path for path in accesses["run"] if path.startswith(str(project))] == []


@pytest.mark.slow
def test_reads_outside_of_the_project_are_recorded(project: Path) -> None:
    _, accesses = run_watched(project, "graph", "../outside.py")
    assert str(project.parent.resolve() / "outside.py") in accesses["read"]


@pytest.mark.slow
def test_only_the_output_file_is_written(project: Path) -> None:
    code, accesses = run_watched(project, "graph", "entry.py", "-f", "json", "-o", "graph.json")
    assert code == 0
    assert {Path(path).name for path in accesses["written"] if not Path(path).name.startswith(".stepgraph-")} <= {
        "graph.json"
    }
    assert sorted(path.name for path in project.iterdir()) == [
        *[".git", "also.py", "entry.py", "graph.json", "inside.py", "linked.py", "linked_folder"],
    ]
