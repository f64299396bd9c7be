"""Functions with a cache: `functools.cache`, `lru_cache` and `cached_property`.

The cache of a function is a dictionary from arguments to results. An unknown argument makes the key UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from stepgraph.interpreter.equivalence import is_equivalent
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.union import union_with_numbers
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.values.calls import Argument, Arguments, Partial
from stepgraph.interpreter.values.containers import Mapping, MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import on_some_paths
from stepgraph.ir.values import UNKNOWN, UNSET, Constant, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

_MAX_COMPARED_DEPTH: Final = 5
"""The nesting depth of objects beyond which two results are different."""


def with_cache(interpreter: Interpreter, function: FunctionValue, *, is_limited: bool = False) -> FunctionValue:
    """Return a copy of a function with an empty cache. A limited cache may drop any result."""
    return replace(function, cache=make_mapping(interpreter, (), partial=is_limited))


def call_cached(
    interpreter: Interpreter, callee: FunctionValue, cache: Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    """Return the cached result of a call, or call the function. If a cache hit is uncertain, the call is optional."""
    interpreter.store.record_outer_read(cache.state, "items")
    key = _key_of(callee, arguments)
    entries = cache.entries
    candidates = [entry for entry in entries if not (_is_constant(key) and _is_constant(entry.key)) or entry.key == key]
    if candidates and candidates[-1].key == key != UNKNOWN and not candidates[-1].may_be_missing:
        return candidates[-1].value
    function = replace(callee, cache=None)
    is_uncertain = cache.partial or not _is_constant(key)
    if not candidates and (_is_constant(key) or not interpreter.loop_depth):
        result = interpreter.call(function, arguments, place)
    else:
        result = _call_or_hit(interpreter, function, arguments, candidates, place, is_uncertain=is_uncertain)
    _add_result(interpreter, cache, MappingEntry(key, result, place, place, not _is_constant(key), is_uncertain))
    return result


def _call_or_hit(
    interpreter: Interpreter,
    function: FunctionValue,
    arguments: Arguments,
    cached: Sequence[MappingEntry],
    place: SourcePlace,
    *,
    is_uncertain: bool,
) -> Value:
    """Call a function whose result may already be in the cache.

    With `is_uncertain`, the cached results may belong to other arguments, or the cache may have dropped them.
    """
    results: list[Value] = []
    with interpreter.store.logged(interpreter.store.serial) as writes:
        path = interpreter.branch(lambda: results.append(interpreter.call(function, arguments, place)))
    interpreter.join_branches([(f"{place.text} is not cached", path)], None, place)
    result = results[0]
    values = _distinct_partials(interpreter, [entry.value for entry in cached])
    if not is_uncertain and not len(writes) and any(_includes_parts(interpreter, result, value, 0) for value in values):
        return union_with_numbers(values, place.text, place)
    cached_results = [entry.value for entry in cached if not _includes(result, entry, place) and entry.value in values]
    if not cached_results:
        return on_some_paths(result) if path.block.operations else result
    return union_with_numbers([result, *cached_results], place.text, place)


def _includes(result: Value, cached: MappingEntry, place: SourcePlace) -> bool:
    """Return whether a result includes a cached result: an equal value, or a function that the same call created."""
    leaves = union_values(result)
    nodes = [leaf.node for leaf in leaves if isinstance(leaf, FunctionValue) and cached.place.node is place.node]
    return all(
        any(is_equivalent(leaf, candidate) for candidate in leaves)
        or (isinstance(leaf, FunctionValue) and leaf.node in nodes)
        for leaf in union_values(cached.value)
    )


def _distinct_partials(interpreter: Interpreter, values: list[Value]) -> list[Value]:
    """Return the values without the partial functions whose parts equal those of an earlier value."""
    distinct: list[Value] = []
    for value in values:
        if not isinstance(value, Partial) or not any(_includes_parts(interpreter, value, v, 0) for v in distinct):
            distinct.append(value)
    return distinct


def _includes_parts(interpreter: Interpreter, result: Value, cached: Value, depth: int) -> bool:
    """Return whether a cached result represents a result: each value in it is equivalent, or has equal parts.

    A cached object can represent a new object that nothing else holds, because no path has both objects.
    """
    candidates = list(union_values(cached))
    return all(
        leaf is UNSET or any(_has_equal_parts(interpreter, leaf, candidate, depth) for candidate in candidates)
        for leaf in union_values(result)
    )


def _has_equal_parts(interpreter: Interpreter, first: Value, second: Value, depth: int) -> bool:
    """Return whether two values are equivalent, or are objects or partial functions with equal parts."""
    interpreter.budget.spend(Limit.ELEMENTS)
    if is_equivalent(first, second):
        return True
    if depth > _MAX_COMPARED_DEPTH:
        return False
    match first, second:
        case Partial(), Partial():
            pairs = _argument_pairs(first.arguments, second.arguments)
            compared = None if pairs is None else [(first.callee, second.callee), *pairs]
        case ProjectObject(), ProjectObject():
            compared = _pairs(first.state, second.state) if is_equivalent(first.cls, second.cls) else None
        case Mapping(), Mapping() if first.partial == second.partial:
            compared = _pairs(_constant_entries(first), _constant_entries(second))
        case _:
            compared = None
    return compared is not None and all(
        _includes_parts(interpreter, left, right, depth + 1) for left, right in compared
    )


def _argument_pairs(first: Arguments, second: Arguments) -> list[tuple[Value, Value]] | None:
    """Return the pairs of corresponding arguments. Return None if the calls differ in their form."""
    forms = [[(argument.keyword, argument.star) for argument in arguments.items] for arguments in (first, second)]
    if forms[0] != forms[1]:
        return None
    return [(left.value, right.value) for left, right in zip(first.items, second.items, strict=True)]


def _constant_entries(mapping: Mapping) -> dict[object, Value] | None:
    """Return the values of a mapping by key. Return None if the keys are not all known."""
    entries = mapping.entries
    if not all(_is_constant(entry.key) and not (entry.many or entry.may_be_missing) for entry in entries):
        return None
    return {entry.key: entry.value for entry in entries}


def _pairs(first: dict[Any, Any] | None, second: dict[Any, Any] | None) -> list[tuple[Value, Value]] | None:
    """Return the pairs of values with equal keys. Return None if a key or a value has no counterpart."""
    if first is None or second is None or first.keys() != second.keys():
        return None
    pairs = [(value, second[key]) for key, value in first.items()]
    return pairs if all(isinstance(value, Value) for pair in pairs for value in pair) else None


def _add_result(interpreter: Interpreter, cache: Mapping, entry: MappingEntry) -> None:
    """Add a result to a cache, replacing results for equal arguments, or for unknown arguments of the same call."""
    is_constant = _is_constant(entry.key)
    remaining = tuple(
        existing
        for existing in cache.entries
        if existing.key != entry.key or not (is_constant or existing.place.node is entry.place.node)
    )
    interpreter.store.write(cache.state, "items", (*remaining, entry))


def clear_cache(interpreter: Interpreter, function: FunctionValue) -> None:
    """Remove all results from the cache of a function."""
    if function.cache is not None:
        interpreter.store.write(function.cache.state, "items", ())


def forget_result(interpreter: Interpreter, function: FunctionValue, receiver: ProjectObject, *, certain: bool) -> None:
    """Remove the result of an object's cached property. The result may remain unless the removal is `certain`."""
    if function.cache is None:
        return
    key = _key_of(replace(function, receiver=receiver), Arguments())
    entries = (
        entry if entry.key != key else replace(entry, may_be_missing=True)
        for entry in function.cache.entries
        if not certain or entry.key != key
    )
    interpreter.store.write(function.cache.state, "items", tuple(entries))


