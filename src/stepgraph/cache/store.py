"""The files of the cache: entries and markers of requests, in a directory that only the user can write to.

Each entry is a file that is written atomically, so several processes can use the cache at once. An entry is read only
if its file and directory belong to the user and are not writable by others, if the digest of its key and content
matches, and if its content is valid. Write errors are ignored, so the cache never makes a command fail.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.cache.entry import CacheEntry

MAX_BYTES: Final = 64 * 1024 * 1024
"""The maximum total size of all entries. If it is exceeded, the least recently used entries are removed."""

_SUFFIX: Final = ".json"
_MARKER_SUFFIX: Final = ".answered"
_MAX_FILES: Final = 4000
_EVICTION_PREFIX: Final = "0"
"""The prefix of one in sixteen keys.

Only writing an entry that has such a key or is large evicts entries, because listing a directory is slow.
"""

_MAX_ENTRY_BYTES: Final = MAX_BYTES // 4
_LARGE_ENTRY_BYTES: Final = MAX_BYTES // 64
_MAGIC: Final = b"stepgraph cache entry\n"
_HEADER_BYTES: Final = len(_MAGIC) + len(sha256().hexdigest()) + 1
_DIGITS: Final = {".tmp": 16, _MARKER_SUFFIX: 64}
"""The number of hexadecimal digits in the names of temporary files and markers, by suffix."""

_MAX_TEMPORARY_AGE: Final = 24 * 3600
"""Temporary files older than this, in seconds, are removed, because their process must have ended."""


class CacheStore(Struct, frozen=True):
    """A directory of cache entries."""

    folder: str

    def get(self, key: str) -> CacheEntry | None:
        """Return the entry for a key, or None if it does not exist or is invalid."""
        path = self._path(key)
        try:
            if not is_private_folder(self.folder):
                return None
            content = _unpack(key, read_private_file(path, _HEADER_BYTES + _MAX_ENTRY_BYTES))
            entry = None if content is None else msgspec.json.decode(content, type=CacheEntry)
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        with suppress(OSError):
            os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
        return entry

    def put(self, key: str, entry: CacheEntry) -> None:
        """Write an entry, unless it is too large or cannot be serialized without loss. Ignores write errors."""
        try:
            content = msgspec.json.encode(entry)
            survives = msgspec.json.decode(content, type=CacheEntry) == entry
        except (ValueError, TypeError, OverflowError, RecursionError):
            return  # such as lone surrogates, or a deeply nested graph
        if survives and len(content) <= _MAX_ENTRY_BYTES:
            with suppress(OSError):
                if not self._write(self._path(key), _pack(key, content)):
                    return
                if key.startswith(_EVICTION_PREFIX) or len(content) > _LARGE_ENTRY_BYTES:
                    self._evict()

    def has_recorded(self, request: str) -> bool:
        """Return whether a request is recorded under its digest. The result of such a request is probably cached."""
        return os.path.exists(self._marker_path(request))

    def record(self, request: str) -> None:
        """Record under the digest of a request that its result is cached."""
        if not self.has_recorded(request):
            with suppress(OSError):
                if make_private_folder(self.folder):
                    create_private_file(self._marker_path(request), b"")

    def _marker_path(self, request: str) -> str:
        return os.path.join(self.folder, f"{request}{_MARKER_SUFFIX}")

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, f"{key}{_SUFFIX}")

    def _write(self, path: str, content: bytes) -> bool:
        """Write a file atomically if the directory is private, and return whether the directory is. Raises OSError."""
        if not make_private_folder(self.folder):
            return False
        temporary = os.path.join(self.folder, f"{os.urandom(8).hex()}.tmp")
        try:
            create_private_file(temporary, content)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                os.unlink(temporary)
        return True

    def _evict(self) -> None:
        """Remove old temporary files, and the least recently used files until the rest is within the limits."""
        files = sorted(self._files(), reverse=True)
        size = 0
        for number, (used, path, length) in enumerate(files):
            size += length
            is_abandoned = path.endswith(".tmp") and files[0][0] - used > _MAX_TEMPORARY_AGE
            if (size > MAX_BYTES or number >= _MAX_FILES or is_abandoned) and _is_cache_file(path):
                with suppress(OSError):
                    os.unlink(path)

    def _files(self) -> Iterator[tuple[float, str, int]]:
        """Yield the modification time in seconds, path, and content size in bytes of each file with a cache suffix."""
        with os.scandir(self.folder) as listing:
            for entry in listing:
                if entry.name.endswith((_SUFFIX, _MARKER_SUFFIX, ".tmp")):
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, entry.path, max(0, status.st_size - _HEADER_BYTES)


def _pack(key: str, content: bytes) -> bytes:
    return b"%s%s\n%s" % (_MAGIC, _entry_digest(key, content), content)


def _unpack(key: str, file_content: bytes) -> bytes | None:
    """Return the content of an entry, or None if the file is damaged or belongs to another key."""
    content = file_content[_HEADER_BYTES:]
    return content if file_content == _pack(key, content) else None


def _entry_digest(key: str, content: bytes) -> bytes:
    return sha256(b"%s\n%s" % (key.encode(), content)).hexdigest().encode()


def _is_cache_file(path: str) -> bool:
    """Return whether a file belongs to the cache. Other files in the directory are never removed."""
    if not path.endswith(_SUFFIX):
        # Markers are empty, and temporary files may be incomplete, so only their names identify them.
        digits, suffix = os.path.splitext(os.path.basename(path))
        return len(digits) == _DIGITS.get(suffix) and not digits.strip("0123456789abcdef")
    try:
        return private_file_begins(path, _MAGIC)
    except OSError:
        return False


def user_store() -> CacheStore:
    """Return the cache in the directory that STEPGRAPH_CACHE_DIR names or, by default, the user's cache directory."""
    folder = os.environ.get("STEPGRAPH_CACHE_DIR")
    if folder:
        return CacheStore(folder)
    # Imported here because STEPGRAPH_CACHE_DIR makes it unnecessary.
    from platformdirs import user_cache_dir

    return CacheStore(user_cache_dir("stepgraph", appauthor=False))


