"""Whenever the command is killed, each file that it writes is the old one or the new one, never half of one."""

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

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, and killed by signals")

DYING = Path(__file__).with_name("dying.py")
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
class Death:
    """When a run died, None for one that lived, with which exit code or signal, and the files that are there then."""

    moment: int | None
    code: int
    files: dict[str, str]


def folder_with(place: Path, *old: str) -> Path:
    """Return a folder with a module, and files that are to be replaced."""
    folder = (place / "folder").resolve()
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    for name in old:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(OLD, encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "SOURCE_DATE_EPOCH": "0", "GIT_CEILING_DIRECTORIES": "/"}


def deaths(folder: Path, *arguments: str) -> list[Death]:
    """Return how runs ended that were killed each at another moment, and last of all one that was not."""
    command = [sys.executable, str(DYING), str(folder), *arguments]
    run = subprocess.run(command, env=environment(), capture_output=True, check=True, text=True)
    return [Death(*json.loads(line)) for line in run.stdout.splitlines()]


def hold_the_law(found: list[Death], *outputs: str, before: dict[str, str], writes: int) -> None:
    """Each output is as before or as after, nothing else changes, and there is at most one temporary file."""
    *died, lived = found
    assert lived.code in (0, 1)
    assert [name for name in lived.files if TEMPORARY.fullmatch(name)] == []
    # Opened, synchronized, replaced, removed: at each of these moments, for each output.
    assert len([death for death in died if death.moment is not None and death.moment >= 0]) >= 4 * writes
    assert {death.code for death in died if death.moment is not None and death.moment < 0} == {-25}
    for death in died:
        temporary = [name for name in death.files if TEMPORARY.fullmatch(name)]
        assert len(temporary) <= 1
        for name in {*before, *lived.files, *death.files} - set(temporary):
            allowed = {before.get(name), lived.files.get(name)} if name in outputs else {before.get(name)}
            assert death.files.get(name) in allowed, (death.moment, name)


def test_a_file_that_is_new(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    found = deaths(folder, "graph", "shop.py", "-f", "json", "-o", "graph.json")
    assert "class_name" in found[-1].files["graph.json"]
    hold_the_law(found, "graph.json", before={"shop.py": SHOP}, writes=1)


def test_a_file_that_is_replaced(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "graph.json")
    found = deaths(folder, "graph", "shop.py", "-f", "json", "-o", "graph.json")
    assert "class_name" in found[-1].files["graph.json"]
    hold_the_law(found, "graph.json", before={"shop.py": SHOP, "graph.json": OLD}, writes=1)


@pytest.mark.slow
def test_a_folder_of_files(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "out/Returns.svg")
    found = deaths(folder, "graph", "shop.py", "-f", "svg", "-o", "out")
    outputs = ["out/Orders.svg", "out/Returns.svg"]
    assert [found[-1].files[name][:4] for name in outputs] == ["<svg", "<svg"]
    hold_the_law(found, *outputs, before={"shop.py": SHOP, "out/Returns.svg": OLD}, writes=2)


@pytest.mark.slow
def test_the_source_when_it_is_corrected(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    found = deaths(folder, "check", "shop.py", "--fix", "--write")
    assert "await load()" in found[-1].files["shop.py"]
    hold_the_law(found, "shop.py", before={"shop.py": SHOP}, writes=1)


def test_a_baseline(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    found = deaths(folder, "check", "shop.py", "--baseline", "known.json", "--update-baseline")
    assert "is never awaited" in found[-1].files["known.json"]
    hold_the_law(found, "known.json", before={"shop.py": SHOP}, writes=1)


@pytest.mark.slow
def test_runs_killed_at_any_time(tmp_path: Path) -> None:
    """Real kills, at times by chance: of the folder of files, which takes longest to write."""
    folder = folder_with(tmp_path, "out/Orders.svg", "out/Returns.svg")
    command = [sys.executable, "-m", "stepgraph", "graph", "shop.py", "-f", "svg", "-o", "out/"]
    began = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True)
    longest = time.monotonic() - began
    outputs = [folder / "out/Orders.svg", folder / "out/Returns.svg"]
    new = [path.read_text(encoding="utf-8") for path in outputs]
    chance = Random(8)  # noqa: S311 - no secret
    for _ in range(EFFORT):
        for path in outputs:
            path.write_text(OLD, encoding="utf-8")
        with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(longest / 2, longest))
            process.kill()
        for path, whole in zip(outputs, new, strict=True):
            assert path.read_text(encoding="utf-8") in (OLD, whole)
