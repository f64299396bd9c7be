"""The times of commits in the cache, for which git does not walk through the history again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepgraph.cache.results import StoredCommitTimes
from stepgraph.cache.store import CacheStore
from stepgraph.project import git as project_git
from stepgraph.project.module_dates import DateLookup
from tests.cli.repositories import git, needs_git

pytestmark = needs_git


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("orders.py").write_text("X = 1\n")
    os.utime("orders.py", (0, 0))
    git("init", "--quiet", "--initial-branch=main", folder=str(folder))
    commit()
    return folder


def commit() -> None:
    git("add", "orders.py", folder=".")
    git("commit", "--quiet", "--allow-empty", "--message=x", folder=".")


def created_on(store: CacheStore, path: str = "orders.py") -> str:
    times = StoredCommitTimes(store)
    with DateLookup(times) as lookup:
        date = lookup.dates(path).created_on
    times.save()
    return date


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:
    return CacheStore(str(tmp_path / "cache"))


def no_git(*_: object, **__: object) -> None:
    return None


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_the_same_commit_needs_no_git(store: CacheStore, monkeypatch: pytest.MonkeyPatch, *, packed: bool) -> None:
    if packed:
        git("pack-refs", "--all", folder=".")
    first = created_on(store)
    monkeypatch.setattr(project_git, "start_git", no_git)
    assert created_on(store) == first != "1970-01-01T00:00:00Z"


def test_a_detached_commit_and_a_linked_working_tree_need_no_git(
    store: CacheStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("worktree", "add", "--quiet", "../linked", folder=".")
    git("checkout", "--quiet", "--detach", folder=".")
    first = [created_on(store), created_on(store, "../linked/orders.py")]
    monkeypatch.setattr(project_git, "start_git", no_git)
    assert [created_on(store), created_on(store, "../linked/orders.py")] == first
    assert "1970-01-01T00:00:00Z" not in first


def test_a_file_without_commits_is_not_looked_up_again(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("new.py").write_text("")
    os.utime("new.py", (0, 0))
    created_on(store, "new.py")
    monkeypatch.setattr(project_git, "start_git", lambda *_: pytest.fail("git was started"))
    assert created_on(store, "new.py") == "1970-01-01T00:00:00Z"


def test_after_a_commit_git_is_asked_again(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    created_on(store)
    commit()
    monkeypatch.setattr(project_git, "start_git", no_git)
    assert created_on(store) == "1970-01-01T00:00:00Z"


def test_a_name_that_is_not_text_is_not_stored(store: CacheStore) -> None:
    name = os.fsdecode(b"\xff.py")
    Path("orders.py").rename(name)
    git("add", ".", folder=".")
    git("commit", "--quiet", "--message=x", folder=".")
    assert created_on(store, name) == created_on(store, name) != "1970-01-01T00:00:00Z"
