"""Pictures of values as they are at one time, for the facts that rules judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.objects.values import (
    DEEPEST,
    Alternatives,
    Argument,
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
from stepgraph.interpreter.python.constants import literal
from stepgraph.interpreter.workflow.parameters import FreeParameter, free_parameters, shown_as
from stepgraph.ir.facts import (
    GivenArgument,
    GivenArguments,
    Parameter,
    StepFunctionShape,
)
from stepgraph.ir.static_values import (
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


def known(value: Value) -> Known:
    """Return what is known of a value now."""
    return _Picture().known(value, 0)


class _Picture(Struct):
    """Takes a picture of one value. `left` is the number of elements that may still be in it."""

    left: int = MOST_IN_ALL

    def known(self, value: Value, depth: int) -> Known:
        """Return what is known of a value that is so deep in others."""
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
                return OneOf(tuple(self.known(option.value, depth) for option in options))
            case Collection() | Mapping() if depth <= DEEPEST and self.left > 0:
                return self._collected(value, depth + 1)
            case _:
                return NOT_KNOWN

    def _collected(self, value: Collection | Mapping, depth: int) -> Known:
        """Constants in what has changed, or is reached through what is no constant, may be others by then."""
        shown = value.shows_constants

        def held(inner: Value, place: Place) -> Known:
            return self.written(inner, place, depth) if shown or inner.relevant or inner.traced else NOT_KNOWN

        if isinstance(value, Collection):
            items = value.items
            self.left -= min(len(items), MOST_ELEMENTS)
            elements = tuple(Element(held(item.value, item.place), item.place) for item in items[:MOST_ELEMENTS])
            whole = shown and value.has_known_order and len(elements) == len(items)
            return Elements(value.kind, elements, whole, rewritten=value.state.changed and value.state.unordered)
        mapped = value.entries
        self.left -= min(len(mapped), MOST_ELEMENTS)
        entries = tuple(
            KeyedElement(held(entry.key, entry.key_place), entry.key_place, held(entry.value, entry.place), entry.place)
            for entry in mapped[:MOST_ELEMENTS]
        )
        whole = shown and not value.partial and not any(entry.many or entry.maybe for entry in mapped)
        return Keyed(entries, whole and len(entries) == len(mapped), rewritten=value.state.changed)

    def written(self, value: Value, place: Place, depth: int) -> Known:
        """Return what is known of a value where it is written: of `"a" if x else "b"`, that it is one of these."""
        if isinstance(value, Unknown) and isinstance(place.node, cst.IfExp):
            options = tuple(_literals(place.node))
            return OneOf(options) if any(option != NOT_KNOWN for option in options) else NOT_KNOWN
        return self.known(value, depth)


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
    if defined.doubts or isinstance(defined.metaclass, ClassValue) or _is_defined_again(defined):
        yield _NOT_KNOWN


def _is_defined_again(defined: ClassValue) -> bool:
    """Whether a class is one of several of its name: `try: class Item(Model)`, `except ImportError: class Item`."""
    around = defined.scope.parent
    return around is not None and len(around.bindings.binders.get(defined.name, ())) > 1


def given_arguments(arguments: Arguments) -> GivenArguments:
    """Return the arguments of a call as facts carry them."""
    return GivenArguments(tuple(map(_given_argument, arguments.items)))


def _given_argument(argument: Argument) -> GivenArgument:
    value = _Picture().written(argument.value, argument.place, 0)
    return GivenArgument(value, argument.place, argument.keyword, argument.star)


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


def function_shape(function: Value) -> StepFunctionShape | None:
    """Return how a step's function is declared, without what is bound already; None where that is not known."""
    if not isinstance(function, FunctionValue):
        return None
    shown = shown_as(function)
    if shown is None or shown.doubts or function.doubts:
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
