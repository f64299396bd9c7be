"""Models of heapq: a heap is a list whose order is not known."""

from __future__ import annotations

from stepgraph.interpreter.library.iteration_ import emit_key_calls
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.containers.iteration import copy_elements
from stepgraph.interpreter.objects.containers.iterators import make_unordered
from stepgraph.interpreter.objects.methods.queue_methods import emit_comparisons
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.assignment import add_items
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import BuiltinMethod
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.ir.values import UNKNOWN, Constant, Value


@models("heapq.heappush")
def _push(call: LibraryCall) -> Value:
    match [argument.value for argument in call.arguments.items]:
        case [Collection() as heap, item]:
            add_items(call.interpreter, heap, (Element(item, call.arguments.items[1].place),))
            _reorder(call, heap)
            return Constant(None)
        case _:
            return call.unmodeled()


@models("heapq.heappop")
def _pop(call: LibraryCall) -> Value:
    return _take(call, call.first) if isinstance(call.first, Collection) else call.unmodeled()


@models("heapq.heappushpop", "heapq.heapreplace")
def _push_and_pop(call: LibraryCall) -> Value:
    if not isinstance(call.first, Collection):
        return call.unmodeled()
    _push(call)
    return _take(call, call.first)


@models("heapq.heapify")
def _heapify(call: LibraryCall) -> Value:
    if not isinstance(call.first, Collection):
        return call.unmodeled()
    _reorder(call, call.first)
    return Constant(None)


@models("heapq.nsmallest", "heapq.nlargest")
def _select(call: LibraryCall) -> Value:
    """Return a list of any of the elements."""
    iterable = call.arguments.find(1, "iterable")
    elements = None if iterable is None else copy_elements(call.interpreter, iterable.value, "list")
    if elements is None:
        return call.unmodeled()
    emit_key_calls(call.interpreter, call.arguments, elements.items, call.place)
    items = tuple(map(as_optional, elements.items))
    return make_unordered(make_result_collection(call.interpreter, "list", items))


def _reorder(call: LibraryCall, heap: Collection) -> None:
    heap.state.changed = heap.state.unordered = True
    emit_comparisons(call.interpreter, heap.items, call.place)


def _take(call: LibraryCall, heap: Collection) -> Value:
    """Remove any element of a heap and return it."""
    _reorder(call, heap)
    any_index = Arguments((Argument(UNKNOWN, call.place),))
    return call.interpreter.call(BuiltinMethod(heap, "pop"), any_index, call.place)
