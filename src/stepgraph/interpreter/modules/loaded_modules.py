"""The modules that the analysis of a workflow has loaded, and properties that follow from their source alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.modules.body_queues import LateImport, ProgramSharing, RunQueue
from stepgraph.interpreter.modules.sdk_imports import unguarded_wrong_imports
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.objects import LexicalScope, ModuleValue
from stepgraph.ir.facts import Fact
from stepgraph.ir.values import Value
from stepgraph.limits import SEARCHED_MODULES, Budget, Limit
from stepgraph.phrases import Suggestions
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import ModuleReference, bindings_of, is_modeled_package, may_load_modules
from stepgraph.syntax.deferred.unvisited import ModuleFacts, NamedFacts, NoFacts
from stepgraph.syntax.import_graph import ImportClosure, ModuleGroup, import_graph_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.mutation.assignments import (
    ANY_NAME,
    AttributeChange,
    assigned_attributes,
    may_write_at_import,
)
from stepgraph.syntax.names_in_modules import NamesInModules
from stepgraph.syntax.unparsed_imports import imports_dynamically, with_packages

if TYPE_CHECKING:
    from stepgraph.syntax.mutation.access_paths import ReceivingFunction
    from stepgraph.syntax.mutation.import_writes import ImportWrite

# Source text of code that may change the name or parameters of a function.
_RENAMING: Final = (b"__name__ =", b"__name__=", b"__signature__", b"__wrapped__", b"update_wrapper", b"setattr(")

# Attributes of functions that determine the code that a call runs.
_PARTS_OF_FUNCTIONS: Final = ("__code__", "__defaults__", "__kwdefaults__")

# Source text of code that may register a class as a subclass of an abstract class.
_REGISTERING: Final = (b".register", b'"register"', b"'register'", b"__subclasshook__")

_COMPARED_NAMES: Final = 10_000
"""The number of names that are compared with the undefined names of one workflow."""


class StarImport(Struct, frozen=True):
    """A star import, `from module import *`."""

    source: ModuleValue
    """The imported module."""
    place: SourcePlace


class ExportList(Struct, frozen=True):
    """The names in the `__all__` of a module."""

    names: tuple[str, ...]
    is_exact: bool
    """Whether `names` is exact. Otherwise, `__all__` may lack some of the names and include others."""


class StarImportCache(Struct):
    """The star imports and exported names of modules, each computed once."""

    star_imports: dict[LexicalScope, tuple[StarImport, ...]] = field(default_factory=dict)
    """The star imports from project modules in each module, in source order."""
    external_modules: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    """The dotted names of the external modules that each module star-imports."""
    export_lists: dict[LexicalScope, ExportList | None] = field(default_factory=dict)
    """The `__all__` of each module; None if the module does not define one."""
    exported_names: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    """The names that each module exports to star imports."""
    origins: dict[tuple[LexicalScope, str], StarImport | Value | None] = field(default_factory=dict)
    """The star import that binds a name in a module, or the value of the name. None if no star import binds the name.
    """
    earlier_origins: dict[tuple[LexicalScope, str, int, int], StarImport | Value | None] = field(default_factory=dict)
    """Like `origins`, but restricted to the star imports between two positions."""


def _import_writes_in(module: SourceModule) -> NamedFacts[ImportWrite]:
    if not module.once(may_write_at_import):
        return NoFacts()
    # Imported here and below because few modules change attributes at their import.
    from stepgraph.syntax.mutation.import_writes import import_writes

    return module.once(import_writes)


class LoadedModules(Struct):
    """The modules that the analysis of one workflow has loaded, with the values of their names."""

    analyzed: SourceModule
    """The module with the workflow class."""
    importer: Importer | None
    """The importer that loads modules of the project; None if no import can be followed."""
    store: Store
    """The store that creates the heap cells of module scopes."""
    facts: dict[Fact, None]
    """The facts so far. Each loaded module adds facts about its source."""
    budget: Budget
    """The budget, which grows by the source size of each loaded module."""
    main: ModuleFile | None = None
    """The main module of the Worker; None if it is the analyzed module, or unknown."""
    scopes: dict[SourceModule, LexicalScope] = field(default_factory=dict)
    stars: StarImportCache = field(default_factory=StarImportCache)
    queues: list[RunQueue] = field(default_factory=list)
    """The runs of bodies that are not finished."""
    program: RunQueue | None = None
    """The run of all modules; None before its start."""
    sharing: ProgramSharing | None = None
    """The workflows that may share the run of all modules; None for other interpretations."""
    started_bodies: set[LexicalScope] = field(default_factory=set)
    """The bodies whose own run has started."""
    visited_by_program: set[LexicalScope] = field(default_factory=set)
    """The modules that the run of all modules has reached."""
    late_imports: list[LateImport] = field(default_factory=list)
    """The imports by functions that the run of all modules does not include yet."""
    resume_runs: Callable[[], None] | None = None
    """The function that continues paused runs; None before the start of the run of all modules."""
    executed_statements: set[int] = field(default_factory=set)
    """The identities of the statements in bodies that were executed for their effects, or that never run at import."""
    statement_values: dict[tuple[LexicalScope, str, int], Value | None] = field(default_factory=dict)
    """The value that each binder in a module or class body binds to a name, by scope, name and `id` of the binder."""
    bound_values: dict[tuple[LexicalScope, int], dict[str, Value | None]] = field(default_factory=dict)
    """The values that each executed statement of a body binds to names, by scope and `id` of the statement."""
    statements_in_execution: set[tuple[LexicalScope, int]] = field(default_factory=set)
    """The statements of bodies that are being executed, by scope and `id`."""
    values_after_binders: dict[tuple[LexicalScope, str, int], Value | None] = field(default_factory=dict)
    """The value of a name after its first `n` binders, by scope, name and `n`."""
    errors_of_bodies: dict[SourceModule, frozenset[str]] = field(default_factory=dict)
    """The names of the exceptions that may leave the body of a module; see `syntax/body_errors.py`."""
    imported_functions: dict[tuple[SourceModule, str, str], tuple[ReceivingFunction, ...]] = field(default_factory=dict)
    """The functions of the project that calls of imported functions may run, by module, owner and name."""
    methods: dict[str, tuple[tuple[SourceModule, ...], tuple[ReceivingFunction, ...]]] = field(default_factory=dict)
    """The functions that calls of a method may run, with the modules in which they were searched, by method name."""
    mutates_unknown: dict[SourceModule, bool] = field(default_factory=dict)
    """Whether modules may mutate a collection that unmodeled code stores."""
    suggestions: Suggestions = field(default_factory=lambda: Suggestions(_COMPARED_NAMES))
    """The suggestions for undefined names, whose limit is for one workflow so that they do not depend on others."""
    names_in_modules: NamesInModules = field(default_factory=NamesInModules)
    """The names in the loaded modules, for questions about all of them."""
    suggested_names: dict[tuple[SourceModule | LexicalScope, str], str | None] = field(default_factory=dict)
    """The suggestion for each undefined name, by module or class, and name; None if no name is similar enough."""
    _loaded_paths: set[str] = field(default_factory=set)
    """The paths of the loaded modules, and of those that could not be loaded."""
    _unsearched: list[tuple[ModuleFile, ...]] = field(default_factory=list)
    """The imports of loaded modules whose own imports have not been searched, for each module, and the main module."""
    _searched_closures: list[ImportClosure] = field(default_factory=list)
    """The direct and indirect imports of the loaded modules, without those in `_unsearched`."""
    _imported_paths: set[str] = field(default_factory=set)
    """The paths of the modules in these closures."""
    _closure_counts: dict[str, int] = field(default_factory=dict)
    """The number of closures whose modules that may assign a name are loaded, by name."""
    _attribute_changes: ModuleFacts[AttributeChange] = field(
        default_factory=lambda: ModuleFacts(lambda module: module.once(assigned_attributes))
    )
    """The changes of attributes in `scopes`."""
    _import_writes: ModuleFacts[ImportWrite] = field(default_factory=lambda: ModuleFacts(_import_writes_in))
    """The changes of attributes in `scopes` that may be made at import."""
    _properties: dict[object, tuple[bool, int]] = field(default_factory=dict)
    """Whether one of the first modules has a property, and their number, by the key of the property."""
    _changes_functions: bool = False
    """The result of `may_change_functions` for the first `_function_count` modules."""
    _function_count: int = 0
    _all_modules: tuple[SourceModule, ...] = ()
    """The result of `all_modules` at the time when `_complete_count` modules were loaded."""
    _complete_count: int = 0
    _group: ModuleGroup = field(default_factory=lambda: ModuleGroup(()))
    """The result of `group` for these modules."""
    _callers: dict[str, frozenset[int]] = field(default_factory=dict)
    """The statements in the bodies of the first `_called_count` modules that may run a function, by function name."""
    _called_count: int = 0
    _order_is_dynamic: bool = False
    """The result of `import_order_imports_dynamically` for the first `_ordered_count` modules."""
    _ordered_count: int = 0

    def scope_of(self, module: SourceModule, name: str | None = None) -> LexicalScope:
        """Return the scope of a module, created on first use. The names are evaluated when they are looked up.

        `name` is the dotted name of the module. The default is derived from the path.
        """
        scope = self.scopes.get(module)
        if scope is None:
            dotted_name = name or (
                self.importer.files.name_of(module.path) if self.importer is not None else module.path
            )
            bindings = bindings_of(module.tree, module)
            scope = LexicalScope(
                bindings,
                self.store.new(is_shared=True, at_import=True),
                None,
                module,
                path=(dotted_name,),
                kind="module",
            )
            self.scopes[module] = scope
            self.budget.grow(module.once(_size))
            self._register_imports(module)
            for wrong_import in module.once(unguarded_wrong_imports):
                if not self.is_in_project(wrong_import.module):
                    self.budget.spend(Limit.FACTS)
                    self.facts.setdefault(wrong_import)
        return scope

    def register_main(self) -> None:
        """Register the main module, because it may assign names of the modules that it imports."""
        if self.main is not None:
            self._unsearched.insert(0, (self.main,))

    @property
    def is_only_program_running(self) -> bool:
        """Whether the run of all modules is executing a statement, and no other body can run now."""
        program = self.program
        return program is not None and program.is_running and self.queues == [program] and not self.late_imports

    def first_scope(self) -> LexicalScope:
        """Return the scope of the module whose import starts the program: the main module or the analyzed module."""
        main = None if self.main is None or self.importer is None else self.importer.load(self.main)
        return self.scope_of(main) if isinstance(main, SourceModule) else next(iter(self.scopes.values()))

    def is_in_project(self, name: str) -> bool:
        """Return whether the project has a module with a dotted name that no package of the platform shadows."""
        return self.importer is not None and not is_modeled_package(name) and self.importer.files.find(name) is not None

    def _register_imports(self, module: SourceModule) -> None:
        """Register the imports of a module, because even modules without a lookup may assign names of other modules."""
        self._loaded_paths.add(module.path)
        if self.importer is not None:
            self._unsearched.append(import_graph_of(self.importer).imports_of(module))

    def _closures(self) -> list[ImportClosure]:
        """Return the direct and indirect imports of all loaded modules."""
        groups, self._unsearched = self._unsearched, []
        for group in groups:
            files = tuple(file for file in group if file.path is not None and file.path not in self._imported_paths)
            if files and self.importer is not None:
                closure = import_graph_of(self.importer).closure_of(files)
                self._imported_paths |= closure.files.keys()
                self._searched_closures.append(closure)
        return self._searched_closures

    def count_imports(self) -> int:
        """Return the number of direct and indirect imports of all loaded modules."""
        self._closures()
        return len(self._imported_paths)

    def is_assigned_externally(self, scope: LexicalScope, name: str) -> bool:
        """Return whether a loaded or imported module assigns to `name` in a module or class, or mutates its collection.

        `scope` is the scope of the module or class.
        """
        changes, owner = self._changes_of(name), scope.last_component
        return bool(changes) and any(change.owner == owner for change in changes)

    def is_attribute_assigned(self, name: str, *, counts_self: bool = False) -> bool:
        """Return whether a loaded or imported module assigns an attribute, of `self` only with `counts_self`."""
        return any(change.is_assigned and (counts_self or not change.is_of_self) for change in self._changes_of(name))

    def may_be_reassigned(self, scope: LexicalScope, name: str) -> bool:
        """Like `is_assigned_externally`, but ignore statements of module bodies that were executed."""
        return self.is_assigned_externally(scope, name) and not self._are_executed(scope.last_component, name)

    def _are_executed(self, owner: str, name: str) -> bool:
        """Return whether all assignments to an attribute are statements of module bodies that were executed."""
        writes = [each for each in self._import_writes.about(name, self.scopes) if self._owner_of(each) == owner]
        self.budget.spend(Limit.ELEMENTS, len(writes))
        return bool(writes) and all(
            write.function is None and write.statement in self.executed_statements for write in writes
        )

    def is_rebound_externally(self, scope: LexicalScope, name: str) -> bool:
        """Like `is_assigned_externally`, but ignore statements that only mutate the collection bound to the name."""
        changes, owner = self._changes_of(name), scope.last_component
        return bool(changes) and any(change.owner == owner and change.is_assigned for change in changes)

    def scopes_in_import_order(self) -> list[LexicalScope]:
        """Return the scopes of the first module and of its direct and indirect imports, imported modules first."""
        if self.importer is None or not self.scopes:
            return []
        root = self.first_scope().module
        return [*map(self.scope_of, import_graph_of(self.importer).modules_in_import_order(root))]

    def _files_of(self, module: SourceModule, references: Iterable[ModuleReference]) -> Iterator[ModuleFile]:
        """Yield the files of the modules that a module imports."""
        if self.importer is not None:
            for level, name in references:
                yield from self.importer.find_each(module.path, level, name)

    def all_modules(self) -> tuple[SourceModule, ...]:
        """Load all direct and indirect imports of the analyzed module, and return all loaded modules."""
        if self._complete_count < len(self.scopes):
            in_import_order = [scope.module for scope in self.scopes_in_import_order()]
            self._all_modules = tuple(dict.fromkeys([*self.scopes, *in_import_order]))
            self._complete_count = len(self.scopes)
        return self._all_modules

    def group(self) -> ModuleGroup:
        """Return all loaded modules and their direct and indirect imports as a group."""
        modules = self.all_modules()
        if self._group.modules is not modules:
            self._group = self.group_of(modules)
            self._all_modules = self._group.modules
        return self._group

    def group_of(self, modules: Collection[SourceModule]) -> ModuleGroup:
        """Return some modules as a group."""
        return (
            ModuleGroup(tuple(modules)) if self.importer is None else import_graph_of(self.importer).group_of(modules)
        )

    def imported_by(self, module: SourceModule, statement: cst.Import | cst.ImportFrom) -> Iterator[LexicalScope]:
        """Yield the modules of the project that an import statement of a module may load, in order."""
        return self._scopes_of(module, with_packages(may_load_modules(statement)))

    def packages_of(self, module: SourceModule) -> list[LexicalScope]:
        """Return the packages that contain a module, outermost first, because Python imports those first."""
        packages = () if self.importer is None else import_graph_of(self.importer).packages_of(module)
        return [*self._scopes_of(module, [(0, name) for name in packages])]

    def _scopes_of(self, module: SourceModule, references: Iterable[ModuleReference]) -> Iterator[LexicalScope]:
        """Load the modules that a module imports, and yield their scopes."""
        for file in self._files_of(module, references):
            loaded = None if self.importer is None else self.importer.load(file)
            if isinstance(loaded, SourceModule):
                yield self.scope_of(loaded)

    def owners_with_assigned_attribute(self, name: str) -> set[str]:
        """Return the names of the owners whose attribute `name` is assigned or mutated by a module."""
        return {change.owner for change in self._changes_of(name)}

    def may_change_functions(self) -> bool:
        """Return whether a module assigns the code or the defaults of any function."""
        count = len(self.scopes)
        if self._function_count < count:
            for name in _PARTS_OF_FUNCTIONS:
                self._load_assigning(name)
            self._changes_functions = any(self._changes_of(name) for name in _PARTS_OF_FUNCTIONS)
            self._function_count = count
        return self._changes_functions

    def may_rename_functions(self) -> bool:
        """Return whether unmodeled code of the program may change the names or parameters of functions."""
        return self.mention_any(_RENAMING)

    def may_register_subclasses(self) -> bool:
        """Return whether a module of the program may make other objects instances of an abstract class."""
        return any(module.mentions(word) for module in self.all_modules() for word in _REGISTERING)

    def is_member_changed(self, scope: LexicalScope, name: str) -> bool:
        """Return whether code that may run at import, but was not executed, may change an attribute indirectly.

        The attribute `name` belongs to the module or class of `scope`.

        An indirect change calls `setattr`, writes to the namespace dictionary, or does not name the owner, as in
        `for cls in (Orders,): cls.run = run`.
        """
        component = scope.last_component
        return any(
            write.is_indirect
            if self._owner_of(write) == component
            else not self._owner_of(write) and not write.is_object
            for write in self._writes_at_import(name)
        )

    def is_object_changed(self, name: str) -> bool:
        """Return whether code that may run at import, but was not executed, may change an attribute of an object."""
        return any(
            write.own_module is None and not (write.owner and self._names_class_or_module(write.owner))
            for write in self._writes_at_import(name)
        )

    def _loaded_imports_dynamically(self) -> bool:
        """Return whether a loaded module may import modules by computed names."""
        return self._has_any(imports_dynamically, imports_dynamically)

    def import_order_imports_dynamically(self) -> bool:
        """Return whether a module in `scopes_in_import_order` may import modules by computed names."""
        if self._ordered_count < len(self.scopes):
            scopes = self.scopes_in_import_order()
            self._order_is_dynamic = any(imports_dynamically(scope.module) for scope in scopes)
            self._ordered_count = len(self.scopes)
        return self._order_is_dynamic

    def may_import_dynamically(self) -> bool:
        """Return whether a module of the program may import modules by computed names. No module is parsed."""
        return self._loaded_imports_dynamically() or any(each.importing_dynamically for each in self._closures())

    def unknown_imports_assigning(self, name: str) -> Iterator[str]:
        """Yield the paths of modules with an assignment or mutation of `name` that computed imports may load.

        No module is parsed, and a limited number of modules of the project is searched.
        """
        importer = self.importer
        if importer is None:
            return
        self._load_assigning(name)
        if self._loaded_imports_dynamically() or any(
            path not in self._loaded_paths for closure in self._closures() for path in closure.importing_dynamically
        ):
            registered = self._loaded_paths | self._imported_paths
            others = (path for path in importer.files.module_paths() if path not in registered)
            yield from (path for path in islice(others, SEARCHED_MODULES) if name in importer.names_assigned(path))

    def may_be_replaced_by_unknown_import(self, scope: LexicalScope, name: str) -> bool:
        """Return whether an import by a computed name may load a module that assigns `name` in a module or class."""
        if next(self.unknown_imports_assigning(name), None) is None:
            return False
        from stepgraph.interpreter.library.reflection import may_be_replaced_by_unknown_import

        return may_be_replaced_by_unknown_import(self, scope, name)

    def may_extend_builtins(self) -> bool:
        """Return whether a loaded module may add names to the built-in ones."""
        return self.mention_any((b"builtins.",))

    def mention_any(self, words: tuple[bytes, ...]) -> bool:
        """Return whether the source of a loaded module contains one of the words."""
        return self._has_any(words, lambda module: any(map(module.mentions, words)))

    def _has_any(self, key: object, has_property: Callable[[SourceModule], bool]) -> bool:
        """Return whether a loaded module has a property. Each module is examined once for each key."""
        is_found, count = self._properties.get(key, (False, 0))
        if count < len(self.scopes):
            is_found = is_found or any(map(has_property, islice(self.scopes, count, None)))
            self._properties[key] = is_found, len(self.scopes)
        return is_found

    def _names_class_or_module(self, owner: str) -> bool:
        """Return whether a name, as the last component of an owner, denotes a class or module instead of an object."""
        scopes = tuple(self.scopes.values())
        binders = [binder for scope in scopes for binder in scope.bindings.binders.get(owner, ())]
        if any(isinstance(binder, cst.ClassDef) for binder in binders):
            return True
        has_other_meaning = any(not isinstance(binder, cst.Import | cst.ImportFrom) for binder in binders)
        return not has_other_meaning and any(scope.last_component == owner for scope in scopes)

    def _writes_at_import(self, name: str) -> Iterator[ImportWrite]:
        """Yield the changes of an attribute by statements that may run at import but were not executed."""
        self._load_assigning(name)
        self._load_assigning(ANY_NAME)
        names = (name,) if name.startswith("__") else (name, ANY_NAME)
        writes = [write for written in names for write in self._import_writes.about(written, self.scopes)]
        self.budget.spend(Limit.ELEMENTS, len(writes))
        for write in writes:
            sources = {write.statement} if write.function is None else self._callers_of(write.function)
            if not self.executed_statements.issuperset(sources):
                yield write

    def _owner_of(self, write: ImportWrite) -> str:
        return write.owner if write.own_module is None else self.scopes[write.own_module].last_component

    def _callers_of(self, function: str) -> frozenset[int]:
        """Return the statements of module bodies that may call a function of this name, directly or indirectly."""
        if self._called_count < len(self.scopes):
            from stepgraph.syntax.mutation.import_writes import callers_at_import, import_calls

            self._called_count = len(self.scopes)
            self._callers = callers_at_import(module.once(import_calls) for module in self.scopes)
        return self._callers.get(function, frozenset())

    def _changes_of(self, attribute: str) -> Collection[AttributeChange]:
        """Return the changes of an attribute by loaded or imported modules."""
        self._load_assigning(attribute)
        return self._attribute_changes.about(attribute, self.scopes)

    def _load_assigning(self, name: str) -> None:
        """Load the directly and indirectly imported modules that may assign to a name."""
        importer = self.importer
        while importer is not None and self._closure_counts.get(name, 0) < len(closures := self._closures()):
            closure = closures[self._closure_counts.get(name, 0)]
            self._closure_counts[name] = self._closure_counts.get(name, 0) + 1
            for file in closure.by_assigned_name.get(name, ()):
                module = None if file.path in self._loaded_paths else importer.load(file)
                if file.path is not None:
                    self._loaded_paths.add(file.path)
                if isinstance(module, SourceModule):
                    self.scope_of(module)


def _size(module: SourceModule) -> int:
    """Return the size of a source in bytes, in full kilobytes, so that few edits change it."""
    return -(-len(module.source) // 1000) * 1000
