"""The runs of all modules of a Worker, each of which several workflows share.

Without sharing, each of N workflows that read a registry runs the bodies of all N modules that fill it. The state after
the run depends on the modules alone, so the workflows start from the same state:

1. The interpretation of a workflow begins without a run, because most workflows do not need one.
2. The first value that depends on a run starts it, or raises ProgramNotRunError if an earlier workflow needed the same
   run. A new interpreter then runs all modules, before any code of a workflow, and a `StateSnapshot` saves its state.
3. The interpretation begins again, in this state. Each further workflow restores the snapshot, so it sees no change by
   an earlier workflow.

The state is that of an interpreter which a single workflow uses: its budget, notes and facts include those of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from functools import cache, partial
from operator import attrgetter, is_not
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import StructConfig

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import HandlerTable, Interpreter
from stepgraph.interpreter.modules.body_runs import dependents_in
from stepgraph.interpreter.objects.names import run_all_modules
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.nodes import Function
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.module_files import ModuleFiles
from stepgraph.syntax.bindings import Bindings, bindings_of
from stepgraph.syntax.import_graph import ImportClosure, ModuleGroup
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import rebound_globals
from stepgraph.syntax.mutation.function_state import functions_with_state
from stepgraph.syntax.mutation.member_reads import COMPUTED_MEMBER, computed_owners, computed_variables

if TYPE_CHECKING:
    from stepgraph.syntax.body_names import NameDependents

_Key = TypeVar("_Key")
_Item = TypeVar("_Item")

_MAX_PROGRAMS: Final = 8
"""The maximum number of programs whose runs are in memory."""
_MAX_RUNS: Final = 4
"""The maximum number of runs of one program in memory."""
_MAX_REQUESTS: Final = 32
"""The maximum number of sets of names of one program that are compared. Each has the names of all modules."""


class ProgramSettings(Struct, frozen=True):
    """The modules of a program, and the settings of the interpreter that runs them."""

    files: ModuleFiles | None
    root: str
    """The path of the module whose import starts the program."""
    has_main: bool
    """Whether the analyzed module is not the main module."""
    workflows: int
    """The number of workflows that share the budget."""
    mode: DependencyMode
    traced: bool


class _SharedRun(Struct, frozen=True):
    """An interpreter that has run all modules, and its state after the run."""

    interpreter: Interpreter
    snapshot: StateSnapshot


class SharedProgram(Struct):
    """The runs of the modules of one program."""

    new: Callable[[], Interpreter]
    """The function that returns an interpreter that has run nothing."""
    _searching: Interpreter | None = None
    """An interpreter that has loaded the modules, for searches of their sources."""
    _names: dict[frozenset[str], frozenset[str] | None] = field(default_factory=dict)
    """The names that a run evaluates, by the names on which a value depends. None if the run is not shared."""
    _requests: dict[frozenset[str], None] = field(default_factory=dict)
    """The names that the runs of earlier workflows evaluate."""
    _runs: dict[frozenset[str], _SharedRun | None] = field(default_factory=dict)
    """The shared runs by the names that they evaluate; None if a run exceeds a limit."""

    def is_shared(self, names: frozenset[str]) -> bool:
        """Return whether an earlier workflow needed the run that a value needs if it depends on `names`."""
        evaluated = self._names_of(names) if self._requests else None
        return evaluated in self._requests and self._runs.get(evaluated, self) is not None

    def record(self, names: frozenset[str]) -> None:
        """Record that a workflow needs a run that evaluates `names`."""
        _add(self._requests, names, None, _MAX_REQUESTS)

    def start(self, names: frozenset[str], module: SourceModule) -> Interpreter:
        """Return an interpreter for a workflow in a module, in the state after a run that `is_shared`.

        If the run exceeds a limit, the result is an interpreter that runs the modules when they are needed.
        """
        evaluated = self._names_of(names)
        run = None if evaluated is None else self._runs.get(evaluated)
        if run is not None:
            run.snapshot.restore()
        elif evaluated is not None and evaluated not in self._runs:
            run = _run(self.new(), evaluated)
            _add(self._runs, evaluated, run, _MAX_RUNS)
        interpreter = self.new() if run is None else run.interpreter
        modules = interpreter.modules
        modules.analyzed = module
        interpreter.frame = Frame.of_body(modules.scope_of(module))
        if modules.importer is not None:
            modules.importer.modules.use(loaded.path for loaded in modules.scopes)
        return interpreter

    def _names_of(self, names: frozenset[str]) -> frozenset[str] | None:
        if names not in self._names:
            self._searching = self._searching or self.new()
            try:
                evaluated = _names_of_shared_run(self._searching, names)
            except LimitExceededError:
                evaluated = None
            _add(self._names, names, evaluated, _MAX_REQUESTS)
        return self._names[names]


class SharedRuns(Struct):
    """The runs of all modules that several workflows need."""

    _programs: dict[ProgramSettings, SharedProgram] = field(default_factory=dict)

    def program(self, settings: ProgramSettings, new: Callable[[], Interpreter]) -> SharedProgram:
        """Return the runs of a program. `new` returns an interpreter with these settings that has run nothing."""
        if settings not in self._programs:
            _add(self._programs, settings, SharedProgram(new), _MAX_PROGRAMS)
        return self._programs[settings]

    def clear(self) -> None:
        """Forget all runs, because a module is removed from memory."""
        self._programs.clear()


def _names_of_shared_run(interpreter: Interpreter, names: frozenset[str]) -> frozenset[str] | None:
    """Return the names that a run evaluates. Return None if modules may be imported while others run.

    Such a module runs at the call that imports it, and the names that it adds to the run depend on the workflow.
    """
    evaluated = names_of_program(interpreter, names)
    return None if interpreter.modules.may_import_dynamically() else evaluated


def _run(interpreter: Interpreter, names: frozenset[str]) -> _SharedRun | None:
    try:
        run_all_modules(interpreter, names)
    except LimitExceededError:
        return None
    return _SharedRun(interpreter, StateSnapshot(interpreter))


def _add(items: dict[_Key, _Item], key: _Key, item: _Item, maximum: int) -> None:
    """Add an item, and remove the oldest one if there are more than a maximum."""
    items[key] = item
    if len(items) > maximum:
        del items[next(iter(items))]


_COLLECTIONS: Final = (dict, list, set)
_INDEPENDENT: Final = (
    *(cst.CSTNode, SourceModule, SourcePlace, Bindings, Importer, ImportClosure, ModuleGroup, HandlerTable, Function),
    *(type, Enum, str, bytes, int, float, type(None)),
)
"""The types whose objects do not depend on the interpretation: syntax, facts about sources, which are computed on first
use, and complete functions of the IR."""


class _SavedObject(Struct, frozen=True):
    """A mutable object and its state."""

    target: Any
    names: tuple[str, ...]
    """The names of its attributes."""
    values: tuple[object, ...]
    """The values of its attributes."""
    contents: Any
    """A copy of a dictionary, list or set; None for other objects."""

    def restore(self) -> None:
        """Give the object its saved state."""
        target = self.target
        if self.names and any(map(is_not, _values_of(target, self.names), self.values)):
            for name, value in zip(self.names, self.values, strict=True):
                setattr(target, name, value)
        # The methods of the built-in types, because those of a subclass may record the changes.
        if isinstance(target, dict):
            dict.clear(target)
            dict.update(target, self.contents)
        elif isinstance(target, list):
            target[:] = self.contents
        elif isinstance(target, set):
            target.clear()
            target.update(self.contents)


class StateSnapshot:
    """The state of an object, and of all mutable objects that it leads to.

    All mutable objects are saved, whatever their types, so that a restored state cannot depend on a later
    interpretation. A restore changes the objects themselves, so that their identities remain, which are keys of tables.
    It takes some nanoseconds for each value, much less than an interpretation that creates them.
    """

    def __init__(self, root: object) -> None:
        self._saved = [*_saved_objects(root)]

    def restore(self) -> None:
        """Restore the state of all objects. Objects that were created later are no longer referenced."""
        for saved in self._saved:
            saved.restore()


def _saved_objects(root: object) -> Iterator[_SavedObject]:
    """Yield the mutable objects that an object leads to, each with its current state."""
    # The references keep the identities from being reused.
    visited: dict[int, object] = {}
    pending: list[object] = [root]
    while pending:
        target = pending.pop()
        if id(target) in visited or isinstance(target, _INDEPENDENT):
            continue
        visited[id(target)] = target
        names = _attributes_of(type(target), target)
        values, contents = _values_of(target, names), _copy_of(target)
        pending += values
        pending += _parts_of(target)
        if contents is not None or (names and not _is_frozen(type(target))):
            yield _SavedObject(target, names, values, contents)


def _values_of(target: object, names: tuple[str, ...]) -> tuple[object, ...]:
    """Return the values of some attributes."""
    match names:
        case ():
            return ()
        case (name,):
            return (getattr(target, name),)
        case _:
            return _getter(names)(target)


def _copy_of(target: object) -> dict[Any, Any] | tuple[Any, ...] | None:
    """Return the contents of a collection; None for other objects."""
    if isinstance(target, dict):
        return dict(target)
    return tuple(target) if isinstance(target, _COLLECTIONS) else None


def _parts_of(target: object) -> Iterable[object]:
    """Return the objects that a collection or a function refers to."""
    match target:
        case dict():
            return [*target.keys(), *target.values()]
        case list() | set() | tuple() | frozenset():
            return target
        case FunctionType():
            return [*_variables_of(target)]
        case MethodType():
            return [target.__self__]
        case partial():
            return [target.func, *target.args, *target.keywords.values()]
        case _:
            return ()


def _variables_of(function: FunctionType) -> Iterator[object]:
    """Yield the values of the variables of a closure."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a variable without a value
            yield cell.cell_contents


