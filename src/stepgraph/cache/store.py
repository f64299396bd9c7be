"""The files of the cache: a file for each entry, written whole or not at all.

Processes may use it at the same time. What cannot be read, is cut off or is of someone else counts as absent, and what
cannot be written is left: no command fails for its cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.cache.entry import Entry

MOST_BYTES: Final = 64 * 1024 * 1024
"""How large all entries may be together, before those that were not used for the longest time go."""

_SUFFIX: Final = ".json"
_MARK: Final = ".answered"
_MOST_FILES: Final = 4000
_TURNS: Final = "0"
"""How keys begin, a sixteenth of all, after which the folder is looked through: not after each, as it may be large."""

_LARGE: Final = MOST_BYTES // 64
_LONGEST_UNTOUCHED: Final = 24 * 3600
"""Seconds after which a temporary file is one that its process has left behind."""


class Store(Struct, frozen=True):
    """A folder of entries."""

    folder: str

    def get(self, key: str) -> Entry | None:
        """Return an entry, None where there is none that can be read."""
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                entry = msgspec.json.decode(file.read(), type=Entry)
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        with suppress(OSError):
            os.utime(path)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry, if it can be written and is the same when it is read."""
        try:
            content = msgspec.json.encode(entry)
            same = msgspec.json.decode(content, type=Entry) == entry
        except (ValueError, TypeError, OverflowError, RecursionError):
            return  # text that is no Unicode, say, or a graph that is too deep
        if same and len(content) <= MOST_BYTES // 4:
            with suppress(OSError):
                self._write(self._path(key), content)
                if key.startswith(_TURNS) or len(content) > _LARGE:
                    self._make_room()

    def has_answered(self, question: str) -> bool:
        """Tell whether a question was answered before, so that it may well have the same answer again."""
        return os.path.exists(self._mark(question))

    def note_answer(self, question: str) -> None:
        """Note that a question has an answer."""
        if not self.has_answered(question):
            with suppress(OSError):
                os.makedirs(self.folder, exist_ok=True)
                with open(self._mark(question), "xb"):
                    pass

    def _mark(self, question: str) -> str:
        return os.path.join(self.folder, f"{question}{_MARK}")

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, f"{key}{_SUFFIX}")

    def _write(self, path: str, content: bytes) -> None:
        os.makedirs(self.folder, exist_ok=True)
        temporary = os.path.join(self.folder, f"{os.urandom(8).hex()}.tmp")
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                os.unlink(temporary)

    def _make_room(self) -> None:
        """Remove what was not used for the longest time, until the rest is small enough."""
        files = sorted(self._files(), reverse=True)
        size = 0
        for number, (used, path, length) in enumerate(files):
            size += length
            is_left_behind = path.endswith(".tmp") and files[0][0] - used > _LONGEST_UNTOUCHED
            if size > MOST_BYTES or number >= _MOST_FILES or is_left_behind:
                with suppress(OSError):
                    os.unlink(path)

    def _files(self) -> Iterator[tuple[float, str, int]]:
        """Yield each of our files: when it was used, its path, its size."""
        with os.scandir(self.folder) as listing:
            for entry in listing:
                if entry.name.endswith((_SUFFIX, _MARK, ".tmp")):
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, entry.path, status.st_size


def user_store() -> Store:
    """Return the cache of the user, in the folder that STEPGRAPH_CACHE_DIR names, else where the system has caches."""
    folder = os.environ.get("STEPGRAPH_CACHE_DIR")
    if folder:
        return Store(folder)
    # Imported here, as it is not needed where the environment says it.
    from platformdirs import user_cache_dir

    return Store(user_cache_dir("stepgraph", appauthor=False))
