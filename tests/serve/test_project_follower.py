"""The thread that analyzes the project again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stepgraph.checks.filtering import FilteredFindings
from stepgraph.live.live_project import LiveProject
from stepgraph.project.change_watch import ChangeWatch, WatchError
from stepgraph.project.sources import Sources, find_sources
from stepgraph.serve import server
from stepgraph.serve.server import ProjectFollower
from tests.cli.sources import IMPORT, module, workflow, write, write_orders


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follower_of(find: Callable[[], Sources], problems: list[str]) -> tuple[LiveProject, ProjectFollower]:
    project = LiveProject(find, lambda _, findings: (FilteredFindings(tuple(findings)), ()))
    return project, ProjectFollower(project, (".",), lambda: None, problems.append)


def test_problems_are_reported_once() -> None:
    problems: list[str] = []
    write("orders.py", f"{IMPORT}\ndef (:\n")
    _, follower = follower_of(lambda: find_sources((".",), None), problems)
    follower.analyze()
    follower.analyze()
    assert problems == ["orders.py:3:5: syntax error: invalid syntax."]


class EndOfTestError(Exception):
    """Ends the loop of the follower."""


def test_without_events_files_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SCAN_SECONDS", 0.01)
    write_orders()
    problems: list[str] = []
    project, follower = follower_of(lambda: find_sources((".",), None), problems)
    follower.analyze()

    def wait(_: ChangeWatch) -> bool:
        write("orders.py", module(workflow("Orders", "rest", "ship")))
        raise WatchError("too many directories.")

    refresh = project.refresh

    def refresh_once() -> None:
        refresh()
        raise EndOfTestError

    monkeypatch.setattr(ChangeWatch, "wait", wait)
    monkeypatch.setattr(project, "refresh", refresh_once)
    with pytest.raises(EndOfTestError):
        follower.run()
    assert project.state.workflows[0].analysis.step_count == 2
    assert problems == ["too many directories. Until then, files are compared every 0 seconds."]


def test_an_emptied_file_is_read_when_it_has_content(monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    text = Path("orders.py").read_text(encoding="utf-8")
    waits: list[float] = []

    def fill(seconds: float) -> None:
        waits.append(seconds)
        write("orders.py", text)

    _, follower = follower_of(lambda: find_sources((".",), None), [])
    follower.analyze()
    write("orders.py", "")
    monkeypatch.setattr(time, "sleep", fill)
    changes = follower._watch.changes(has_events=True)  # noqa: SLF001 - one step of the loop
    server._wait_for_content(changes)  # noqa: SLF001
    assert len(waits) == 1