def _is_constant(key: Value) -> bool:
    return isinstance(key, Constant)


def _key_of(callee: FunctionValue, arguments: Arguments) -> Value:
    """Return the cache key of a call as a constant, or UNKNOWN if the key is not constant."""
    parts = (
        []
        if callee.receiver is None
        else [_part_of(Argument(callee.receiver, SourcePlace(callee.scope.module, callee.node)))]
    )
    parts += map(_part_of, arguments.items)
    if callee.positional or callee.keywords or None in parts:
        return UNKNOWN
    return Constant(", ".join(part for part in parts if part is not None))


def _part_of(argument: Argument) -> str | None:
    """Return the part of a cache key for an argument. Equal arguments have equal parts. Return None if unknown."""
    text = None if argument.star else _text_of(argument.value)
    return None if text is None else f"{argument.keyword}={text}"


def _text_of(value: Value) -> str | None:
    match value:
        case Constant(value=int() | float() as number):
            return str(int(number) if number == number // 1 else number)
        case Constant(value=constant):
            return repr(constant)
        case ProjectObject(state=state):
            return f"object {state.serial}"
        case FunctionValue(positional=(), keywords=(), receiver=None):
            return f"function {id(value.node)} {id(value.scope)}"
        case ClassValue() | StepFunction():
            return f"{type(value).__name__} {id(value)}"
        case _:
            return "None" if is_none(value) else None
