"""The shared state of the definitions of variables in a graph, and the state of the expansion of one text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise, takewhile
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.definitions.function_calls import (
    FunctionCalls,
    is_collection,
    parameter_position,
)
from stepgraph.syntax.definitions.name_replacement import UnknownDefinitionError
from stepgraph.syntax.definitions.variable_changes import VariableChanges, blocks_around, changes_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.called_functions import CalledFunctions, FunctionResult
    from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy
    from stepgraph.syntax.definitions.global_values import GlobalValues
    from stepgraph.syntax.definitions.program_writes import ProgramWrites
    from stepgraph.syntax.definitions.raising_functions import RaisingFunctions
    from stepgraph.syntax.definitions.side_effects import SideEffects
    from stepgraph.syntax.definitions.variable_definitions import SimpleCall
    from stepgraph.syntax.modules import Importer

_MAX_DEFINITIONS: Final = 30
"""The maximum number of definitions of variables in one text, each counted whenever a variable occurs."""
_MAX_CHARACTERS: Final = 500
"""The maximum length of an expression."""
_MAX_TOTAL_CHARACTERS: Final = 50_000
"""The maximum length of all expressions of a graph, each counted whenever it occurs in a definition."""


class DefinitionScope(Struct):
    """The calls of the functions of a graph, the values of global names, and the limit on its expressions."""

    calls: FunctionCalls = field(default_factory=dict)
    importer: Importer | None = None
    """The importer that loads the modules of the project, or None if no import can be followed."""
    find_steps: Callable[[], Iterable[SourcePlace]] = tuple
    """Returns the nodes of the steps of the graph."""
    run: cst.CSTNode | None = None
    """The function that the engine calls, or None if it is unknown. Other functions may have its name."""
    workflow: SourcePlace | None = None
    """The class of the workflow, or None if it is unknown."""
    modules: Mapping[cst.FunctionDef, SourceModule] = field(default_factory=dict)
    """The modules of the functions of the graph."""
    results: dict[cst.FunctionDef, FunctionResult | None] = field(default_factory=dict)
    """The code that decides the results of functions with steps so far, or None while it is being searched."""
    remaining: int = _MAX_TOTAL_CHARACTERS
    """The number of characters that may still be read."""
    marks: dict[str, tuple[cst.FunctionDef, str]] = field(default_factory=dict)
    """The functions and names of the parameters that marks stand for."""
    known_items: dict[tuple[cst.CSTNode, str], bool] = field(default_factory=dict)
    """Whether the values of attributes of all items of a collection are known, by its statement and the attributes."""
    failed_lookups: dict[tuple[cst.FunctionDef, str, bool], int] = field(default_factory=dict)
    """The number of lookups that do not suffice to find the value of attributes of a parameter, by the function, the
    dotted name, and whether it is the value for an element of a loop."""
    failed_definitions: dict[tuple[cst.FunctionDef, str, str], int] = field(default_factory=dict)
    """The number of definitions that do not suffice to expand a parameter, by the function, the parameter, and the
    attribute that is read, if any."""
    factory_calls: dict[cst.CSTNode, Sequence[tuple[str | bytes | None, SourcePlace]]] = field(default_factory=dict)
    """The calls of the factories around steps, with the names that they give the steps, or None for unknown names."""
    _numbers: dict[cst.FunctionDef, int] = field(default_factory=dict)
    """The numbers of functions in marks, in the order of their first mark."""
    _globals: GlobalValues | None = None
    _classes: ClassHierarchy | None = None
    _writes: ProgramWrites | None = None
    _effects: SideEffects | None = None
    _called_functions: CalledFunctions | None = None
    _raising_functions: RaisingFunctions | None = None

    @property
    def called_functions(self) -> CalledFunctions:
        """The functions of the graph that expressions call."""
        # Imported here because only expressions with calls need it.
        from stepgraph.syntax.definitions.called_functions import CalledFunctions

        if self._called_functions is None:
            self._called_functions = CalledFunctions.of(self)
        return self._called_functions

    @property
    def raising_functions(self) -> RaisingFunctions:
        """The functions without steps whose calls may raise exceptions."""
        # Imported here because few programs raise exceptions.
        from stepgraph.syntax.definitions.raising_functions import RaisingFunctions

        if self._raising_functions is None:
            self._raising_functions = RaisingFunctions(self)
        return self._raising_functions

    @property
    def writes(self) -> ProgramWrites:
        """The writes and references in the modules with the code of the graph."""
        # Imported here because only expressions with variables need it.
        from stepgraph.syntax.definitions.program_writes import ProgramWrites

        if self._writes is None:
            self._writes = ProgramWrites(self)
        return self._writes

    @property
    def effects(self) -> SideEffects:
        """The side effects of the code of the graph."""
        # Imported here because only expressions with attributes and shared variables need it.
        from stepgraph.syntax.definitions.side_effects import SideEffects

        if self._effects is None:
            self._effects = SideEffects(self)
        return self._effects

    @property
    def globals(self) -> GlobalValues:
        """The values of global names."""
        # Imported here because only conditions and names with global names need it.
        from stepgraph.syntax.definitions.global_values import GlobalValues

        if self._globals is None:
            self._globals = GlobalValues(self.importer, self.find_steps, self.classes)
        return self._globals

    @property
    def classes(self) -> ClassHierarchy:
        """The classes of the project."""
        from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy

        if self._classes is None:
            self._classes = ClassHierarchy(self.importer, self.workflow, self.writes.modules_with)
        return self._classes

    def with_separate_limit(self) -> DefinitionScope:
        """Return a scope of the same code whose expressions do not count for the limit of this one."""
        return DefinitionScope(self.calls, self.importer, self.find_steps, self.run, self.workflow, self.modules)

    def is_mutated(self, name: str, function: cst.FunctionDef, module: SourceModule) -> bool:
        """Return whether a statement changes the object of a variable of a function, or passes it to code that does."""
        return bool(self.changes(name, function, module).mutations)

    def changes(
        self, name: str, function: cst.FunctionDef, module: SourceModule, attribute: str = ""
    ) -> VariableChanges:
        """Return the changes of a variable of a function, also by code that receives its object.

        With the name of an attribute, return the changes that may concern it. Assignments to other attributes are
        side effects, which count for the properties and methods that read them.
        """
        read = "" if self.writes.has_assignment_hooks(module) else attribute
        local = changes_of(name, function, module, read)
        passed = self.writes.mutations(name, function, module, read)
        mutations = [*dict.fromkeys((*local.mutations, *passed))]
        if len(mutations) == len(local.mutations):
            return local
        blocks = chain.from_iterable(blocks_around(each, function, module) for each in passed)
        return VariableChanges(mutations, {**local.blocks, **{id(block): block for block in blocks}})

    def spend(self, characters: int) -> None:
        """Count an expression. Raises UnknownDefinitionError for a long one, and if the budget is exhausted."""
        self.remaining -= characters
        if characters > _MAX_CHARACTERS or self.remaining < 0:
            raise UnknownDefinitionError

    def parameter_mark(self, name: str, function: cst.FunctionDef) -> str:
        """Return the text in place of the value that calls pass for a parameter. `calls` contains the function.

        The name may include attributes of the parameter, such as `runner.prefix`.
        """
        mark = f"<argument {self._numbers.setdefault(function, len(self._numbers))}.{name}>"
        self.marks[mark] = function, name
        return mark


def functions_around(place: SourcePlace) -> tuple[cst.FunctionDef, ...]:
    """Return the functions whose bodies contain a node, innermost first. A decorator is outside of its function."""
    return place.module.once_for(place.node, _functions_around)


def _functions_around(node: cst.CSTNode, module: SourceModule) -> tuple[cst.FunctionDef, ...]:
    nodes = (node, *ancestors_of(module.parents, node))
    decorated = {id(after) for inner, after in pairwise(nodes) if isinstance(inner, cst.Decorator)}
    return tuple(function for function in SourcePlace(module, node).functions if id(function) not in decorated)


class OpaqueFunction(Struct):
    """A function whose parameters stand for themselves in the definitions of other variables."""

    node: cst.FunctionDef
    parameters: set[str] = field(default_factory=set)
    """The names of the parameters in the definitions, perhaps with attributes, such as `activity.name`."""

    def read(self, name: str, attribute: str) -> str:
        """Add a parameter, or an attribute of it if its name is not empty. Return the text that stands for it."""
        suffix = f".{attribute}" if attribute and not is_collection(name, self.node) else ""
        self.parameters.add(f"{name}{suffix}")
        return f"<parameter {parameter_position(name, self.node)}{suffix}>"

    def add_all(self) -> None:
        """Add all parameters, for code that is not read."""
        self.parameters.update(each.name.value for each in parameters(self.node.params))


class DefinitionExpansion(Struct):
    """The state of the expansion of one text."""

    scope: DefinitionScope
    pending: dict[tuple[cst.FunctionDef, str], bool] = field(default_factory=dict)
    """The variables that are being defined, with their functions, and whether a value replaces each of them.

    A loop may define a variable by itself.
    """
    calls: dict[cst.FunctionDef, SimpleCall] = field(default_factory=dict)
    """The calls that the values which functions return stand for."""
    is_parametric: bool = False
    """Whether the parameters of functions remain, as marks, in place of the values that calls pass."""
    numbers_parameters: bool = False
    """Whether parameters have their numbers in place of their names, if no calls of their functions are known."""
    opaque: OpaqueFunction | None = None
    """The function whose parameters stand for themselves, or None."""
    reads: set[str] = field(default_factory=set)
    """The variables and attributes in the expanded expressions, as in `WriteIndex`."""
    assigned: list[tuple[SourcePlace, set[str]]] = field(default_factory=list)
    """The assignments whose values replace variables, each with the variables and attributes that it reads."""
    bound: list[tuple[SourcePlace, str]] = field(default_factory=list)
    """The assignments of the variables in the expanded expressions."""
    remaining: int = _MAX_DEFINITIONS

    def reference(self, variable: tuple[cst.FunctionDef, str]) -> str:
        """Return a text for a variable that is being defined, which variables replaced by values do not change."""
        before = takewhile(lambda each: each != variable, self.pending)
        number = sum(not self.pending[each] for each in before)
        return f"<{number}{' replaced' if self.pending[variable] else ''}>"

    def has_marks_for(self, function: cst.FunctionDef) -> bool:
        """Return whether marks stand for the values that the calls of a function pass."""
        has_calls = bool(self.scope.calls.get(function)) and function is not self.scope.run
        return self.is_parametric and has_calls and function not in self.calls

    @contextmanager
    def calling(self, function: cst.FunctionDef, call: SimpleCall | None) -> Iterator[None]:
        """Let a call, or no call, decide the parameters of a function."""
        calls = dict(self.calls)
        self.calls.pop(function, None)
        if call is not None:
            self.calls[function] = call
        try:
            yield
        finally:
            self.calls = calls

    @contextmanager
    def following(self, function: cst.FunctionDef, parameter: str, attribute: str) -> Iterator[None]:
        """Expand the values that calls pass for a parameter, or for an attribute of it if the name is not empty.

        Raises UnknownDefinitionError at once if as many definitions did not suffice for it in another text. A long
        chain of calls is therefore not followed again for each function of the chain.
        """
        failed, key = self.scope.failed_definitions, (function, parameter, attribute)
        is_general = not self.calls and self.opaque is None
        remaining = self.remaining
        if is_general and remaining <= failed.get(key, -1):
            self.spend(_MAX_DEFINITIONS + 1)
        try:
            yield
        except UnknownDefinitionError:
            if is_general and self.remaining < 0:
                failed[key] = remaining
            raise

    @contextmanager
    def reading_at(self, assignment: SourcePlace, variable: str = "") -> Iterator[None]:
        """Add the variables and attributes in the value of an assignment, which are read at the assignment.

        The value replaces the effects on the variable, if a name is given.
        """
        self.bound += [(assignment, variable)] if variable else []
        outer, self.reads = self.reads, set()
        try:
            yield
        finally:
            if self.reads:
                self.assigned.append((assignment, self.reads))
            self.reads = outer | self.reads

    def effects_before(self, place: SourcePlace) -> str:
        """Return a digest of the side effects in front of a node that contains the expanded expressions.

        It includes those in front of the assignments of its variables, if other effects follow them.
        """
        effects, function = self.scope.effects, functions_around(place)[:1]
        digests = [effects.of(self.reads, place)]
        for assignment, names in self.assigned if digests[0] else ():
            if functions_around(assignment)[:1] == function:
                # The attributes of a new object are read later.
                reads = {each for each in names if not self.scope.writes.has_special_methods(each)}
                earlier = effects.of(reads, assignment)
                digests += [earlier or "none"] if earlier != effects.of(reads, place) else []
        digests = [*dict.fromkeys(each for each in digests if each)]
        bound = [(at, {name}) for at, name in self.bound if digests and effects.of({name}, place)]
        digests += (effects.of(names, at) or "none" for at, names in bound if functions_around(at)[:1] == function)
        return "_".join(digests)

    def spend(self, definitions: int) -> None:
        """Count definitions. Raises UnknownDefinitionError for too many."""
        self.remaining -= definitions
        if self.remaining < 0:
            raise UnknownDefinitionError
