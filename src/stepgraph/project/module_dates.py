"""Creation and modification dates of modules, from their commits, the build or the file system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol, Self

from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.project.folders import real_path, repository_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from stepgraph.project.commit_walk import CommitWalk
    from stepgraph.project.git import Git

_BUILD_DATE_VARIABLE = "SOURCE_DATE_EPOCH"
_LAST_SECOND = 253_402_300_799  # of the year 9999

_MAX_BACKGROUND_PROCESSES = 8
"""The maximum number of git processes that are started ahead of use. More files share processes."""


class ModuleDates(Struct, frozen=True):
    """The creation and modification dates of a module, in UTC with seconds, such as `2026-03-01T12:00:00Z`."""

    created_on: str
    """The date of the first commit of the file or, without commits, the same date as `modified_on`."""
    modified_on: str
    """The date of the last commit or, without commits, SOURCE_DATE_EPOCH or the modification time of the file."""


class CommitTimes(Protocol):
    """Remembers the times of commits, because git lists those of a file by a walk through the whole history."""

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
        self._walks: list[CommitWalk] = []
        self._dates: dict[str, ModuleDates] = {}
        self._unanswered: dict[str, str] = {}
        """The repositories where git did not list the commits of a file, with the path of the first such file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for log in self._logs.values():
            if log is not None and log.git is not None:
                log.git.stop()
        for walk in self._walks:
            walk.stop()

    def start(self, paths: Iterable[str]) -> None:
        """Look up the dates of files in the background."""
        new = dict.fromkeys(path for path in paths if path not in self._dates and path not in self._logs)
        files = {path: _tracked_file(path, self._times) for path in new}
        unknown = {path: file for path, file in files.items() if file is not None and file.times is None}
        self._logs |= {path: None if file is None else _Log(file) for path, file in files.items()}
        if len(unknown) <= _MAX_BACKGROUND_PROCESSES:
            self._logs |= {path: _start_log(file) for path, file in unknown.items()}
            return
        # Imported here because only many files need it.
        from stepgraph.project.commit_walk import CommitWalk, batches

        by_name: dict[str, dict[str, list[str]]] = {}
        for path, file in unknown.items():
            by_name.setdefault(file.root, {}).setdefault(file.name, []).append(path)
        for root, paths_of in by_name.items():
            for names in batches(tuple(paths_of)):
                walk = CommitWalk(root, names)
                if len(self._walks) < _MAX_BACKGROUND_PROCESSES:
                    walk.start()
                self._walks.append(walk)
                self._logs |= {path: _Log(unknown[path], walk=walk) for name in names for path in paths_of[name]}

    def dates(self, path: str) -> ModuleDates:
        """Return the dates of the file at `path`. Raises InputError if SOURCE_DATE_EPOCH is needed but not a number."""
        if path not in self._dates:
            if path not in self._logs:
                self.start([path])
            log = self._logs.pop(path)
            times = () if log is None else log.read(self._times)
            if log is not None and times is None:
                self._unanswered.setdefault(log.file.root, path)
            self._dates[path] = dates_of(times[0], times[-1]) if times else _dates_without_commits(path)
        return self._dates[path]

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each repository where git exceeded its time limit or would block.

        The dates of its files are then those of files without commits.
        """
        # Imported here for a fast start, because most commands need no dates.
        from stepgraph.project.git import failure_reason

        for root, path in self._unanswered.items():
            reason = failure_reason(root)
            if reason is not None:
                yield Problem(path, f"its dates are not those of its commits: {reason}")


def module_dates(path: str) -> ModuleDates:
    """Return the dates of the file at `path`: its first and last commit, SOURCE_DATE_EPOCH, or its modification time.

    For a missing file, return `dates_without_file()`. Raises InputError if SOURCE_DATE_EPOCH is needed but is not a
    number.
    """
    return DateLookup().dates(path)


def dates_without_file() -> ModuleDates:
    """Return the dates of source text without a file: SOURCE_DATE_EPOCH, or the beginning of 1970.

    Raises InputError if SOURCE_DATE_EPOCH is not a number of seconds.
    """
    build = _build_date()
    return dates_of(0, 0) if build is None else dates_of(build, build)


class _TrackedFile(Struct, frozen=True):
    """A file in a repository."""

    root: str
    """The root of the repository."""
    name: str
    """The path of the file in its repository."""
    history: str | None
    """The identity of the history, or None if it is unknown."""
    times: Sequence[int] | None
    """The times of the first and the last commit, none without commits, or None if they are unknown."""


def _tracked_file(path: str, cached_times: CommitTimes | None) -> _TrackedFile | None:
    """Return the file at a path, with its known times. Return None without a file or a repository."""
    if not os.path.isfile(path):
        return None
    real = real_path(path)
    root = repository_root(os.path.dirname(real))
    if root is None:
        return None
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import history_id

    name = os.path.relpath(real, root)
    history = None if cached_times is None else history_id(root)
    times = None if cached_times is None or history is None else cached_times.get(history, name)
    return _TrackedFile(root, name, history, times)


class _Log(Struct, frozen=True):
    """The commits of a file."""

    file: _TrackedFile
    git: Git | None = None
    """The running process that lists the times of the file, or None if git cannot be started or is not needed."""
    walk: CommitWalk | None = None
    """The walk that lists the times of this and other files, if any."""

    def read(self, cached_times: CommitTimes | None) -> Sequence[int] | None:
        """Return the times of the first and the last commit, empty without commits, or None if git fails."""
        if self.file.times is not None:
            return self.file.times
        times = self._read_walk() if self.git is None else _read_log(self.git)
        if times is not None and cached_times is not None and self.file.history is not None:
            cached_times.put(self.file.history, self.file.name, times)
        return times

    def _read_walk(self) -> Sequence[int] | None:
        return None if self.walk is None or not self.walk.succeeded else self.walk.times_of(self.file.name)


def _start_log(file: _TrackedFile) -> _Log:
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import COUNTED_COMMITS, start_git

    # A plumbing command: unlike `git log`, it ignores configuration that shows signatures, follows renames or maps
    # names.
    options = ("--literal-pathspecs", "rev-list", "--timestamp", *COUNTED_COMMITS)
    return _Log(file, start_git(file.root, *options, file.name))


def _read_log(git: Git) -> Sequence[int] | None:
    """Return the times of the first and last commit that git lists, empty without commits, or None if git fails."""
    # Imported here for a fast start, because most commands need no dates.
    from stepgraph.project.git import HISTORY_SECONDS

    output = git.read_output(seconds=HISTORY_SECONDS)
    if output is None or not git.succeeded:
        return None
    listed = [int(line.split()[0]) for line in output.splitlines()]
    return (min(listed), max(listed)) if listed else ()


def _dates_without_commits(path: str) -> ModuleDates:
    if _BUILD_DATE_VARIABLE in os.environ:
        return dates_without_file()
    try:
        modified = int(os.stat(path).st_mtime)
    except (OSError, ValueError):
        return dates_without_file()
    return dates_of(modified, modified)


def _build_date() -> int | None:
    text = os.environ.get(_BUILD_DATE_VARIABLE)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        message = f"`{text}` is not a number of seconds since 1970."
        raise InputError(Problem(_BUILD_DATE_VARIABLE, message, "Correct the environment variable, or unset it."))
    return int(text[:20])


def dates_of(created: int, modified: int) -> ModuleDates:
    """Return the dates of two times in seconds since 1970, such as the first and the last commit."""
    return ModuleDates(_utc(created), _utc(modified))


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(max(seconds, 0), _LAST_SECOND)))
