"""Functions with a cache: `functools.cache`, `lru_cache` and `cached_property`.

The cache of a function is a dictionary from arguments to results. An unknown argument makes the key UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import is_equivalent, union_values
from stepgraph.interpreter.objects.union import union_with_numbers
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Mapping, MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import on_some_paths
from stepgraph.ir.values import UNKNOWN, Constant, Value, is_none
from stepgraph.syntax.module import SourcePlace


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
    if not candidates and (_is_constant(key) or not interpreter.loop_depth):
        result = interpreter.call(function, arguments, place)
    else:
        result = _call_or_hit(interpreter, function, arguments, candidates, place)
    is_uncertain = cache.partial or not _is_constant(key)
    _add_result(interpreter, cache, MappingEntry(key, result, place, place, not _is_constant(key), is_uncertain))
    return result


def _call_or_hit(
    interpreter: Interpreter,
    function: FunctionValue,
    arguments: Arguments,
    cached: Sequence[MappingEntry],
    place: SourcePlace,
) -> Value:
    """Call a function whose result may already be in the cache."""
    results: list[Value] = []
    path = interpreter.branch(lambda: results.append(interpreter.call(function, arguments, place)))
    interpreter.join_branches([(f"{place.text} is not cached", path)], None, place)
    result = results[0]
    others = [entry.value for entry in cached if not _includes(result, entry, place)]
    if not others:
        return on_some_paths(result) if path.block.operations else result
    return union_with_numbers([result, *others], place.text, place)


def _includes(result: Value, cached: MappingEntry, place: SourcePlace) -> bool:
    """Return whether a result includes a cached result: an equal value, or a function that the same call created."""
    leaves = union_values(result)
    nodes = [leaf.node for leaf in leaves if isinstance(leaf, FunctionValue) and cached.place.node is place.node]
    return all(
        any(is_equivalent(leaf, candidate) for candidate in leaves)
        or (isinstance(leaf, FunctionValue) and leaf.node in nodes)
        for leaf in union_values(cached.value)
    )


def _add_result(interpreter: Interpreter, cache: Mapping, entry: MappingEntry) -> None:
    """Add a result to a cache, replacing results for equal arguments, or for unknown arguments of the same call."""
    is_constant = _is_constant(entry.key)
    others = tuple(
        existing
        for existing in cache.entries
        if existing.key != entry.key or not (is_constant or existing.place.node is entry.place.node)
    )
    interpreter.store.write(cache.state, "items", (*others, entry))


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
