"""Arguments of a call to the parameters of a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.limits import Limit
from stepgraph.program.known import CollectionKind
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.visits import DEEPEST
from stepgraph.program.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Entry,
    FunctionCall,
    FunctionValue,
    Given,
    Item,
    Mapping,
    PreparedCall,
    StepCall,
    StepFunction,
    Value,
    hidden,
)
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import Place

# Callables among more elements than these are not looked for: they only name a function.
MOST_GIVEN: Final = 1_000
# `l = l + l` doubles a list at each line.
MOST_ITEMS: Final = 4096


def bound_arguments(machine: Machine, callee: FunctionValue, arguments: Arguments) -> dict[str, Value]:
    """Return the value of each parameter, UNKNOWN where it cannot lead to a step.

    A body is shown once, whatever constants it is called with, so constants are not kept.
    """
    place = Place(callee.scope.module, callee.node)
    positional = [*_received(callee), *callee.positional, *_positional(arguments)]
    keywords = {**dict(callee.keywords), **dict(_keywords(arguments))}
    params = callee.node.params
    values: dict[str, Value] = {}
    for parameter in (*params.posonly_params, *params.params):
        name = parameter.name.value
        if positional:
            values[name] = positional.pop(0)
        elif name in keywords:
            values[name] = keywords.pop(name)
    if isinstance(params.star_arg, cst.Param):
        items = tuple(Item(value, place) for value in positional)
        values[params.star_arg.name.value] = collection(machine, "tuple", items)
    for parameter in params.kwonly_params:
        if parameter.name.value in keywords:
            values[parameter.name.value] = keywords.pop(parameter.name.value)
    if params.star_kwarg is not None:
        entries = tuple(Entry(Constant(name), value, place, place) for name, value in keywords.items())
        values[params.star_kwarg.name.value] = mapping(machine, entries)
    defaults = dict(callee.defaults)
    names = [parameter.name.value for parameter in parameters(params)]
    return {name: hidden(values.get(name, defaults.get(name, UNKNOWN))) for name in names}


def collection(machine: Machine, kind: CollectionKind, items: tuple[Item, ...]) -> Collection:
    """Return a new list, tuple or set; of a very long one, each element once, standing for many."""
    machine.budget.spend(Limit.ELEMENTS, len(items))
    return Collection(kind, machine.store.new({"items": bounded(items)}), machine.loop_depth)


def bounded(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return elements as they are; of very many, each once, standing for many."""
    if len(items) <= MOST_ITEMS:
        return items
    distinct = {id(item.value): item for item in items}
    if len(distinct) == len(items):
        return items
    return tuple(replace(item, many=True, passes=None) for item in distinct.values())


def made(machine: Machine, kind: CollectionKind, items: tuple[Item, ...]) -> Collection:
    """Return a list, tuple or set that a call makes: constants in it are not shown, since a call is never folded."""
    return replace(collection(machine, kind, items), hidden=True)


def ordered_like(source: Value, copy: Collection) -> Collection:
    """Return a copy of a collection, whose order is known only if that of the source is."""
    if isinstance(source, Collection | Mapping):
        copy.state.unordered = source.state.unordered or (isinstance(source, Collection) and source.is_set)
    return copy


def mapping(machine: Machine, entries: tuple[Entry, ...], *, partial: bool = False) -> Mapping:
    """Return a new dictionary."""
    machine.budget.spend(Limit.ELEMENTS, len(entries))
    return Mapping(machine.store.new({"items": entries}), machine.loop_depth, partial=partial)


def given(values: Iterable[Value]) -> Iterator[Given]:
    """Yield the callables and awaitables among arguments, those in collections too."""
    for value in islice(_among(values, 0), MOST_GIVEN):
        match value:
            case StepFunction(definition=definition):
                yield Given(definition, definition.function_name)
            case FunctionValue(node=cst.Lambda() as node):
                yield Given(node, _called_name(node))
            case FunctionValue():
                yield Given(value.node, value.name)
            case StepCall(step=step):
                yield Given(step.definition, step.definition.function_name)
            case FunctionCall(function=function):
                yield Given(function.node, function.name)
            case PreparedCall(function=prepared):
                yield Given(prepared, prepared.names[0])


def _among(values: Iterable[Value], depth: int) -> Iterator[Value]:
    """Yield values, and after each collection the values in it."""
    for value in values:
        yield value
        if isinstance(value, Collection | Mapping) and depth < DEEPEST:
            yield from _among((element.value for element in value.state.elements()), depth + 1)


def _called_name(node: cst.Lambda) -> str:
    """A lambda is the function that it calls."""
    body = node.body.expression if isinstance(node.body, cst.Await) else node.body
    match body:
        case cst.Call(func=cst.Name(value=name)) | cst.Call(func=cst.Attribute(attr=cst.Name(value=name))):
            return name
        case _:
            return "lambda"


def _received(callee: FunctionValue) -> list[Value]:
    return [] if callee.receiver is None or callee.kind == "static" else [callee.receiver]


def spread(arguments: Arguments) -> Arguments:
    """Return the arguments with those in `*[...]` and `**{...}` in the places that they take.

    Those that may be missing keep their stars, as do dictionaries of which not all is known.
    """
    found: list[Argument] = []
    for argument in arguments.items:
        if argument.star == "*" and isinstance(argument.value, Collection):
            found += [Argument(i.value, i.place, star="*" if i.many or i.maybe else "") for i in argument.value.items]
        elif argument.star == "**" and isinstance(argument.value, Mapping):
            found += _spread_entries(argument, argument.value)
        else:
            found.append(argument)
    return Arguments(tuple(found))


def _spread_entries(argument: Argument, mapping: Mapping) -> Iterator[Argument]:
    whole = not mapping.partial
    for entry in mapping.entries:
        if isinstance(entry.key, Constant) and isinstance(entry.key.value, str) and not (entry.many or entry.maybe):
            yield Argument(entry.value, entry.place, keyword=entry.key.value)
        else:
            whole = False
    if not whole:
        yield argument


def _positional(arguments: Arguments) -> Iterator[Value]:
    for argument in arguments.items:
        if argument.star == "*" and isinstance(argument.value, Collection):
            yield from (item.value for item in argument.value.items)
        elif not argument.star and argument.keyword is None:
            yield argument.value


def _keywords(arguments: Arguments) -> Iterator[tuple[str, Value]]:
    for argument in arguments.items:
        if argument.keyword is not None:
            yield argument.keyword, argument.value
        elif argument.star == "**" and isinstance(argument.value, Mapping):
            for entry in argument.value.entries:
                if isinstance(entry.key, Constant) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry.value
