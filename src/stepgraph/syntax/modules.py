"""The source modules of an analysis run, read and parsed on first use."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar, cast

from msgspec import Struct, field

from stepgraph.limits import (
    HELD_TOKENS,
    MEGABYTE,
    PARSED_TOKENS,
    READ_BYTES,
    READ_MODULES,
    RELEASED_TOKENS,
    SEARCHED_MODULES,
)
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import Suggestions
from stepgraph.project.module_files import ModuleFile, ModuleFiles
from stepgraph.project.reading import read_source
from stepgraph.project.root import Root
from stepgraph.syntax.deferred.blocks import ParsedTokens
from stepgraph.syntax.deferred.reads import ModuleReads
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import TokenBudgetError, parse_module
from stepgraph.syntax.parsed_modules import ParsedModules, Search, SearchedSources
from stepgraph.syntax.unparsed_imports import names_in_export_list

if TYPE_CHECKING:
    from stepgraph.syntax.deferred.version_changes import VersionReads

Result = TypeVar("Result")

# Non-ASCII names contain bytes above 127.
_CLASS: Final = rb"^class[ \t]++([\w\x80-\xff]++)"
_WORD: Final = rb"[\w\x80-\xff]++"
_STAR_IMPORT: Final = b"import *"
_FEW_NAMES: Final = 8
"""The maximum number of names that are searched for one by one."""


class SourceModules(Struct):
    """A cache of parsed modules by path, with a limit on the memory for their trees."""

    problems: dict[str, Problem] = field(default_factory=dict)
    """The problem of each file that could not be read or parsed, by path, in order of discovery."""
    read_files: dict[str, bytes | None] = field(default_factory=dict)
    """The content of each file that was read, by path; None for an unreadable file."""
    merged_contents: dict[str, bytes] = field(default_factory=dict)
    """The contents of the modules in merged results of other pipelines, by path."""
    suggestions: Suggestions = field(default_factory=Suggestions)
    earlier: ParsedModules | None = None
    """The modules of earlier runs, or None to parse all modules."""
    may_release: bool = False
    """Whether modules may be released from memory; see `start_workflow_module`."""
    room: int = HELD_TOKENS
    """The maximum number of tokens of the modules in memory."""
    tokens: int = 0
    """The number of tokens of all modules parsed, including released ones, but not those of earlier runs."""
    exceeded_token_budget: bool = False
    """Whether a module was rejected because of `room`."""
    read_source: Callable[[str, Root], bytes] = read_source
    """The function that reads a file under a root directory, with the exceptions of `reading.read_source`."""
    searched: SearchedSources = field(default_factory=SearchedSources)
    searches: dict[str, dict[Search, object]] = field(default_factory=dict)
    """The result of each search of a module that was not parsed at that time, by path and search."""
    followed_imports: int = 0
    """The number of imports that searches from main modules have followed."""
    import_graphs: dict[ModuleFiles, object] = field(default_factory=dict)
    """The `ImportGraph` of each project."""
    on_removal: list[Callable[[], None]] = field(default_factory=list)
    """The functions that are called when a module is removed from memory."""
    _whole_paths: dict[str, None] = field(default_factory=dict)
    """Paths of the modules that are parsed at once for the current workflow module."""
    _parses_whole: bool = False
    """Whether all modules are parsed at once for the current workflow module."""
    _contents: dict[str, bytes] = field(default_factory=dict)
    """The contents of the modules that this process parsed, by path."""
    _parsed: dict[str, SourceModule] = field(default_factory=dict)
    """The modules in memory, by path."""
    _memory: ParsedTokens = field(default_factory=ParsedTokens)
    """The size of the modules in memory."""
    _used_paths: dict[str, None] = field(default_factory=dict)
    """Paths of the modules that the current workflow module needs."""
    _pinned_paths: dict[str, None] = field(default_factory=dict)
    """Paths of the modules that stay in memory until the end of the run."""
    _rejected_paths: dict[str, int] = field(default_factory=dict)
    """Paths of the modules that exceeded `room`, each with the number of that attempt.

    In another attempt, they may fit into memory.
    """
    _attempt: int = 0
    """The number of the current attempt to analyze a workflow module."""
    _content_bytes: int = 0
    """The size of the contents of the modules that this process parsed."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all modules that were parsed or have a problem."""
        return (*self.merged_contents, *self._contents, *self.problems)

    @property
    def contents(self) -> dict[str, bytes]:
        """The content of each parsed module, by path."""
        return self.merged_contents | self._contents

    def recorded(self, reads: Mapping[str, ModuleReads]) -> dict[str, VersionReads]:
        """Return recorded reads with the sources, by path, of the modules in memory whose reads are recorded."""
        # Imported here because only repeated analyses record reads.
        from stepgraph.syntax.deferred.version_changes import VersionReads

        return {
            path: VersionReads(module.deferred.bodies.source, reads.get(path) or ModuleReads(), module.shown)
            for path, module in self._parsed.items()
            if module.deferred is not None and module.deferred.bodies.recorder is not None
        }

    def reuse(self, earlier: ParsedModules | None) -> None:
        """Start a run that reuses the modules of earlier runs."""
        self.earlier = earlier
        if earlier is not None:
            earlier.start_run()
            self.searched = earlier.searched

    def start_workflow_module(self) -> None:
        """Start the next workflow module. If the modules that the previous one did not need are large, release them."""
        unused = sum(module.tokens_in_memory for path, module in self._parsed.items() if not self._is_needed(path))
        if unused > min(RELEASED_TOKENS, self.room // 2):
            self._release()
        for module in self._parsed.values():
            if module.deferred is not None:
                module.deferred.bodies.drop_sketches()
        self._used_paths.clear()
        self._whole_paths.clear()
        self._parses_whole = False
        self._attempt += 1
        self._memory.incomplete_paths.clear()

    def pin(self, paths: Iterable[str]) -> None:
        """Exempt modules from release."""
        self._pinned_paths |= dict.fromkeys(paths)

    def use(self, paths: Iterable[str]) -> None:
        """Keep parsed modules in memory that the current workflow module needs."""
        self._used_paths.update(dict.fromkeys(paths))

    def parse(self, path: str, content: bytes) -> SourceModule:
        """Return the module parsed from the content of a file, memoized.

        Raises InputError if the content is not valid Python or a limit on the modules of a run is exceeded.
        """
        self._used_paths[path] = None
        module = self._parsed.get(path)
        if module is None:
            self._count(path, content)
            module = self._earlier_module(path, content)
            if module is None:
                module = self._parse(path, content)
                self.tokens += module.tokens
            self._parsed[path] = module
            self._contents[path] = content
            self._memory.tokens += module.tokens_in_memory
        return module

    def _earlier_module(self, path: str, content: bytes) -> SourceModule | None:
        """Return the module of an earlier run if the content is the same and `room` suffices."""
        module = None if self.earlier is None else self.earlier.get(path, content)
        if module is None or module.tokens_in_memory > self.room - self._memory.tokens:
            return None
        if module.deferred is not None:
            if self._is_parsed_whole(path):
                return None
            module.deferred.bodies.memory = self._memory
        return module

    def _is_parsed_whole(self, path: str) -> bool:
        return self._parses_whole or path in self._whole_paths

    def _count(self, path: str, content: bytes) -> None:
        """Count a module before it is parsed. Raises InputError if the run then exceeds a limit on its modules."""
        is_new = path not in self._contents
        self._content_bytes += len(content) if is_new else 0
        number = len(self._contents) + len(self.merged_contents) + is_new
        if number > READ_MODULES or self._content_bytes > READ_BYTES or self.tokens > PARSED_TOKENS:
            limits = f"{READ_MODULES:,} modules, {READ_BYTES // MEGABYTE} MB or {PARSED_TOKENS:,} tokens of them"
            advice = "Analyze the directories of your projects separately."
            raise InputError(Problem(path, f"not read: the limit of a run is {limits}.", advice))

    def _parse(self, path: str, content: bytes) -> SourceModule:
        earlier = None if self.earlier is None else self.earlier.earlier_version(path)
        memory = None if self._is_parsed_whole(path) else self._memory
        self._memory.room = self.room
        self._memory.recorder = None if self.earlier is None else self.earlier.active_recorder

        def parse() -> SourceModule:
            room, has_versions = self.room - self._memory.tokens, self._memory.recorder is not None
            return parse_module(content, path, room, earlier, memory, has_versions=has_versions)

        try:
            try:
                module = parse()
            except TokenBudgetError:
                self._release()
                module = parse()
        except TokenBudgetError:
            self.exceeded_token_budget = True
            raise
        if self.earlier is not None:
            self.earlier.add(module)
        return module

    def _release(self) -> None:
        """Release the modules that are neither pinned nor needed by the current workflow module."""
        released = [path for path in self._parsed if not self._is_needed(path)] if self.may_release else []
        for path in released:
            self._remove(path)
        if released:
            gc.collect()  # automatic collection is disabled during a run, and trees contain reference cycles

    def _remove(self, path: str) -> SourceModule:
        for forget in self.on_removal:
            forget()
        module = self._parsed.pop(path)
        self._memory.tokens -= module.tokens_in_memory
        if module.deferred is not None:
            module.deferred.release()
        return module

    def parse_incomplete_whole(self) -> bool:
        """Remove the modules that lack a needed body, so that they are parsed whole. Return whether any do.

        This applies to the current workflow module only. A body is lacking if LibCST does not support its syntax, or if
        the modules in memory exceed the limit. Then the limit applies to modules that are parsed whole.
        """
        if not self._memory.incomplete_paths:
            return False
        self._whole_paths |= self._memory.incomplete_paths
        self._parses_whole = self._parses_whole or self._memory.is_exceeded
        for path, module in tuple(self._parsed.items()):
            if path in self._memory.incomplete_paths or (self._memory.is_exceeded and module.deferred is not None):
                self._remove(path)
                self.tokens -= module.tokens
        self._memory.incomplete_paths.clear()
        self._memory.is_exceeded = False
        self._attempt += 1
        return True

    def _is_needed(self, path: str) -> bool:
        return path in self._used_paths or path in self._pinned_paths

    def load(self, path: str, root: Root) -> SourceModule | Problem:
        """Return the module in a file under a root directory, or the problem with the file."""
        is_retried = self._rejected_paths.get(path, self._attempt) != self._attempt
        result = self._parsed.get(path) or (None if is_retried else self.problems.get(path))
        if result is not None:
            self._used_paths[path] = None
            return result
        try:
            return self.parse(path, self._read(path, root))
        except TokenBudgetError as error:
            self._rejected_paths[path] = self._attempt
            self.problems[path] = error.problem
            return error.problem
        except InputError as error:
            if path in self._whole_paths:
                self._rejected_paths[path] = self._attempt
            self.problems[path] = error.problem
            return error.problem

    def search(self, path: str, root: Root, search: Callable[[bytes], Result]) -> Result | None:
        """Return the result of a search of an unparsed module, memoized. Return None if the module is unreadable."""
        results = self.searches.setdefault(path, {})
        if search not in results:
            content = self.read_files.get(path)
            try:
                source = self.searched.get(path, self._read(path, root) if content is None else content)
                results[search] = source.find(search)
            except InputError:
                results[search] = None
        return cast("Result | None", results[search])

    def _read(self, path: str, root: Root) -> bytes:
        """Return the content of a file under a root directory. Raises InputError if it is missing or not text."""
        self.read_files[path] = None
        content = self.read_files[path] = self.read_source(path, root)
        return content


class _Mention(Struct, frozen=True):
    """The search for a pattern."""

    words: re.Pattern[bytes]

    def __call__(self, source: bytes) -> bool:
        """Return whether a source matches the pattern."""
        return self.words.search(source) is not None


class _AnyText(Struct, frozen=True):
    """The search for one of several texts."""

    texts: tuple[bytes, ...]

    def __call__(self, source: bytes) -> bool:
        """Return whether a source contains one of the texts."""
        return any(text in source for text in self.texts)


def _words_and_stars(source: bytes) -> frozenset[bytes]:
    """Return the words of a source, and `*` if it may import by star."""
    stars = (b"*",) if _STAR_IMPORT in source else ()
    return frozenset((*re.findall(_WORD, source), *stars))


def _class_names(source: bytes) -> frozenset[str]:
    return frozenset(name.decode(errors="replace") for name in re.findall(_CLASS, source, re.MULTILINE))


class Importer(Struct, frozen=True):
    """The import system of one project."""

    files: ModuleFiles
    modules: SourceModules

    def find(self, importing_path: str, level: int, name: str) -> ModuleFile | None:
        """Return the file of an imported module. Return None if it is not in the project.

        `level` is the number of dots before `name` in the import statement of the file `importing_path`.
        """
        return self.files.find_from(importing_path, level, name) if level else self.files.find(name)

    def find_each(self, importing_path: str, level: int, name: str) -> Iterator[ModuleFile]:
        """Yield the file of an imported module, if it exists. For `package.*`, yield the modules in its `__all__`."""
        package_name, _, last = name.rpartition(".")
        file = self.find(importing_path, level, package_name if last == "*" else name)
        if last != "*" and file is not None:
            yield file
        if last != "*" or file is None or file.path is None or file.folder is None:
            return
        for listed in self.search(file.path, names_in_export_list) or ():
            module = self.files.find_in_package(file, listed)
            if module is not None:
                yield module

    def find_class(self, class_name: str) -> str | None:
        """Return the path of the first module of the project that may define a class. Searches a limited number."""
        paths = islice(self.files.module_paths(), SEARCHED_MODULES)
        return next((path for path in paths if class_name in (self.search(path, _class_names) or ())), None)

    def load(self, file: ModuleFile) -> SourceModule | Problem | None:
        """Return the module in a file or the problem with the file. Return None for a package without `__init__.py`."""
        bounds = self.files.bounds
        return None if file.path is None or bounds is None else self.modules.load(file.path, bounds)

    def search(self, path: str, search: Callable[[bytes], Result]) -> Result | None:
        """Return the result of a search of a module of the project without parsing it, or None if it is unreadable."""
        bounds = self.files.bounds
        return None if bounds is None else self.modules.search(path, bounds, search)

    def names_assigned(self, path: str) -> frozenset[str]:
        """Return the names of other modules to which a module of the project may assign, without parsing it."""
        # Imported here because only programs with several modules need it, and its patterns take time to compile.
        from stepgraph.syntax.unparsed_assignments import may_assigned_names

        return self.search(path, may_assigned_names) or frozenset()

    def mentions(self, path: str, words: re.Pattern[bytes]) -> bool:
        """Return whether the text of a module of the project matches a pattern, without parsing it."""
        return self.search(path, _Mention(words)) or False

    def mentions_any(self, path: str, names: Collection[str]) -> bool:
        """Return whether a module of the project contains one of these names, or may import by star."""
        # Most modules contain none of them, and a search for a few texts takes a fraction of one for all words.
        if len(names) <= _FEW_NAMES:
            texts = _AnyText((_STAR_IMPORT, *(name.encode() for name in names)))
            if not self.search(path, texts):
                return False
        words = self.search(path, _words_and_stars) or frozenset()
        return b"*" in words or any(name.encode() in words for name in names)