_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


if sys.platform == "win32":
    # On Windows, the access control list of the user's profile protects the files, and modes have no effect.
    _READING = os.O_RDONLY | os.O_BINARY
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY
else:
    # Opening a named pipe without a writer would block.
    _READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    _CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
    with suppress(FileExistsError):  # another process was faster
        os.mkdir(folder, _PRIVATE_FOLDER)
    return is_private_folder(folder)


def read_private_file(path: str, max_bytes: int) -> bytes:
    """Return the bytes of a regular file that the user owns and nobody else can write to. Never blocks.

    Raises OSError for links, pipes, files that others own or can write to, and files larger than `max_bytes`.
    """
    with _opened(path) as (descriptor, status):
        if status.st_size > max_bytes:
            raise PermissionError(path)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)


def private_file_begins(path: str, prefix: bytes) -> bool:
    """Return whether a file starts with `prefix`. Raises OSError like `read_private_file`."""
    with _opened(path) as (descriptor, _):
        return os.read(descriptor, len(prefix)) == prefix


def create_private_file(path: str, content: bytes) -> None:
    """Write a new file that only the user can read and write. Raises OSError if the path exists."""
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


def is_outside(cache: str, paths: Sequence[str]) -> bool:
    """Return whether a cache directory is outside the repositories (or directories) of the analyzed paths.

    A repository could contain entries for a cache inside its checkout, and git would make the user their owner.
    """
    ancestors = _identities((*_upward(os.path.abspath(cache)), *_upward(os.path.realpath(cache))))
    return ancestors.isdisjoint(_identities(_roots(paths)))


def _roots(paths: Sequence[str]) -> Iterator[str]:
    """Yield the roots of each path: the enclosing directories with `.git` or, if there are none, the directory itself.

    An outer repository can contain the inner one as a submodule. The home directory does not count as an outer
    repository: many people keep their settings in a repository there, and the default cache is inside it.
    """
    folders = {path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths}
    home = os.path.realpath(os.path.expanduser("~"))
    for folder in {os.path.realpath(folder) for folder in folders}:
        repositories = [above for above in _upward(folder) if os.path.lexists(os.path.join(above, ".git"))]
        yield repositories[0] if repositories else folder
        yield from (outer for outer in repositories[1:] if outer != home)


def _upward(path: str) -> Iterator[str]:
    """Yield a path and its parent directories, innermost first."""
    yield path
    while (parent := os.path.dirname(path)) != path:
        yield (path := parent)


def _identities(paths: Iterable[str]) -> set[tuple[int, int]]:
    """Return the device and inode of each existing path, so that different spellings of a path are equal."""
    identities: set[tuple[int, int]] = set()
    for path in paths:
        with suppress(OSError, ValueError):
            status = os.stat(path)
            identities.add((status.st_dev, status.st_ino))
    return identities
