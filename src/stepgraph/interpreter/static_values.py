"""Pictures of values as they are at one time, for the facts that rules judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.objects.values import (
    DEEPEST,
    Argument,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Duration,
    EnumMember,
    External,
    ExternalResult,
    FunctionCall,
    FunctionValue,
    Gathering,
    GeneratorCall,
    GeneratorExpression,
    Instance,
    Mapping,
    Moment,
    Nondeterministic,
    PreparedCall,
    StepCall,
    StepFunction,
    Task,
    Template,
    Union,
    Unknown,
    UnknownBase,
    Value,
    WaitCall,
    Wrapped,
)
from stepgraph.interpreter.python.constants import literal
from stepgraph.interpreter.workflow.parameters import FreeParameter, free_parameters, shown_as
from stepgraph.ir.facts import (
    Parameter,
    StaticArgument,
    StaticArguments,
    StepFunctionShape,
)
from stepgraph.ir.static_values import (
    STATIC_UNKNOWN,
    StaticAwaitable,
    StaticClass,
    StaticCollection,
    StaticConstant,
    StaticDuration,
    StaticElement,
    StaticEntry,
    StaticFunction,
    StaticGenerator,
    StaticImport,
    StaticMapping,
    StaticMoment,
    StaticNondeterministic,
    StaticObject,
    StaticResult,
    StaticStep,
    StaticTemplate,
    StaticUnion,
    StaticValue,
)
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import Place

# Of a class that is not known in full.
_NOT_KNOWN: Final = "?"
# What makes an object of another class, or is what the SDK hands over in the place of it.
_DECIDING: Final = ("__new__", "js_object")
# Elements of a collection beyond these are not looked at.
MOST_ELEMENTS: Final = 100
# Nor are those of all collections in one value: a picture is compared, and walked by rules, as a tree.
MOST_IN_ALL: Final = 2_000


def static_value(value: Value) -> StaticValue:
    """Return what is known of a value now."""
    return _Snapshot().static_value(value, 0)


class _Snapshot(Struct):
    """Takes a picture of one value. `left` is the number of elements that may still be in it."""

    left: int = MOST_IN_ALL

    def static_value(self, value: Value, depth: int) -> StaticValue:
        """Return what is known of a value that is so deep in others."""
        match value:
            case Constant(value=constant):
                return StaticConstant(constant)
            case Template(text=text, nondeterministic=nondeterministic):
                return StaticTemplate(
                    text,
                    None
                    if nondeterministic is None
                    else StaticNondeterministic(nondeterministic.name, nondeterministic.place),
                )
            case Nondeterministic(name=name, place=place, gives=gives, called=called):
                varying = StaticNondeterministic(name, place)
                return StaticResult(gives, varying) if gives and called else varying
            case Moment(text=text):
                return StaticMoment(text)
            case Duration(milliseconds=milliseconds):
                return StaticDuration(milliseconds)
            case External(name=name):
                return StaticImport(name)
            case ExternalResult(name=name):
                return StaticResult(name)
            case StepFunction(definition=definition):
                return StaticStep(definition)
            case FunctionValue():
                return StaticFunction(value.name, Place(value.scope.module, value.node), bool(value.caveats))
            case ClassValue(name=name):
                return StaticClass(name)
            case Instance(of=of, may_be_replaced=True):
                return StaticObject(of.name, (_NOT_KNOWN,))
            case Instance(of=of) | EnumMember(of=of):
                return StaticObject(of.name, tuple(_kinds(of)))
            case StepCall() | WaitCall() | FunctionCall() | PreparedCall() | Task() | Gathering() | Wrapped():
                return StaticAwaitable()
            case GeneratorCall() | GeneratorExpression():
                return StaticGenerator()
            case Union(cases=cases):
                return StaticUnion(tuple(self.static_value(case.value, depth) for case in cases))
            case Collection() | Mapping() if depth <= DEEPEST and self.left > 0:
                return self._collected(value, depth + 1)
            case _:
                return STATIC_UNKNOWN

    def _collected(self, value: Collection | Mapping, depth: int) -> StaticValue:
        """Constants in what has changed, or is reached through what is no constant, may be others by then."""
        shown = value.shows_constants

        def held(inner: Value, place: Place) -> StaticValue:
            return self.written(inner, place, depth) if shown or inner.relevant or inner.tainted else STATIC_UNKNOWN

        if isinstance(value, Collection):
            items = value.items
            self.left -= min(len(items), MOST_ELEMENTS)
            elements = tuple(StaticElement(held(item.value, item.place), item.place) for item in items[:MOST_ELEMENTS])
            whole = shown and value.has_known_order and len(elements) == len(items)
            return StaticCollection(
                value.kind, elements, whole, rewritten=value.state.changed and value.state.unordered
            )
        mapped = value.entries
        self.left -= min(len(mapped), MOST_ELEMENTS)
        entries = tuple(
            StaticEntry(held(entry.key, entry.key_place), entry.key_place, held(entry.value, entry.place), entry.place)
            for entry in mapped[:MOST_ELEMENTS]
        )
        whole = shown and not value.partial and not any(entry.many or entry.maybe for entry in mapped)
        return StaticMapping(entries, whole and len(entries) == len(mapped), rewritten=value.state.changed)

    def written(self, value: Value, place: Place, depth: int) -> StaticValue:
        """Return what is known of a value where it is written: of `"a" if x else "b"`, that it is one of these."""
        if isinstance(value, Unknown) and isinstance(place.node, cst.IfExp):
            cases = tuple(_literals(place.node))
            return StaticUnion(cases) if any(case != STATIC_UNKNOWN for case in cases) else STATIC_UNKNOWN
        return self.static_value(value, depth)


def _kinds(defined: ClassValue) -> list[str]:
    """Return the names of what makes a class what it is: bases and decorators from outside, of its bases too.

    A member that decides what its objects are is there by its own name, and what is not known as `?`.
    """
    found: dict[str, None] = {}
    seen: set[ClassValue] = set()
    pending: list[Value] = [defined]
    while pending:
        match pending.pop():
            case External(name=name) | UnknownBase(identity=str(name)):
                found[name] = None
            case ClassValue() as of:
                if of not in seen:
                    seen.add(of)
                    found |= dict.fromkeys(_kinds_of_one(of))
                    pending += reversed(of.bases)
            case _:
                found[_NOT_KNOWN] = None
    return list(found)


def _kinds_of_one(defined: ClassValue) -> Iterator[str]:
    yield from defined.marks
    yield from (name for name in _DECIDING if name in defined.scope.bindings.binders)
    if defined.caveats or isinstance(defined.metaclass, ClassValue) or _is_defined_again(defined):
        yield _NOT_KNOWN


def _is_defined_again(defined: ClassValue) -> bool:
    """Whether a class is one of several of its name: `try: class Item(Model)`, `except ImportError: class Item`."""
    around = defined.scope.parent
    return around is not None and len(around.bindings.binders.get(defined.name, ())) > 1


def static_arguments(arguments: Arguments) -> StaticArguments:
    """Return the arguments of a call as facts carry them."""
    return StaticArguments(tuple(map(_static_argument, arguments.items)))


def _static_argument(argument: Argument) -> StaticArgument:
    value = _Snapshot().written(argument.value, argument.place, 0)
    return StaticArgument(value, argument.place, argument.keyword, argument.star)


def _literals(node: cst.BaseExpression) -> Iterator[StaticValue]:
    """Yield what an expression may give, of which only literals are known."""
    match node:
        case cst.IfExp(body=body, orelse=orelse):
            yield from _literals(body)
            yield from _literals(orelse)
        case cst.SimpleString() | cst.Integer() | cst.Float():
            yield static_value(literal(node))
        case _:
            yield STATIC_UNKNOWN


def function_shape(function: Value) -> StepFunctionShape | None:
    """Return how a step's function is declared, without what is bound already; None where that is not known."""
    if not isinstance(function, FunctionValue):
        return None
    shown = shown_as(function)
    if shown is None or shown.caveats or function.caveats:
        return None
    place = Place(function.scope.module, function.node)
    free = [_parameter(parameter) for parameter in free_parameters(function)]
    is_async = isinstance(function.node, cst.FunctionDef) and function.node.asynchronous is not None
    is_generator = bindings_of(function.node, function.scope.module).is_generator
    return StepFunctionShape(shown.name, tuple(free), is_async, is_generator, place)


def _parameter(parameter: FreeParameter) -> Parameter:
    node, place = parameter.node, parameter.place
    default = None if node.default is None else place.module.text(node.default)
    return Parameter(node.name.value, parameter.kind, default, place)
