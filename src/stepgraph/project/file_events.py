"""Waiting for file system events, with the package watchfiles.

Events only wake up the caller. A scan (`watched_files.py`) then determines the changes, because events can be
missing, duplicated, or caused by irrelevant files.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Final

from stepgraph.project.folders import is_unicode, real_path
from stepgraph.project.watched_files import FolderIdentity

_STEP_MILLISECONDS: Final = 20
"""The time without events that ends a group of events."""
_DEBOUNCE_MILLISECONDS: Final = 500
"""The maximum duration of a group of events."""
_TIMEOUT_MILLISECONDS: Final = 1_000


class WatchError(Exception):
    """The system cannot watch directories. The message is a sentence with advice."""


def has_watchfiles() -> bool:
    """Return whether watchfiles is installed. It is imported at the first wait, because that is slow."""
    return find_spec("watchfiles") is not None


class FileEvents:
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
            reason = error.strerror or str(error)
            advice = "Name fewer directories, or raise the limit of the system (on Linux, fs.inotify.max_user_watches)."
            raise WatchError(f"cannot watch {len(folders)} directories: {reason}. {advice}") from None
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
