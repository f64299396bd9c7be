"""The searched files that may derive classes from the workflow classes of other files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.note import InputError
from stepgraph.project.class_names import COMMON, STAR_IMPORT, NameSearch, names_used
from stepgraph.project.reading import read_search_result
from stepgraph.project.root import Root

_MAX_SEARCHES: Final = 2
"""The number of searches that read all files again. For more, an index of the names in all files is faster."""


class FilesByName(Protocol):
    """The files that contain certain names, which another process may still be searching for."""

    def get(self) -> Mapping[str, Sequence[str]]:
        """Return the paths of the files that contain a name, by name. A name that was not searched for is missing.

        The files with a star import have the name `STAR_IMPORT`.
        """

    def discard(self) -> None:
        """End the search, because its result is not needed."""


class FoundFiles(Struct, frozen=True):
    """The result of a search for names."""

    paths: Mapping[str, Sequence[str]]

    def get(self) -> Mapping[str, Sequence[str]]:
        """Return the paths of the files that contain a name, by name."""
        return self.paths

    def discard(self) -> None:
        """Do nothing, because the search has ended."""


class CandidateFiles(Struct):
    """Files inside a root that do not name the SDK's base class, but may use a class derived from it as a base."""

    root: Root
    likely: list[str] = field(default_factory=list)
    """Files that contain `COMMON`."""
    others: list[str] = field(default_factory=list)
    """Files that do not contain it."""
    may_index: bool = True
    """Whether many queries are answered from an index, which lasts as long as the object."""
    by_name: FilesByName | None = None
    """The files that contain some names, if they are searched for in advance."""
    _queries: int = 0
    _index: dict[str, list[str]] | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether an index exists, which makes queries cheap."""
        return self._index is not None

    @property
    def paths(self) -> tuple[str, ...]:
        """All files, with the likely ones first."""
        return (*self.likely, *self.others)

    def content(self, path: str) -> bytes:
        """Return the content of one of the files, or empty bytes if it is unreadable."""
        return content_or_empty(path, self.root)

    def copied(self) -> CandidateFiles:
        """Return an independent copy without the index."""
        return replace(self, likely=list(self.likely), others=list(self.others), _queries=0, _index=None)

    def take(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Remove and return the files, with contents, that derive a class from a class in `names` or rename it."""
        if not names:
            if self.by_name is not None and not self._queries:
                self.by_name.discard()
            return []
        self._queries += 1
        if self.may_index and self._queries > _MAX_SEARCHES:
            files = self._take_indexed(names)
        else:
            files = self.files_using(self._files_containing(names), names)
        paths = {path for path, _ in files}
        self.likely = [path for path in self.likely if path not in paths]
        self.others = [path for path in self.others if path not in paths]
        return sorted(files)

    def naming(self, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the files that contain each of the names, and the files with a star import under `STAR_IMPORT`.

        The next call of `take` with these names searches only these files.
        """
        paths_by_name = {} if self.by_name is None else self.by_name.get()
        missing = [name for name in names if name not in paths_by_name]
        if missing:
            paths_by_name = {**paths_by_name, **self.search_names(self._files_to_search(missing), missing)}
            self.by_name = FoundFiles(paths_by_name)
        return {name: paths_by_name.get(name, ()) for name in (*names, STAR_IMPORT)}

    def search_names(self, paths: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
        """Return the files that contain each of the names, and those with a star import."""
        uses: dict[str, list[str]] = {name: [] for name in (*names, STAR_IMPORT)}
        search = NameSearch(names)
        for path in paths:
            for name in search.names_or_star_in(content_or_empty(path, self.root)):
                uses[name].append(path)
        return uses

    def files_using(self, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return the files, with contents, that use one of the names as `names_used` finds them."""
        search = NameSearch(names)
        name_set = frozenset(names)
        contents = ((path, content_or_empty(path, self.root)) for path in paths)
        likely = ((path, content) for path, content in contents if search.names_in(content))
        return [(path, content) for path, content in likely if not name_set.isdisjoint(names_used(content))]

    def _files_containing(self, names: Sequence[str]) -> list[str]:
        """Return the files that may contain one of the names: all files, unless the names were searched for."""
        by_name = {} if self.by_name is None else self.by_name.get()
        if all(name in by_name for name in names):
            containing = {path for name in names for path in by_name[name]}
            return [path for path in self.paths if path in containing]
        return self._files_to_search(names)

    def _files_to_search(self, names: Sequence[str]) -> list[str]:
        return list(self.likely if all(COMMON in name.encode() for name in names) else self.paths)

    def _take_indexed(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        if self._index is None:
            self._index = {}
            for path in self.paths:
                for name in dict.fromkeys(names_used(content_or_empty(path, self.root))):
                    self._index.setdefault(name, []).append(path)
        remaining = {*self.likely, *self.others}
        paths = dict.fromkeys(path for name in names for path in self._index.pop(name, ()) if path in remaining)
        return [(path, content_or_empty(path, self.root)) for path in paths]


def content_or_empty(path: str, root: Root) -> bytes:
    """Return the content of a file that a search has found, or empty bytes if it is unreadable."""
    try:
        return read_search_result(path, root)
    except InputError:
        return b""  # the scan has already reported it
