"""Pictures of values as they are at one time, for the facts that rules judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.program.facts import (
    GivenArgument,
    GivenArguments,
    Parameter,
    StepFunctionShape,
)
from stepgraph.program.known import (
    NOT_KNOWN,
    Awaitable,
    Element,
    Elements,
    Generator,
    Imported,
    Keyed,
    KeyedElement,
    Known,
    KnownClass,
    KnownConstant,
    KnownDuration,
    KnownFunction,
    KnownMoment,
    KnownObject,
    KnownStep,
    Made,
    OneOf,
    PartlyKnownText,
    Varying,
)
from stepgraph.program.lowering.arguments import DEEPEST
from stepgraph.program.lowering.literals import literal
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.signatures import FreeParameter, free_parameters, shown_as
from stepgraph.program.values import (
    Alternatives,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Duration,
    EnumMember,
    External,
    Foreign,
    FunctionCall,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Instance,
    LazyItems,
    Mapping,
    Moment,
    PreparedCall,
    StepCall,
    StepFunction,
    Task,
    Template,
    Unknown,
    UnknownBase,
    Value,
    Volatile,
    WaitCall,
    Wrapped,
)
from stepgraph.syntax.module import Place

# Of a class that is not known in full.
_NOT_KNOWN: Final = "?"
# What makes an object of another class, or is what the SDK hands over in the place of it.
_DECIDING: Final = ("__new__", "js_object")
# Elements of a collection beyond these are not looked at.
MOST_ELEMENTS: Final = 100


def known(value: Value, depth: int = 0) -> Known:
    """Return what is known of a value now."""
    match value:
        case Constant(value=constant):
            return KnownConstant(constant)
        case Template(text=text, volatile=volatile):
            return PartlyKnownText(text, None if volatile is None else Varying(volatile.name, volatile.place))
        case Volatile(name=name, place=place, gives=gives, called=called):
            varying = Varying(name, place)
            return Made(gives, varying) if gives and called else varying
        case Moment(text=text):
            return KnownMoment(text)
        case Duration(milliseconds=milliseconds):
            return KnownDuration(milliseconds)
        case External(name=name):
            return Imported(name)
        case Foreign(name=name):
            return Made(name)
        case StepFunction(definition=definition):
            return KnownStep(definition)
        case FunctionValue():
            return KnownFunction(value.name, Place(value.scope.module, value.node), bool(value.doubts))
        case ClassValue(name=name):
            return KnownClass(name)
        case Instance(of=of, doubtful=True):
            return KnownObject(of.name, (_NOT_KNOWN,))
        case Instance(of=of) | EnumMember(of=of):
            return KnownObject(of.name, tuple(_kinds(of)))
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall() | Task() | Gathering() | Wrapped():
            return Awaitable()
        case GeneratorCall() | LazyItems():
            return Generator()
        case Alternatives(options=options):
            return OneOf(tuple(known(option.value, depth) for option in options))
        case Collection() | Mapping() if depth <= DEEPEST:
            return _collected(value, depth + 1)
        case _:
            return NOT_KNOWN


def _collected(value: Collection | Mapping, depth: int) -> Known:
    """Constants in what has changed, or is reached through what is no constant, may be others by then."""
    shown = value.shows_constants

    def held(inner: Value, place: Place) -> Known:
        return _written(inner, place, depth) if shown or inner.relevant or inner.traced else NOT_KNOWN

    if isinstance(value, Collection):
        elements = tuple(Element(held(item.value, item.place), item.place) for item in value.items[:MOST_ELEMENTS])
        whole = shown and value.has_known_order and len(elements) == len(value.items)
        return Elements(value.kind, elements, whole, rewritten=value.state.changed and value.state.unordered)
    entries = tuple(
        KeyedElement(held(entry.key, entry.key_place), entry.key_place, held(entry.value, entry.place), entry.place)
        for entry in value.entries[:MOST_ELEMENTS]
    )
    whole = shown and not value.partial and not any(entry.many or entry.maybe for entry in value.entries)
    return Keyed(entries, whole and len(entries) == len(value.entries), rewritten=value.state.changed)


def _kinds(defined: ClassValue) -> list[str]:
    """Return the names of what makes a class what it is: bases and decorators from outside, of its bases too.

    A member that decides what its objects are is there by its own name, and what is not known as `?`.
    """
    found = [*defined.marks, *(name for name in _DECIDING if name in defined.scope.bindings.binders)]
    if defined.doubts or isinstance(defined.metaclass, ClassValue) or _is_defined_again(defined):
        found.append(_NOT_KNOWN)
    for base in defined.bases:
        match base:
            case External(name=name):
                found.append(name)
            case UnknownBase(identity=str(name)):
                found.append(name)
            case ClassValue():
                found += _kinds(base)
            case _:
                found.append(_NOT_KNOWN)
    return list(dict.fromkeys(found))


def _is_defined_again(defined: ClassValue) -> bool:
    """Whether a class is one of several of its name: `try: class Item(Model)`, `except ImportError: class Item`."""
    around = defined.scope.parent
    return around is not None and len(around.bindings.binders.get(defined.name, ())) > 1


def given_arguments(arguments: Arguments) -> GivenArguments:
    """Return the arguments of a call as facts carry them."""
    return GivenArguments(
        tuple(GivenArgument(_written(a.value, a.place, 0), a.place, a.keyword, a.star) for a in arguments.items),
    )


def _written(value: Value, place: Place, depth: int) -> Known:
    """Return what is known of a value where it is written: of `"a" if x else "b"`, that it is one of these."""
    if isinstance(value, Unknown) and isinstance(place.node, cst.IfExp):
        options = tuple(_literals(place.node))
        return OneOf(options) if any(option != NOT_KNOWN for option in options) else NOT_KNOWN
    return known(value, depth)


def _literals(node: cst.BaseExpression) -> Iterator[Known]:
    """Yield what an expression may give, of which only literals are known."""
    match node:
        case cst.IfExp(body=body, orelse=orelse):
            yield from _literals(body)
            yield from _literals(orelse)
        case cst.SimpleString() | cst.Integer() | cst.Float():
            yield known(literal(node))
        case _:
            yield NOT_KNOWN


def function_shape(machine: Machine, function: Value) -> StepFunctionShape | None:
    """Return how a step's function is declared, without what is bound already; None where that is not known."""
    if not isinstance(function, FunctionValue):
        return None
    shown = shown_as(function)
    if shown is None or shown.doubts or function.doubts:
        return None
    place = Place(function.scope.module, function.node)
    free = [_parameter(parameter) for parameter in free_parameters(function)]
    is_async = isinstance(function.node, cst.FunctionDef) and function.node.asynchronous is not None
    is_generator = machine.modules.bindings_of(function.node, function.scope.module).is_generator
    return StepFunctionShape(shown.name, tuple(free), is_async, is_generator, place)


def _parameter(parameter: FreeParameter) -> Parameter:
    node, place = parameter.node, parameter.place
    default = None if node.default is None else place.module.text(node.default)
    return Parameter(node.name.value, parameter.kind, default, place)
