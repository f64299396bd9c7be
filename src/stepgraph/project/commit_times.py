"""When a file was committed, asked of git."""

from __future__ import annotations

import os

from msgspec import Struct

from stepgraph.project.git import HISTORY_SECONDS, Git, start_git
from stepgraph.project.repository import repository_root


class CommitTimes(Struct, frozen=True):
    """The earliest and the latest commit of a file, in seconds since 1970 (UTC)."""

    first: int
    last: int


def start_log(path: str) -> Git | None:
    """Start git on the history of the file at `path`, for `read_log`. Returns None where there is no git."""
    real = os.path.realpath(path)
    root = repository_root(os.path.dirname(real))
    if root is None:
        return None
    # Plumbing: unlike `git log`, it heeds no configuration that shows signatures, follows renames or maps names.
    name = os.path.relpath(real, root)
    return start_git(root, "--literal-pathspecs", "rev-list", "--timestamp", "HEAD", "--", name)


def read_log(log: Git) -> CommitTimes | None:
    """Return what the started git found; None for a file that was never committed, or where git cannot tell."""
    answer = log.answer(seconds=HISTORY_SECONDS) or b""
    times = [int(line.split()[0]) for line in answer.splitlines()]
    return CommitTimes(min(times), max(times)) if times and log.succeeded else None
