"""Arguments of a call to the parameters of a function."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    UNKNOWN,
    Argument,
    Arguments,
    CallableArgument,
    Collection,
    Constant,
    Element,
    FunctionCall,
    FunctionValue,
    Mapping,
    MappingEntry,
    PreparedCall,
    SpreadArguments,
    StepCall,
    StepFunction,
    Union,
    Value,
    hide_constants,
    possible,
)
from stepgraph.ir.static_values import CollectionKind
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import Place

# Callables among more elements than these are not looked for: they only name a function.
MOST_GIVEN: Final = 1_000
# `l = l + l` doubles a list at each line.
MOST_ITEMS: Final = 4096


def bound_arguments(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments) -> dict[str, Value]:
    """Return the value of each parameter, UNKNOWN where it cannot lead to a step.

    A body is shown once, whatever constants it is called with, so constants are not kept.
    """
    place = Place(callee.scope.module, callee.node)
    keywords = _Keywords(place, callee, arguments)
    binding = _Binding(deque(_positional_items(callee, arguments, place)), keywords, dict(callee.defaults))
    params = callee.node.params
    values = {p.name.value: binding.take(p.name.value) for p in (*params.posonly_params, *params.params)}
    if isinstance(params.star_arg, cst.Param):
        values[params.star_arg.name.value] = collection(interpreter, "tuple", binding.rest())
    values |= {p.name.value: binding.take_keyword(p.name.value) for p in params.kwonly_params}
    if params.star_kwarg is not None:
        values[params.star_kwarg.name.value] = mapping(interpreter, keywords.rest(), partial=keywords.is_open)
    return {p.name.value: hide_constants(values[p.name.value]) for p in parameters(params)}


class _Keywords:
    """The keyword arguments of a call.

    `named` are those whose names are known, `others` may bear any name, and where it `is_open` there may be more.
    """

    def __init__(self, place: Place, callee: FunctionValue, arguments: Arguments) -> None:
        self.named = {name: MappingEntry(Constant(name), value, place, place) for name, value in callee.keywords}
        self.others: list[MappingEntry] = []
        self.is_open = False
        for argument in arguments.items:
            if argument.keyword is not None:
                key = Constant(argument.keyword)
                self.named[argument.keyword] = MappingEntry(key, argument.value, argument.place, argument.place)
            elif argument.star == "**":
                self._spread(argument)

    def _spread(self, argument: Argument) -> None:
        if not isinstance(argument.value, Mapping):
            self.is_open = True
            return
        self.is_open = self.is_open or argument.value.partial
        for entry in argument.value.entries:
            if isinstance(entry.key, Constant) and isinstance(entry.key.value, str):
                self.named[entry.key.value] = entry
            else:
                self.others.append(replace(entry, many=True))

    def take(self, name: str) -> list[Element]:
        """Remove and return the keyword arguments that a parameter may receive."""
        entry = self.named.pop(name, None)
        found = [] if entry is None else [Element(entry.value, entry.place, maybe=entry.maybe)]
        if entry is None or entry.maybe:
            found += (Element(other.value, other.place, maybe=True) for other in self.others if other.value.relevant)
        return found

    def rest(self) -> tuple[MappingEntry, ...]:
        """Return the keyword arguments that are left for `**kwargs`."""
        return (*self.named.values(), *self.others)


class _Binding(Struct):
    """Binds arguments to parameters, in the order of the parameters."""

    positional: deque[Element]
    keywords: _Keywords
    defaults: dict[str, Value]
    is_exact: bool = True
    """Whether each positional argument so far went to one parameter."""

    def take(self, name: str) -> Value:
        """Return the value of a positional parameter."""
        if self.positional and not (self.positional[0].many or self.positional[0].maybe):
            if self.is_exact:
                return self.positional.popleft().value
        elif not self.positional:
            return self.take_keyword(name)
        self.is_exact = False
        return self._any(name, [*self.positional, *self.keywords.take(name)])

    def take_keyword(self, name: str) -> Value:
        """Return the value of a keyword-only parameter, or of a positional one without a positional argument."""
        found = self.keywords.take(name)
        if len(found) == 1 and not found[0].maybe:
            return found[0].value
        return self._any(name, found) if found else self.defaults.get(name, UNKNOWN)

    def rest(self) -> tuple[Element, ...]:
        """Return the elements of `*args`: the positional arguments that are left, or may be."""
        return tuple(self.positional) if self.is_exact else tuple(map(possible, self.positional))

    def _any(self, name: str, items: Sequence[Element]) -> Value:
        values = [item.value for item in items]
        conditions = [item.place.text for item in items]
        default = self.defaults.get(name)
        if default is not None:
            values, conditions = [*values, default], [*conditions, name]
        return any_of(values, conditions, name, items[0].place)


def collection(interpreter: Interpreter, kind: CollectionKind, items: tuple[Element, ...]) -> Collection:
    """Return a new list, tuple or set; of a very long one, each element once, standing for many."""
    interpreter.budget.spend(Limit.ELEMENTS, len(items))
    return Collection(kind, interpreter.store.new({"items": bounded(items)}), interpreter.loop_depth)


def bounded(items: tuple[Element, ...]) -> tuple[Element, ...]:
    """Return elements as they are; of very many, each once, standing for many."""
    if len(items) <= MOST_ITEMS:
        return items
    distinct = {id(item.value): item for item in items}
    if len(distinct) == len(items):
        return items
    return tuple(replace(item, many=True, passes=None) for item in distinct.values())


def made(interpreter: Interpreter, kind: CollectionKind, items: tuple[Element, ...]) -> Collection:
    """Return a list, tuple or set that a call makes: constants in it are not shown, since a call is never folded."""
    return replace(collection(interpreter, kind, items), hidden=True)


def ordered_like(source: Value, copy: Collection) -> Collection:
    """Return a copy of a collection, whose order is known only if that of the source is."""
    if isinstance(source, Collection | Mapping):
        copy.state.unordered = source.state.unordered or (isinstance(source, Collection) and source.is_set)
    return copy


def mapping(interpreter: Interpreter, entries: tuple[MappingEntry, ...], *, partial: bool = False) -> Mapping:
    """Return a new dictionary."""
    interpreter.budget.spend(Limit.ELEMENTS, len(entries))
    return Mapping(interpreter.store.new({"items": entries}), interpreter.loop_depth, partial=partial)


def given(values: Iterable[Value]) -> Iterator[CallableArgument]:
    """Yield the callables and awaitables among arguments, those in collections too."""
    for value in islice(_among(values, 0), MOST_GIVEN):
        match value:
            case StepFunction(definition=definition):
                yield CallableArgument(definition, definition.function_name)
            case FunctionValue(node=cst.Lambda() as node):
                yield CallableArgument(node, _called_name(node))
            case FunctionValue():
                yield CallableArgument(value.node, value.name)
            case StepCall(step=step):
                yield CallableArgument(step.definition, step.definition.function_name)
            case FunctionCall(function=function):
                yield CallableArgument(function.node, function.name)
            case PreparedCall(function=prepared):
                yield CallableArgument(prepared, prepared.names[0])


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


def _positional_items(callee: FunctionValue, arguments: Arguments, place: Place) -> Iterator[Element]:
    """Yield the arguments without a name: what the function is bound to, then those of the call."""
    if callee.receiver is not None and callee.kind != "static":
        yield Element(callee.receiver, place)
    for value in callee.positional:
        if isinstance(value, SpreadArguments):
            yield from value.held.items
        else:
            yield Element(value, place)
    for argument in arguments.items:
        if argument.star == "*":
            yield from _elements(argument)
        elif not argument.star and argument.keyword is None:
            yield Element(argument.value, argument.place)


def _elements(argument: Argument) -> Iterator[Element]:
    """Yield what an argument with a star stands for: any number of values where its elements are not known."""
    match argument.value:
        case Collection(items=items):
            yield from items
        case Union(cases=cases):
            for case in cases:
                yield from (possible(item) for item in _elements(replace(argument, value=case.value)))
        case _:
            yield Element(argument.value if argument.value.relevant else UNKNOWN, argument.place, many=True)


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
