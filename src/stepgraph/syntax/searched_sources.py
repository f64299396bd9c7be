"""Sources of modules that are searched without being parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar, cast

from msgspec import Struct, field

from stepgraph.project.encoding import utf_8_content

Result = TypeVar("Result")

Search: TypeAlias = Callable[[bytes], object]
"""A function of the content of a module in UTF-8, with comparable results."""


class SearchedSource(Struct):
    """The content of a module, with the memoized results of its searches."""

    content: bytes
    _results: dict[Search, object] = field(default_factory=dict)
    """The results by search."""

    def find(self, search: Callable[[bytes], Result]) -> Result:
        """Return the result of a search."""
        if search not in self._results:
            self._results[search] = search(utf_8_content(self.content))
        return cast("Result", self._results[search])


class SearchedSources(Struct):
    """The searched sources of a run, shared by the analyses of all its modules and with the last run."""

    earlier: Mapping[str, SearchedSource] = field(default_factory=dict)
    """The sources of the last run, by path."""
    by_path: dict[str, SearchedSource] = field(default_factory=dict)
    """The sources of this run, by path."""

    def get(self, path: str, content: bytes) -> SearchedSource:
        """Return the source with the content of a file."""
        source = self.by_path.get(path, self.earlier.get(path))
        if source is None or source.content != content:
            source = SearchedSource(content)
        self.by_path[path] = source
        return source
