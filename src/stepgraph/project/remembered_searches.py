"""The directory searches of a process that receives notifications of file changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct, field

from stepgraph.project.candidate_files import CandidateFiles
from stepgraph.project.file_selection import FileSelection
from stepgraph.project.folder_searches import FolderSearches
from stepgraph.project.reading import is_unsaved, unsaved_names
from stepgraph.project.root import Root
from stepgraph.project.scan import Words, scan
from stepgraph.project.search import Search, ignored, search_folder

Answer = TypeVar("Answer")

_SLOW_SECONDS: Final = 1.0
"""The duration from which a search is slow, as of a home directory."""
_SLOW_SEARCH_SHARE: Final = 0.05
"""The maximum part of the time that slow searches take."""

_MAX_ANSWERS: Final = 20
"""The maximum number of remembered answers of one kind. A run needs about three."""


class _Scan(Struct, frozen=True):
    """The words in the files of a search, without unsaved texts."""

    paths: Sequence[str]
    words: Sequence[Words]
    positions: dict[str, list[int]]
    """The positions of the paths with a file name."""


class _SearchAnswers(Struct, Generic[Answer]):
    """The answers to searches for names in files."""

    _by_search: dict[tuple[Root, tuple[str, ...], str], tuple[Sequence[str], Answer]] = field(default_factory=dict)
    """The searched files and the answer, by root, names and first file."""

    def get(self, root: Root, paths: Sequence[str], names: Sequence[str], search: Callable[[], Answer]) -> Answer:
        """Return the answer for files, which must not be empty, from memory or from a search."""
        key = root, tuple(names), paths[0]
        entry = self._by_search.get(key)
        if entry is None or entry[0] != paths:
            if len(self._by_search) >= _MAX_ANSWERS:
                self._by_search.clear()
            entry = self._by_search[key] = list(paths), search()
        return entry[1]


class _RememberedCandidates(CandidateFiles):
    """Files whose uses of names are remembered, except those in unsaved texts."""

    users: _SearchAnswers[frozenset[str]] = field(default_factory=_SearchAnswers)
    """The files that use one of some names."""
    named: _SearchAnswers[dict[str, list[str]]] = field(default_factory=_SearchAnswers)
    """The files that contain each of some names."""

    def files_using(self, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return the files that use one of the names, like the method of the base class."""
        if not paths:
            return []
        search = super().files_using
        users = self.users.get(self.root, paths, names, lambda: frozenset(path for path, _ in search(paths, names)))
        unsaved = unsaved_names()
        candidates = [path for path in paths if path in users or os.path.basename(path) in unsaved]
        return search(candidates, names)

    def search_names(self, paths: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
        """Return the files that contain each of the names, like the method of the base class."""
        search = super().search_names
        if not paths:
            return search(paths, names)
        named = self.named.get(self.root, paths, names, lambda: search(paths, names))
        unsaved = unsaved_names()
        edited = [path for path in paths if os.path.basename(path) in unsaved] if unsaved else []
        in_edited = search(edited, names)
        return {
            name: [*(path for path in saved if path not in edited), *in_edited[name]] for name, saved in named.items()
        }


class RememberedSearches(FolderSearches):
    """Remembers the results of directory searches until `forget` is called, so that an unsaved edit causes no search.

    The texts of unsaved files are read for each call. Slow searches are repeated in a part of the time only. Only one
    thread searches, but any thread may call `forget`.
    """

    def __init__(self) -> None:
        """Start without results."""
        self._searches: dict[str, tuple[FileSelection, Search]] = {}
        self._scans: dict[Root, _Scan] = {}
        self._ignored: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
        self._users = _SearchAnswers[frozenset[str]]()
        self._named = _SearchAnswers[dict[str, list[str]]]()
        self._is_outdated = False
        """Whether files may have changed since the start of a remembered search."""
        self._seconds = 0.0
        """The duration of the searches since the files were forgotten."""
        self._end = 0.0
        """The monotonic time of the end of the last search."""

    @property
    def are_slow(self) -> bool:
        """Whether the searches since the files were forgotten took long."""
        return self._seconds > _SLOW_SECONDS

    def forget(self) -> None:
        """Forget the files before the next search, because they may have changed."""
        self._is_outdated = True

    def search(self, folder: str, selection: FileSelection) -> Search:
        """Return the files in a directory, like `search_folder`."""
        self._forget_outdated()
        entry = self._searches.get(folder)
        if entry is not None and entry[0] == selection:
            return entry[1]
        started = time.monotonic()
        search = search_folder(folder, selection)
        self._searches[folder] = selection, search
        self._count_time(started)
        return search

    def scan(self, paths: Sequence[str], candidates: CandidateFiles) -> Iterable[Words]:
        """Return the words in files, like `scan`."""
        self._forget_outdated()
        root = candidates.root
        entry = self._scans.get(root)
        if entry is None or entry.paths != paths:
            entry = self._scans[root] = self._scan(paths, root)
        words = list(entry.words)
        for name in unsaved_names():
            for position in entry.positions.get(name, ()):
                if is_unsaved(paths[position]):
                    words[position] = next(scan(paths[position : position + 1], root))
        return words

    def ignored(self, folder: str, paths: Sequence[str]) -> frozenset[str]:
        """Return the paths that git ignores, like the function `ignored`."""
        self._forget_outdated()
        key = folder, tuple(paths)
        if key not in self._ignored:
            if len(self._ignored) >= _MAX_ANSWERS:
                self._ignored.clear()
            self._ignored[key] = ignored(folder, paths)
        return self._ignored[key]

    def candidates(self, root: Root) -> CandidateFiles:
        """Return an empty set of files that may derive classes. Its answers are remembered."""
        self._forget_outdated()
        return _RememberedCandidates(root, may_index=False, users=self._users, named=self._named)

    def _forget_outdated(self) -> None:
        """Forget files that may have changed, unless slow searches would take too much of the time."""
        if not self._is_outdated:
            return
        if self.are_slow and time.monotonic() - self._end < self._seconds / _SLOW_SEARCH_SHARE:
            return
        self._is_outdated = False
        self._searches.clear()
        self._scans.clear()
        self._ignored.clear()
        self._users = _SearchAnswers()
        self._named = _SearchAnswers()
        self._seconds = 0.0

    def _scan(self, paths: Sequence[str], root: Root) -> _Scan:
        started = time.monotonic()
        positions: dict[str, list[int]] = {}
        for position, path in enumerate(paths):
            positions.setdefault(os.path.basename(path), []).append(position)
        words = tuple(scan(paths, root))
        self._count_time(started)
        return _Scan(paths, words, positions)

    def _count_time(self, started: float) -> None:
        self._end = time.monotonic()
        self._seconds += self._end - started
