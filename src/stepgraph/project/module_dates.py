"""Creation and modification dates of modules, from their commits, the build or the file system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.project.folders import repository_root

if TYPE_CHECKING:
    from types import TracebackType

    from stepgraph.project.git import Git

_BUILD_DATE_VARIABLE = "SOURCE_DATE_EPOCH"
_LAST_SECOND = 253_402_300_799  # of the year 9999

# The maximum number of concurrent git processes that are started ahead of use.
_MAX_BACKGROUND_LOGS = 8


class ModuleDates(Struct, frozen=True):
    """The creation and modification dates of a module, in UTC with seconds, such as `2026-03-01T12:00:00Z`."""

    created_on: str
    """The date of the first commit of the file or, without commits, the same date as `modified_on`."""
    modified_on: str
    """The date of the last commit or, without commits, SOURCE_DATE_EPOCH or the modification time of the file."""


class DateLookup:
    """Looks up the dates of modules. For modules passed to `start`, git runs in the background.

    Use it as a context manager: leaving it kills the processes that still run.
    """

    def __init__(self) -> None:
        self._logs: dict[str, Git | None] = {}
        self._dates: dict[str, ModuleDates] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for path in tuple(self._logs):
            self._stop(path)

    def start(self, path: str) -> None:
        """Start to look up the dates of the file at `path` in the background."""
        if len(self._logs) < _MAX_BACKGROUND_LOGS and path not in self._logs:
            self._logs[path] = start_log(path)

    def dates(self, path: str) -> ModuleDates:
        """Return the dates of the file at `path`. Raises InputError if SOURCE_DATE_EPOCH is needed but not a number."""
        if path not in self._dates:
            log = self._logs.pop(path) if path in self._logs else start_log(path)
            self._dates[path] = _commit_dates(log) or _dates_without_commits(path)
        return self._dates[path]

    def _stop(self, path: str) -> None:
        log = self._logs.pop(path)
        if log is not None:
            log.stop()


def module_dates(path: str) -> ModuleDates:
    """Return the dates of the file at `path`: its first and last commit, SOURCE_DATE_EPOCH, or its modification time.

    For a missing file, return `dates_without_file()`. Raises InputError if SOURCE_DATE_EPOCH is needed but is not a
    number.
    """
    return DateLookup().dates(path)


def dates_of_commits(first: int, last: int) -> ModuleDates:
    """Return the dates of a version from the times of its first and last commit, in seconds since 1970."""
    return _dates(first, last)


def dates_without_file() -> ModuleDates:
    """Return the dates of source text without a file: SOURCE_DATE_EPOCH, or the beginning of 1970.

    Raises InputError if SOURCE_DATE_EPOCH is not a number of seconds.
    """
    build = _build_date()
    return _dates(0, 0) if build is None else _dates(build, build)


def start_log(path: str) -> Git | None:
    """Start a git process that lists the commits of a file. Return None without a file, a repository or git."""
    if not os.path.isfile(path):
        return None
    real = os.path.realpath(path)
    root = repository_root(os.path.dirname(real))
    if root is None:
        return None
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import start_git

    # A plumbing command: unlike `git log`, it ignores configuration that shows signatures, follows renames or maps
    # names.
    name = os.path.relpath(real, root)
    return start_git(root, "--literal-pathspecs", "rev-list", "--timestamp", "HEAD", "--", name)


def _commit_dates(log: Git | None) -> ModuleDates | None:
    """Return the dates of the first and the last commit, or None if the file has no commits or git fails."""
    if log is None:
        return None
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import HISTORY_SECONDS

    output = log.read_output(seconds=HISTORY_SECONDS) or b""
    times = [int(line.split()[0]) for line in output.splitlines()]
    return _dates(min(times), max(times)) if times and log.succeeded else None


def _dates_without_commits(path: str) -> ModuleDates:
    if _BUILD_DATE_VARIABLE in os.environ:
        return dates_without_file()
    try:
        modified = int(os.stat(path).st_mtime)
    except (OSError, ValueError):
        return dates_without_file()
    return _dates(modified, modified)


def _build_date() -> int | None:
    text = os.environ.get(_BUILD_DATE_VARIABLE)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        message = f"`{text}` is not a number of seconds since 1970."
        raise InputError(Problem(_BUILD_DATE_VARIABLE, message, "Correct the environment variable, or unset it."))
    return int(text[:20])


def _dates(created: int, modified: int) -> ModuleDates:
    return ModuleDates(_utc(created), _utc(modified))


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(max(seconds, 0), _LAST_SECOND)))
