"""Models of the itertools functions that chain, combine, repeat or group elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, combinations_with_replacement, islice, pairwise, permutations, product
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.iteration_ import (
    any_element,
    call_with_any,
    call_with_element,
    is_iterable,
    iterated_elements,
)
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.builtin_methods import call_in_loop
from stepgraph.interpreter.objects.containers.iteration import copy_elements
from stepgraph.interpreter.objects.containers.iterators import make_iterator, make_unordered
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, LazyElements
from stepgraph.interpreter.values.unions import as_optional, on_some_paths
from stepgraph.ir.values import UNKNOWN, Constant, Value

_MAX_ROWS: Final = 64
"""The maximum number of rows that are created individually."""


@models("itertools.chain", unpacks=True)
def _chain(call: LibraryCall) -> Value:
    """Model `itertools.chain(a, b)`, which yields the elements of each argument in order."""
    operands = [argument.value for argument in call.arguments.items]
    if any(argument.star for argument in call.arguments.items) or not all(map(is_iterable, operands)):
        return call.unmodeled()
    return make_iterator(call.interpreter, call.name, operands, call.place, _compute_chain)


def _compute_chain(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    return _concatenate(interpreter, [iterated_elements(interpreter, lazy, operand) for operand in lazy.operands])


def _concatenate(interpreter: Interpreter, parts: Sequence[Collection]) -> Collection:
    chained = make_result_collection(interpreter, "list", tuple(item for part in parts for item in part.items))
    chained.state.created_empty = bool(parts) and all(part.read_as_empty() for part in parts)
    chained.state.unordered = any(part.state.unordered for part in parts)
    return chained


@models("itertools.chain.from_iterable")
def _chain_from_iterable(call: LibraryCall) -> Value:
    if not is_iterable(call.first):
        return call.unmodeled()
    return make_iterator(call.interpreter, call.name, (call.first,), call.place, _compute_chain_of_rows, has_rows=True)


def _compute_chain_of_rows(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    rows = iterated_elements(interpreter, lazy, lazy.operands[0])
    chained = _concatenate(interpreter, [_row_elements(interpreter, lazy, row) for row in rows.items])
    chained.state.unordered = chained.state.unordered or rows.state.unordered
    return chained


def _row_elements(interpreter: Interpreter, lazy: LazyElements, row: Element) -> Collection:
    """Return the elements of a row. They are `many` if the row is, and optional if it is `many` or `may_be_missing`."""
    elements = iterated_elements(interpreter, lazy, row.value)
    if not (row.many or row.may_be_missing):
        return elements
    items = (replace(as_optional(item), many=item.many or row.many) for item in elements.items)
    return make_unordered(make_result_collection(interpreter, "list", tuple(items)))


@models("itertools.starmap")
def _starmap(call: LibraryCall) -> Value:
    """Model `starmap(f, rows)`, which calls `f` with the elements of each row on iteration."""
    operands = [argument.value for argument in call.arguments.items]
    if len(operands) != 2 or not (operands[0].relevant or is_iterable(operands[1])):  # noqa: PLR2004 - function, rows
        return call.unmodeled()
    return make_iterator(call.interpreter, call.name, operands, call.place, _compute_calls)


def _compute_calls(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    function, iterable = lazy.operands
    rows = iterated_elements(interpreter, lazy, iterable)
    results: list[Element] = []
    for row in rows.items:
        arguments = Arguments((Argument(row.value, row.place, star="*"),))
        if row.many:
            results.append(Element(call_in_loop(interpreter, function, arguments, lazy.place), lazy.place, many=True))
        else:
            results.append(call_with_element(interpreter, function, row, arguments, lazy.place))
    called = make_result_collection(interpreter, "list", tuple(results))
    called.state.unordered = rows.state.unordered
    return called


@models("itertools.pairwise")
def _pairwise(call: LibraryCall) -> Value:
    return _rows(call, lambda columns: pairwise(columns[0]), width=2)


@models("itertools.product")
def _product(call: LibraryCall) -> Value:
    if any(argument.keyword is not None for argument in call.arguments.items):
        return call.unmodeled()
    return _rows(call, lambda columns: product(*columns), width=None)


@models("itertools.combinations", "itertools.combinations_with_replacement", "itertools.permutations")
def _combinations(call: LibraryCall) -> Value:
    size = call.arguments.find(1, "r")
    if size is not None:
        width = _constant(size.value)
    else:
        width = call.first.state.size if isinstance(call.first, Collection) and call.first.has_definite_order else None
    if not width:
        return call.unmodeled()
    combine = _COMBINE[call.name]
    return _rows(replace(call, arguments=Arguments(call.arguments.items[:1])), lambda c: combine(c[0], width), width)


_COMBINE: Final[dict[str, Callable[[Iterable[Element], int], Iterable[tuple[Element, ...]]]]] = {
    "itertools.combinations": combinations,
    "itertools.combinations_with_replacement": combinations_with_replacement,
    "itertools.permutations": permutations,
}


def _rows(
    call: LibraryCall,
    combine: Callable[[Sequence[Sequence[Element]]], Iterable[tuple[Element, ...]]],
    width: int | None,
) -> Value:
    """Return an iterator over the rows that `combine` creates, or over any number of rows with any elements.

    Each position in a row has its own operand, unless `width` positions share a single operand.
    """
    operands = [_copy(call, argument.value) for argument in call.arguments.items]
    if not operands or not any(map(is_iterable, operands)):
        return call.unmodeled()

    def compute(interpreter: Interpreter, lazy: LazyElements) -> Collection:
        columns = [iterated_elements(interpreter, lazy, operand) for operand in lazy.operands]
        if all(column.has_definite_order for column in columns):
            rows = list(islice(combine([column.items for column in columns]), _MAX_ROWS + 1))
            if len(rows) <= _MAX_ROWS:
                cells = (make_result_collection(interpreter, "tuple", row) for row in rows)
                elements = tuple(Element(cell, lazy.place) for cell in cells)
                return make_result_collection(interpreter, "list", elements)
        positions = columns if width is None else columns * width
        row = tuple(any_element(column, lazy.place) for column in positions)
        if len(row) > 1:  # a row needs an element at each position
            row = tuple(replace(element, value=on_some_paths(element.value)) for element in row)
        element = Element(make_result_collection(interpreter, "tuple", row), lazy.place, many=True)
        return make_result_collection(interpreter, "list", (element,))

    return make_iterator(call.interpreter, call.name, operands, call.place, compute)


def _copy(call: LibraryCall, operand: Value) -> Value:
    """Return the current elements of an operand, because all functions except `pairwise` read it immediately."""
    return operand if call.name == "itertools.pairwise" else copy_elements(call.interpreter, operand, "list") or operand


@models("itertools.batched")
def _batched(call: LibraryCall) -> Value:
    if not is_iterable(call.first):
        return call.unmodeled()
    size = call.arguments.find(1, "n")
    return make_iterator(
        call.interpreter,
        call.name,
        (call.first, UNKNOWN if size is None else size.value),
        call.place,
        _compute_batches,
    )


def _compute_batches(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    iterable, size = lazy.operands
    elements = iterated_elements(interpreter, lazy, iterable)
    length = _constant(size)
    if not elements.has_definite_order or not length:
        return _any_parts(interpreter, elements, lazy)
    items = elements.items
    batches = (items[start : start + length] for start in range(0, len(items), length))
    parts = (Element(make_result_collection(interpreter, "tuple", batch), lazy.place) for batch in batches)
    return make_result_collection(interpreter, "list", tuple(parts))


def _constant(number: Value) -> int | None:
    """Return a constant number of elements. Return None if it is too large or not constant."""
    match number:
        case Constant(value=int() as constant) if 0 <= constant <= _MAX_ROWS:
            return constant
        case _:
            return None


def _any_parts(interpreter: Interpreter, elements: Collection, lazy: LazyElements) -> Collection:
    """Return any number of parts of a collection, each with any of its elements."""
    items = tuple(map(as_optional, elements.items))
    part = make_unordered(make_result_collection(interpreter, "list", items))
    return make_result_collection(interpreter, "list", (Element(part, lazy.place, many=True),))


@models("itertools.groupby")
def _groupby(call: LibraryCall) -> Value:
    """Model `groupby(xs, key)`, which yields pairs of a key and a group. Any element may be in any group."""
    key = call.arguments.find(1, "key")
    if not is_iterable(call.first):
        return call.unmodeled()
    operands = (call.first, UNKNOWN if key is None else key.value)
    return make_iterator(call.interpreter, call.name, operands, call.place, _compute_groups)


def _compute_groups(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    elements = iterated_elements(interpreter, lazy, lazy.operands[0])
    call_with_any(interpreter, lazy.operands[1], elements.items, lazy.place)
    (group,) = _any_parts(interpreter, elements, lazy).items
    pair = make_result_collection(interpreter, "tuple", (Element(UNKNOWN, lazy.place), replace(group, many=False)))
    return make_result_collection(interpreter, "list", (Element(pair, lazy.place, many=True),))


@models("itertools.cycle")
def _cycle(call: LibraryCall) -> Value:
    """Model `cycle(xs)`, which yields each element any number of times."""
    if not is_iterable(call.first):
        return call.unmodeled()
    return make_iterator(call.interpreter, call.name, (call.first,), call.place, _compute_cycle)


def _compute_cycle(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    elements = iterated_elements(interpreter, replace(lazy, exhausts=False), lazy.operands[0])
    items = tuple(replace(as_optional(item), many=True, passes=None) for item in elements.items)
    return make_unordered(make_result_collection(interpreter, "list", items))


@models("itertools.repeat")
def _repeat(call: LibraryCall) -> Value:
    times = call.arguments.find(1, "times")
    if not call.first.relevant or isinstance(call.first, GeneratorCall | GeneratorExpression):
        return call.unmodeled()
    return make_iterator(
        call.interpreter,
        call.name,
        (call.first, UNKNOWN if times is None else times.value),
        call.place,
        _compute_repetitions,
    )


def _compute_repetitions(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    value, times = lazy.operands
    count = _constant(times)
    element = Element(value, lazy.place)
    items = (replace(as_optional(element), many=True),) if count is None else (element,) * count
    return make_result_collection(interpreter, "list", items)
