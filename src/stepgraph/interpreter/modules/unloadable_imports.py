"""Modules that Python cannot load: imports by names that do not exist at run time, and code that does not compile.

A Worker loads its modules by their names relative to the module root. A module there has no package, so its relative
imports fail, and the directory of the module root is not a package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import LOADING_CHANGES
from stepgraph.ir.name_facts import ImportCorrection, UnloadableImport
from stepgraph.ir.syntax_facts import AsyncKeyword, CompileFailure, MisplacedAwait, NewSyntaxUsed
from stepgraph.limits import Limit
from stepgraph.model.span import Span
from stepgraph.project.module_files import ModuleFile, WorkerModules
from stepgraph.syntax.bindings import ModuleReference, imported_module, is_modeled_package, may_load_modules
from stepgraph.syntax.compile_errors import compile_error, new_syntax
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.unparsed_imports import top_level_imports, with_packages
from stepgraph.syntax.walk import SCOPES, ancestors_of, expressions_below, statements

_IMPORTING_FUNCTIONS: Final = ("importlib.import_module", "import_module", "__import__")
# Source text of code that changes how modules are loaded.
_CHANGES_LOADING: Final = (*LOADING_CHANGES, b"__package__")


def observe_unloadable_imports(interpreter: Interpreter) -> None:
    """Record the imports that fail when the Worker loads the analyzed module and the modules that it imports.

    Modules that no lookup has parsed are parsed here only if their text contains an import that may fail.
    """
    worker, importer = _worker_of(interpreter), interpreter.modules.importer
    if worker is None or importer is None:
        return
    for path, module, references in _loaded_modules(interpreter, importer):
        if worker.contains(path) and (
            (module is not None and module.once(_may_import_by_call))
            or any(_may_fail(worker, path, reference) for reference in references)
        ):
            loaded = importer.load(ModuleFile(worker.name_of(path), path)) if module is None else module
            if isinstance(loaded, SourceModule):
                _observe_top_level(interpreter, loaded)


def paths_of_loaded_modules(interpreter: Interpreter) -> frozenset[str]:
    """Return the paths of the modules that are always loaded with the analyzed module, and of this module."""
    importer = interpreter.modules.importer
    if importer is None:
        return frozenset([interpreter.modules.analyzed.path])
    return frozenset([path for path, _, _ in _loaded_modules(interpreter, importer)])


def _loaded_modules(
    interpreter: Interpreter, importer: Importer
) -> Iterator[tuple[str, SourceModule | None, Sequence[ModuleReference]]]:
    """Yield the analyzed module and the modules that top-level imports load with it.

    Each has its path, the parsed module, or None if no lookup has parsed it, and its top-level imports.
    """
    parsed = {module.path: module for module in interpreter.modules.scopes}
    pending = [interpreter.modules.analyzed.path]
    visited = set(pending)
    while pending:
        path = pending.pop()
        module = parsed.get(path)
        references = (
            importer.search(path, top_level_imports) if module is None else module.once(_top_level_imports)
        ) or ()
        interpreter.budget.spend(Limit.ELEMENTS, len(references))
        yield path, module, references
        for level, name in with_packages(references):
            file = importer.find(path, level, name)
            if file is not None and file.path is not None and file.path not in visited:
                visited.add(file.path)
                pending.append(file.path)


def _observe_top_level(interpreter: Interpreter, module: SourceModule) -> None:
    for statement in statements(module.tree):
        if isinstance(statement, cst.Import | cst.ImportFrom):
            for fact in unloadable_imports(interpreter, module, statement, at_load=True):
                interpreter.observe(fact)
        elif isinstance(statement, cst.BaseSmallStatement) and module.once(_may_import_by_call):
            for call in expressions_below(statement):
                name = _imported_by_call(module, call)
                if name is not None:
                    observe_import_by_name(interpreter, module, *name, at_load=True)


def _may_import_by_call(module: SourceModule) -> bool:
    return module.mentions(b"__import__") or (module.mentions(b"importlib") and module.mentions(b"import_module"))


def _imported_by_call(module: SourceModule, node: cst.CSTNode) -> tuple[str, SourcePlace] | None:
    """Return the constant name in a call such as `importlib.import_module("jobs")`. Return None for other nodes."""
    match node:
        case cst.Call(func=func, args=[cst.Arg(value=cst.SimpleString() as literal, star=""), *_]) if (
            name := string_of(literal)
        ) is not None:
            return (name, SourcePlace(module, literal)) if module.text(func) in _IMPORTING_FUNCTIONS else None
        case _:
            return None


def observe_import_by_name(
    interpreter: Interpreter, module: SourceModule, name: str, place: SourcePlace, *, at_load: bool
) -> None:
    """Record a call that imports a module by the absolute name at `place`, if it fails in the Worker."""
    worker, importer = _worker_of(interpreter), interpreter.modules.importer
    if worker is None or importer is None or name.startswith(".") or not worker.contains(module.path):
        return
    names = _WorkerNames(worker, importer, module.path)
    if not _may_fail(worker, module.path, (0, name)) or names.has_package(name):
        return
    below = names.name_of(0, name)
    if below is None and not names.is_source_folder():
        return
    correction = (
        ImportCorrection(name) if below is None else ImportCorrection(name, f'"{below}"', below, _conflict((below,)))
    )
    package = ".".join(worker.package_of(module.path))
    interpreter.observe(UnloadableImport(correction, package, worker.root, at_load, place))


def unloadable_imports(
    interpreter: Interpreter, module: SourceModule, statement: cst.Import | cst.ImportFrom, *, at_load: bool = False
) -> Iterator[UnloadableImport]:
    """Yield the parts of an import statement of a module that fail in the Worker."""
    worker, importer = _worker_of(interpreter), interpreter.modules.importer
    if worker is None or importer is None or not worker.contains(module.path):
        return
    names = _WorkerNames(worker, importer, module.path)
    corrections = (
        [(statement, _correct_import_from(names, statement))]
        if isinstance(statement, cst.ImportFrom)
        else [(alias, _correct_import(names, alias)) for alias in statement.names]
    )
    package = ".".join(worker.package_of(module.path))
    for node, correction in corrections:
        if correction is not None:
            yield UnloadableImport(correction, package, worker.root, at_load, SourcePlace(module, node))


def _worker_of(interpreter: Interpreter) -> WorkerModules | None:
    """Return the Worker that loads the analyzed module. Return None without one, or if code changes the loading."""
    modules = interpreter.modules
    worker = None if modules.importer is None else modules.importer.files.worker
    if worker is None or not worker.is_entry(modules.analyzed.path):
        return None
    return None if any(module.once(_changes_loading) for module in modules.scopes) else worker


def _changes_loading(module: SourceModule) -> bool:
    return any(map(module.mentions, _CHANGES_LOADING))


def _top_level_imports(module: SourceModule) -> tuple[ModuleReference, ...]:
    """Return the modules that the statements of a module import, without those in blocks, functions and classes."""
    imports = [each for each in statements(module.tree) if isinstance(each, cst.Import | cst.ImportFrom)]
    return tuple(reference for each in imports for reference in may_load_modules(each))


def _may_fail(worker: WorkerModules, path: str, reference: ModuleReference) -> bool:
    """Return whether a reference leads out of the outermost package of a module, or names the module root."""
    level, name = reference
    if level:
        return level > len(worker.package_of(path))
    return worker.names_source_folder(name)


class _WorkerNames(Struct, frozen=True):
    """The names under which a Worker loads modules, by the name in the import statement."""

    worker: WorkerModules
    importer: Importer
    path: str
    """The path of the importing module."""

    def name_of(self, level: int, name: str) -> str | None:
        """Return the name of a module that a relative import, or one through the source directory, names."""
        if level:
            file = self.importer.find(self.path, level, name)
        else:
            below = self._name_below(name)
            file = self.importer.files.find_in_worker(below) if below else None
        path = None if file is None else file.path or file.folder
        return self.worker.name_of(path) if path is not None and self.worker.contains(path) else None

    def has_package(self, name: str) -> bool:
        """Return whether the Worker has a module or package that an absolute name starts with."""
        top = name.split(".", 1)[0]
        is_known = is_modeled_package(top) or top in sys.stdlib_module_names
        return is_known or self.importer.files.find_in_worker(top) is not None

    def is_source_folder(self) -> bool:
        """Return whether the directory of the configuration contains the module root."""
        file = self.importer.files.find(self.worker.source_folder)
        return file is not None and file.folder == self.worker.root

    def names_module(self, level: int, name: str) -> bool:
        """Return whether a name in a statement is the name of a module inside the module root."""
        return bool(name if level else self._name_below(name))

    def _name_below(self, name: str) -> str:
        """Return the part of an absolute name after the name of the module root."""
        return name.removeprefix(self.worker.source_folder).removeprefix(".")


def _correct_import_from(names: _WorkerNames, statement: cst.ImportFrom) -> ImportCorrection | None:
    """Return the correction of a `from` import that fails. Return None if it may succeed."""
    level, name = imported_module(statement)
    if not _may_fail(names.worker, names.path, (level, name)) or (not level and names.has_package(name)):
        return None
    written = "." * level + name
    aliases = () if isinstance(statement.names, cst.ImportStar) else tuple(statement.names)
    imported = ", ".join(map(_alias_text, aliases)) or "*"
    if names.names_module(level, name):
        module = names.name_of(level, name)
        if module is None:
            return ImportCorrection(written) if level else None
        return ImportCorrection(written, f"from {module} import {imported}", module, _conflict((module,)))
    modules = [names.name_of(level, f"{name}.{alias.evaluated_name}".lstrip(".")) for alias in aliases]
    if modules and modules == [alias.evaluated_name for alias in aliases]:
        return ImportCorrection(written, f"import {imported}", "", _conflict(modules))
    return ImportCorrection(written) if level or names.is_source_folder() else None


def _correct_import(names: _WorkerNames, alias: cst.ImportAlias) -> ImportCorrection | None:
    """Return the correction of `import NAME` through the source directory. Return None if it may succeed."""
    written = alias.evaluated_name
    if not _may_fail(names.worker, names.path, (0, written)) or names.has_package(written):
        return None
    module = names.name_of(0, written)
    if module is None:
        return ImportCorrection(written) if names.is_source_folder() else None
    if alias.asname is None:
        return ImportCorrection(written, f"import {module}", None, _conflict((module,)))
    return ImportCorrection(written, f"import {module} as {alias.evaluated_alias}", module, _conflict((module,)))


def _alias_text(alias: cst.ImportAlias) -> str:
    return alias.evaluated_name if alias.asname is None else f"{alias.evaluated_name} as {alias.evaluated_alias}"


def _conflict(modules: Iterable[str | None]) -> str:
    """Return the first of some modules whose name Python or the platform also has, or an empty string."""
    tops = (module.split(".", 1)[0] for module in modules if module is not None)
    return next((top for top in tops if top in sys.stdlib_module_names or is_modeled_package(top)), "")


def observe_misplaced_await(interpreter: Interpreter, node: cst.CSTNode, keyword: AsyncKeyword) -> None:
    """Record asynchronous code that the body of a function contains although the function is not asynchronous.

    A generator expression may contain it in every function.
    """
    function: cst.CSTNode | None = None
    for ancestor in ancestors_of(interpreter.module.parents, node):
        if isinstance(ancestor, cst.GeneratorExp):
            return
        if isinstance(ancestor, SCOPES):
            function = ancestor
            break
    if isinstance(function, cst.FunctionDef) and function.asynchronous is None:
        definition = SourcePlace(interpreter.module, function.name)
        interpreter.observe(MisplacedAwait(keyword, definition, interpreter.place(node)))


def observe_compile_failures(interpreter: Interpreter) -> None:
    """Record the analyzed modules that Python, or an older version of it, cannot compile."""
    for module in tuple(interpreter.modules.scopes):
        error = module.once(compile_error)
        if error is not None:
            position = error.line, error.column
            interpreter.observe(CompileFailure(error.message, Span(module.path, *position, *position)))
    _observe_new_syntax(interpreter)


def _observe_new_syntax(interpreter: Interpreter) -> None:
    """Record code for newer versions of Python in modules that are always loaded.

    Other modules may be imported only by these versions, as below `if sys.version_info >= (3, 14)`.
    """
    modules = [module for module in interpreter.modules.scopes if module.once(new_syntax)]
    loaded = paths_of_loaded_modules(interpreter) if modules else frozenset[str]()
    for module in modules:
        if module.path in loaded:
            for syntax in module.once(new_syntax):
                interpreter.observe(NewSyntaxUsed(syntax))
