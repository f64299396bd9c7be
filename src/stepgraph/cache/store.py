"""The files of the cache: one file per entry, written atomically.

Several processes may use it at once. An entry is read only if file and directory belong to the user and are not
writable by others, if the digest of its key and content matches, and if its content is valid. Errors of writing are
ignored, so no command fails because of its cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.cache.entry import CacheEntry
from stepgraph.cache.private_files import (
    create_private_file,
    is_private_folder,
    make_private_folder,
    private_file_begins,
    read_private_file,
)

MAX_BYTES: Final = 64 * 1024 * 1024
"""The maximum size of all entries together. Beyond it, the least recently used entries are removed."""

_SUFFIX: Final = ".json"
_MARKER_SUFFIX: Final = ".answered"
_MAX_FILES: Final = 4000
_EVICTION_PREFIX: Final = "0"
"""The prefix of keys, one in sixteen, after which entries are evicted, because listing a large directory takes time."""

_MAX_ENTRY_BYTES: Final = MAX_BYTES // 4
_LARGE_ENTRY_BYTES: Final = MAX_BYTES // 64
_MAGIC: Final = b"stepgraph cache entry\n"
_HEADER_BYTES: Final = len(_MAGIC) + len(sha256().hexdigest()) + 1
_DIGITS: Final = {".tmp": 16, _MARKER_SUFFIX: 64}
"""The number of hexadecimal digits in the names of files without a header, by suffix."""

_MAX_TEMPORARY_AGE: Final = 24 * 3600
"""The age in seconds from which temporary files are removed, because their process has ended."""


class CacheStore(Struct, frozen=True):
    """A directory of cache entries."""

    folder: str

    def get(self, key: str) -> CacheEntry | None:
        """Return the entry of a key; None if it does not exist or is invalid."""
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
        """Write an entry, unless it does not survive serialization."""
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
        """Return whether a request is recorded, so its result is probably cached."""
        return os.path.exists(self._marker_path(request))

    def record(self, request: str) -> None:
        """Record that the result of a request is cached."""
        if not self.has_recorded(request):
            with suppress(OSError):
                if make_private_folder(self.folder):
                    create_private_file(self._marker_path(request), b"")

    def _marker_path(self, request: str) -> str:
        return os.path.join(self.folder, f"{request}{_MARKER_SUFFIX}")

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, f"{key}{_SUFFIX}")

    def _write(self, path: str, content: bytes) -> bool:
        """Write a file atomically, and return whether the directory is private. Raises OSError."""
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
        """Remove the least recently used files beyond the limits, and old temporary files."""
        files = sorted(self._files(), reverse=True)
        size = 0
        for number, (used, path, length) in enumerate(files):
            size += length
            is_abandoned = path.endswith(".tmp") and files[0][0] - used > _MAX_TEMPORARY_AGE
            if (size > MAX_BYTES or number >= _MAX_FILES or is_abandoned) and _is_cache_file(path):
                with suppress(OSError):
                    os.unlink(path)

    def _files(self) -> Iterator[tuple[float, str, int]]:
        """Yield modification time, path and content size of each file with a suffix of the cache."""
        with os.scandir(self.folder) as listing:
            for entry in listing:
                if entry.name.endswith((_SUFFIX, _MARKER_SUFFIX, ".tmp")):
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, entry.path, max(0, status.st_size - _HEADER_BYTES)


def _pack(key: str, content: bytes) -> bytes:
    return b"%s%s\n%s" % (_MAGIC, _entry_digest(key, content), content)


def _unpack(key: str, file_content: bytes) -> bytes | None:
    """Return the content of an entry; None if the file was written for another key."""
    content = file_content[_HEADER_BYTES:]
    return content if file_content == _pack(key, content) else None


def _entry_digest(key: str, content: bytes) -> bytes:
    return sha256(b"%s\n%s" % (key.encode(), content)).hexdigest().encode()


def _is_cache_file(path: str) -> bool:
    """Return whether a file belongs to the cache. Other files in the directory are never removed."""
    if not path.endswith(_SUFFIX):
        # Without content, only their names identify them.
        digits, suffix = os.path.splitext(os.path.basename(path))
        return len(digits) == _DIGITS.get(suffix) and not digits.strip("0123456789abcdef")
    try:
        return private_file_begins(path, _MAGIC)
    except OSError:
        return False


def user_store() -> CacheStore:
    """Return the cache in the directory STEPGRAPH_CACHE_DIR, by default in the cache directory of the system."""
    folder = os.environ.get("STEPGRAPH_CACHE_DIR")
    if folder:
        return CacheStore(folder)
    # Imported here because STEPGRAPH_CACHE_DIR makes it unnecessary.
    from platformdirs import user_cache_dir

    return CacheStore(user_cache_dir("stepgraph", appauthor=False))
