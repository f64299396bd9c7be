"""Imports of names that a module does not define, or has not bound yet, so that the Worker cannot load.

A module has not bound a name yet if it is importing the module with the import.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import statement_positions
from stepgraph.interpreter.modules.imports import LOADING_CHANGES, may_have_name
from stepgraph.ir.name_facts import CircularImport, MissingName
from stepgraph.limits import Limit
from stepgraph.project.folders import folder_of
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import bindings_of, imported_module, is_modeled_package, must_load_modules
from stepgraph.syntax.import_graph import import_graph_of, imports_in_functions
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.mutation.changes import may_bind_computed_names
from stepgraph.syntax.unparsed_imports import may_imported_modules, with_packages
from stepgraph.syntax.walk import statements, statements_with_enclosing

# Source text of code that changes how modules are loaded or which names they have, or that catches failing imports.
_CHANGES_MODULES: Final = (*LOADING_CHANGES, b"setattr(", b"ImportError")


def observe_missing_names(interpreter: Interpreter) -> None:
    """Record the names that the analyzed modules import at their top level from modules without these names."""
    importer = interpreter.modules.importer
    importing = [scope.module for scope in interpreter.modules.scopes.values()]
    if importer is None or any(module.mentions(text) for module in importing for text in _CHANGES_MODULES):
        return
    for module in importing:
        for statement in statements(module.tree):
            if type(statement) is cst.ImportFrom and type(statement.names) is not cst.ImportStar:
                for name, path in _missing_names(interpreter, importer, module, statement):
                    place = SourcePlace(module, name)
                    is_modeled = is_modeled_package(imported_module(statement)[1]) and not statement.relative
                    interpreter.observe(
                        MissingName(place.text, path, place, SourcePlace(module, statement), shadows_sdk=is_modeled)
                    )


def _missing_names(
    interpreter: Interpreter, importer: Importer, module: SourceModule, statement: cst.ImportFrom
) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield the imported names that a module of the project lacks, with the path of that module."""
    level, source = imported_module(statement)
    is_modeled = not level and is_modeled_package(source)
    file = _shadowing_module(importer, source) if is_modeled else importer.find(module.path, level, source)
    if file is None or file.path is None or isinstance(statement.names, cst.ImportStar):
        return
    if not _is_loaded_from(importer, module.path, file.path):
        return
    for alias in statement.names:
        interpreter.budget.spend(Limit.ELEMENTS)
        name = alias.evaluated_name
        may_exist = _mentions(interpreter, importer, file, name) or may_have_name(interpreter, file, name)
        if not may_exist or (module.path == file.path and _binds_only_itself(importer, file, module, statement, name)):
            yield alias.name, file.path


def _binds_only_itself(
    importer: Importer, file: ModuleFile, module: SourceModule, statement: cst.ImportFrom, name: str
) -> bool:
    """Return whether only an import of a module from itself binds a name, so that the name is not bound yet."""
    bindings = bindings_of(module.tree, module)
    if bindings.stars or "__getattr__" in bindings.binders or module.once(may_bind_computed_names):
        return False
    is_bound = any(binder is not statement for binder in bindings.binders.get(name, ()))
    return not is_bound and importer.files.find_in_package(file, name) is None


def _shadowing_module(importer: Importer, name: str) -> ModuleFile | None:
    """Return the module of the Worker that is loaded in place of the SDK's `workers`, if the Worker has one."""
    worker = importer.files.worker
    file = importer.files.find_in_worker(name) if worker is not None and name == "workers" else None
    return file if worker is not None and file is not None and file.path and worker.contains(file.path) else None


def _is_loaded_from(importer: Importer, importing: str, imported: str) -> bool:
    """Return whether an import must load a file. Without a configuration, it must be beside the importing module."""
    worker = importer.files.worker
    if worker is None:
        return imported.startswith(folder_of(importing))
    return worker.contains(importing) and worker.contains(imported)


def _mentions(interpreter: Interpreter, importer: Importer, file: ModuleFile, name: str) -> bool:
    """Return whether the text of an unparsed module contains a name. Parsed modules are always searched exactly."""
    is_parsed = any(scope.module.path == file.path for scope in interpreter.modules.scopes.values())
    return not is_parsed and file.path is not None and importer.mentions_any(file.path, (name,))


# Source text of code that changes how modules are loaded, or that loads modules by itself.
_CHANGES_LOADING: Final = (
    *LOADING_CHANGES,
    *(b"setattr(", b"import_module", b"__import__"),
)
_MAX_DEPTH: Final = 100
"""The maximum number of modules that import each other in a chain."""


class _UncertainError(Exception):
    """The order in which modules are loaded depends on conditions, or is too complex."""


class _FailedImportError(Exception):
    """An import fails, so that no code runs after it."""


def observe_circular_imports(interpreter: Interpreter) -> None:
    """Record the first import of a name that its module binds only later, in the modules that the Worker loads."""
    importer = interpreter.modules.importer
    if importer is None or importer.files.worker is None:
        return
    root = interpreter.modules.first_scope().module
    if not importer.files.worker.is_entry(root.path) or not _has_cycle(interpreter, importer, root):
        return
    try:
        _Loader(interpreter, importer).load(root)
    except (_UncertainError, _FailedImportError):
        return


