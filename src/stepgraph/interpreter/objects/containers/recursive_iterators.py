"""Generator expressions and iterators that use themselves, or equal ones that they create, as in a recursive function.

Such a use emits nothing, and its elements are unknown. It runs the code of the outer use, so a note reports it only if
the outer use runs steps, or creates or stores values that can lead to steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.equivalence import Slot
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import has_relevant_value
from stepgraph.interpreter.signatures import Signature
from stepgraph.interpreter.values.calls import GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.nodes import Operation, OperationBlock, Scope
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.ir.walk import map_blocks, may_run_steps
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

MAX_ITERATOR_DEPTH: Final = 5
"""The maximum number of evaluations of iterators of one expression inside each other."""


class OpenIterator(Struct, eq=False):
    """A generator expression, or another iterator, whose elements are being evaluated."""

    place: SourcePlace
    """The expression that creates it."""
    state: HeapCell
    newest_serial: int
    """The serial of the newest heap cell at the start of the evaluation."""
    key: object
    """The values that its code can read. None if no evaluation of the same expression has created it."""
    log: WriteLog
    """The writes of the evaluation."""
    elements: list[Value] = field(default_factory=list)
    """The elements so far."""
    consumer_logs: list[WriteLog] = field(default_factory=list)
    """The writes of the code that runs between two elements."""
    is_recursive: bool = False
    """Whether the evaluation uses this iterator, or an equal one that it creates."""

    def runs_steps(self, operations: Iterable[Operation]) -> bool:
        """Return whether the code of the iterator runs steps, without the code that runs between two elements."""
        return may_run_steps(_without_passes(OperationBlock(tuple(operations)), self.place))

    @property
    def writes_steps(self) -> bool:
        """Whether the code of the iterator stores values that may lead to steps."""
        by_consumers = {
            (id(logged.container), logged.key, id(value))
            for log in self.consumer_logs
            for logged in log
            for value in logged.values
        }
        return any(
            (id(logged.container), logged.key, id(value)) not in by_consumers and _leads_to_steps(value, self.place)
            for logged in self.log
            for value in logged.values
        )


def recursive_element(interpreter: Interpreter, iterator: GeneratorExpression | Collection) -> Element | None:
    """Return an element that stands for all elements of an iterator that is used recursively.

    Return None for other iterators. An iterator that exists before the evaluation of another one of the same expression
    may be used in it, as in `clean(clean(rows))`.
    """
    place = _place_of(iterator)
    same_code = _open_at(interpreter, place)
    if not same_code:
        return None
    key = _key(interpreter, iterator, same_code[0])
    for each in same_code:
        if each.state is iterator.state or (key is not None and each.key == key):
            each.is_recursive = True
            return Element(UNKNOWN, place, many=True, may_be_missing=True)
    if key is None or len(same_code) < MAX_ITERATOR_DEPTH:
        return None
    unresolved = Unresolved("it is an element of an iterator that uses itself", place)
    return Element(unresolved, place, many=True, may_be_missing=True)


@contextmanager
def evaluating(interpreter: Interpreter, iterator: GeneratorExpression | Collection) -> Iterator[OpenIterator]:
    """Evaluate elements of an iterator, and report recursive uses if steps depend on them."""
    place = _place_of(iterator)
    same_code = _open_at(interpreter, place)
    key = _key(interpreter, iterator, same_code[0]) if same_code else None
    position = len(interpreter.operations)
    with interpreter.store.logged(interpreter.store.serial) as log:
        opened = OpenIterator(place, iterator.state, interpreter.store.serial, key, log)
        interpreter.open_iterators.append(opened)
        try:
            yield opened
        finally:
            interpreter.open_iterators.remove(opened)
    if opened.is_recursive and (
        data_objects(*opened.elements) is None
        or opened.runs_steps(interpreter.operations[position:])
        or opened.writes_steps
    ):
        interpreter.note(
            "generator",
            place,
            f"`{place.brief_text}` uses itself, as in a recursive function.",
            "The graph shows only the outermost use. Replace the expression with a generator function.",
        )


@contextmanager
def suspended(interpreter: Interpreter, opened: OpenIterator) -> Iterator[None]:
    """Interpret code that runs between two elements of an iterator."""
    index = interpreter.open_iterators.index(opened)
    del interpreter.open_iterators[index]
    try:
        with interpreter.store.logged(opened.log.newest) as log:
            opened.consumer_logs.append(log)
            yield
    finally:
        interpreter.open_iterators.insert(index, opened)


def _without_passes(block: OperationBlock, place: SourcePlace) -> OperationBlock:
    """Return the operations of an iterator without those of the passes over its elements."""
    operations = [
        map_blocks(each, lambda inner: _without_passes(inner, place))
        for each in block.operations
        if not (isinstance(each, Scope) and each.is_iteration and each.place.node is place.node)
    ]
    return OperationBlock(tuple(operations))


def _place_of(iterator: GeneratorExpression | Collection) -> SourcePlace:
    if isinstance(iterator, Collection):
        if iterator.lazy is None:
            raise TypeError("a collection of elements is no iterator")
        return iterator.lazy.place
    return SourcePlace(iterator.scope.module, iterator.node)


def _open_at(interpreter: Interpreter, place: SourcePlace) -> Sequence[OpenIterator]:
    """Return the iterators of one expression that are being evaluated, outermost first."""
    return [each for each in interpreter.open_iterators if each.place.node is place.node]


def _leads_to_steps(written: Slot, place: SourcePlace) -> bool:
    """Return whether a written value may lead to a step, unless it is the state of an iterator that `place` creates."""
    elements = written if isinstance(written, tuple) else ()
    nodes = [each.place.node for each in elements if isinstance(each, Element)]
    is_state = any(node is place.node or type(node) is cst.GeneratorExp for node in nodes)
    return not is_state and has_relevant_value(written)


def _key(interpreter: Interpreter, iterator: GeneratorExpression | Collection, outermost: OpenIterator) -> object:
    """Return the values that an iterator can read and that the evaluation `outermost` has created.

    Return None if the iterator existed before this evaluation.
    """
    if iterator.state.serial <= outermost.newest_serial:
        return None
    signature = Signature(is_recursive=True)
    if isinstance(iterator, Collection):
        key: object = signature.key_of(iterator, 0)
    else:
        parts = [signature.key_of(iterator.first, 0)]
        scope: LexicalScope | None = iterator.scope
        while scope is not None and scope.names.serial > outermost.newest_serial:
            parts += (signature.key_of(value, 0) for value in scope.names.values())
            scope = scope.parent
        key = *parts, scope
    interpreter.budget.spend(Limit.ELEMENTS, signature.parts)
    return (key,)
