"""Parsed and searched modules that stay in memory between the runs of a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar, cast

from msgspec import Struct, field

from stepgraph.limits import HELD_TOKENS
from stepgraph.project.encoding import utf_8_content
from stepgraph.syntax.deferred.reads import ReadRecorder
from stepgraph.syntax.module import SourceModule

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


class ParsedModules(Struct):
    """The parsed modules of earlier runs, for reuse while their contents are unchanged.

    If the modules exceed `room` tokens in total, the least recently used module that the current run has not used is
    removed first. If the run has used all modules in memory, new modules are not stored: they would evict modules that
    the next run needs first, and runs over the same modules would never find one in memory.
    """

    room: int = HELD_TOKENS
    recorder: ReadRecorder = field(default_factory=ReadRecorder)
    """Records the parts of the modules that an analysis reads."""
    records_reads: bool = True
    """Whether a later run needs these records. Otherwise, modules are parsed as in a single run."""
    searched: SearchedSources = field(default_factory=SearchedSources)
    """The sources that runs with `SourceModules.reuse` have searched without parsing them."""
    _modules: dict[str, SourceModule] = field(default_factory=dict)
    """The modules by path, the most recently used one last."""
    _used_paths: set[str] = field(default_factory=set)
    """The paths of the modules that the current run has used."""
    _tokens: int = 0
    """The number of tokens of all modules."""

    @property
    def active_recorder(self) -> ReadRecorder | None:
        """The recorder of the reads from parsed modules, or None if later runs do not need it."""
        return self.recorder if self.records_reads else None

    def start_run(self) -> None:
        """Start a run, which has not used any module yet."""
        self._used_paths.clear()

    def get(self, path: str, content: bytes) -> SourceModule | None:
        """Return the module parsed from this content of a file, if it is in memory and lacks no body."""
        module = self._modules.get(path)
        if module is None or module.content != content:
            return None
        if module.deferred is not None and module.deferred.bodies.is_incomplete:
            return None
        self._use(self._modules.pop(path))
        return module

    def earlier_version(self, path: str) -> SourceModule | None:
        """Return the module of the last content of a file, if it is in memory."""
        return self._modules.get(path)

    def add(self, module: SourceModule) -> None:
        """Add a module, in place of the earlier content of its file."""
        is_stored = self._remove(module.path)
        if module.tokens > self.room:
            return
        self._make_room(module.tokens, may_remove_used=is_stored)
        if self._tokens + module.tokens <= self.room:
            self._use(module)
            self._tokens += module.tokens

    def _use(self, module: SourceModule) -> None:
        self._modules[module.path] = module
        self._used_paths.add(module.path)

    def _make_room(self, tokens: int, *, may_remove_used: bool) -> None:
        """Remove modules until there is room for a number of tokens or no module may be removed."""
        removable = [path for path in self._modules if may_remove_used or path not in self._used_paths]
        for path in removable:
            if self._tokens + tokens <= self.room:
                return
            self._remove(path)

    def _remove(self, path: str) -> bool:
        """Remove the module of a file, and return whether there was one."""
        module = self._modules.pop(path, None)
        self._tokens -= 0 if module is None else module.tokens
        return module is not None