def _attributes_of(owner: type, target: object) -> tuple[str, ...]:
    """Return the names of the attributes of an object of this package."""
    if isinstance(target, Struct):
        return target.__struct_fields__
    return (*_slots_of(owner), *getattr(target, "__dict__", ())) if owner.__module__.startswith("stepgraph.") else ()


@cache
def _getter(names: tuple[str, ...]) -> attrgetter[tuple[object, ...]]:
    """Return a function that returns the values of several attributes. It takes a third of the time of a loop."""
    return attrgetter(*names)


def _slots_of(owner: type) -> tuple[str, ...]:
    """Return the names of the slots of a class."""
    return tuple(name for base in owner.__mro__ for name in getattr(base, "__slots__", ()))


def _is_frozen(owner: type) -> bool:
    """Return whether the attributes of the objects of a class never change."""
    config: StructConfig | None = getattr(owner, "__struct_config__", None)
    return config is not None and config.frozen


def names_of_program(interpreter: Interpreter, names: frozenset[str]) -> frozenset[str]:
    """Return the names that the run of all modules evaluates if a value depends on `names`.

    They are the collections that the run fills, and the names whose definitions mention them.
    """
    scopes = interpreter.modules.scopes_in_import_order() or [interpreter.modules.first_scope()]
    return names_of_registries(interpreter, scopes, names)


