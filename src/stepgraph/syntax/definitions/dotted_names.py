"""Resolution of dotted names in the code of a module to the definitions in the modules of a project.

Imports are followed through aliases, re-exports, packages and star imports, without running the interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.model.note import Problem
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import bindings_of, import_binding, imported_module, is_modeled_package
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.modules import Importer

_MAX_IMPORTS: Final = 30
"""The maximum number of imports that lead from a name to its definition, and that bind one name in a module."""
_MAX_STARS: Final = 20
"""The maximum number of star imports of a module that are searched for a name."""


class NameDefinition(Struct, frozen=True):
    """A name that statements of a module define."""

    module: SourceModule
    name: str
    used: int
    """The number of components of the dotted name that lead to the definition."""


class OutsideName(Struct, frozen=True):
    """A name of a module that is not in the project, or a module."""

    name: str
    """The dotted name after the imports."""
    used: int


class UnreadName(Struct, frozen=True):
    """A name of a module that cannot be read."""

    path: str
    """The path of the module."""
    used: int


Target: TypeAlias = NameDefinition | OutsideName | UnreadName | None
"""The target of a dotted name, or None for a name that no module binds, such as that of a built-in function."""


class ImportedName(Struct, frozen=True):
    """A name that an import binds: a module, or a member of a module."""

    level: int
    """The number of dots before the name of the module."""
    module: str
    member: str | None = None


def locate(names: Sequence[str], module: SourceModule, importer: Importer | None) -> Target:
    """Return the target of a dotted name in the code of a module, outside of its functions."""
    return _TargetSearch(importer).in_module(names, 0, names[0], module)


def locate_import(
    imported: ImportedName | None, names: Sequence[str], module: SourceModule, importer: Importer | None
) -> Target:
    """Return the target of a dotted name whose first component an import in a function binds."""
    return _TargetSearch(importer).imported(names, 0, imported, module)


class _TargetSearch:
    """The search for the target of one name."""

    def __init__(self, importer: Importer | None) -> None:
        self._importer = importer
        self._remaining = _MAX_IMPORTS

    def in_module(self, names: Sequence[str], index: int, name: str, module: SourceModule) -> Target:
        """Return the target of a name in a module, which stands for the component of `names` at an index."""
        bindings = bindings_of(module.tree, module)
        binders = bindings.binders.get(name, ())
        if not binders:
            return self._in_stars(names, index, name, module, bindings.stars)
        imported = None if name in bindings.mutations else _imported_by_all(binders, name)
        if imported is not None:
            return self.imported(names, index, imported, module)
        return NameDefinition(module, name, index + 1)

    def _in_stars(
        self, names: Sequence[str], index: int, name: str, module: SourceModule, stars: Sequence[cst.ImportFrom]
    ) -> Target:
        for statement in stars[: -_MAX_STARS - 1 : -1]:
            level, source = imported_module(statement)
            file = self._find(module, level, source)
            target = None if file is None else self._member(names, index, name, file, module)
            if isinstance(target, NameDefinition | UnreadName):
                return target
        return None

    def imported(self, names: Sequence[str], index: int, binding: ImportedName | None, module: SourceModule) -> Target:
        """Return the target of an imported name, which stands for the component of `names` at an index."""
        if binding is None:
            return UnreadName(module.path, index + 1)
        file = self._find(module, binding.level, binding.module)
        if file is None:
            source = "." * binding.level + binding.module
            member = "" if binding.member is None else f".{binding.member}"
            return OutsideName(f"{source}{member}", index + 1)
        if binding.member is not None:
            return self._member(names, index, binding.member, file, module)
        return self._below(names, index, file, module)

    def _below(self, names: Sequence[str], index: int, file: ModuleFile, importing: SourceModule) -> Target:
        """Return the target of the components after one that stands for a module."""
        if index + 1 == len(names):
            return OutsideName(file.name, index + 1)
        return self._member(names, index + 1, names[index + 1], file, importing)

    def _member(self, names: Sequence[str], index: int, name: str, file: ModuleFile, importing: SourceModule) -> Target:
        """Return the target of a member of a module, or of a module of a package, which `importing` imports."""
        importer = self._importer
        self._remaining -= 1
        if importer is None or self._remaining < 0:
            return UnreadName(importing.path, index + 1)
        loaded = importer.load(file)
        if isinstance(loaded, Problem):
            return UnreadName(loaded.path, index + 1)
        # In `from . import part` in a package, the package lacks the member `part` before this import.
        if loaded is not None and loaded is not importing:
            target = self.in_module(names, index, name, loaded)
            if target is not None:
                return target
        submodule = importer.files.find_in_package(file, name)
        if submodule is not None:
            return self._below(names, index, submodule, importing)
        return OutsideName(f"{file.name}.{name}", index + 1)

    def _find(self, module: SourceModule, level: int, name: str) -> ModuleFile | None:
        if self._importer is None or (not level and is_modeled_package(name)):
            return None
        return self._importer.find(module.path, level, name)


def _imported_by_all(binders: Sequence[cst.CSTNode], name: str) -> ImportedName | None:
    """Return the module or member that all statements bind to a name, such as `import os.path` and `import os`.

    Return None if some of them bind another one, or are no imports.
    """
    statements = binders if len(binders) <= _MAX_IMPORTS else ()
    imported = {
        imported_name(each, name) if isinstance(each, cst.Import | cst.ImportFrom) else None for each in statements
    }
    return imported.pop() if len(imported) == 1 else None


def imported_name(statement: cst.Import | cst.ImportFrom, name: str) -> ImportedName | None:
    """Return the module or member that an import statement binds to a name."""
    aliases = () if isinstance(statement.names, cst.ImportStar) else statement.names
    for alias in reversed(aliases):
        if import_binding(alias) != name:
            continue
        if isinstance(statement, cst.ImportFrom):
            return ImportedName(*imported_module(statement), alias.evaluated_name)
        return ImportedName(0, name if alias.asname is None else alias.evaluated_name, None)
    return None
