"""Behavior without git, and with a git that hangs or never stops printing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepgraph.project import git as asking
from stepgraph.project.git import failure_reason, revision_names, revision_of
from stepgraph.project.module_dates import ModuleDates, module_dates
from stepgraph.project.search import ignored
from tests.cli.repositories import commit, git, make_repository, needs_git

pytestmark = [needs_git, pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts of a shell")]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a repository with a commit and an ignored file."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    make_repository()
    Path("orders.py").touch()
    Path(".gitignore").write_text("built.py\n", encoding="utf-8")
    commit()
    return folder


@pytest.fixture
def use_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path at which a test can write a replacement of git."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    (tmp_path / "programs").mkdir()
    return tmp_path / "programs" / "git"


def has_no_answers() -> bool:
    """Return whether all lookups of revisions, dates and ignored files have no result."""
    nowhere = ModuleDates("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")
    asked = (revision_of(".", "main"), ignored("", ["built.py"]), module_dates("orders.py"))
    return asked == (None, frozenset(), nowhere)


def test_git_answers_about_revisions_dates_and_ignored_files() -> None:
    revision = revision_of(".", "main")
    assert revision is not None
    assert revision.label == "main"
    assert ignored("", ["built.py", "orders.py"]) == {"built.py"}
    assert module_dates("orders.py") == ModuleDates("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")


@pytest.mark.usefixtures("use_git")
def test_without_git_there_are_no_answers() -> None:
    assert has_no_answers()


def test_a_git_that_cannot_run_counts_as_missing(use_git: Path) -> None:
    use_git.write_bytes(b"no program")
    use_git.chmod(0o755)
    assert has_no_answers()


def test_a_git_without_output_is_killed(use_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **options))  # type: ignore[call-overload] # as it was called
        return started[-1]

    use_git.write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
    use_git.chmod(0o755)
    for limit in ("_DEFAULT_SECONDS", "HISTORY_SECONDS"):
        monkeypatch.setattr(asking, limit, 0.05)
    monkeypatch.setattr(subprocess, "Popen", noted)
    assert has_no_answers()
    # Git is not run again.
    assert [process.returncode for process in started] == [-9]


def test_a_git_with_endless_output_is_killed(use_git: Path) -> None:
    use_git.write_text("#!/bin/sh\nexec /usr/bin/yes\n", encoding="utf-8")
    use_git.chmod(0o755)
    assert has_no_answers()


def test_child_processes_of_git_are_killed(use_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_git.write_text("#!/bin/sh\n/bin/sleep 600\n", encoding="utf-8")
    use_git.chmod(0o755)
    for limit in ("_DEFAULT_SECONDS", "HISTORY_SECONDS"):
        monkeypatch.setattr(asking, limit, 0.05)
    assert has_no_answers()


_OPENED = ("config", "HEAD", "index", "packed-refs", "info/exclude", "refs/heads/main", "objects/info/alternates")


@pytest.mark.parametrize("name", _OPENED)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_git_is_not_started_if_it_would_block_on_a_pipe(repository: Path, name: str, kind: str) -> None:
    path = repository / ".git" / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    assert has_no_answers()
    assert failure_reason(str(repository)) == (
        f"git is not run, because it would wait forever for `{path}`, which is not a file. Remove it."
    )


@pytest.mark.parametrize("name", ["GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE"])
def test_variables_do_not_change_files_of_the_repository(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert module_dates("orders.py").created_on == "2026-01-02T03:04:05Z"


def test_an_empty_repository_is_not_replaced_by_the_outer_one(repository: Path) -> None:
    """Git alone would use the outer repository, and compare all of its files with the inner directory."""
    (repository / "inner" / ".git").mkdir(parents=True)
    assert revision_of(str(repository / "inner"), "main") is None


def test_names_of_revisions_are_listed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    git("tag", "v1")
    assert revision_names(".") == ("main", "v1")
    monkeypatch.setattr(asking, "_MAX_NAMES", 1)
    assert revision_names(".") == ("main",)


def test_working_trees_share_the_files_that_block(repository: Path) -> None:
    git("worktree", "add", "--quiet", "../linked")
    os.mkfifo(repository / ".git" / "objects/info/alternates")
    assert revision_of("../linked", "main") is None


@pytest.mark.parametrize("name", ["", "--all", "main\0"])
def test_an_invalid_name_is_not_a_revision(name: str) -> None:
    assert revision_of(".", name) is None
