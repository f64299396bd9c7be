"""Models of functools, operator and contextlib.

The implementations of a function with `singledispatch` are a dictionary by class. A class that is not followed makes
the key UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.caches import with_cache
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.attributes.changes import store_attribute
from stepgraph.interpreter.objects.attributes.function_attributes import make_unresolved
from stepgraph.interpreter.objects.class_relations import is_instance
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.containers.iteration import copy_elements
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection, unpacked_arguments
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.python.definitions import LIMITED_CACHE
from stepgraph.interpreter.python.subscripts import get_item
from stepgraph.interpreter.raised_exceptions import caught_types
from stepgraph.interpreter.values.calls import Argument, Arguments, ExitStack, Partial, Suppressor, WrappingManager
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry, SpreadArguments
from stepgraph.interpreter.values.objects import BuiltinMethod, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case, Union, map_cases
from stepgraph.ir.nodes import EMPTY_BLOCK, Handler
from stepgraph.ir.values import UNKNOWN, Constant, External, ExternalResult, Resource, Value, is_none
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace

_PLACEHOLDER: Final = External("functools.Placeholder")
"""Since Python 3.14, `partial` reserves the position of an argument with it."""


@models("functools.partial", "functools.partialmethod", unpacks=True)
def _partial(call: LibraryCall) -> Value:
    function = call.first
    later_arguments = call.arguments.items[1:]
    if any(argument.value == _PLACEHOLDER for argument in later_arguments):
        return call.unmodeled()
    if isinstance(function, Union):
        first = call.arguments.items[0]
        return map_cases(
            function,
            lambda value: _partial(replace(call, arguments=Arguments((replace(first, value=value), *later_arguments)))),
        )
    if isinstance(function, StepFunction):
        make_unresolved(call.interpreter, function, call.place)  # because the result stands for another object
        if later_arguments and not function.may_be_replaced:
            call.interpreter.tracer.on_step_call(function.definition, Arguments(later_arguments), call.place)
        return function
    if not function.relevant and not isinstance(function, External | Resource):
        return call_unknown(call.interpreter, function, call.arguments, call.place)
    if not isinstance(function, FunctionValue) or _has_unknown_arguments(later_arguments):
        return Partial(function, Arguments(later_arguments))
    is_bound_on_access = call.name == "functools.partialmethod" or function.kind != "function"
    return replace(
        function,
        kind=function.kind if is_bound_on_access or function.receiver is not None else "static",
        positional=(*function.positional, *_positional_values(call.interpreter, later_arguments)),
        keywords=(*function.keywords, *_keyword_values(later_arguments)),
    )


@models("types.MethodType")
def _bind_method(call: LibraryCall) -> Value:
    """Model `MethodType(function, instance)`."""
    match [argument.value for argument in call.arguments.items]:
        case [function, receiver] if (bound := _bound(function, receiver)) is not None:
            return bound
        case _:
            return call.unmodeled()


def _bound(function: Value, receiver: Value) -> Value | None:
    """Return a function, or one of several functions, bound to a receiver. Return None for other values."""
    match function:
        case FunctionValue(receiver=None, kind="function", positional=()):
            return replace(function, receiver=receiver)
        case Union(cases=cases) if all(_bound(case.value, receiver) is not None for case in cases):
            return map_cases(function, lambda case: _bound(case, receiver) or case)
        case _:
            return None


def _positional_values(interpreter: Interpreter, arguments: Sequence[Argument]) -> Iterator[Value]:
    for argument in arguments:
        if argument.star == "*":
            values = argument.value
            unknown = (Element(values if values.relevant else UNKNOWN, argument.place, many=True),)
            yield SpreadArguments(
                values if isinstance(values, Collection) else make_result_collection(interpreter, "tuple", unknown)
            )
        elif argument.keyword is None and not argument.star:
            yield argument.value


def _has_unknown_arguments(arguments: Sequence[Argument]) -> bool:
    """Return whether a starred argument leads to steps, but is one of several collections or has unknown keys."""
    if any(
        argument.star == "*" and isinstance(argument.value, Union) and argument.value.relevant for argument in arguments
    ):
        return True
    unpacked = unpacked_arguments(Arguments(tuple(arguments))).items
    return any(argument.star == "**" and argument.value.relevant for argument in unpacked)


def _keyword_values(arguments: Sequence[Argument]) -> Iterator[tuple[str, Value]]:
    for argument in unpacked_arguments(Arguments(tuple(arguments))).items:
        if argument.keyword is not None:
            yield argument.keyword, argument.value


@models("functools.reduce")
def _reduce(call: LibraryCall) -> Value:
    """Model `reduce(f, xs, initial)` as a chain of calls if the order of the elements is certain."""
    iterable = call.arguments.find(1, "iterable")
    initial = call.arguments.find(2, "initial")
    elements = None if iterable is None else copy_elements(call.interpreter, iterable.value, "list")
    if elements is None or not elements.has_definite_order or elements.state.size > _MAX_REDUCED_ELEMENTS:
        return call.unmodeled()
    operands = [Argument(item.value, item.place) for item in elements.items]
    operands = operands if initial is None else [initial, *operands]
    if not operands:
        return UNKNOWN  # Python raises a TypeError
    result = operands[0].value
    for operand in operands[1:]:
        arguments = Arguments((Argument(result, call.place), operand))
        result = call.interpreter.call(call.first, arguments, call.place)
    return result


_MAX_REDUCED_ELEMENTS: Final = 64


@models("functools.wraps")
def _wraps(call: LibraryCall) -> Value:
    """Model `functools.wraps(f)`, a decorator that makes a function report the name and parameters of `f`."""
    if len(call.arguments.positional) < 2:  # noqa: PLR2004 - the wrapped function and its wrapper
        return Partial(External("functools.wraps"), call.arguments)
    wrapper = call.arguments.items[-1].value
    make_unresolved(call.interpreter, wrapper, call.place)  # because `wraps` copies the attributes of `f`
    return replace(wrapper, wrapped=call.arguments.items[0].value) if isinstance(wrapper, FunctionValue) else wrapper


@models("functools.update_wrapper")
def _update_wrapper(call: LibraryCall) -> Value:
    """Model `functools.update_wrapper(wrapper, wrapped)`, which returns the wrapper."""
    match [argument.value for argument in call.arguments.items]:
        case [FunctionValue() as wrapper, wrapped]:
            call.interpreter.work.renamed.add(id(wrapper.node))
            make_unresolved(call.interpreter, wrapper, call.place)
            return replace(wrapper, wrapped=wrapped)
        case [ProjectObject() as wrapper, FunctionValue() as wrapped]:
            store_attribute(call.interpreter, wrapper, "__wrapped__", wrapped, call.place)
            return wrapper
        case _:
            return call.unmodeled()


@models("contextlib.suppress", unpacks=True)
def _suppress(call: LibraryCall) -> Value:
    sources = [argument.place.text for argument in call.arguments.items]
    if not sources:
        return Suppressor(None)
    types = [caught_types(argument.value, argument.place, {}) for argument in call.arguments.items]
    is_resolved = all(types) and not any(argument.star for argument in call.arguments.items)
    condition = sources[0] if len(sources) == 1 else f"({', '.join(sources)})"
    return Suppressor(
        Handler(
            condition,
            EMPTY_BLOCK,
            tuple(caught_type for caught in types for caught_type in caught) if is_resolved else (),
        )
    )


@models("contextlib.ExitStack", "contextlib.AsyncExitStack")
def _exit_stack(call: LibraryCall) -> Value:
    del call
    return ExitStack()


@models("contextlib.nullcontext", "contextlib.closing", "contextlib.aclosing")
def _wrapping_manager(call: LibraryCall) -> Value:
    closing = {"contextlib.closing": "close", "contextlib.aclosing": "aclose"}.get(call.name)
    return WrappingManager(call.first, closing) if call.first.relevant else ExternalResult("contextlib.nullcontext")


@models("functools.cache", "functools.lru_cache")
def _cache(call: LibraryCall) -> Value:
    """Return the decorated function with a cache, or a decorator if the call passes only settings."""
    if isinstance(call.first, FunctionValue):
        return with_cache(call.interpreter, call.first, is_limited=_is_limited(call.arguments.find(1, "maxsize")))
    report_escape(call.interpreter, call.arguments, call.place)
    if call.name != "functools.lru_cache":
        return call.unmodeled()
    return External(LIMITED_CACHE if _is_limited(call.arguments.find(0, "maxsize")) else f"{call.name}()")


def _is_limited(size: Argument | None) -> bool:
    """Return whether a cache of this size may drop results. The default size is assumed to be large enough."""
    return size is not None and not (
        is_none(size.value)
        or (isinstance(size.value, Constant) and isinstance(size.value.value, int) and size.value.value >= _LARGE_SIZE)
    )


_LARGE_SIZE: Final = 128  # the default


@models("operator.itemgetter", "operator.attrgetter", "operator.methodcaller")
def _getter(call: LibraryCall) -> Value:
    """Return a partial object that stores the arguments. Its call appends the object, as in `itemgetter(0)(xs)`."""
    return Partial(External(f"{call.name}.__call__"), call.arguments)


@models("operator.itemgetter.__call__")
def _get_items(call: LibraryCall) -> Value:
    owner = call.arguments.items[-1] if call.arguments.items else None
    if owner is None or not all(isinstance(leaf, Collection | Mapping) for leaf in union_values(owner.value)):
        return call.unmodeled()
    values = [
        get_item(call.interpreter, owner.value, key.value, key.place, call.place) for key in call.arguments.items[:-1]
    ]
    return _single_or_tuple(call, values)


@models("operator.attrgetter.__call__")
def _get_attributes(call: LibraryCall) -> Value:
    names = [argument.value for argument in call.arguments.items[:-1]]
    paths = [name.value for name in names if isinstance(name, Constant) and isinstance(name.value, str)]
    if not paths or len(paths) < len(names):
        return call.unmodeled()
    owner = call.arguments.items[-1].value
    return _single_or_tuple(call, [_attribute(call, owner, path) for path in paths])


def _attribute(call: LibraryCall, owner: Value, path: str) -> Value:
    for name in path.split("."):
        owner = call.interpreter.attribute(owner, name, call.place)
    return owner


def _single_or_tuple(call: LibraryCall, values: list[Value]) -> Value:
    if len(values) == 1:
        return values[0]
    elements = tuple(Element(value, call.place) for value in values)
    return make_result_collection(call.interpreter, "tuple", elements)


@models("operator.methodcaller.__call__")
def _call_method(call: LibraryCall) -> Value:
    positional = call.arguments.positional
    if len(positional) < 2 or not isinstance(positional[0].value, Constant):  # noqa: PLR2004 - the name and the owner
        return call.unmodeled()
    name, owner = positional[0].value.value, positional[-1]
    passed = tuple(argument for argument in call.arguments.items if argument not in (positional[0], owner))
    method = call.interpreter.attribute(owner.value, str(name), call.place)
    return call.interpreter.call(method, Arguments(passed), call.place)


@models("operator.call")
def _call(call: LibraryCall) -> Value:
    """Model `operator.call(function, *args)`."""
    if not call.arguments.positional or call.arguments.items[0].star:
        return call.unmodeled()
    return call.interpreter.call(call.first, Arguments(call.arguments.items[1:]), call.place)


def with_implementations(interpreter: Interpreter, function: FunctionValue) -> FunctionValue:
    """Return a copy of a function that selects an implementation by class, and runs itself for all other classes."""
    return replace(function, implementations=make_mapping(interpreter, ()))


def register_implementation(
    interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `f.register(cls, function)`, the decorator `f.register(cls)`, and `f.register` as a decorator.

    The decorator without a class reads the class from the annotation of the first parameter.
    """
    method = BuiltinMethod(receiver, "register")
    if receiver.implementations is None:
        return call_unknown(interpreter, method, arguments, place)
    *classes, last = arguments.items or (Argument(UNKNOWN, place),)
    if not classes and not isinstance(last.value, FunctionValue):
        return Partial(method, arguments)
    registered = [(classes[0].value, classes[0].place)] if classes else [*_annotated_classes(interpreter, last.value)]
    for key, key_place in registered:
        entry = MappingEntry(key if _is_class(key) else UNKNOWN, last.value, key_place, last.place)
        _add_implementation(interpreter, receiver.implementations, entry)
    return last.value