def names_of_registries(interpreter: Interpreter, scopes: list[LexicalScope], names: frozenset[str]) -> frozenset[str]:
    """Return `names`, other names whose values may change while modules load, and names defined in terms of these."""
    group = interpreter.modules.group_of([scope.module for scope in scopes])
    interpreter.budget.spend(Limit.ELEMENTS, len(group.modules))
    names |= _names_read_by_computed_names(scopes, group)
    registries = group.once(_names_in_registries)
    return registries if names <= registries else registries | _with_dependents(group, names - registries)


def _names_in_registries(group: ModuleGroup) -> frozenset[str]:
    from stepgraph.syntax.body_names import (
        attributes_storing_arguments,
        collections_mutated_in_functions,
        importing_functions,
        names_of_iterators,
    )

    names: set[str] = set()
    for module in group.modules:
        names |= module.once(collections_mutated_in_functions) | bindings_of(module.tree, module).mutations.keys()
        names |= module.once(rebound_globals) | module.once(functions_with_state)
        names |= module.once(names_of_iterators)
        names |= module.once(importing_functions) | module.once(attributes_storing_arguments)
        names.update(module.once(assigned_attributes).all())
    return _with_dependents(group, frozenset(names))


def _with_dependents(group: ModuleGroup, names: frozenset[str]) -> frozenset[str]:
    """Return names, and the names that the modules define in terms of these."""
    dependent = set(names)
    added = names
    while added:
        added_by_module: dict[SourceModule, set[str]] = {}
        if COMPUTED_MEMBER in added:
            for module in group.once(_with_computed_reads):
                added_by_module[module] = {COMPUTED_MEMBER}
        for name in sorted(added - {COMPUTED_MEMBER}):
            for module in group.with_word(name):
                added_by_module.setdefault(module, set()).add(name)
        dependents = {
            name
            for module, mentioned in added_by_module.items()
            for name in _module_dependents(module).dependents(mentioned)
        }
        added = frozenset(dependents - dependent)
        dependent |= added
    return frozenset(dependent)


def _names_read_by_computed_names(scopes: Sequence[LexicalScope], group: ModuleGroup) -> frozenset[str]:
    """Return the variables of modules whose members other code reads by computed names, and `COMPUTED_MEMBER`."""
    from stepgraph.interpreter.modules.collection_aliases import owners_read_by_computed_names

    owners = group.once(owners_read_by_computed_names)
    read = [scope for scope in scopes if scope.last_component in owners] if owners else ()
    variables = (name for scope in read for name in dependents_in(scope).variables)
    return frozenset([COMPUTED_MEMBER, *variables]) if owners else frozenset()


def _with_computed_reads(group: ModuleGroup) -> list[SourceModule]:
    return [*filter(has_computed_reads, group.modules)]


def has_computed_reads(module: SourceModule) -> bool:
    """Return whether a module reads members or variables by computed names."""
    return bool(module.once(computed_owners)) or bool(module.once(computed_variables))


def _module_dependents(module: SourceModule) -> NameDependents:
    from stepgraph.syntax.body_names import name_dependents

    return name_dependents(module.tree, module)


def select_mentioned(module: SourceModule, names: frozenset[str]) -> frozenset[str]:
    """Return the names that a module may mention, or all names if it mentions one of them."""
    is_computed = COMPUTED_MEMBER in names and has_computed_reads(module)
    if module.reads is None:
        return (names & module.words) | (frozenset((COMPUTED_MEMBER,)) if is_computed else frozenset())
    return names if is_computed or any(module.mentions(name.encode()) for name in names) else frozenset()
