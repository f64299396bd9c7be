"""The changes of the files of a project, after each run that read them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from stepgraph.phrases import system_reason
from stepgraph.project.folders import is_unicode, real_path
from stepgraph.project.sources import Sources
from stepgraph.project.watched_files import FileChange, FolderIdentity, Snapshot, WatchScope, scope_of

_STEP_MILLISECONDS: Final = 20
"""The time without events that ends a group of events."""
_DEBOUNCE_MILLISECONDS: Final = 500
"""The maximum duration of a group of events."""
_TIMEOUT_MILLISECONDS: Final = 1_000


_IDLE_SCANS: Final = 20
"""The time between scans without events, as a multiple of the time of a scan."""

_CLOCK_TOLERANCE_NANOSECONDS: Final = 20_000_000
"""The tolerance for the times of changes, which file systems round."""


class WatchError(Exception):
    """The system cannot watch directories. The message is a sentence with advice."""


def has_watchfiles() -> bool:
    """Return whether watchfiles is installed. It is imported at the first wait, because that is slow."""
    return find_spec("watchfiles") is not None


class _FileEvents:
    """The events in a set of directories, without their subdirectories."""

    def __init__(self) -> None:
        self._folders: dict[str, FolderIdentity] = {}
        self._events: Iterator[object] | None = None

    def wait(self, folders: Mapping[str, FolderIdentity]) -> bool:
        """Wait for events for about a second, and return whether files may have changed since the last call.

        Files may also have changed if `folders` differ from those of the last call. Raises KeyboardInterrupt on Ctrl-C,
        and WatchError if the system cannot watch the directories.
        """
        is_new = self._events is None or self._folders != folders
        if is_new:
            self._folders = dict(folders)
            self._events = _start(folders)
        if self._events is None:
            time.sleep(_TIMEOUT_MILLISECONDS / 1000)
            return True
        try:
            return bool(next(self._events)) or is_new
        except FileNotFoundError:
            self._events = None  # a directory was just removed
            return True
        except OSError as error:
            advice = "Name fewer directories, or raise the limit of the system (on Linux, fs.inotify.max_user_watches)."
            raise WatchError(f"cannot watch {len(folders)} directories: {system_reason(error)}. {advice}") from None
        except RuntimeError:
            # watchfiles rejects file names that are not valid Unicode, and its iterator then ends.
            self._events = None
            return True


def _start(folders: Mapping[str, FolderIdentity]) -> Iterator[object] | None:
    """Return an iterator over groups of events, empty after a timeout. Return None without directories."""
    from watchfiles import watch

    paths = [real for folder in folders if is_unicode(real := real_path(folder or "."))]
    if not paths:
        return None
    return watch(
        *paths,
        watch_filter=None,
        step=_STEP_MILLISECONDS,
        debounce=_DEBOUNCE_MILLISECONDS,
        rust_timeout=_TIMEOUT_MILLISECONDS,
        yield_on_timeout=True,
        recursive=False,  # a recursive watch would follow symbolic links
        ignore_permission_denied=True,
        debug=False,
    )


class ChangeWatch:
    """Watches the files that can change the result of a run.

    Call `start` before each run, `extend` after it, and then `wait` until there are changes.
    """

    def __init__(self, paths: Sequence[str], output: str | None = None) -> None:
        """Watch the inputs of runs on `paths`, except the file that the runs write."""
        self._paths = paths
        self._output = output
        self._events = _FileEvents()
        self._scope: WatchScope = scope_of(paths, output=output)
        self._run_start = 0
        """The time of the start of the last run, in nanoseconds since the epoch."""
        self._next_scan = 0.0
        """The monotonic time, in seconds, from which the files are compared even without events."""
        self._snapshot = self._timed_scan()

    @property
    def file_count(self) -> int:
        """The number of watched files."""
        return sum(not path.endswith("/") for path in self._snapshot.files)

    def start(self) -> None:
        """Record the start of a run."""
        self._run_start = time.time_ns()

    def extend(self, sources: Sources | None, files: Sequence[str]) -> tuple[FileChange, ...]:
        """Also watch the sources and files that the last run has read, and return the changes during the run."""
        scope = scope_of(self._paths, sources, files, self._output)
        if scope == self._scope:
            return ()  # changes during the run have caused events
        before, self._scope = self._snapshot, scope
        self._snapshot = self._timed_scan()
        # The last run may have read a new file of the scope before the file changed.
        return before.changes_in(self._snapshot, self._run_start - _CLOCK_TOLERANCE_NANOSECONDS)

    def wait(self) -> bool:
        """Wait for about a second, and return whether `changes` may find a change.

        Raises KeyboardInterrupt on Ctrl-C, and WatchError if the system cannot watch the directories.
        """
        return self._events.wait(self._snapshot.folders)

    def changes(self, *, has_events: bool) -> tuple[FileChange, ...]:
        """Return the changes since the last scan, if there were events, or if it was long ago.

        Systems can lose events, so the files are also compared without events, in 5% of the time.
        """
        if not has_events and time.monotonic() < self._next_scan:
            return ()
        snapshot = self._timed_scan()
        changes = self._snapshot.changes_to(snapshot)
        self._snapshot = snapshot
        return changes

    def _timed_scan(self) -> Snapshot:
        started = time.monotonic()
        snapshot = self._scope.scan()
        self._next_scan = time.monotonic() + _IDLE_SCANS * (time.monotonic() - started)
        return snapshot
