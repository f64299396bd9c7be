"""The modules of a run, each read and parsed at most once, and only when something asks for it."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from msgspec import Struct, field

from stepgraph.limits import HELD_TOKENS, MEGABYTE, PARSED_TOKENS, READ_BYTES, READ_MODULES, RELEASED_TOKENS
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases.near_names import Suggestions
from stepgraph.project.module_files import ModuleFile, ModuleFiles
from stepgraph.project.reading import read_source
from stepgraph.project.root import Root
from stepgraph.syntax.assignments import names_assigned
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import NoRoomError, parse_module


class Modules(Struct):
    """What was parsed so far, by path. Of files that could not be, the problems, in the order met.

    `looked_at` are the files that were read, with their contents: None where one could not be. `elsewhere` are the
    contents of those that were parsed in another process.

    Modules are released where nothing needs them any more, if it `may_release` them: see `begin`.
    """

    problems: dict[str, Problem] = field(default_factory=dict)
    looked_at: dict[str, bytes | None] = field(default_factory=dict)
    elsewhere: dict[str, bytes] = field(default_factory=dict)
    suggestions: Suggestions = field(default_factory=Suggestions)
    may_release: bool = False
    # The number of tokens that modules in memory may have, and that were parsed in all.
    room: int = HELD_TOKENS
    tokens: int = 0
    lacked_room: bool = False
    _contents: dict[str, bytes] = field(default_factory=dict)
    _parsed: dict[str, SourceModule] = field(default_factory=dict)
    _held: int = 0
    _used: dict[str, None] = field(default_factory=dict)
    _pinned: dict[str, None] = field(default_factory=dict)
    _crowded_out: dict[str, None] = field(default_factory=dict)
    _assigned: dict[str, frozenset[str]] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the modules that were read, or tried to."""
        return (*self.elsewhere, *self._contents, *self.problems)

    @property
    def contents(self) -> dict[str, bytes]:
        """The content of each module that was parsed, by path."""
        return self.elsewhere | self._contents

    def begin(self) -> None:
        """Begin with a workflow module: what the one before did not need is released if it takes much memory."""
        unused = sum(module.tokens for path, module in self._parsed.items() if not self._is_needed(path))
        if unused > min(RELEASED_TOKENS, self.room // 2):
            self._release()
        self._used.clear()

    def pin(self, paths: Iterable[str]) -> None:
        """Keep modules in memory to the end."""
        self._pinned |= dict.fromkeys(paths)

    def parse(self, path: str, content: bytes) -> SourceModule:
        """Return the module that stands at a path, from its content.

        Raises InputError where it is not Python, or where more modules are read than may be.
        """
        self._used[path] = None
        known = self._parsed.get(path)
        if known is None:
            self._count(path, content)
            known = self._parsed[path] = self._parse(path, content)
            self._held += known.tokens
            self.tokens += known.tokens
        return known

    def _count(self, path: str, content: bytes) -> None:
        """Count a module before it is parsed. Raises InputError where it is one too many."""
        is_new = path not in self._contents
        self._bytes += len(content) if is_new else 0
        number = len(self._contents) + len(self.elsewhere) + is_new
        if number > READ_MODULES or self._bytes > READ_BYTES or self.tokens > PARSED_TOKENS:
            most = f"{READ_MODULES:,} modules, {READ_BYTES // MEGABYTE} MB or {PARSED_TOKENS:,} tokens of them"
            advice = "Name the folders of your projects, each in a run of its own."
            raise InputError(Problem(path, f"not read: there are more than {most}.", advice))

    def _parse(self, path: str, content: bytes) -> SourceModule:
        try:
            try:
                module = parse_module(content, path, self.room - self._held)
            except NoRoomError:
                self._release()
                module = parse_module(content, path, self.room - self._held)
        except NoRoomError:
            self.lacked_room = True
            raise
        self._contents[path] = content
        return module

    def _release(self) -> None:
        """Release the modules that nothing needs: neither the current workflow module nor what is pinned."""
        released = [path for path in self._parsed if not self._is_needed(path)] if self.may_release else []
        for path in released:
            self._held -= self._parsed.pop(path).tokens
        if released:
            gc.collect()  # which is disabled meanwhile, and trees refer to themselves

    def _is_needed(self, path: str) -> bool:
        return path in self._used or path in self._pinned

    def load(self, path: str, root: Root) -> SourceModule | Problem:
        """Return the module in a file inside of a root, or why there is none."""
        known = self._parsed.get(path) or (None if path in self._crowded_out else self.problems.get(path))
        if known is not None:
            self._used[path] = None
            return known
        try:
            return self.parse(path, self._read(path, root))
        except NoRoomError as error:
            # With another workflow there may be room for it.
            self._crowded_out[path] = None
            self.problems[path] = error.problem
            return error.problem
        except InputError as error:
            self.problems[path] = error.problem
            return error.problem

    def names_assigned(self, path: str, root: Root) -> frozenset[str]:
        """Return the names of other modules that a module may write to, without parsing it; none if it is not there."""
        known = self._assigned.get(path)
        if known is None:
            try:
                known = names_assigned(self._read(path, root))
            except InputError:
                known = frozenset()
            self._assigned[path] = known
        return known

    def _read(self, path: str, root: Root) -> bytes:
        """Return the content of a file inside of a root. Raises InputError where there is none, or no text."""
        self.looked_at[path] = None
        content = self.looked_at[path] = read_source(path, root)
        return content


class Importer(Struct, frozen=True):
    """What the modules of one project get by importing."""

    files: ModuleFiles
    modules: Modules

    def find(self, module: SourceModule, level: int, name: str) -> ModuleFile | None:
        """Return what a module imports by a name with so many dots before it; None if that is not in the project."""
        return self.files.find_from(module.path, level, name) if level else self.files.find(name)

    def load(self, file: ModuleFile) -> SourceModule | Problem | None:
        """Return the module in a file, or why there is none; None for a package without a file of its own."""
        bounds = self.files.bounds
        return None if file.path is None or bounds is None else self.modules.load(file.path, bounds)

    def names_assigned(self, path: str) -> frozenset[str]:
        """Return the names of other modules that a module of the project may write to, without parsing it."""
        bounds = self.files.bounds
        return frozenset() if bounds is None else self.modules.names_assigned(path, bounds)
