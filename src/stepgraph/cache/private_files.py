"""Files and directories of the cache, which only the user may write, outside of analyzed repositories.

This module imports only modules that Python loads at startup, because repeating a recorded run takes less time than
importing `typing` or `contextlib`.
"""

from __future__ import annotations

import os
import stat
import sys

from stepgraph.project.folders import real_path, with_parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Final

_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_CHUNK_BYTES: Final = 1 << 20

if sys.platform == "win32":
    # On Windows, the access control list of the user's profile protects the files, and modes have no effect.
    _READING = os.O_RDONLY | os.O_BINARY
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY
else:
    # Opening a named pipe without a writer would block.
    _READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


NO_CACHE_VARIABLE: Final = "STEPGRAPH_NO_CACHE"
"""The environment variable that turns the cache off."""
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "on"})


def is_cache_off() -> bool:
    """Return whether the environment turns the cache off."""
    return os.environ.get(NO_CACHE_VARIABLE, "").strip().lower() in _YES


def user_cache_folder() -> str:
    """Return the directory that STEPGRAPH_CACHE_DIR names or, by default, the one in the user's cache directory."""
    folder = os.environ.get("STEPGRAPH_CACHE_DIR")
    if folder:
        return folder
    if sys.platform != "linux":
        from platformdirs import user_cache_dir

        return user_cache_dir("stepgraph", appauthor=False)
    # Like platformdirs, which is not used because its import takes as long as a repeated run.
    base = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
    return os.path.join(base, "stepgraph")


def is_private_folder(folder: str) -> bool:
    """Return whether a path is a directory that the user owns and nobody else can write to. Raises OSError."""
    status = os.stat(folder)
    return stat.S_ISDIR(status.st_mode) and _is_private(status)


def make_private_folder(folder: str) -> bool:
    """Create a directory and its missing parents, accessible to the user only. Return whether the directory is private.

    Raises OSError if the directory cannot be created.
    """
    try:
        return is_private_folder(folder)
    except FileNotFoundError:
        pass
    parent = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(parent):
        make_private_folder(parent)
    try:
        os.mkdir(folder, _PRIVATE_FOLDER)
    except FileExistsError:  # another process was faster
        return is_private_folder(folder)
    return is_private_folder(folder)


def read_private_file(path: str, max_bytes: int) -> bytes:
    """Return the bytes of a regular file that the user owns and nobody else can write to. Never blocks.

    Raises OSError for links, pipes, files that others own or can write to, and files larger than `max_bytes`.
    """
    return _read(path, max_bytes, max_bytes)


def private_file_begins(path: str, prefix: bytes) -> bool:
    """Return whether a file starts with `prefix`. Raises OSError like `read_private_file`."""
    return _read(path, sys.maxsize, len(prefix)) == prefix


def replace_private_file(path: str, content: bytes) -> bool:
    """Write a file atomically if its directory is private, and return whether it is. Raises OSError."""
    folder = os.path.dirname(path)
    if not make_private_folder(folder):
        return False
    temporary = os.path.join(folder, f"{os.urandom(8).hex()}.tmp")
    try:
        create_private_file(temporary, content)
        os.replace(temporary, path)
    except OSError:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    return True


def create_private_file(path: str, content: bytes) -> None:
    """Write a new file that only the user can read and write. Raises OSError if the path exists."""
    descriptor = os.open(path, _CREATING, _PRIVATE_FILE)
    with open(descriptor, "wb") as file:
        if sys.platform != "win32":
            os.fchmod(descriptor, _PRIVATE_FILE)
        file.write(content)


def _read(path: str, max_bytes: int, length: int) -> bytes:
    """Return the first bytes of a private file with at most `max_bytes` bytes."""
    descriptor = os.open(path, _READING)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status) or status.st_size > max_bytes:
            raise PermissionError(path)
        chunks = []
        while length > 0 and (chunk := os.read(descriptor, min(length, _CHUNK_BYTES))):
            chunks.append(chunk)
            length -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def _is_private(status: os.stat_result) -> bool:
    if sys.platform == "win32":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & _WRITABLE_BY_OTHERS


def is_outside(cache: str, paths: Sequence[str]) -> bool:
    """Return whether a cache directory is outside the repositories (or directories) of the analyzed paths.

    A repository could contain entries for a cache inside its checkout, and git would make the user their owner.
    """
    ancestors = _identities((*with_parents(os.path.abspath(cache)), *with_parents(real_path(cache))))
    return ancestors.isdisjoint(_identities(_roots(paths)))


def _roots(paths: Sequence[str]) -> Iterator[str]:
    """Yield the roots of each path: the enclosing directories with `.git` or, if there are none, the directory itself.

    An outer repository can contain the inner one as a submodule. The home directory does not count as an outer
    repository: many people keep their settings in a repository there, and the default cache is inside it.
    """
    folders = {path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    home = real_path(os.path.expanduser("~"))
    for folder in {real_path(folder) for folder in folders}:
        repositories = [above for above in with_parents(folder) if os.path.lexists(os.path.join(above, ".git"))]
        yield repositories[0] if repositories else folder
        yield from (outer for outer in repositories[1:] if outer != home)


def _identities(paths: Iterable[str]) -> set[tuple[int, int]]:
    """Return the device and inode of each existing path, so that different spellings of a path are equal."""
    identities: set[tuple[int, int]] = set()
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        identities.add((status.st_dev, status.st_ino))
    return identities
