"""Creation and modification dates of modules, from their commits, the build or the file system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol, Self

from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.project.folders import repository_root

if TYPE_CHECKING:
    from collections.abc import Sequence
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


class CommitTimes(Protocol):
    """Remembers the times of commits, because git walks through the whole history to tell those of a file."""

    def get(self, history: str, name: str) -> Sequence[int] | None:
        """Return the times of the first and the last commit of a file in a history, in seconds since 1970.

        The result is empty for a file without commits, and None if the times are unknown.
        """

    def put(self, history: str, name: str, times: Sequence[int]) -> None:
        """Remember the times of a file."""


class DateLookup:
    """Looks up the dates of modules. For modules passed to `start`, git runs in the background.

    Use it as a context manager: leaving it kills the processes that still run. `times` are those of earlier lookups.
    """

    def __init__(self, times: CommitTimes | None = None) -> None:
        self._times = times
        self._logs: dict[str, _Log | None] = {}
        self._waiting: dict[str, None] = {}
        """Paths of files to look up when fewer processes run, in order."""
        self._dates: dict[str, ModuleDates] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for path in tuple(self._logs):
            self._stop(path)

    def start(self, path: str) -> None:
        """Look up the dates of the file at `path` in the background."""
        self._waiting[path] = None
        self._start_waiting()

    def _start_waiting(self) -> None:
        while self._waiting and len(self._logs) < _MAX_BACKGROUND_LOGS:
            path = next(iter(self._waiting))
            del self._waiting[path]
            if path not in self._logs and path not in self._dates:
                self._logs[path] = _start_log(path, self._times)

    def dates(self, path: str) -> ModuleDates:
        """Return the dates of the file at `path`. Raises InputError if SOURCE_DATE_EPOCH is needed but not a number."""
        if path not in self._dates:
            self._waiting.pop(path, None)
            log = self._logs.pop(path) if path in self._logs else _start_log(path, self._times)
            self._start_waiting()
            times = () if log is None else log.read(self._times)
            self._dates[path] = _dates(times[0], times[-1]) if times else _dates_without_commits(path)
        return self._dates[path]

    def _stop(self, path: str) -> None:
        log = self._logs.pop(path)
        if log is not None and log.git is not None:
            log.git.stop()


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


class _Log(Struct, frozen=True):
    """The times of the commits of a file, which are known or which git lists."""

    history: str | None
    """The identity of the history, or None if it is unknown."""
    name: str
    """The path of the file in its repository."""
    times: Sequence[int] | None
    """The times of the first and the last commit, none without commits, or None if git lists them."""
    git: Git | None = None
    """The running process that lists the times, or None if they are known or git cannot be started."""

    def read(self, known: CommitTimes | None) -> Sequence[int]:
        """Return the times of the first and the last commit. They are empty without commits, and if git fails."""
        if self.times is not None:
            return self.times
        if self.git is None:
            return ()
        # Imported here for a fast start, because most commands need no dates.
        from stepgraph.project.git import HISTORY_SECONDS

        output = self.git.read_output(seconds=HISTORY_SECONDS)
        if output is None or not self.git.succeeded:
            return ()
        listed = [int(line.split()[0]) for line in output.splitlines()]
        times = (min(listed), max(listed)) if listed else ()
        if known is not None and self.history is not None:
            known.put(self.history, self.name, times)
        return times


def _start_log(path: str, known: CommitTimes | None) -> _Log | None:
    """Return the known times of a file, or start git to list them. Return None without a file or a repository."""
    if not os.path.isfile(path):
        return None
    real = os.path.realpath(path)
    root = repository_root(os.path.dirname(real))
    if root is None:
        return None
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import history_id, start_git

    name = os.path.relpath(real, root)
    history = None if known is None else history_id(root)
    times = None if known is None or history is None else known.get(history, name)
    if times is not None:
        return _Log(history, name, times)
    # A plumbing command: unlike `git log`, it ignores configuration that shows signatures, follows renames or maps
    # names.
    git = start_git(root, "--literal-pathspecs", "rev-list", "--timestamp", "HEAD", "--", name)
    return _Log(history, name, None, git)


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
