"""Searching files for words."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

from stepgraph.project import scan as scanning
from stepgraph.project.candidate_files import CandidateFiles
from stepgraph.project.scan import Words, scan
from tests.project.trees import here, plant

FILES = {
    "marked.py": "class Orders(WorkflowEntrypoint): ...",
    "likely.py": "class Orders(OurWorkflow): ...",
    "other.py": "x = 1",
}
HELD = [Words.BASE_CLASS, Words.COMMON, Words.NEITHER, Words.UNREADABLE]


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, FILES)


def test_results_are_in_the_order_of_the_files() -> None:
    assert list(scan([*FILES, "missing.py"], here())) == HELD


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such processes on Windows")
def test_files_are_scanned_in_process_if_fork_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(scanning, "_MIN_FILES_FOR_PROCESS", 1)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "fork", refuse)
    assert list(scan([*FILES, "missing.py"], here())) == HELD


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan in a child process."""
    if not hasattr(os, "fork"):
        pytest.skip("there are no such processes on Windows")
    monkeypatch.setattr(scanning, "_MIN_FILES_FOR_PROCESS", 1)
    monkeypatch.setattr(scanning, "may_fork", lambda: True)


@pytest.mark.usefixtures("two_processors")
def test_uses_of_classes_are_searched_in_advance(tmp_path: Path) -> None:
    plant(tmp_path, {"late.py": "class Late(Orders): ...", "comment.py": "# Orders"})
    candidates = CandidateFiles(here())
    assert list(scan([*FILES, "late.py", "comment.py"], here(), candidates))[:3] == HELD[:3]
    assert candidates.by_name is not None
    assert candidates.by_name.get() == {"Orders": ["likely.py", "late.py", "comment.py"], "*": []}
    candidates.others += ["late.py", "comment.py"]
    assert candidates.take(["Orders"]) == [("late.py", b"class Late(Orders): ...")]


@pytest.mark.usefixtures("two_processors")
def test_files_over_the_memory_limit_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"late.py": "class Late(Orders): ..."})
    monkeypatch.setattr(scanning, "_KEPT_BYTES", 0)
    candidates = CandidateFiles(here())
    list(scan(["marked.py", "other.py", "late.py"], here(), candidates))
    assert candidates.by_name is not None
    assert candidates.by_name.get() == {"Orders": ["late.py"], "*": []}


@pytest.mark.usefixtures("two_processors")
def test_names_that_were_not_searched_in_advance(tmp_path: Path) -> None:
    plant(tmp_path, {"late.py": "class Late(Other): ..."})
    candidates = CandidateFiles(here(), others=["late.py"])
    assert list(scan(["marked.py", "late.py"], here(), candidates)) == [Words.BASE_CLASS, Words.NEITHER]
    assert candidates.take(["Other", "Orders"]) == [("late.py", b"class Late(Other): ...")]


@pytest.mark.parametrize("is_forked", [False, True])
@pytest.mark.usefixtures("two_processors")
def test_files_that_name_a_class(tmp_path: Path, *, is_forked: bool) -> None:
    plant(tmp_path, {"app.py": "from marked import Orders", "all.py": "from marked import *"})
    candidates = CandidateFiles(here(), others=["app.py", "all.py", "other.py"])
    if is_forked:
        list(scan(["marked.py", *candidates.others], here(), candidates))
    assert candidates.naming(["Orders"]) == {"Orders": ["app.py"], "*": ["all.py"]}
    assert candidates.take(["Orders"]) == []


@pytest.mark.usefixtures("two_processors")
def test_a_search_in_advance_that_nobody_needs_is_ended() -> None:
    candidates = CandidateFiles(here())
    list(scan([*FILES], here(), candidates))
    assert candidates.take([]) == []
    assert candidates.by_name is not None
    assert candidates.by_name.get() == {}


def test_a_deleted_file_has_no_derived_classes() -> None:
    files = CandidateFiles(here(), likely=["likely.py", "missing.py"])
    assert files.take(["OurWorkflow"]) == [("likely.py", FILES["likely.py"].encode())]
