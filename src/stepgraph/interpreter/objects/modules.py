"""The modules that reading a workflow has met so far, and what their text tells without being read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.objects.values import LexicalScope, ModuleValue, Value
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.workflow.sdk_imports import wrong_imports_of
from stepgraph.ir.facts import Fact, WrongImport
from stepgraph.limits import Budget
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.assignments import assigned_attributes
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.import_names import NamedModule, possible_modules
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.modules import Importer


class Starred(Struct, frozen=True):
    """A module that the `import *` at a place takes names from."""

    source: ModuleValue
    place: Place


class Listed(Struct, frozen=True):
    """The names in `__all__`, or those that may be: then others may be exported too."""

    names: tuple[str, ...]
    is_known: bool


class StarMemory(Struct):
    """Of modules: the `sources` of their stars, with names of those `outside` of the project, and what they export.

    `listed` are the names in `__all__`. `origins` are where a name leads that a module has by a star: to a module that
    binds it, or to what it stands for.
    """

    sources: dict[LexicalScope, tuple[Starred, ...]] = field(default_factory=dict)
    outside: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    listed: dict[LexicalScope, Listed | None] = field(default_factory=dict)
    exported: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    origins: dict[tuple[LexicalScope, str], Starred | Value | None] = field(default_factory=dict)


class LoadedModules(Struct):
    """Modules by the scopes of their names, which come to be in the `store`; `observe` is told of what they show.

    `scopes` are those that were needed so far, `unread` the modules that these import and that were not, `stars` what
    is known of their star imports, and `ran` those whose own code was run as a whole.
    """

    importer: Importer | None
    store: Store
    observe: Callable[[Fact], None]
    budget: Budget
    scopes: dict[SourceModule, LexicalScope] = field(default_factory=dict)
    unread: dict[str, ModuleFile] = field(default_factory=dict)
    stars: StarMemory = field(default_factory=StarMemory)
    ran: list[LexicalScope] = field(default_factory=list)
    bound: dict[tuple[LexicalScope, str, int], Value | None] = field(default_factory=dict)
    """What statements of module and class bodies bind names to, by the identity of the statement."""
    bound_before: dict[tuple[LexicalScope, str, int], Value | None] = field(default_factory=dict)
    """What names stand for in between: after so many of the statements that bind them."""
    _noted: set[str] = field(default_factory=set)
    _foreign: set[tuple[str, str]] = field(default_factory=set)
    _owners: dict[str, set[str]] = field(default_factory=dict)
    _counted: int = 0
    _assigning: dict[str, dict[str, ModuleFile]] = field(default_factory=dict)
    _unread_new: list[ModuleFile] = field(default_factory=list)

    def scope_of(self, module: SourceModule, name: str | None = None) -> LexicalScope:
        """Return the names of a module, which is called by its dotted name, or as told; they are read as asked for."""
        scope = self.scopes.get(module)
        if scope is None:
            known = name or (self.importer.files.name_of(module.path) if self.importer is not None else module.path)
            bindings = bindings_of(module.tree, module)
            scope = LexicalScope(bindings, self.store.new(), None, module, path=(known,), kind="module")
            self.scopes[module] = scope
            self.budget.grow(len(module.source))
            self._note_imports(module)
            for wrong in module.once(_wrong_imports):
                self.observe(wrong)
        return scope

    def _note_imports(self, module: SourceModule) -> None:
        """Remember what a module imports: it may write to names of others, though nobody asks for its own."""
        self.unread.pop(module.path, None)
        self._noted.add(module.path)
        if self.importer is None:
            return
        for level, name in module.once(_imported):
            self._note_import(self.importer.find(module, level, name))

    def _note_import(self, file: ModuleFile | None) -> None:
        if file is not None and file.path is not None and file.path not in self._noted:
            self._noted.add(file.path)
            self.unread[file.path] = file
            self._unread_new.append(file)

    def is_assigned_elsewhere(self, scope: LexicalScope, name: str) -> bool:
        """Whether a module, of those needed so far or imported by them, assigns to a name of a module or class."""
        self._read_assigning(name)
        owner = scope.path[-1].rsplit(".", 1)[-1] if scope.path else ""
        return (owner, name) in self._assigned_by_all()

    def in_import_order(self) -> list[LexicalScope]:
        """Return the modules that the analyzed one imports, directly or not, each after those that it imports."""
        if self.importer is None or not self.scopes:
            return []
        first = next(iter(self.scopes))
        order: list[LexicalScope] = []
        met = {first.path}
        pending: list[tuple[SourceModule, Iterator[NamedModule]]] = [(first, iter(first.once(_imported)))]
        while pending:
            module, imports = pending[-1]
            named = next(imports, None)
            if named is None:
                pending.pop()
                order.append(self.scope_of(module))
                continue
            file = self.importer.find(module, *named)
            if file is None or file.path is None or file.path in met:
                continue
            met.add(file.path)
            loaded = self.importer.load(file)
            if isinstance(loaded, SourceModule):
                pending.append((loaded, iter(loaded.once(_imported))))
        return order

    def owners_assigned(self, name: str) -> set[str]:
        """Return the names of the objects whose attribute of that name a module assigns to."""
        self._read_assigning(name)
        self._assigned_by_all()
        return self._owners.get(name, set())

    def _assigned_by_all(self) -> set[tuple[str, str]]:
        """Return what the modules needed so far assign to in others; each is looked at once."""
        if self._counted < len(self.scopes):
            for module in islice(self.scopes, self._counted, None):
                found = module.once(assigned_attributes).foreign
                self._foreign |= found
                for owner, attribute in found:
                    self._owners.setdefault(attribute, set()).add(owner)
            self._counted = len(self.scopes)
        return self._foreign

    def _read_assigning(self, name: str) -> None:
        """Read the imported modules that may assign to a name, and what these import in turn."""
        while self.importer is not None:
            self._index_unread(self.importer)
            candidates = self._assigning.get(name, {})
            path = next(iter(candidates), None)
            if path is None:
                return
            file = candidates.pop(path)
            if self.unread.pop(path, None) is None:
                continue
            module = self.importer.load(file)
            if isinstance(module, SourceModule):
                self.scope_of(module)

    def _index_unread(self, importer: Importer) -> None:
        """Index the newly imported modules by the names under which code may import them."""
        for file in self._unread_new:
            if file.path is not None and file.path in self.unread:
                for name in importer.names_assigned(file.path):
                    self._assigning.setdefault(name, {})[file.path] = file
        self._unread_new.clear()


def _imported(module: SourceModule) -> tuple[NamedModule, ...]:
    """Return the modules that the statements of a module may import, in the order of the names that they bind."""
    bindings = bindings_of(module.tree, module)
    binders = (binder for binders in bindings.binders.values() for binder in binders)
    statements = (binder for binder in binders if isinstance(binder, cst.Import | cst.ImportFrom))
    return tuple(
        dict.fromkeys(
            named
            for statement in dict.fromkeys([*statements, *bindings.stars])
            for named in possible_modules(statement)
        )
    )


def _wrong_imports(module: SourceModule) -> tuple[WrongImport, ...]:
    return tuple(wrong_imports_of(module))
