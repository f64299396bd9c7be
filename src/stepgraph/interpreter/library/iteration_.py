"""Models of functions that iterate: built-in functions, parts of itertools, and `random.choice`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.asyncio_ import start_elements, starts_task
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.builtin_methods import call_for_each, call_in_loop
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.iteration import elements_of, materialize_generator
from stepgraph.interpreter.objects.containers.iterators import (
    Compute,
    is_iterator,
    make_iterator,
    make_unordered,
    take_next,
)
from stepgraph.interpreter.objects.special_methods import call_special, iterator_of
from stepgraph.interpreter.objects.union import union_of_elements
from stepgraph.interpreter.python.arguments import derived_from, make_result_collection
from stepgraph.interpreter.python.constants import DECIMAL, is_decimal_arithmetic
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, LazyElements, Mapping
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.values.unions import Union, as_optional, on_some_paths
from stepgraph.ir.nodes import IterationCount
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    Constant,
    External,
    ExternalResult,
    RangeResult,
    Unresolved,
    Value,
    is_none,
)
from stepgraph.syntax.module import SourcePlace


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
    return RangeResult(_RANGE.name, range(*integers))


_RANGE: Final = External("builtins.range")
_MAX_RANGE_ARGUMENTS: Final = 3  # start, stop, step


def _constant_integer(value: Value) -> int | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


@models("builtins.enumerate")
def _enumerate(call: LibraryCall) -> Value:
    return _iterator_over(call, (call.first,), _compute_pairs)


def _iterator_over(call: LibraryCall, operands: Sequence[Value], compute: Compute) -> Value:
    """Return an iterator, or UNKNOWN if no operand is iterable."""
    if not any(map(is_iterable, operands)):
        return UNKNOWN
    return make_iterator(call.interpreter, call.name, operands, call.place, compute)


def is_iterable(value: Value) -> bool:
    """Return whether iteration over a value is modeled. The elements of an unresolved value are unresolved."""
    return any(isinstance(leaf, _ITERABLES) for leaf in union_values(value))


_ITERABLES: Final = (Collection, GeneratorCall, GeneratorExpression, ProjectObject, Mapping, Unresolved)


def iterated_elements(interpreter: Interpreter, lazy: LazyElements, operand: Value) -> Collection:
    """Return the elements of an operand as a new collection.

    If they cannot be resolved, the collection has any number of unknown elements.
    """
    elements = materialize_generator(interpreter, operand, exhausts=lazy.exhausts)
    # Another operand may end the iterator before a generator is exhausted.
    items = elements_of(interpreter, elements, exhausts=lazy.exhausts and sum(map(is_iterable, lazy.operands)) == 1)
    if items is None:
        interpreter.escape_operand(operand, lazy.place, "is iterated over, which stepgraph does not model")
        items = (Element(UNKNOWN, lazy.place, many=True, may_be_missing=True),)
    return derived_from(elements, make_result_collection(interpreter, "list", items))


def _compute_same(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    return iterated_elements(interpreter, lazy, lazy.operands[0])


def _compute_pairs(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    elements = iterated_elements(interpreter, lazy, lazy.operands[0])
    pairs = (
        Element(
            make_result_collection(
                interpreter, "tuple", (Element(UNKNOWN, lazy.place), Element(item.value, item.place))
            ),
            item.place,
            item.many,
            item.may_be_missing,
        )
        for item in elements.items
    )
    return derived_from(elements, make_result_collection(interpreter, "list", tuple(pairs)))


@models("builtins.reversed")
def _reversed(call: LibraryCall) -> Value:
    """Model `reversed(xs)`, which starts at the last element at the time of the call, or calls `__reversed__`."""
    result = call_special(call.interpreter, call.first, ("__reversed__",), (), call.place)
    if result is not None:
        return result
    operand = as_collection(call.interpreter, call.first, "__reversed__")
    size = operand.state.size if isinstance(operand, Collection | Mapping) else None
    return _iterator_over(call, (operand, Constant(size)), _compute_reversed)


def _compute_reversed(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    operand, size = lazy.operands
    elements = iterated_elements(interpreter, lazy, operand)
    items = tuple(reversed(elements.items))
    if isinstance(operand, Collection | Mapping) and Constant(operand.state.size) != size:
        return make_unordered(make_result_collection(interpreter, "list", tuple(map(as_optional, items))))
    return derived_from(elements, make_result_collection(interpreter, "list", items))


@models("builtins.zip")
def _zip(call: LibraryCall) -> Value:
    operands = [argument.value for argument in call.arguments.items if argument.keyword is None]
    strict = call.arguments.find(None, "strict")
    is_strict = strict is not None and strict.value == Constant(value=True)
    return _iterator_over(call, operands, _compute_strict_rows if is_strict else _compute_rows)


def _compute_rows(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    return _rows(interpreter, lazy, lazy.operands)


def _compute_strict_rows(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    return _rows(interpreter, lazy, lazy.operands, is_strict=True)


def _rows(
    interpreter: Interpreter, lazy: LazyElements, operands: Sequence[Value], *, is_strict: bool = False
) -> Collection:
    """Return the rows of `zip` as tuples. With `is_strict`, no operand is shorter than the others."""
    columns = _columns(interpreter, lazy, operands)
    known_columns = [column for column in columns if column is not None]
    if empty_columns := [column for column in known_columns if column.read_as_empty()]:
        _leave_elements(interpreter, operands)
        return empty_columns[0]
    if not known_columns or not all(column.has_definite_order for column in known_columns):
        _leave_elements(interpreter, operands)
        cells = tuple(any_element(column, lazy.place) for column in columns)
        is_separate = len(_operands_by_iterator(operands)) == len(operands)
        if len(columns) > 1 and not is_strict and not (is_separate and _have_equal_lengths(columns)):
            # Another operand may be shorter.
            cells = tuple(replace(cell, value=on_some_paths(cell.value)) for cell in cells)
        row = make_result_collection(interpreter, "tuple", cells)
        return make_result_collection(interpreter, "list", (Element(row, lazy.place, many=True),))
    size = min(column.state.size for column in known_columns)
    is_exact = len(known_columns) == len(columns)
    if not is_exact or any(column.state.size > size for column in known_columns):
        _leave_elements(interpreter, operands)
    rows = [
        Element(
            make_result_collection(
                interpreter, "tuple", tuple(_cell(column, index, lazy.place, is_exact=is_exact) for column in columns)
            ),
            lazy.place,
            may_be_missing=not is_exact,
        )
        for index in range(size)
    ]
    zipped = make_result_collection(interpreter, "list", tuple(rows))
    zipped.state.unordered = not is_exact
    return zipped


def _have_equal_lengths(columns: Sequence[Collection | None]) -> bool:
    """Return whether all columns have the same known number of elements."""
    lengths = set(map(_length_of, columns))
    return len(lengths) == 1 and None not in lengths


def _length_of(column: Collection | None) -> int | None:
    """Return the number of elements of a column, which one loop may have added. Return None if it is unknown."""
    match column:
        case Collection(items=[Element(many=True, may_be_missing=False, passes=IterationCount(count=count))]):
            return count
        case Collection():
            return column.state.size if column.has_definite_order else None
        case _:
            return None


@models("itertools.zip_longest")
def _zip_longest(call: LibraryCall) -> Value:
    """Model `zip_longest`, which fills up shorter columns with a fill value, by default None."""
    columns = [argument.value for argument in call.arguments.items if argument.keyword is None]
    keywords = [argument for argument in call.arguments.items if argument.keyword is not None]
    if any(argument.keyword != "fillvalue" for argument in keywords):
        return call.unmodeled()
    fill_value = keywords[0].value if keywords else Constant(None)
    return _iterator_over(call, [*columns, fill_value], _compute_padded_rows)


def _compute_padded_rows(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    *operands, fill_value = lazy.operands
    columns = _columns(interpreter, lazy, operands)
    known_columns = [column for column in columns if column is not None and column.has_definite_order]
    padding = Element(fill_value, lazy.place)
    if len(known_columns) < len(columns):
        cells = [any_element(column, lazy.place, [padding]) for column in columns]
        row = make_result_collection(interpreter, "tuple", tuple(cells))
        return make_result_collection(interpreter, "list", (Element(row, lazy.place, many=True),))
    rows = zip_longest(*(column.items for column in known_columns), fillvalue=padding)
    elements = tuple(Element(make_result_collection(interpreter, "tuple", row), lazy.place) for row in rows)
    return make_result_collection(interpreter, "list", elements)


def _columns(interpreter: Interpreter, lazy: LazyElements, operands: Sequence[Value]) -> list[Collection | None]:
    """Return the elements of each operand of a function such as `zip`, or None for an operand that is not iterable.

    Operands that share an iterator get its elements alternately.
    """
    columns: list[Collection | None] = [None] * len(operands)
    for operand, indices in _operands_by_iterator(operands):
        if is_iterable(operand):
            elements = iterated_elements(interpreter, lazy, operand)
            for offset, index in enumerate(indices):
                columns[index] = elements if len(indices) == 1 else _share(interpreter, elements, offset, len(indices))
    return columns


def _operands_by_iterator(operands: Sequence[Value]) -> list[tuple[Value, list[int]]]:
    """Return the operands with their indices. An iterator that is passed several times is listed once."""
    indices: dict[object, list[int]] = {}
    for index, operand in enumerate(operands):
        shared = isinstance(operand, GeneratorCall | GeneratorExpression) or is_iterator(operand)
        indices.setdefault(operand if shared else index, []).append(index)
    return [(operands[positions[0]], positions) for positions in indices.values()]


def _share(interpreter: Interpreter, elements: Collection, offset: int, count: int) -> Collection:
    """Return every `count`-th element, starting at index `offset`, or all elements if their order is uncertain."""
    if not elements.has_definite_order:
        return elements
    items = elements.items[offset::count]
    return make_result_collection(interpreter, "list", items)


def _leave_elements(interpreter: Interpreter, operands: Sequence[Value]) -> None:
    """Mark all elements of iterators among the operands of `zip` as optional, because any of them may remain."""
    for operand in operands:
        if isinstance(operand, GeneratorExpression):
            interpreter.store.write(operand.state, "items", tuple(map(as_optional, operand.initial)))
        elif isinstance(operand, Collection) and operand.lazy is not None and is_iterator(operand):
            interpreter.store.write(operand.state, "items", tuple(map(as_optional, operand.lazy.initial)))


def _cell(column: Collection | None, index: int, place: SourcePlace, *, is_exact: bool) -> Element:
    """Return the element of a column in a row. Unless the rows are exact, the row may not exist on every path."""
    if column is None:
        return Element(UNKNOWN, place)
    item = column.items[index]
    return item if is_exact else replace(item, value=on_some_paths(item.value))


def any_element(column: Collection | None, place: SourcePlace, padding: Sequence[Element] = ()) -> Element:
    """Return an element that represents any one of the elements of a collection."""
    items = [*(() if column is None else column.items), *padding]
    return Element(union_of_elements(items, place), place)


@models("builtins.map")
def _map(call: LibraryCall) -> Value:
    """Model `map(f, xs)`, which calls `f` with each element on iteration."""
    operands = [argument.value for argument in call.arguments.items if argument.keyword is None]
    if not operands[1:]:
        return UNKNOWN
    if not starts_task(call.first) and not any(operand.relevant for operand in operands):
        return UNKNOWN
    return make_iterator(call.interpreter, call.name, operands, call.place, _compute_results)


def _compute_results(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    function, *iterables = lazy.operands
    is_single = len(iterables) == 1
    elements = iterated_elements(interpreter, lazy, iterables[0]) if is_single else _rows(interpreter, lazy, iterables)
    if not any(item.many for item in elements.items):
        results = [
            call_with_element(interpreter, function, item, _call_arguments(item, is_single=is_single), lazy.place)
            for item in elements.items
        ]
        return derived_from(elements, make_result_collection(interpreter, "list", tuple(results)))
    if starts_task(function):
        values = [started.value for started in start_elements(interpreter, Argument(elements, lazy.place))]
    elif is_single:
        relevant = [item for item in elements.items if item.value.relevant]
        values = [call_for_each(interpreter, function, relevant, lazy.place)]
    else:
        values = [
            call_in_loop(interpreter, function, _call_arguments(item, is_single=False), lazy.place)
            for item in elements.items
        ]
    return make_result_collection(interpreter, "list", tuple(Element(value, lazy.place, many=True) for value in values))


def _call_arguments(item: Element, *, is_single: bool) -> Arguments:
    """Return the arguments that `map` passes to its function: an element, or the cells of a row."""
    row = (item,) if is_single or not isinstance(item.value, Collection) else item.value.items
    return Arguments(tuple(Argument(cell.value, cell.place) for cell in row))


def call_with_element(
    interpreter: Interpreter, function: Value, item: Element, arguments: Arguments, place: SourcePlace
) -> Element:
    """Call a function with an element and return the result as an element. Emit a choice if the element is optional."""
    results: list[Value] = []

    def call() -> None:
        results.append(interpreter.call(function, arguments, item.place))

    if not item.may_be_missing:
        call()
        return Element(results[0], place)
    condition = item.condition or f"{item.place.text} in {place.text}"
    interpreter.join_branches([(condition, interpreter.branch(call, condition))], None, item.place)
    return as_optional(Element(results[0], item.place, condition=item.condition))


@models("builtins.next")
def _next(call: LibraryCall) -> Value:
    """Return the next element, or any of the remaining elements if the iterator's position is unknown."""
    if isinstance(call.first, ProjectObject) and len(call.arguments.items) == 1:
        result = call_special(call.interpreter, call.first, ("__next__",), (), call.place)
        if result is not None:
            return result
    if isinstance(call.first, Collection):
        items: tuple[Element, ...] | None = take_next(call.interpreter, call.first)
    else:
        items = elements_of(call.interpreter, call.first, exhausts=False)
    if items is None:
        call.interpreter.escape(call.first, call.place, "is advanced by `next`, which stepgraph does not model")
        for default in call.arguments.items[1:]:
            call.interpreter.escape(
                default.value, default.place, "is a default of `next`, which stepgraph does not model"
            )
        return UNKNOWN
    candidates = items
    if all(item.many or item.may_be_missing for item in candidates):
        candidates += tuple(Element(argument.value, argument.place) for argument in call.arguments.items[1:])
    if candidates and all(is_none(item.value) for item in candidates):
        return ABSENT
    return union_of_elements(candidates, call.place)


