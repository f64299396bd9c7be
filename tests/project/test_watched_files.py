"""The files whose changes cause another run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from stepgraph.project.watched_files import ChangeKind, FileChange, Snapshot, scope_of
from tests.cli.conftest import needs_unix_files


@pytest.fixture(autouse=True)
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a directory with a module, and return the path of the module."""
    monkeypatch.chdir(tmp_path)
    path = Path("orders.py")
    path.write_text("a = 1\n", encoding="utf-8")
    time.sleep(0.012)  # more than the resolution of the times of changes
    return path


def write_with_time(path: Path, text: str) -> None:
    """Change a file, and restore its time of modification."""
    status = path.stat()
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_change_of_equal_size_and_time_is_noticed(orders: Path) -> None:
    scope = scope_of(["."])
    before = scope.scan()
    write_with_time(orders, "a = 2\n")
    assert before.changes_to(scope.scan()) == (FileChange("orders.py", ChangeKind.CHANGED),)


def test_an_old_file_that_changes_during_the_run_is_noticed(orders: Path) -> None:
    start = time.time_ns()
    time.sleep(0.012)
    write_with_time(orders, "a = 2\n")
    later = scope_of(["."]).scan()
    assert Snapshot().changes_in(later, start) == (FileChange("orders.py", ChangeKind.CHANGED),)


@needs_unix_files
def test_a_link_that_leads_out_is_noticed_when_it_is_replaced(orders: Path) -> None:
    orders.unlink()
    orders.symlink_to("/")
    scope = scope_of(["orders.py"])
    before = scope.scan()
    assert list(before.files) == ["orders.py"]
    orders.unlink()
    orders.write_text("a = 1\n", encoding="utf-8")
    assert before.changes_to(scope.scan()) == (FileChange("orders.py", ChangeKind.CHANGED),)


@needs_unix_files
def test_a_link_in_place_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "entry.py").touch()
    scope = scope_of(["project"])
    before = scope.scan()
    folder.rename("moved")
    folder.symlink_to("/")
    later = scope.scan()
    assert later.folders == {}
    assert before.changes_to(later) == (FileChange("project/entry.py", ChangeKind.REMOVED),)
