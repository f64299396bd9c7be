"""Models of functions that compare elements: `max`, `min`, `sorted`, bisect and heapq."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.builtin_methods import call_for_each
from stepgraph.interpreter.objects.containers.changes import add_items
from stepgraph.interpreter.objects.containers.iteration import copy_elements, elements_of
from stepgraph.interpreter.objects.containers.iterators import make_unordered
from stepgraph.interpreter.objects.special_methods import emit_comparisons
from stepgraph.interpreter.objects.union import union_of_elements
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.summaries import function_scope
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import BuiltinMethod, FunctionValue
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.ir.values import UNKNOWN, Constant, Value
from stepgraph.syntax.module import SourcePlace


@models("builtins.max", "builtins.min")
def _extreme(call: LibraryCall) -> Value:
    """Return any one of the elements or arguments, after calling `key` with each."""
    operands = call.arguments.positional
    if len(operands) == 1:
        elements = elements_of(call.interpreter, operands[0].value)
        if elements is None:
            call.interpreter.escape(operands[0].value, operands[0].place, "is compared, which stepgraph does not model")
        items = elements or ()
    else:
        items = tuple(Element(argument.value, argument.place) for argument in operands)
    emit_key_calls(call.interpreter, call.arguments, items, call.place)
    default = call.arguments.find(None, "default")
    if default is not None:
        items = (*items, Element(default.value, default.place))
    return union_of_elements(items, call.place)


def emit_key_calls(
    interpreter: Interpreter,
    arguments: Arguments,
    items: Sequence[Element],
    place: SourcePlace,
    position: int | None = None,
) -> None:
    """Emit the calls of the argument `key`, or of the comparison methods of the elements.

    `position` is that of `key` among the positional arguments, if it may be one of them.
    """
    key = arguments.find(position, "key")
    if key is not None:
        call_for_each(interpreter, key.value, items, key.place)
    else:
        emit_comparisons(interpreter, items, place)


@models("builtins.sorted")
def _sorted(call: LibraryCall) -> Value:
    copy = copy_elements(call.interpreter, call.first, "list")
    emit_key_calls(call.interpreter, call.arguments, () if copy is None else copy.items, call.place)
    if copy is None:
        return UNKNOWN
    ordered = _sorted_at_import(call, copy)
    if ordered is not None:
        return make_result_collection(call.interpreter, "list", ordered)
    copy.state.unordered = True
    return copy


def _sorted_at_import(call: LibraryCall, elements: Collection) -> tuple[Element, ...] | None:
    """Return sorted elements if code that runs at import sorts them by numbers or strings. Return None otherwise."""
    interpreter = call.interpreter
    key, reverse = call.arguments.find(None, "key"), call.arguments.find(None, "reverse")
    is_short = interpreter.is_import_time and len(elements.items) <= _MAX_SORTED
    if key is None or not is_short or elements.state.unordered or elements.is_set:
        return None
    if any(item.many or item.may_be_missing for item in elements.items):
        return None
    descending = Constant(value=False) if reverse is None else reverse.value
    results = [_sort_key(interpreter, key, item.value) for item in elements.items]
    keys = [result.value for result in results if isinstance(result, Constant)]
    has_one_type = all(isinstance(each, str) for each in keys) or all(isinstance(each, int | float) for each in keys)
    if len(keys) < len(elements.items) or not has_one_type or not isinstance(descending, Constant):
        return None
    pairs = zip(keys, elements.items, strict=True)
    ordered = sorted(pairs, key=lambda pair: pair[0], reverse=bool(descending.value))  # type: ignore[arg-type,return-value]
    return tuple(item for _, item in ordered)


_MAX_SORTED: Final = 64


def _sort_key(interpreter: Interpreter, key: Argument, item: Value) -> Value:
    """Return the key of an element. The body of a lambda is evaluated, because a call hides constants."""
    arguments = Arguments.of(item, key.place)
    match key.value:
        case FunctionValue(node=cst.Lambda(body=body)) as function:
            scope = function_scope(interpreter, function, arguments)
            with interpreter.in_scope(scope), interpreter.frame.inline_call(key.place):
                return interpreter.evaluate(body)
        case function:
            return interpreter.call(function, arguments, key.place)


@models("bisect.insort", "bisect.insort_left", "bisect.insort_right")
def _insert_in_order(call: LibraryCall) -> Value:
    """Model `insort(items, item)`, which inserts an element at an unknown position."""
    match call.arguments.items:
        case [Argument(value=Collection() as items), Argument(keyword=None, star="") as item, *_]:
            add_items(call.interpreter, items, (Element(item.value, item.place),))
            items.state.changed = items.state.unordered = True
            emit_key_calls(call.interpreter, call.arguments, items.items, call.place)
            return Constant(None)
        case _:
            return call.unmodeled()


@models("heapq.heappush")
def _heap_push(call: LibraryCall) -> Value:
    match [argument.value for argument in call.arguments.items]:
        case [Collection() as heap, item]:
            add_items(call.interpreter, heap, (Element(item, call.arguments.items[1].place),))
            _reorder_heap(call, heap)
            return Constant(None)
        case _:
            return call.unmodeled()


@models("heapq.heappop")
def _heap_pop(call: LibraryCall) -> Value:
    return _take_from_heap(call, call.first) if isinstance(call.first, Collection) else call.unmodeled()


@models("heapq.heappushpop", "heapq.heapreplace")
def _heap_push_and_pop(call: LibraryCall) -> Value:
    if not isinstance(call.first, Collection):
        return call.unmodeled()
    _heap_push(call)
    return _take_from_heap(call, call.first)


@models("heapq.heapify")
def _heapify(call: LibraryCall) -> Value:
    if not isinstance(call.first, Collection):
        return call.unmodeled()
    _reorder_heap(call, call.first)
    return Constant(None)


@models("heapq.nsmallest", "heapq.nlargest")
def _select_elements(call: LibraryCall) -> Value:
    """Model `nsmallest` and `nlargest`, which return a list of some of the elements."""
    iterable = call.arguments.find(1, "iterable")
    elements = None if iterable is None else copy_elements(call.interpreter, iterable.value, "list")
    if elements is None:
        return call.unmodeled()
    emit_key_calls(call.interpreter, call.arguments, elements.items, call.place, position=2)
    items = tuple(map(as_optional, elements.items))
    return make_unordered(make_result_collection(call.interpreter, "list", items))


def _reorder_heap(call: LibraryCall, heap: Collection) -> None:
    heap.state.changed = heap.state.unordered = True
    emit_comparisons(call.interpreter, heap.items, call.place)


def _take_from_heap(call: LibraryCall, heap: Collection) -> Value:
    """Remove an element from a heap and return it. The removed element may be any of the elements."""
    _reorder_heap(call, heap)
    any_index = Arguments.of(UNKNOWN, call.place)
    return call.interpreter.call(BuiltinMethod(heap, "pop"), any_index, call.place)
