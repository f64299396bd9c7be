"""The imports between the modules of a project, which the analyses of all its workflows share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

import libcst as cst
from msgspec import Struct, field

from stepgraph.limits import SEARCHED_IMPORTS, SEARCHED_MODULES
from stepgraph.syntax.bindings import ModuleReference, bindings_of, may_load_modules
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.unparsed_imports import (
    called_imports,
    may_import_dynamically,
    may_imported_modules,
    with_packages,
)

if TYPE_CHECKING:
    from stepgraph.project.module_files import ModuleFile
    from stepgraph.syntax.modules import Importer

_MAX_CLOSURES: Final = 16
"""The maximum number of stored closures. Workflows of one Worker share the closure of its main module."""
_MAX_ORDERS: Final = 4
"""The maximum number of stored import orders, and of stored groups of modules."""

_MIN_INDEXED_LOOKUPS: Final = 100
"""The number of searches of modules for a word after which an index saves time. Most programs need fewer."""

Key = TypeVar("Key")
Result = TypeVar("Result")


class ImportClosure(Struct, frozen=True):
    """The modules that some modules import, directly or indirectly, found by searches of their text."""

    files: dict[str, ModuleFile]
    """The modules by path, including the importing ones."""
    by_assigned_name: dict[str, list[ModuleFile]]
    """The modules that may assign a name in other modules, by name."""
    importing_dynamically: frozenset[str]
    """The paths of the modules that may import modules by computed names."""


class ImportSearch(Struct):
    """The modules that a module imports, directly or indirectly, as far as they have been searched."""

    pending: deque[str]
    """The modules whose imports have not been followed."""
    visited: set[str]
    """The paths of the modules, including the first one."""


class ModuleGroup(Struct, dict=True):
    """Modules that are analyzed together, with the answers to questions about all of them."""

    modules: tuple[SourceModule, ...]
    _results: dict[object, Any] = field(default_factory=dict)
    """Results of `once`, by function."""
    _lookup_count: int = 0
    """The number of words that were searched for."""

    def once(self, compute: Callable[[ModuleGroup], Result]) -> Result:
        """Return `compute(self)`, memoized because all workflows of the modules need the same result."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        result: Result = self._results[compute]
        return result

    def with_word(self, word: str) -> Sequence[SourceModule]:
        """Return the modules whose source contains a word."""
        self._lookup_count += 1
        recorded = [module for module in self._recorded if module.mentions(word.encode())]
        if self._lookup_count >= _MIN_INDEXED_LOOKUPS:
            return [*self._modules_by_word.get(word, ()), *recorded]
        others = [module for module in self.modules if module not in self._recorded and word in module.words]
        return [*others, *recorded]

    @cached_property
    def _recorded(self) -> dict[SourceModule, None]:
        """The modules whose reads are recorded. Each word to search for is a read of its own."""
        return dict.fromkeys(module for module in self.modules if module.reads is not None)

    @cached_property
    def _modules_by_word(self) -> dict[str, list[SourceModule]]:
        by_word: dict[str, list[SourceModule]] = {}
        for module in self.modules:
            for word in module.words if module not in self._recorded else ():
                by_word.setdefault(word, []).append(module)
        return by_word


