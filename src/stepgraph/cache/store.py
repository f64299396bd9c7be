"""The files of the cache: entries and markers of requests, in a directory that only the user can write to.

Each entry is a file that is written atomically, so several processes can use the cache at once. An entry is read only
if its file and directory belong to the user and are not writable by others, if the digest of its key and content
matches, and if its content is valid. Write errors are ignored, so the cache never makes a command fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
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
    replace_private_file,
    user_cache_folder,
)
from stepgraph.cache.recorded_run import RECORD_SUFFIX
from stepgraph.hashing import DIGEST_LENGTH, digest

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
_HEADER_BYTES: Final = len(_MAGIC) + DIGEST_LENGTH + 1
_DIGITS: Final = {".tmp": 16, RECORD_SUFFIX: 8, _MARKER_SUFFIX: DIGEST_LENGTH}
"""The number of hexadecimal digits in the names of temporary files, recorded runs and markers, by suffix."""

_MAX_TEMPORARY_AGE: Final = 24 * 3600
"""Temporary files older than this, in seconds, are removed, because their process must have ended."""


class CacheStore(Struct, frozen=True):
    """A directory of cache entries."""

    folder: str

    def get(self, key: str) -> CacheEntry | None:
        """Return the entry for a key, or None if it does not exist or is invalid."""
        content = self.get_data(key)
        try:
            return None if content is None else msgspec.json.decode(content, type=CacheEntry)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return None

    def get_data(self, key: str) -> bytes | None:
        """Return the bytes stored under a key, or None if they do not exist or are damaged."""
        path = self._path(key)
        try:
            if not is_private_folder(self.folder):
                return None
            content = _unpack(key, read_private_file(path, _HEADER_BYTES + _MAX_ENTRY_BYTES))
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
        return content

    def put(self, key: str, entry: CacheEntry) -> None:
        """Write an entry, unless it is too large or cannot be serialized without loss. Ignores write errors."""
        try:
            content = msgspec.json.encode(entry)
            survives = msgspec.json.decode(content, type=CacheEntry) == entry
        except (ValueError, TypeError, OverflowError, RecursionError):
            return  # such as lone surrogates, or a deeply nested graph
        if survives:
            self.put_data(key, content)

    def put_data(self, key: str, content: bytes) -> None:
        """Write bytes under a key, unless they are too large. Ignores write errors."""
        if len(content) > _MAX_ENTRY_BYTES:
            return
        with suppress(OSError):
            if not replace_private_file(self._path(key), _pack(key, content)):
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
                if entry.name.endswith((_SUFFIX, *_DIGITS)):
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
    return digest(b"%s\n%s" % (key.encode(), content)).encode()


def _is_cache_file(path: str) -> bool:
    """Return whether a file belongs to the cache. Other files in the directory are never removed."""
    if not path.endswith(_SUFFIX):
        # Only their names identify the others: markers are empty, and temporary files may be incomplete.
        digits, suffix = os.path.splitext(os.path.basename(path))
        return len(digits) == _DIGITS.get(suffix) and not digits.strip("0123456789abcdef")
    try:
        return private_file_begins(path, _MAGIC)
    except OSError:
        return False


def user_store() -> CacheStore:
    """Return the cache in the directory of the user."""
    return CacheStore(user_cache_folder())
