"""Models of functions that iterate: built-in functions, itertools and `random.choice`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.asyncio_ import start_elements, starts_task
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.iteration import copy_elements, elements_of, materialize_generator
from stepgraph.interpreter.objects.methods import call_for_each, emit_comparisons
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Constant,
    Element,
    External,
    FunctionValue,
    RangeResult,
    Value,
    as_optional,
)
from stepgraph.interpreter.python.arguments import make_result_collection, ordered_like
from stepgraph.syntax.module import Place


@models("builtins.range")
def _range(call: LibraryCall) -> Value:
    numbers = [
        _constant_integer(argument.value)
        for argument in call.arguments.items
        if argument.keyword is None and not argument.star
    ]
    integers = [number for number in numbers if number is not None]
    if not 0 < len(integers) == len(call.arguments.items) <= _MAX_RANGE_ARGUMENTS or integers[2:] == [0]:
        return call.unmodeled()
    values = range(*integers)
    return RangeResult(_RANGE.name, (values[-1] - values[0]) // values.step + 1 if values else 0)


_RANGE: Final = External("builtins.range")


_MAX_RANGE_ARGUMENTS: Final = 3  # start, stop, step


def _constant_integer(value: Value) -> int | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


@models("builtins.enumerate")
def _enumerate(call: LibraryCall) -> Value:
    items = elements_of(call.interpreter, call.first)
    if items is None:
        return UNKNOWN
    pairs = (
        Element(
            make_result_collection(
                call.interpreter, "tuple", (Element(UNKNOWN, call.place), Element(item.value, item.place))
            ),
            item.place,
            item.many,
            item.may_be_missing,
        )
        for item in items
    )
    return ordered_like(call.first, make_result_collection(call.interpreter, "list", tuple(pairs)))


@models("builtins.reversed")
def _reversed(call: LibraryCall) -> Value:
    items = elements_of(call.interpreter, call.first)
    return (
        UNKNOWN
        if items is None
        else ordered_like(call.first, make_result_collection(call.interpreter, "list", tuple(reversed(items))))
    )


@models("builtins.zip")
def _zip(call: LibraryCall) -> Value:
    columns = [elements_of(call.interpreter, argument.value) for argument in call.arguments.items]
    known_columns = [column for column in columns if column is not None]
    items = [item for column in known_columns for item in column]
    if not known_columns:
        return UNKNOWN
    if any(item.many for item in items):
        row = make_result_collection(
            call.interpreter, "tuple", tuple(_joined_cell(column, call.place) for column in columns)
        )
        return make_result_collection(call.interpreter, "list", (Element(row, call.place, many=True),))
    if len(known_columns) < len(columns):
        # A column of unknown length may be the shortest.
        columns = [None if column is None else tuple(map(as_optional, column)) for column in columns]
    rows = [
        Element(
            make_result_collection(
                call.interpreter, "tuple", tuple(_cell(column, index, call.place) for column in columns)
            ),
            call.place,
        )
        for index in range(min(len(column) for column in known_columns))
    ]
    zipped = make_result_collection(call.interpreter, "list", tuple(rows))
    zipped.state.unordered = len(known_columns) < len(columns)
    return zipped


def _cell(column: tuple[Element, ...] | None, index: int, place: Place) -> Element:
    return Element(UNKNOWN, place) if column is None else column[index]


def _joined_cell(column: tuple[Element, ...] | None, place: Place) -> Element:
    items = column or ()
    return Element(
        union_of_values([item.value for item in items], [item.place.text for item in items], place.text, place), place
    )


@models("builtins.map")
def _map(call: LibraryCall) -> Value:
    """`map(f, xs)` calls `f` with each element on iteration, which is modeled at the call of `map`."""
    function = call.first
    starts = starts_task(function)
    if not (function.relevant or starts) or not call.arguments.items[1:]:
        return UNKNOWN
    items = elements_of(call.interpreter, call.arguments.items[1].value)
    if items is not None and not any(item.many for item in items):
        values = [
            call.interpreter.call(function, Arguments((Argument(item.value, item.place),)), item.place)
            for item in items
        ]
        return make_result_collection(call.interpreter, "list", tuple(Element(value, call.place) for value in values))
    if starts:
        started = start_elements(call.interpreter, call.arguments.items[1])
        return make_result_collection(
            call.interpreter, "list", tuple(Element(value, call.place, many=True) for value in started)
        )
    return make_result_collection(
        call.interpreter, "list", (_mapped_element(call.interpreter, function, items or (), call.place),)
    )


def _mapped_element(interpreter: Interpreter, function: Value, items: Sequence[Element], place: Place) -> Element:
    relevant = [item for item in items if item.value.relevant]
    return Element(call_for_each(interpreter, function, relevant, place), place, many=True)


@models("builtins.next")
def _next(call: LibraryCall) -> Value:
    """Return any of the elements: the position of the iterator is not tracked."""
    items = elements_of(call.interpreter, call.first)
    default = tuple(Element(argument.value, argument.place) for argument in call.arguments.items[1:])
    if items is None:
        call.interpreter.escape(call.first, call.place, "is advanced in a way that is not followed")
    candidates = (*(items or ()), *default)
    return union_of_values(
        [item.value for item in candidates], [item.place.text for item in candidates], call.place.text, call.place
    )


@models("builtins.all", "builtins.any")
def _all_any(call: LibraryCall) -> Value:
    """`any(...)` iterates over a generator until the result is decided."""
    for argument in call.arguments.positional:
        elements_of(call.interpreter, argument.value)
    return UNKNOWN


@models("builtins.sum")
def _sum(call: LibraryCall) -> Value:
    """Report the elements as escaping: their addition is not modeled."""
    for argument in call.arguments.positional:
        for item in elements_of(call.interpreter, argument.value) or ():
            call.interpreter.escape(item.value, call.place, "is added up in a way that is not followed")
    return UNKNOWN


@models("builtins.max", "builtins.min")
def _extreme(call: LibraryCall) -> Value:
    """Return any of the elements or arguments, after calling `key` with each."""
    operands = call.arguments.positional
    if len(operands) == 1:
        elements = elements_of(call.interpreter, operands[0].value)
        if elements is None:
            call.interpreter.escape(operands[0].value, operands[0].place, "is compared in a way that is not followed")
        items = elements or ()
    else:
        items = tuple(Element(argument.value, argument.place) for argument in operands)
    _call_key(call.interpreter, call.arguments, items, call.place)
    default = call.arguments.find(None, "default")
    if default is not None:
        items = (*items, Element(default.value, default.place))
    return union_of_values(
        [item.value for item in items], [item.place.text for item in items], call.place.text, call.place
    )


def _call_key(interpreter: Interpreter, arguments: Arguments, items: Sequence[Element], place: Place) -> None:
    key = arguments.find(None, "key")
    if key is not None:
        call_for_each(interpreter, key.value, items, key.place)
    else:
        emit_comparisons(interpreter, items, place)


@models("builtins.sorted")
def _sorted(call: LibraryCall) -> Value:
    copy = copy_elements(call.interpreter, call.first, "list")
    _call_key(call.interpreter, call.arguments, () if copy is None else copy.items, call.place)
    if copy is None:
        return UNKNOWN
    copy.state.unordered = True
    return copy


@models("builtins.iter")
def _iterator(call: LibraryCall) -> Value:
    if len(call.arguments.items) > 1:
        # `iter(function, sentinel)` calls the function until it returns the sentinel.
        call.interpreter.escape(call.first, call.place, "is called in a way that is not followed")
        return UNKNOWN
    return materialize_generator(call.interpreter, call.first)


@models("itertools.chain", unpacks=True)
def _chain(call: LibraryCall) -> Value:
    """`itertools.chain(a, b)`: the elements of each argument in order."""
    parts = [
        None if argument.star else elements_of(call.interpreter, argument.value) for argument in call.arguments.items
    ]
    known_parts = [part for part in parts if part is not None]
    if len(known_parts) < len(parts):
        return call.unmodeled()
    chained = make_result_collection(call.interpreter, "list", tuple(item for part in known_parts for item in part))
    for argument in call.arguments.items:
        chained.state.unordered |= ordered_like(
            argument.value, make_result_collection(call.interpreter, "list", ())
        ).state.unordered
    return chained


@models("itertools.chain.from_iterable")
def _chain_from_iterable(call: LibraryCall) -> Value:
    rows = elements_of(call.interpreter, call.arguments.items[0].value) if call.arguments.items else None
    if rows is None or any(row.many or row.may_be_missing for row in rows):
        return call.unmodeled()
    return _chain(replace(call, arguments=Arguments(tuple(Argument(row.value, row.place) for row in rows))))


@models("builtins.filter", "itertools.filterfalse", "itertools.takewhile", "itertools.dropwhile", "itertools.islice")
def _filter(call: LibraryCall) -> Value:
    """Return a collection in which each element may be missing: a function or positions select them."""
    selects_by_position = call.name == "itertools.islice"
    index = 0 if selects_by_position else 1
    if len(call.arguments.items) <= index:
        return UNKNOWN
    function = UNKNOWN if selects_by_position else call.first
    elements = elements_of(call.interpreter, call.arguments.items[index].value)
    if elements is None or _may_run_steps(call.interpreter, function, call.place):
        return call.unmodeled()
    selected = make_result_collection(call.interpreter, "list", tuple(map(as_optional, elements)))
    return ordered_like(call.arguments.items[index].value, selected)


def _may_run_steps(interpreter: Interpreter, function: Value, place: Place) -> bool:
    """Whether calling a function with an element may emit operations."""
    if not isinstance(function, FunctionValue):
        return function.relevant
    element = Arguments((Argument(UNKNOWN, place),))
    return bool(interpreter.branch(lambda: interpreter.call(function, element, place)).block.operations)


@models("random.choice")
def _choice(call: LibraryCall) -> Value:
    """`random.choice(steps)` returns any one of the elements."""
    items = elements_of(call.interpreter, call.arguments.items[0].value) if call.arguments.items else None
    if items is None:
        return call.unmodeled()
    return union_of_values(
        [item.value for item in items], [item.place.text for item in items], call.place.text, call.place
    )
