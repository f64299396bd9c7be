"""The modules of a run, each read and parsed at most once, and only when something asks for it."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.limits import MEGABYTE, PARSED_TOKENS, READ_BYTES, READ_MODULES
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases.near_names import Suggestions
from stepgraph.project.module_files import ModuleFile, ModuleFiles
from stepgraph.project.reading import read_source
from stepgraph.project.root import Root
from stepgraph.syntax.assignments import names_assigned
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module


class Modules(Struct):
    """What was parsed so far, by path. Of files that could not be, the problems, in the order met.

    `looked_at` are the files that were read, with their contents: None where one could not be. `elsewhere` are the
    contents of those that were parsed in another process.
    """

    problems: dict[str, Problem] = field(default_factory=dict)
    looked_at: dict[str, bytes | None] = field(default_factory=dict)
    elsewhere: dict[str, bytes] = field(default_factory=dict)
    suggestions: Suggestions = field(default_factory=Suggestions)
    _tokens: int = 0
    _parsed: dict[str, SourceModule] = field(default_factory=dict)
    _assigned: dict[str, frozenset[str]] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the modules that were read, or tried to."""
        return (*self.elsewhere, *self._parsed, *self.problems)

    @property
    def contents(self) -> dict[str, bytes]:
        """The content of each module that was parsed, by path."""
        return self.elsewhere | {path: module.source for path, module in self._parsed.items()}

    def parse(self, path: str, content: bytes) -> SourceModule:
        """Return the module that stands at a path, from its content.

        Raises InputError where it is not Python, or where more modules are read than may be.
        """
        known = self._parsed.get(path)
        if known is None:
            self._bytes += len(content)
            if self.is_exceeded:
                most = f"{READ_MODULES:,} modules, or {READ_BYTES // MEGABYTE} MB of them"
                advice = "Name the folders of your projects, each in a run of its own."
                raise InputError(Problem(path, f"not read: there are more than {most}.", advice))
            known = self._parsed[path] = parse_module(content, path, PARSED_TOKENS - self._tokens)
            self._tokens += known.tokens
        return known

    @property
    def is_exceeded(self) -> bool:
        """Whether no more modules may be read, by their number or by their size."""
        return len(self._parsed) + len(self.elsewhere) >= READ_MODULES or self._bytes > READ_BYTES

    def load(self, path: str, root: Root) -> SourceModule | Problem:
        """Return the module in a file inside of a root, or why there is none."""
        known = self._parsed.get(path) or self.problems.get(path)
        if known is not None:
            return known
        try:
            return self.parse(path, self._read(path, root))
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
