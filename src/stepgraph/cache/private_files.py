"""Files and directories that only the user can write."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600

if sys.platform == "win32":
    # On Windows, the access list of the user's profile protects the files, and modes are ignored.
    _READING = os.O_RDONLY | os.O_BINARY
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY
else:
    # Opening a named pipe without a writer would block.
    _READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def is_private_folder(folder: str) -> bool:
    """Return whether a path is a directory of the user that only the user can write to. Raises OSError."""
    status = os.stat(folder)
    return stat.S_ISDIR(status.st_mode) and _is_private(status)


def make_private_folder(folder: str) -> bool:
    """Make a directory and its missing parents for the user only, and return `is_private_folder`.

    Raises OSError if it cannot be created.
    """
    try:
        return is_private_folder(folder)
    except FileNotFoundError:
        pass
    parent = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(parent):
        make_private_folder(parent)
    with suppress(FileExistsError):  # another process was faster
        os.mkdir(folder, _PRIVATE_FOLDER)
    return is_private_folder(folder)


def read_private_file(path: str, max_bytes: int) -> bytes:
    """Return the bytes of a regular file of the user that only the user can write to. Never blocks.

    Raises OSError for links, pipes, files of other users, and files larger than `max_bytes`.
    """
    with _opened(path) as (descriptor, status):
        if status.st_size > max_bytes:
            raise PermissionError(path)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)


def private_file_begins(path: str, prefix: bytes) -> bool:
    """Return whether a file starts with `prefix`. Raises OSError as `read_private_file`."""
    with _opened(path) as (descriptor, _):
        return os.read(descriptor, len(prefix)) == prefix


def create_private_file(path: str, content: bytes) -> None:
    """Write a new file that only the user can read and write, for any umask. Raises OSError if it exists."""
    descriptor = os.open(path, _CREATING, _PRIVATE_FILE)
    with open(descriptor, "wb") as file:
        if sys.platform != "win32":
            os.fchmod(descriptor, _PRIVATE_FILE)
        file.write(content)


@contextmanager
def _opened(path: str) -> Iterator[tuple[int, os.stat_result]]:
    descriptor = os.open(path, _READING)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status):
            raise PermissionError(path)
        yield descriptor, status
    finally:
        os.close(descriptor)


def _is_private(status: os.stat_result) -> bool:
    if sys.platform == "win32":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & _WRITABLE_BY_OTHERS
