"""Git repositories that are the same on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

GIT = shutil.which("git") or "git"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

DATE = "2026-01-02T03:04:05Z"

_SETTINGS = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(*arguments: str, folder: str = ".", date: str = DATE) -> str:
    """Run git in a directory, and return its output. `date` is that of a commit."""
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    run = subprocess.run(
        [GIT, "-C", folder, *arguments], env={**os.environ, **_SETTINGS, **dates}, check=True, capture_output=True
    )
    return run.stdout.decode().strip()


def make_repository() -> None:
    """Make the working directory a repository, with the branch `main`, without commits."""
    git("init", "--quiet", "--initial-branch=main")


def commit(message: str = "change", date: str = DATE) -> str:
    """Commit all files, and return the hash of the commit."""
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", f"--message={message}", date=date)
    return git("rev-parse", "HEAD")


def remove(path: str) -> None:
    """Remove a file."""
    Path(path).unlink()
