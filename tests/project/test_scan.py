"""Searching files for words."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

from stepgraph.project import scan as scanning
from stepgraph.project.scan import CandidateFiles, Words, scan
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


def test_a_deleted_file_has_no_derived_classes() -> None:
    files = CandidateFiles(here(), likely=["likely.py", "missing.py"])
    assert files.take(["OurWorkflow"]) == [("likely.py", FILES["likely.py"].encode())]