def _is_class(value: Value) -> bool:
    return isinstance(value, ClassValue | External)


def _annotated_classes(interpreter: Interpreter, function: Value) -> Iterator[tuple[Value, SourcePlace]]:
    """Yield the classes in the annotation of the first parameter that is not `self`, each with its place."""
    if not isinstance(function, FunctionValue):
        return
    first = [*parameters(function.node.params)][function.owner is not None and function.kind != "static" :][:1]
    pending = [] if not first or first[0].annotation is None else [first[0].annotation.annotation]
    with interpreter.in_scope(function.scope):
        while pending:
            match pending.pop():
                case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
                    pending += (right, left)
                case annotation:
                    yield interpreter.evaluate(annotation), SourcePlace(function.scope.module, annotation)


def _add_implementation(interpreter: Interpreter, implementations: Mapping, entry: MappingEntry) -> None:
    """Add an implementation, and replace the earlier one for the same class."""
    others = [each for each in implementations.entries if each.key == UNKNOWN or each.key != entry.key]
    interpreter.store.write(implementations.state, "items", (*others, entry))


def call_dispatched(
    interpreter: Interpreter, callee: FunctionValue, implementations: Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    """Call the implementation for the class of the first argument, or choose between those that may be selected."""
    interpreter.store.record_outer_read(implementations.state, "items")
    entries = implementations.entries
    first = arguments.items[0] if arguments.items else None
    is_positional = first is not None and first.keyword is None and not first.star
    leaves = union_values(first.value) if first is not None and is_positional else [UNKNOWN]
    selected = [_selected(interpreter, leaf, entries) for leaf in leaves]
    text = "the first argument" if first is None else first.place.text
    cases = [
        Case(entry.key_place.text, _bound_to(callee, entry.value))
        for entry in entries
        if any(entry in candidates for candidates, _ in selected)
    ]
    if any(may_be_default for _, may_be_default in selected):
        cases.append(Case(None, replace(callee, implementations=None)))
    if len(cases) == 1:
        return interpreter.call(cases[0].value, arguments, place)
    choice = Union(tuple(cases), f"type({text})", place)
    return interpreter.apply_to_cases(choice, lambda chosen: interpreter.call(chosen, arguments, place))


def _bound_to(callee: FunctionValue, implementation: Value) -> Value:
    """Return an implementation as a method of the object that the dispatching method is bound to."""
    if callee.receiver is None or not isinstance(implementation, FunctionValue):
        return implementation
    return replace(implementation, receiver=callee.receiver)


def _selected(
    interpreter: Interpreter, value: Value, entries: Sequence[MappingEntry]
) -> tuple[list[MappingEntry], bool]:
    """Return the implementations that may be selected for a value, and whether none of them may be."""
    results = [(entry, is_instance(interpreter, value, entry.key)) for entry in entries]
    candidates = [entry for entry, result in results if result is not False]
    if not all(result is not None for _, result in results) or not isinstance(value, ProjectObject):
        return candidates, not any(result for _, result in results)
    order = resolution_order(value.cls)
    nearest = min(candidates, key=lambda entry: order.index(entry.key), default=None)
    return ([], True) if nearest is None else ([nearest], False)
