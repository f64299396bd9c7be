"""Output files are written atomically: a crash leaves the old or the new content."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs `fork` and signals")

CRASHING_RUNS = Path(__file__).with_name("crashing_runs.py")
EFFORT = int(os.environ.get("STEPGRAPH_EXAMPLES") or "5")

SHOP = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def load():
            return 1

        await step.sleep("rest", "1 hour")
        load()


class Returns(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "2 hours")
"""
OLD = "old\n"
TEMPORARY = re.compile(r"(.*/)?\.stepgraph-[0-9a-f]{16}\.tmp")


@dataclass(frozen=True, slots=True)
class CrashedRun:
    """The outcome of a run of the command."""

    change: int | None
    """The number of the change before which the run crashed (negative in the middle of a write), or None if it
    completed.
    """
    code: int
    """Exit code, negative for a signal."""
    files: dict[str, str]
    """The files after the run."""


def folder_with(parent: Path, *old: str) -> Path:
    """Return a folder with a module and existing output files."""
    folder = (parent / "folder").resolve()
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    for name in old:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(OLD, encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "SOURCE_DATE_EPOCH": "0", "GIT_CEILING_DIRECTORIES": "/"}


def crash_runs(folder: Path, *arguments: str) -> list[CrashedRun]:
    """Crash a command at each of its changes, and return the runs. The last one completes."""
    command = [sys.executable, str(CRASHING_RUNS), str(folder), *arguments]
    run = subprocess.run(command, env=environment(), capture_output=True, check=True, text=True)
    return [CrashedRun(*json.loads(line)) for line in run.stdout.splitlines()]


def assert_atomic(runs: list[CrashedRun], *outputs: str, before: dict[str, str], writes: int) -> None:
    """Assert that each output is either old or new, and that crashes leave at most one temporary file."""
    *crashed, completed = runs
    assert completed.code in (0, 1)
    assert [name for name in completed.files if TEMPORARY.fullmatch(name)] == []
    # At least four changes per output: open, synchronize, replace, remove.
    assert (
        len([crashed_run for crashed_run in crashed if crashed_run.change is not None and crashed_run.change >= 0])
        >= 4 * writes
    )
    assert {
        crashed_run.code for crashed_run in crashed if crashed_run.change is not None and crashed_run.change < 0
    } == {-25}
    for crashed_run in crashed:
        temporary = [name for name in crashed_run.files if TEMPORARY.fullmatch(name)]
        assert len(temporary) <= 1
        for name in {*before, *completed.files, *crashed_run.files} - set(temporary):
            allowed = {before.get(name), completed.files.get(name)} if name in outputs else {before.get(name)}
            assert crashed_run.files.get(name) in allowed, (crashed_run.change, name)


@pytest.mark.slow
def test_a_new_file_is_written_atomically(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    runs = crash_runs(folder, "graph", "shop.py", "-f", "json", "-o", "graph.json")
    assert "class_name" in runs[-1].files["graph.json"]
    assert_atomic(runs, "graph.json", before={"shop.py": SHOP}, writes=1)


@pytest.mark.slow
def test_a_file_is_replaced_atomically(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "graph.json")
    runs = crash_runs(folder, "graph", "shop.py", "-f", "json", "-o", "graph.json")
    assert "class_name" in runs[-1].files["graph.json"]
    assert_atomic(runs, "graph.json", before={"shop.py": SHOP, "graph.json": OLD}, writes=1)


@pytest.mark.slow
def test_a_folder_of_files_is_written_atomically(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "out/Returns.svg")
    runs = crash_runs(folder, "graph", "shop.py", "-f", "svg", "-o", "out")
    outputs = ["out/Orders.svg", "out/Returns.svg"]
    assert [runs[-1].files[name][:4] for name in outputs] == ["<svg", "<svg"]
    assert_atomic(runs, *outputs, before={"shop.py": SHOP, "out/Returns.svg": OLD}, writes=2)


@pytest.mark.slow
def test_a_source_is_fixed_atomically(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    runs = crash_runs(folder, "check", "shop.py", "--fix")
    assert "await load()" in runs[-1].files["shop.py"]
    assert_atomic(runs, "shop.py", before={"shop.py": SHOP}, writes=1)


@pytest.mark.slow
def test_a_baseline_is_written_atomically(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    runs = crash_runs(folder, "check", "shop.py", "--baseline", "known.json", "--update-baseline")
    assert "is never awaited" in runs[-1].files["known.json"]
    assert_atomic(runs, "known.json", before={"shop.py": SHOP}, writes=1)


@pytest.mark.slow
def test_writes_killed_at_random_times_are_atomic(tmp_path: Path) -> None:
    """Writing a directory of files takes the longest."""
    folder = folder_with(tmp_path, "out/Orders.svg", "out/Returns.svg")
    command = [sys.executable, "-m", "stepgraph", "graph", "shop.py", "-f", "svg", "-o", "out/"]
    began = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True)
    longest = time.monotonic() - began
    outputs = [folder / "out/Orders.svg", folder / "out/Returns.svg"]
    new = [path.read_text(encoding="utf-8") for path in outputs]
    rng = Random(8)  # noqa: S311 - not for cryptography
    for _ in range(EFFORT):
        for path in outputs:
            path.write_text(OLD, encoding="utf-8")
        with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(longest / 2, longest))
            process.kill()
        for path, whole in zip(outputs, new, strict=True):
            assert path.read_text(encoding="utf-8") in (OLD, whole)
