"""Iterators and views, which are collections whose elements are computed when they are used.

An iterator yields each element once. After a loop that may be left early, any element may remain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorExpression, Partial
from stepgraph.interpreter.values.containers import Collection, Container, Element, LazyElements, Mapping
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import AttributeDictionary, ProjectObject
from stepgraph.interpreter.values.unions import Union, as_optional
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.nodes import OperationBlock
from stepgraph.ir.values import ABSENT, External, Value
from stepgraph.ir.walk import may_run_steps
from stepgraph.syntax.module import SourcePlace

Compute: TypeAlias = Callable[[Interpreter, LazyElements], Collection]


def make_iterator(
    interpreter: Interpreter,
    name: str,
    operands: Sequence[Value],
    place: SourcePlace,
    compute: Compute,
    *,
    has_rows: bool = False,
) -> Collection:
    """Return the iterator that a library function creates from its operands, or from their elements (`has_rows`).

    Until its first use, its only element is a `Partial` of the call, so traversals of its elements find the operands.
    """
    arguments = Arguments(tuple(Argument(operand, place) for operand in operands))
    initial = (Element(Partial(External(name), arguments), place, many=True),)
    iterator = make_result_collection(interpreter, "list", initial)
    return replace(
        iterator, lazy=LazyElements(compute, tuple(operands), place, iterator.state.contents, has_rows=has_rows)
    )


def make_view(
    interpreter: Interpreter, mapping: Mapping | AttributeDictionary, place: SourcePlace, compute: Compute
) -> Collection:
    """Return a view of a dictionary, which reflects later changes of the dictionary."""
    initial = mapping.state.contents if isinstance(mapping, Mapping) else ()
    lazy = LazyElements(compute, (mapping,), place, initial, is_view=True)
    return replace(compute(interpreter, lazy), lazy=lazy)


def make_unordered(collection: Collection) -> Collection:
    """Mark a new collection as unordered and return it."""
    collection.state.unordered = True
    return collection


def is_lazy(value: Value) -> bool:
    """Return whether a value is an iterator or a view."""
    return isinstance(value, Collection) and value.lazy is not None


def is_iterator(value: Value) -> bool:
    """Return whether a value is an iterator, which yields each element once, as opposed to a view."""
    return isinstance(value, Collection) and value.lazy is not None and not value.lazy.is_view


def is_certainly_empty(interpreter: Interpreter, value: Value) -> bool:
    """Return whether a value is a collection that no code can have filled. Record that the analysis relies on this.

    All cases of a union have to be such collections.
    """
    if isinstance(value, Union):
        return all(is_certainly_empty(interpreter, case) for case in union_values(value))
    if isinstance(value, Collection) and value.lazy is not None and value.lazy.is_view:
        return all(is_certainly_empty(interpreter, operand) for operand in value.lazy.operands)
    return isinstance(value, Container) and value.read_as_empty() and not interpreter.modules.may_import_dynamically()


def missing_element(interpreter: Interpreter, container: Value) -> Value | None:
    """Return the result of taking an element from a container that must be empty. Return None for other containers."""
    return ABSENT if is_certainly_empty(interpreter, container) else None


def take_elements(interpreter: Interpreter, value: Collection, *, exhausts: bool) -> Collection:
    """Return the current elements of a collection. The elements of an iterator are consumed.

    With `exhausts`, the caller consumes all elements.
    """
    lazy = value.lazy
    if lazy is None:
        return value
    if lazy.is_view:
        elements = _viewed(interpreter, value, lazy)
        elements.state.created_empty = all(isinstance(o, Mapping) and o.read_as_empty() for o in lazy.operands)
        return elements
    elements = _remaining(interpreter, value, lazy, exhausts=exhausts)
    if exhausts and interpreter.loop_depth == value.loop_depth:
        _set_remaining(interpreter, value, elements, ())
    else:
        if elements.has_definite_order:
            record_iteration(interpreter, value.state)
        _set_remaining(interpreter, value, elements, tuple(map(as_optional, elements.items)))
    return elements


class IterationSource(Struct):
    """The containers from which a loop takes its elements while it runs."""

    cells: dict[HeapCell, tuple[bool, tuple[object, ...]]]
    """The heap cell of each container or object, with its state before the loop.

    The state consists of whether the cell is unordered, and of its elements or attributes.
    """

    def is_changed(self) -> bool:
        """Return whether one of the containers has changed since the loop began."""
        return any(_contents(cell) != contents for cell, contents in self.cells.items())


def iteration_source(value: Value) -> IterationSource:
    """Return the containers that hold the elements of an iterable value, including those behind an iterator."""
    source = IterationSource({})
    pending, visited = [value], set[int]()
    while pending:
        operand = pending.pop()
        if id(operand) in visited:
            continue
        visited.add(id(operand))
        match operand:
            case Collection(lazy=LazyElements(operands=operands, has_rows=has_rows)):
                pending += operands
                if has_rows:
                    rows = (operand for operand in operands if isinstance(operand, Collection))
                    pending += (row.value for operand in rows for row in operand.items)
            case Collection(state=cell) | Mapping(state=cell) | AttributeDictionary(owner=ProjectObject(state=cell)):
                source.cells[cell] = _contents(cell)
            case GeneratorExpression(first=first):
                pending.append(first)
            case Union(cases=cases):
                pending += (case.value for case in cases)
    return source


def _contents(cell: HeapCell) -> tuple[bool, tuple[object, ...]]:
    """Return whether a cell is unordered, and the elements of the container or the attributes by identity."""
    slots = (value if isinstance(value, tuple) else (value,) for value in cell.values())
    return cell.unordered, tuple(map(id, chain.from_iterable(slots)))


def elements_at_pass(interpreter: Interpreter, value: Value, elements: Value) -> Value:
    """Return the elements that a pass of a loop may take from an iterable value that the loop changes.

    `elements` are the elements before the loop, which nested iterators do not yield again.
    """
    if not isinstance(value, Collection) or value.lazy is None or not isinstance(elements, Collection):
        return value if isinstance(value, Collection | Mapping) else elements
    items = _compute(interpreter, value, value.lazy, exhausts=False).items
    if any(is_iterator(operand) for operand in value.lazy.operands):
        items = (*elements.items, *items)
    return make_unordered(make_result_collection(interpreter, "list", tuple(map(as_optional, items))))


def record_iteration(interpreter: Interpreter, state: HeapCell) -> None:
    """Record that a loop has begun to take elements from an iterator whose elements have a definite order."""
    interpreter.work.iterating[state.serial] = (interpreter.frame, interpreter.frame.loop)


def report_nested_use(interpreter: Interpreter, state: HeapCell, place: SourcePlace) -> None:
    """Report a use of an iterator inside a loop over it, because the use takes elements away from the loop."""
    iteration = interpreter.work.iterating.get(state.serial)
    if iteration is not None and iteration != (interpreter.frame, interpreter.frame.loop):
        interpreter.note(
            "generator",
            place,
            f"`{place.brief_text}` is also advanced by other code while a loop iterates over it.",
            "The graph shows the loop over all elements.",
        )


def take_next(interpreter: Interpreter, value: Collection) -> tuple[Element, ...]:
    """Return the elements that `next` may return, and remove the returned element from the iterator."""
    if value.lazy is None or value.lazy.is_view:
        return value.items
    elements = _remaining(interpreter, value, value.lazy, exhausts=False)
    items = elements.items
    if interpreter.loop_depth != value.loop_depth or elements.state.unordered or elements.is_set:
        _set_remaining(interpreter, value, elements, tuple(map(as_optional, items)))
        return items
    certain = (index for index, item in enumerate(items) if not (item.many or item.may_be_missing))
    count = next(certain, len(items) - 1) + 1
    candidates = items[:count]
    passed_over = candidates[1:] if items and not items[0].many else candidates
    _set_remaining(interpreter, value, elements, (*map(as_optional, passed_over), *items[count:]))
    return candidates


def _set_remaining(
    interpreter: Interpreter, value: Collection, elements: Collection, items: tuple[Element, ...]
) -> None:
    value.state.unordered = value.state.unordered or elements.state.unordered or elements.is_set
    interpreter.store.write(value.state, "items", items)


def _viewed(interpreter: Interpreter, view: Collection, lazy: LazyElements) -> Collection:
    for operand in lazy.operands:
        if isinstance(operand, Mapping):
            if operand.state.serial < interpreter.frame.scope.names.serial:
                interpreter.store.record_outer_read(operand.state, "items")
            if operand.state.contents is lazy.initial and operand.state.unordered == view.state.unordered:
                return view
    return lazy.compute(interpreter, lazy)


def _remaining(interpreter: Interpreter, value: Collection, lazy: LazyElements, *, exhausts: bool) -> Collection:
    """Return the elements that the iterator has not yielded yet, as a new collection."""
    items = value.items
    if value.state.contents is not lazy.initial:
        report_nested_use(interpreter, value.state, lazy.place)
    unused = [item.value for item in lazy.initial]
    added_items = tuple(item for item in items if not any(item.value is initial for initial in unused))
    if len(added_items) == len(items):
        remaining = make_result_collection(interpreter, "list", items)
        remaining.state.unordered = value.state.unordered
        return remaining
    elements = _compute(interpreter, value, lazy, exhausts=exhausts)
    if value.state.contents is lazy.initial and interpreter.loop_depth == value.loop_depth:
        return elements
    # Some paths, or earlier passes of a loop, have used the iterator.
    remaining = make_result_collection(interpreter, "list", tuple(map(as_optional, (*elements.items, *added_items))))
    remaining.state.unordered = True
    return remaining


def _changes_shared_values(lazy: LazyElements, log: WriteLog) -> bool:
    """Return whether writes can change which steps run, ignoring iterators that only the expression itself reaches."""
    own_cells = {id(cell) for cell in cells_created_by(_arguments_of(lazy), lazy.operands)}
    return any(logged.affects_steps for logged in log if id(logged.container) not in own_cells)


def cells_created_by(expressions: Iterable[cst.CSTNode], values: Iterable[Value]) -> Iterator[HeapCell]:
    """Yield the heap cells of iterators among `values` that these expressions create, and of their own operands.

    No other code reaches such iterators, as in `enumerate(reversed(names))`.
    """
    nodes = set(map(id, expressions))
    for value in values:
        match value:
            case Collection(lazy=LazyElements(place=place) as lazy) if id(place.node) in nodes:
                yield value.state
                yield from cells_created_by(_arguments_of(lazy), lazy.operands)
            case GeneratorExpression(node=node, first=first) if id(node) in nodes:
                yield value.state
                yield from cells_created_by([node.for_in.iter], [first])


def _arguments_of(lazy: LazyElements) -> list[cst.BaseExpression]:
    call = lazy.place.node
    return [argument.value for argument in call.args] if isinstance(call, cst.Call) else []


def _compute(interpreter: Interpreter, value: Collection, lazy: LazyElements, *, exhausts: bool) -> Collection:
    # Imported here because few workflows use iterators.
    from stepgraph.interpreter.objects.containers.recursive_iterators import evaluating, recursive_element

    recursive = recursive_element(interpreter, value)
    if recursive is not None:
        return make_unordered(make_result_collection(interpreter, "list", (recursive,)))
    with interpreter.collect_operations() as operations, evaluating(interpreter, value) as opened:
        elements = lazy.compute(interpreter, replace(lazy, exhausts=exhausts))
        opened.elements.append(elements)
    log = opened.log
    for operation in operations:
        interpreter.emit(operation)
    if exhausts:
        return elements
    if may_run_steps(OperationBlock(tuple(operations))):
        interpreter.note(
            "generator",
            lazy.place,
            f"`{lazy.place.brief_text}` is lazy: it runs steps one element at a time.",
            "The graph shows these steps where the first element is used.",
        )
    elif len(elements.items) != 1 and _changes_shared_values(lazy, log):
        interpreter.note(
            "generator",
            lazy.place,
            f"`{lazy.place.brief_text}` is lazy: it changes values one element at a time.",
            "The graph shows the changes where the first element is used.",
        )
    return elements
