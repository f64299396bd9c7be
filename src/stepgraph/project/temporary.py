"""Private temporary directories, which are removed even if SIGTERM or SIGHUP ends the process.

Files in a temporary directory are never overwritten. Links are never followed, because they are made after all
directories and files.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from msgspec import Struct, field

from stepgraph.project.folders import real_path
from stepgraph.project.writing import NEW_FILE

_PREFIX: Final = "stepgraph-revision-"
_STALE_SECONDS: Final = 24 * 3_600
_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_SIGNALS: Final = ("SIGTERM", "SIGHUP")

# The temporary directories of this process.
_open_folders: set[str] = set()


class TemporaryFolder(Struct):
    """A temporary directory, by its real path. Paths inside it have forward slashes.

    All methods raise FileExistsError if something else exists at the path (on some file systems, even if its case
    differs), and OSError if writing fails.
    """

    path: str
    _folders: set[str] = field(default_factory=lambda: {""})

    @property
    def folder_count(self) -> int:
        """The number of directories inside the temporary directory."""
        return len(self._folders) - 1

    def make_folder(self, path: str) -> None:
        """Make a directory and its parents, unless this object has made them already."""
        missing = []
        while path not in self._folders:
            missing.append(path)
            path = path.rpartition("/")[0]
        for folder in reversed(missing):
            os.mkdir(os.path.join(self.path, folder), _PRIVATE_FOLDER)
            self._folders.add(folder)

    def write_file(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write a file into an existing directory."""
        descriptor = os.open(os.path.join(self.path, path), NEW_FILE, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)

    def remove_file(self, path: str) -> None:
        """Remove a file or link, if it was made, and its parent directories if they become empty."""
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self.path, path))
        folder = path.rpartition("/")[0]
        with suppress(OSError):  # a directory that is not empty
            while folder:
                os.rmdir(os.path.join(self.path, folder))
                self._folders.discard(folder)
                folder = folder.rpartition("/")[0]

    def write_link(self, path: str, target: str) -> None:
        """Make a symbolic link to a path inside the temporary directory, after all files are written.

        Does nothing on systems that do not support or allow links.
        """
        relative = posixpath.relpath(f"/{target}", posixpath.dirname(f"/{path}"))
        try:
            os.symlink(relative, os.path.join(self.path, path))
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            return


@contextmanager
def temporary_folder() -> Iterator[TemporaryFolder]:
    """Make a temporary directory for the block. Raises OSError if it cannot be made."""
    _remove_stale()
    path = real_path(tempfile.mkdtemp(prefix=_PREFIX))
    _open_folders.add(path)
    try:
        with _remove_on_signals():
            yield TemporaryFolder(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _open_folders.discard(path)


@contextmanager
def _remove_on_signals() -> Iterator[None]:
    """Remove the directories on signals that terminate the process and have no handler."""
    numbers = [number for name in _SIGNALS if (number := getattr(signal, name, None)) is not None]
    # Only the main thread may set signal handlers.
    is_main = threading.current_thread() is threading.main_thread()
    handled_signals = [number for number in numbers if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in handled_signals:
        signal.signal(number, _remove_and_exit)
    try:
        yield
    finally:
        for number in handled_signals:
            signal.signal(number, signal.SIG_DFL)


def _remove_and_exit(number: int, _frame: FrameType | None) -> None:
    for path in tuple(_open_folders):
        shutil.rmtree(path, ignore_errors=True)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _remove_stale() -> None:
    """Remove the directories of killed processes."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as listing:
        for entry in listing:
            if entry.name.startswith(_PREFIX) and _is_stale(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_stale(entry: os.DirEntry[str]) -> bool:
    status = entry.stat(follow_symlinks=False)
    is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return entry.is_dir(follow_symlinks=False) and is_own and status.st_mtime < time.time() - _STALE_SECONDS
