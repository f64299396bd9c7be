"""A bare repository that is committed inside the analyzed directory is not used as its repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepgraph.project.module_dates import module_dates
from stepgraph.project.search import ignored
from tests.cli.repositories import git, needs_git

pytestmark = needs_git

_BARE_FILES = {
    "HEAD": "ref: refs/heads/other\n",
    "config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ..\n",
    "objects/keep": "",
    "refs/keep": "",
    "info/exclude": "*.py\n",
}


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    """The directory `worker` of a repository, with a committed module and the files of a bare repository."""
    directory = tmp_path / "worker"
    for name, text in {"entry.py": "X = 1\n", **_BARE_FILES}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    root = str(tmp_path)
    git("init", "--quiet", "--initial-branch=main", folder=root)
    git("add", "--all", "--force", ".", folder=root)
    git("commit", "--quiet", "--message=first", folder=root)
    return directory


def test_its_exclude_patterns_are_not_used(worker: Path) -> None:
    assert ignored(f"{worker}/", [f"{worker}/entry.py"]) == frozenset()


def test_dates_come_from_the_outer_repository(worker: Path) -> None:
    os.utime(worker / "entry.py", (0, 0))
    assert module_dates(f"{worker}/entry.py").modified_on != "1970-01-01T00:00:00Z"
