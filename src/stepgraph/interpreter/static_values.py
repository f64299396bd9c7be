"""Snapshots of values for facts, which later changes of the values do not affect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.python.constants import TIMEDELTA, evaluate_literal
from stepgraph.interpreter.values.calls import (
    Argument,
    Arguments,
    FunctionCoroutine,
    GeneratorCall,
    GeneratorExpression,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.heap_cells import DEEPEST
from stepgraph.interpreter.values.objects import (
    ClassValue,
    EnumMember,
    FunctionValue,
    ProjectObject,
    UnknownBase,
    free_parameters,
)
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.static_values import (
    NO_ARGUMENTS,
    Arity,
    StaticArgument,
    StaticArguments,
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticElement,
    StaticEntry,
    StaticFunction,
    StaticGenerator,
    StaticMapping,
    StaticObject,
    StaticStep,
    StaticUnion,
)
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    Duration,
    External,
    ExternalResult,
    ExternalResultMember,
    Moment,
    Nondeterministic,
    Template,
    Unknown,
    Value,
    taint_of,
    without_taint,
)
from stepgraph.syntax.module import SourcePlace

# The kind that marks a class whose definition is not completely known, such as a class with an unknown base.
_UNKNOWN_KIND: Final = "?"
# Members that replace an object: `__new__` may return a different object, and the SDK uses `js_object` in its place.
_REPLACING_MEMBERS: Final = ("__new__", "js_object")
# The most frequent types of values that are their own snapshots.
_ATOMS: Final = frozenset([Constant, External, Unknown])
_FORMATTING: Final = (cst.BinaryOperation, cst.Call)
# Maximum number of elements converted for each collection. Further elements are omitted.
MAX_ELEMENTS: Final = 100
# Maximum number of elements converted for one value, including nested collections, because rules compare and traverse
# a static value as a tree.
MAX_TOTAL_ELEMENTS: Final = 2_000


def static_value(value: Value) -> Value:
    """Return a snapshot of a value."""
    return _StaticValueBuilder().static_value(value, 0)


def static_value_at(value: Value, place: SourcePlace) -> Value:
    """Return a snapshot of the value of the expression at `place`, as a union if the expression selects a literal."""
    return _StaticValueBuilder().static_value_at(value, place, 0)


class _CollectionSnapshot(Struct, frozen=True):
    """The complete snapshot of a collection."""

    value: Collection | Mapping
    """The collection. The reference keeps its id from being reused."""
    snapshot: Value
    size: int
    """The number of its elements, including those of nested collections."""


class _StaticValueBuilder(Struct):
    """A converter of one value into its snapshot."""

    remaining: int = MAX_TOTAL_ELEMENTS
    """The number of elements of collections that may still be converted."""
    snapshots: dict[tuple[int, int], _CollectionSnapshot] = field(default_factory=dict)
    """The collections with complete snapshots, by `id` and nesting depth."""
    shows_hidden: bool = False
    """Whether constants in a collection that other names may refer to are shown if all its changes are followed."""

    def static_value(self, value: Value, depth: int) -> Value:
        """Return a snapshot, without taint, of a value at a nesting depth in collections."""
        if type(value) in _ATOMS:
            return value
        value = without_taint(value)
        if type(value) is Collection or type(value) is Mapping:
            if type(value) is Collection and value.lazy is not None and not value.lazy.is_view:
                return StaticGenerator()
            is_shown = depth <= DEEPEST and self.remaining > 0
            return self._shared_collection(value, depth + 1) if is_shown else UNKNOWN
        match value:
            case Moment() | Duration() | External() | ExternalResultMember():
                return value
            case Template(text=text):
                return Template(text)
            case ExternalResult(name=name):
                return ExternalResult(name)
            case StepFunction(definition=definition):
                return StaticStep(definition)
            case FunctionValue():
                place = SourcePlace(value.scope.module, value.node)
                return StaticFunction(value.name, place, bool(value.caveats), _arity_of(value))
            case ClassValue(name=name):
                return StaticClass(name)
            case ProjectObject(cls=class_value, may_be_replaced=True):
                return StaticObject(class_value.name, (_UNKNOWN_KIND,))
            case ProjectObject(cls=class_value) | EnumMember(cls=class_value):
                return StaticObject(class_value.name, tuple(_kinds(class_value)))
            case StepCall() | WaitCall() | FunctionCoroutine() | PreparedCall() | Task() | Gathering() | WaitForCall():
                return StaticAwaitable()
            case GeneratorCall() | GeneratorExpression():
                return StaticGenerator()
            case Union(cases=cases):
                has_default = any(case.condition is None for case in cases)
                return StaticUnion(tuple(self.static_value(case.value, depth) for case in cases), has_default)
            case _:
                return UNKNOWN

    def _shared_collection(self, value: Collection | Mapping, depth: int) -> Value:
        """Return the snapshot of a collection. If the value contains it repeatedly, it is built once for each depth.

        All occurrences count toward `remaining`, which determines the elements that are omitted.
        """
        earlier = self.snapshots.get((id(value), depth))
        if earlier is not None and earlier.size < self.remaining:
            self.remaining -= earlier.size
            return earlier.snapshot
        before = self.remaining
        snapshot = self._static_collection(value, depth)
        if self.remaining > 0:  # no element was omitted
            self.snapshots[id(value), depth] = _CollectionSnapshot(value, snapshot, before - self.remaining)
        return snapshot

    def _static_collection(self, value: Collection | Mapping, depth: int) -> Value:
        """Return a snapshot of a collection. Constants are unknown if the program may have replaced them."""
        is_followed = value.state.has_followed_changes
        shows_constants = value.shows_constants or (self.shows_hidden and is_followed and not value.is_argument)
        if shows_constants or (is_followed and not value.hidden):
            snapshot_of = self.static_value_at
        elif is_followed and value.shows_kinds and not value.is_argument:
            snapshot_of = self._static_kind
        else:
            snapshot_of = self._static_value_without_constants
        if isinstance(value, Collection):
            items = value.items
            self.remaining -= min(len(items), MAX_ELEMENTS)
            static_elements = tuple(
                StaticElement(snapshot_of(item.value, item.place, depth), item.place) for item in items[:MAX_ELEMENTS]
            )
            is_complete = shows_constants and value.has_definite_order and len(static_elements) == len(items)
            return StaticCollection(
                value.kind,
                static_elements,
                is_complete,
                may_be_overwritten=value.state.changed and value.state.unordered,
                is_view=value.lazy is not None,
            )
        entries = value.entries
        self.remaining -= min(len(entries), MAX_ELEMENTS)
        static_entries = tuple(
            [
                StaticEntry(
                    snapshot_of(entry.key, entry.key_place, depth),
                    entry.key_place,
                    snapshot_of(entry.value, entry.place, depth),
                    entry.place,
                )
                for entry in entries[:MAX_ELEMENTS]
            ]
        )
        is_complete = (
            shows_constants
            and not value.partial
            and len(static_entries) == len(entries)
            and not [entry for entry in entries if entry.many or entry.may_be_missing]
        )
        return StaticMapping(static_entries, is_complete, may_be_overwritten=not is_followed)

    def _static_value_without_constants(self, value: Value, place: SourcePlace, depth: int) -> Value:
        """Return a snapshot of a value as `static_value_at` does, if it leads to a step or differs at replay."""
        return self.static_value_at(value, place, depth) if value.relevant or value.tainted else UNKNOWN

    def _static_kind(self, value: Value, place: SourcePlace, depth: int) -> Value:
        """Return a snapshot of a value as `static_value_at` does, unless it is a constant."""
        if isinstance(value, Duration):
            return ExternalResult(TIMEDELTA)
        if isinstance(value, ExternalResult):
            return self.static_value_at(value, place, depth)
        return self._static_value_without_constants(value, place, depth)

    def static_value_at(self, value: Value, place: SourcePlace, depth: int) -> Value:
        """Return a snapshot of a value.

        The unknown value of `"a" if x else "b"`, `d.get(key, "b")` or `getattr(x, "a", "b")` becomes a union with the
        literals, and that of `"{} min".format(n)` a template.
        """
        if type(value) is Constant:
            return value
        snapshot = self.static_value(value, depth)
        node = place.node
        if type(snapshot) is Unknown and (
            type(node) is cst.Call or (type(node) is cst.IfExp and type(value) is Unknown)
        ):
            cases = tuple(_conditional_literals(node))
            if any(case != UNKNOWN for case in cases):
                return StaticUnion(cases)
        if type(snapshot) is not Unknown or type(node) not in _FORMATTING:
            return snapshot
        # Imported here because only checks of workflows with such expressions need it.
        from stepgraph.interpreter.python.formatted_texts import formatted_text

        return formatted_text(node, place.module)


def _kinds(class_value: ClassValue) -> list[str]:
    """Return the kinds of a class, as in `StaticObject.kinds`.

    A kind is one of these: the dotted name of an external base or decorator, also of a base class; the plain name of a
    member that replaces the objects of the class; `?` for an unknown part of the definition.
    """
    kinds: dict[str, None] = {}
    visited: set[ClassValue] = set()
    pending: list[Value] = [class_value]
    while pending:
        match pending.pop():
            case External(name=name) | UnknownBase(identity=str(name)):
                kinds[name] = None
            case ClassValue() as project_class:
                if project_class not in visited:
                    visited.add(project_class)
                    kinds |= dict.fromkeys(_direct_kinds(project_class))
                    pending += reversed(project_class.bases)
            case _:
                kinds[_UNKNOWN_KIND] = None
    return list(kinds)


def _direct_kinds(class_value: ClassValue) -> Iterator[str]:
    yield from class_value.decorator_names
    yield from (name for name in _REPLACING_MEMBERS if name in class_value.scope.bindings.binders)
    if class_value.caveats or isinstance(class_value.metaclass, ClassValue) or _has_several_definitions(class_value):
        yield _UNKNOWN_KIND


def _has_several_definitions(class_value: ClassValue) -> bool:
    """Return whether several statements bind the name of a class, as in `try: class A(B)`, `except: class A`."""
    parent = class_value.scope.parent
    return parent is not None and len(parent.bindings.binders.get(class_value.name, ())) > 1


def static_arguments(arguments: Arguments, *, shows_hidden: bool = False) -> StaticArguments:
    """Return snapshots of the arguments of a call.

    With `shows_hidden`, constants in a collection with a second name are also known if all its changes are followed.
    """
    if not arguments.items:
        return NO_ARGUMENTS
    return StaticArguments(
        tuple([_static_argument(argument, shows_hidden=shows_hidden) for argument in arguments.items])
    )


def _static_argument(argument: Argument, *, shows_hidden: bool) -> StaticArgument:
    value = argument.value
    if type(value) is Constant:
        return StaticArgument(value, argument.place, argument.keyword, argument.star, None)
    snapshot = _StaticValueBuilder(shows_hidden=shows_hidden).static_value_at(value, argument.place, 0)
    return StaticArgument(snapshot, argument.place, argument.keyword, argument.star, _nondeterministic_part(value))


def _nondeterministic_part(value: Value) -> Nondeterministic | None:
    """Return the first nondeterministic value in a value, except in the elements of collections."""
    if type(value) is not Union:
        return taint_of(value)
    return next((source for leaf in union_values(value) if (source := taint_of(leaf)) is not None), None)


def _conditional_literals(node: cst.BaseExpression) -> Iterator[Value]:
    """Yield a snapshot of each possible result of an expression. Results other than literals are unknown."""
    match node:
        case cst.IfExp(body=body, orelse=orelse):
            yield from _conditional_literals(body)
            yield from _conditional_literals(orelse)
        case cst.Call(
            func=cst.Attribute(attr=cst.Name("get")), args=[_, cst.Arg(value=default, keyword=None, star="")]
        ):
            yield UNKNOWN
            yield from _conditional_literals(default)
        case cst.Call(func=cst.Name("getattr"), args=[_, _, cst.Arg(value=default)]):
            yield UNKNOWN
            yield from _conditional_literals(default)
        case cst.SimpleString() | cst.Integer() | cst.Float():
            yield static_value(evaluate_literal(node))
        case _:
            yield UNKNOWN


def _arity_of(function: FunctionValue) -> Arity | None:
    if function.wrapped is not None or function.caveats:
        return None
    parameters = free_parameters(function)
    kinds = [each.kind for each in parameters]
    required_kinds = [each.kind for each in parameters if each.node.default is None]
    if "keyword" in required_kinds:
        return None
    return Arity(required_kinds.count("positional"), None if "*args" in kinds else kinds.count("positional"))