@models("builtins.all", "builtins.any")
def _all_any(call: LibraryCall) -> Value:
    """Model `any(...)` and `all(...)`, which iterate until the result is decided."""
    for argument in call.arguments.positional:
        elements_of(call.interpreter, argument.value, exhausts=False)
    return UNKNOWN


@models("builtins.sum")
def _sum(call: LibraryCall) -> Value:
    """Report that the elements escape, because their addition is not modeled. A sum with a Decimal is one."""
    summands = [argument.value for argument in call.arguments.items]
    for argument in call.arguments.positional:
        for item in elements_of(call.interpreter, argument.value) or ():
            call.interpreter.escape(item.value, call.place, "is summed, which stepgraph does not model")
            summands.append(item.value)
    return ExternalResult(DECIMAL) if is_decimal_arithmetic(summands) else UNKNOWN


@models("builtins.iter")
def _iterator(call: LibraryCall) -> Value:
    if len(call.arguments.items) > 1:
        # `iter(function, sentinel)` calls the function until it returns the sentinel.
        call.interpreter.escape(call.first, call.place, "is called, which stepgraph does not model")
        return UNKNOWN
    iterable = _call_iter(call, call.first)
    if is_iterator(iterable) or not any(isinstance(leaf, Collection | Mapping) for leaf in union_values(iterable)):
        return iterable
    return make_iterator(call.interpreter, call.name, (iterable,), call.place, _compute_same)