def _has_cycle(interpreter: Interpreter, importer: Importer, root: SourceModule) -> bool:
    """Return whether a module that the root imports may import itself through other modules."""
    graph = import_graph_of(importer)

    def imported(path: str) -> Iterator[str]:
        interpreter.budget.spend(Limit.ELEMENTS)
        files = graph.files_of(path, importer.search(path, may_imported_modules) or ())
        return iter([file.path for file in files if file.path is not None])

    is_open = {root.path: True}
    pending = [(root.path, imported(root.path))]
    while pending:
        path, imports = pending[-1]
        imported_path = next(imports, None)
        if imported_path is None:
            is_open[path] = False
            pending.pop()
        elif imported_path not in is_open:
            is_open[imported_path] = True
            pending.append((imported_path, imported(imported_path)))
        elif is_open[imported_path] and imported_path != path:
            return True
    return False


class _Loader(Struct):
    """The modules in the order in which Python executes them."""

    interpreter: Interpreter
    importer: Importer
    loading: dict[str, tuple[SourceModule, cst.CSTNode]] = field(default_factory=dict)
    """The modules whose bodies are being executed, with their current statements, by path."""
    loaded: dict[str, SourceModule] = field(default_factory=dict)

    def load(self, module: SourceModule) -> None:
        """Execute the imports in the body of a module."""
        # Imported here because few projects have modules that import each other.
        from stepgraph.syntax.body_errors import is_type_checking

        if len(self.loading) > _MAX_DEPTH or any(map(module.mentions, _CHANGES_LOADING)):
            raise _UncertainError
        for statement, enclosing in statements_with_enclosing(module.tree):
            if not isinstance(statement, cst.Import | cst.ImportFrom) or any(map(is_type_checking, enclosing)):
                continue
            self.interpreter.budget.spend(Limit.ELEMENTS)
            self.loading[module.path] = module, statement
            if not enclosing:
                self._execute(module, statement)
            elif any(file.path not in self.loaded for file in self._files(module, statement)):
                raise _UncertainError
        self.loading.pop(module.path, None)
        self.loaded[module.path] = module

    def _files(self, module: SourceModule, statement: cst.Import | cst.ImportFrom) -> list[ModuleFile]:
        """Return the files of the modules of the project that a statement loads, packages first."""
        references = [
            (level, name) for level, name in must_load_modules(statement) if level or not is_modeled_package(name)
        ]
        files = import_graph_of(self.importer).files_of(module.path, with_packages(references))
        return [file for file in dict.fromkeys(files) if file.path is not None]

    def _execute(self, module: SourceModule, statement: cst.Import | cst.ImportFrom) -> None:
        files = self._files(module, statement)
        for file in files:
            self._load_file(file)
        if not files or not isinstance(statement, cst.ImportFrom):
            return
        level, source = imported_module(statement)
        target = self.importer.find(module.path, level, source)
        if target is None or target.path is None:
            return
        if isinstance(statement.names, cst.ImportStar):
            if target.path in self.loading:
                raise _UncertainError
            return
        for alias in statement.names:
            submodule = self.importer.files.find_in_package(target, alias.evaluated_name)
            if submodule is not None:
                self._load_file(submodule)
            elif target.path in self.loading and isinstance(alias.name, cst.Name):
                self._check_name(module, alias.name, *self.loading[target.path])

    def _load_file(self, file: ModuleFile) -> None:
        if file.path is None or file.path in self.loading or file.path in self.loaded:
            return
        module = self.importer.load(file)
        if not isinstance(module, SourceModule):
            raise _UncertainError
        self.load(module)

    def _check_name(self, module: SourceModule, name: cst.Name, source: SourceModule, current: cst.CSTNode) -> None:
        """Record an import of a name from a module that is executing the statement `current`."""
        bindings = bindings_of(source.tree, source)
        binders = bindings.binders.get(name.value, ())
        positions = statement_positions(source.tree, source)
        # A `from` import binds its names after it has loaded the module, and `import a, b` binds `a` before it loads b.
        first = positions[id(current)].index + isinstance(current, cst.Import)
        is_late = all(id(binder) in positions and positions[id(binder)].index >= first for binder in binders)
        if not binders or not is_late or bindings.stars or "__getattr__" in bindings.binders:
            return
        modules = self.interpreter.modules
        if source.once(may_bind_computed_names) or modules.is_assigned_externally(modules.scope_of(source), name.value):
            return
        started = [*self.loaded.values(), *(each for each, _ in self.loading.values())]
        if any(self._may_load(each, module) for each in started):
            raise _UncertainError
        place = SourcePlace(module, name)
        self.interpreter.observe(CircularImport(name.value, source.path, place, SourcePlace(source, current)))
        raise _FailedImportError

    def _may_load(self, module: SourceModule, loaded: SourceModule) -> bool:
        """Return whether a function of a module may have loaded another module before."""
        files = import_graph_of(self.importer).files_of(module.path, module.once(imports_in_functions))
        return any(file.path == loaded.path for file in files)
