"""The files of the cache: a file for each entry, written whole or not at all.

Processes may use it at the same time. An entry counts as absent unless it is a regular file of the user in a directory
of the user, neither writable by others, with the digest of its name and content, and of the types of an entry. What
cannot be written is left: no command fails for its cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.cache.entry import Entry
from stepgraph.cache.private_files import (
    create_private_file,
    is_private_folder,
    make_private_folder,
    private_file_begins,
    read_private_file,
)

MOST_BYTES: Final = 64 * 1024 * 1024
"""How large all entries may be together, before those that were not used for the longest time go."""

_SUFFIX: Final = ".json"
_MARK: Final = ".answered"
_MOST_FILES: Final = 4000
_TURNS: Final = "0"
"""How keys begin, a sixteenth of all, after which the folder is looked through: not after each, as it may be large."""

_MAX_ENTRY_BYTES: Final = MOST_BYTES // 4
_LARGE: Final = MOST_BYTES // 64
_MAGIC: Final = b"stepgraph cache entry\n"
_HEADER_BYTES: Final = len(_MAGIC) + len(sha256().hexdigest()) + 1
_DIGITS: Final = {".tmp": 16, _MARK: 64}
"""The number of hexadecimal digits in the names of files that hold nothing."""

_LONGEST_UNTOUCHED: Final = 24 * 3600
"""Seconds after which a temporary file is one that its process has left behind."""


class Store(Struct, frozen=True):
    """A folder of entries."""

    folder: str

    def get(self, key: str) -> Entry | None:
        """Return an entry, None where there is none that can be read."""
        path = self._path(key)
        try:
            if not is_private_folder(self.folder):
                return None
            content = _unpacked(key, read_private_file(path, _HEADER_BYTES + _MAX_ENTRY_BYTES))
            entry = None if content is None else msgspec.json.decode(content, type=Entry)
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        with suppress(OSError):
            os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry, if it can be written and is the same when it is read."""
        try:
            content = msgspec.json.encode(entry)
            same = msgspec.json.decode(content, type=Entry) == entry
        except (ValueError, TypeError, OverflowError, RecursionError):
            return  # text that is no Unicode, say, or a graph that is too deep
        if same and len(content) <= _MAX_ENTRY_BYTES:
            with suppress(OSError):
                if not self._write(self._path(key), _packed(key, content)):
                    return
                if key.startswith(_TURNS) or len(content) > _LARGE:
                    self._make_room()

    def has_answered(self, question: str) -> bool:
        """Tell whether a question was answered before, so that it may well have the same answer again."""
        return os.path.exists(self._mark(question))

    def note_answer(self, question: str) -> None:
        """Note that a question has an answer."""
        if not self.has_answered(question):
            with suppress(OSError):
                if make_private_folder(self.folder):
                    create_private_file(self._mark(question), b"")

    def _mark(self, question: str) -> str:
        return os.path.join(self.folder, f"{question}{_MARK}")

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, f"{key}{_SUFFIX}")

    def _write(self, path: str, content: bytes) -> bool:
        """Write a file whole, and return whether the directory is one to write to. Raises OSError."""
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

    def _make_room(self) -> None:
        """Remove what was not used for the longest time, until the rest is small enough."""
        files = sorted(self._files(), reverse=True)
        size = 0
        for number, (used, path, length) in enumerate(files):
            size += length
            is_left_behind = path.endswith(".tmp") and files[0][0] - used > _LONGEST_UNTOUCHED
            if (size > MOST_BYTES or number >= _MOST_FILES or is_left_behind) and _is_of_the_cache(path):
                with suppress(OSError):
                    os.unlink(path)

    def _files(self) -> Iterator[tuple[float, str, int]]:
        """Yield each file that may be one of the cache: when it was used, its path, the size of what it holds."""
        with os.scandir(self.folder) as listing:
            for entry in listing:
                if entry.name.endswith((_SUFFIX, _MARK, ".tmp")):
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, entry.path, max(0, status.st_size - _HEADER_BYTES)


def _packed(key: str, content: bytes) -> bytes:
    return b"%s%s\n%s" % (_MAGIC, _entry_digest(key, content), content)


def _unpacked(key: str, packed: bytes) -> bytes | None:
    """Return the content of an entry, None if it is not what was written under this key."""
    content = packed[_HEADER_BYTES:]
    return content if packed == _packed(key, content) else None


def _entry_digest(key: str, content: bytes) -> bytes:
    return sha256(b"%s\n%s" % (key.encode(), content)).hexdigest().encode()


def _is_of_the_cache(path: str) -> bool:
    """Return whether a file was written by a cache: the directory may hold others, which stay."""
    if not path.endswith(_SUFFIX):
        # These hold nothing by which to recognize them but their names.
        digits, suffix = os.path.splitext(os.path.basename(path))
        return len(digits) == _DIGITS.get(suffix) and not digits.strip("0123456789abcdef")
    try:
        return private_file_begins(path, _MAGIC)
    except OSError:
        return False


def user_store() -> Store:
    """Return the cache of the user, in the folder that STEPGRAPH_CACHE_DIR names, else where the system has caches."""
    folder = os.environ.get("STEPGRAPH_CACHE_DIR")
    if folder:
        return Store(folder)
    # Imported here, as it is not needed where the environment says it.
    from platformdirs import user_cache_dir

    return Store(user_cache_dir("stepgraph", appauthor=False))