def _call_iter(call: LibraryCall, value: Value) -> Value:
    """Return the iterator from the `__iter__` of a project object. Return other values unchanged."""
    if isinstance(value, Union):
        return call.interpreter.apply_to_cases(value, lambda case: _call_iter(call, case))
    if isinstance(value, ProjectObject):
        return iterator_of(call.interpreter, value, call.place, is_async=call.name == "builtins.aiter")
    return value


@models(
    *("builtins.filter", "itertools.compress", "itertools.filterfalse"),
    *("itertools.takewhile", "itertools.dropwhile", "itertools.islice"),
)
def _filter(call: LibraryCall) -> Value:
    """Return an iterator whose elements may be missing, because a function or a position selects elements."""
    selects_by_position = call.name in ("itertools.compress", "itertools.islice")
    index = 0 if selects_by_position else 1
    if len(call.arguments.items) <= index:
        return UNKNOWN
    function = UNKNOWN if selects_by_position else call.first
    iterable = call.arguments.items[index].value
    if not is_iterable(iterable):
        return call.unmodeled()
    compute = _compute_first if call.name in _ENDING_EARLY else _compute_selected
    return make_iterator(call.interpreter, call.name, (iterable, function), call.place, compute)


_ENDING_EARLY: Final = ("itertools.compress", "itertools.islice", "itertools.takewhile")


def _compute_first(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    """Return the selected elements of an iterable. The selection may end before the iterable does."""
    return _compute_selected(interpreter, replace(lazy, exhausts=False))


def _compute_selected(interpreter: Interpreter, lazy: LazyElements) -> Collection:
    elements = iterated_elements(interpreter, lazy, lazy.operands[0])
    call_with_any(interpreter, lazy.operands[1], elements.items, lazy.place)
    selected = make_result_collection(interpreter, "list", tuple(map(as_optional, elements.items)))
    return derived_from(elements, selected)


def call_with_any(interpreter: Interpreter, function: Value, items: Sequence[Element], place: SourcePlace) -> None:
    """Emit the calls of a function that selects or groups elements, with any of them. Other values call nothing."""
    if items and (isinstance(function, FunctionValue) or function.relevant):
        call_for_each(interpreter, function, items, place)


@models("random.choice")
def _choice(call: LibraryCall) -> Value:
    """Model `random.choice(steps)`, which may return any one of the elements."""
    items = elements_of(call.interpreter, call.arguments.items[0].value) if call.arguments.items else None
    if items is None:
        return call.unmodeled()
    return union_of_elements(items, call.place)