class ImportGraph(Struct):
    """The imports between the modules of a project. Each question about the same modules is answered once."""

    importer: Importer
    _imports: WeakKeyDictionary[SourceModule, tuple[ModuleFile, ...]] = field(default_factory=WeakKeyDictionary)
    """The files of the modules that each parsed module may import."""
    _unparsed_imports: dict[str, tuple[ModuleFile, ...]] = field(default_factory=dict)
    """The files of the modules that the module in a file may import, by its path."""
    _searches: dict[str, ImportSearch] = field(default_factory=dict)
    """The searches for imported modules, by the path of the first one."""
    _closures: dict[tuple[ModuleFile, ...], ImportClosure] = field(default_factory=dict)
    """The closures by their first modules, oldest first."""
    _orders: dict[str, tuple[SourceModule, ...]] = field(default_factory=dict)
    """The import orders by the path of the first module, oldest first."""
    _groups: dict[frozenset[SourceModule], ModuleGroup] = field(default_factory=dict)
    """The groups of modules, oldest first."""

    def imports_of(self, module: SourceModule) -> tuple[ModuleFile, ...]:
        """Return the files of the modules that a parsed module may import, also in functions, and of its packages."""
        files = self._imports.get(module)
        if files is None:
            packages = ((0, package) for package in self.packages_of(module))
            references = chain(packages, module.once(possible_imports), module.once(imports_in_functions))
            files = self._imports[module] = tuple(dict.fromkeys(self.files_of(module.path, references)))
        return files

    def packages_of(self, module: SourceModule) -> list[str]:
        """Return the dotted names of the packages that contain a module, outermost first."""
        files = self.importer.files
        if files.worker is not None and files.worker.is_entry(module.path):
            return []  # the Worker loads the module by its plain name
        *parts, _ = files.name_of(module.path).split(".")
        return [".".join(parts[: length + 1]) for length in range(len(parts))]

    def group_of(self, modules: Iterable[SourceModule]) -> ModuleGroup:
        """Return the group of some modules, in the order of their paths for all workflows."""
        key = frozenset(modules)
        group = self._groups.get(key)
        if group is None:
            group = ModuleGroup(tuple(sorted(key, key=lambda module: module.path)))
            _store(self._groups, key, group, _MAX_ORDERS)
        return group

    def files_of(self, path: str, references: Iterable[ModuleReference]) -> Iterator[ModuleFile]:
        """Yield the files of the modules that the module in a file refers to."""
        for level, name in references:
            yield from self.importer.find_each(path, level, name)

    def unparsed_imports_of(self, path: str) -> tuple[ModuleFile, ...]:
        """Return the files of the modules that the module in a file may import, without parsing it."""
        files = self._unparsed_imports.get(path)
        if files is None:
            imported = self.files_of(path, self.importer.search(path, may_imported_modules) or ())
            files = self._unparsed_imports[path] = tuple(dict.fromkeys(imported))
        return files

    def imports(self, importing: str, imported: str) -> bool:
        """Return whether the module in a file imports another one, directly or indirectly, without parsing them."""
        return imported in self._visited_from(importing, imported)

    def all_imports_of(self, path: str) -> set[str]:
        """Return the paths of the modules that `imports` is true for, and the path itself."""
        return self._visited_from(path, None)

    def _visited_from(self, path: str, last: str | None) -> set[str]:
        """Follow the imports of a module until all or the `last` module is visited, and return the visited paths.

        Each module is searched once, as far as needed. The number of modules and of followed imports is limited.
        """
        search = self._searches.setdefault(path, ImportSearch(deque([path]), {path}))
        modules = self.importer.modules
        while last not in search.visited and search.pending and len(search.visited) < SEARCHED_MODULES:
            if modules.followed_imports >= SEARCHED_IMPORTS:
                break
            imports = self.unparsed_imports_of(search.pending.popleft())
            modules.followed_imports += len(imports)
            paths = [file.path for file in imports if file.path is not None and file.path not in search.visited]
            search.visited.update(paths)
            search.pending += paths
        return search.visited

    def closure_of(self, files: tuple[ModuleFile, ...]) -> ImportClosure:
        """Return some modules and the modules that they import, directly or indirectly."""
        closure = self._closures.get(files)
        if closure is None:
            closure = self._search(files)
            _store(self._closures, files, closure, _MAX_CLOSURES)
        return closure

    def _search(self, files: tuple[ModuleFile, ...]) -> ImportClosure:
        importer = self.importer
        closure = {file.path: file for file in files if file.path is not None}
        by_name: dict[str, list[ModuleFile]] = {}
        pending = [*closure.values()]
        while pending:
            file = pending.pop()
            if file.path is None:
                continue
            for name in importer.names_assigned(file.path):
                by_name.setdefault(name, []).append(file)
            for imported in self.unparsed_imports_of(file.path):
                if imported.path is not None and imported.path not in closure:
                    closure[imported.path] = imported
                    pending.append(imported)
        dynamic = frozenset(path for path in closure if importer.search(path, may_import_dynamically))
        return ImportClosure(closure, by_name, dynamic)

    def modules_in_import_order(self, root: SourceModule) -> tuple[SourceModule, ...]:
        """Load a module, its packages, and its direct and indirect imports. Return them, imported modules first."""
        order = self._orders.get(root.path)
        if order is not None and order[-1] is root:
            self.importer.modules.use(module.path for module in order)
            return order
        order, is_complete = self._load_in_order(root)
        if is_complete:
            _store(self._orders, root.path, order, _MAX_ORDERS)
        return order

    def _load_in_order(self, root: SourceModule) -> tuple[tuple[SourceModule, ...], bool]:
        """Return a module after its imports, and whether all of these could be loaded."""
        order: list[SourceModule] = []
        is_complete = True
        visited_paths = {root.path}
        references = [*((0, package) for package in self.packages_of(root)), *root.once(possible_imports)]
        pending = [(root, self.files_of(root.path, references))]
        while pending:
            module, imports = pending[-1]
            file = next(imports, None)
            if file is None:
                pending.pop()
                order.append(module)
            elif file.path is not None and file.path not in visited_paths:
                visited_paths.add(file.path)
                loaded = self.importer.load(file)
                is_complete = is_complete and isinstance(loaded, SourceModule)
                if isinstance(loaded, SourceModule):
                    pending.append((loaded, self.files_of(loaded.path, loaded.once(possible_imports))))
        return tuple(order), is_complete

    def forget_modules(self) -> None:
        """Drop the answers that contain parsed modules, because modules are released from memory."""
        self._orders.clear()
        self._groups.clear()


def _store(answers: dict[Key, Result], key: Key, answer: Result, maximum: int) -> None:
    """Store an answer, and remove the oldest one if there are too many."""
    answers.pop(key, None)
    if len(answers) == maximum:
        del answers[next(iter(answers))]
    answers[key] = answer


def import_graph_of(importer: Importer) -> ImportGraph:
    """Return the import graph of a project."""
    modules = importer.modules
    graph = modules.import_graphs.get(importer.files)
    if not isinstance(graph, ImportGraph):
        graph = modules.import_graphs[importer.files] = ImportGraph(importer)
        modules.on_removal.append(graph.forget_modules)
    return graph


def possible_imports(module: SourceModule) -> tuple[ModuleReference, ...]:
    """Return the modules that a module may import, in the order of the bound names."""
    bindings = bindings_of(module.tree, module)
    binders = (binder for binders in bindings.binders.values() for binder in binders)
    import_statements = (binder for binder in binders if type(binder) is cst.Import or type(binder) is cst.ImportFrom)
    imported = (
        named_module
        for statement in dict.fromkeys([*import_statements, *bindings.stars])
        for named_module in may_load_modules(statement)
    )
    return tuple(dict.fromkeys(with_packages([*imported, *called_imports(module.utf_8_source)])))


def imports_in_functions(module: SourceModule) -> tuple[ModuleReference, ...]:
    """Return the modules that functions of a module may import, and possibly others."""
    outside = frozenset(module.once(possible_imports))
    return tuple(each for each in may_imported_modules(module.utf_8_source) if each not in outside)
