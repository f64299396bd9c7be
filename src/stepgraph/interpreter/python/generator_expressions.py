"""Generator expressions, which run when their elements are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.frame import LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.containers.iterators import (
    is_lazy,
    iteration_source,
    make_unordered,
    record_iteration,
    report_nested_use,
)
from stepgraph.interpreter.objects.special_methods import iterator_of
from stepgraph.interpreter.path_joins import apply, join_any
from stepgraph.interpreter.python.arguments import make_collection
from stepgraph.interpreter.python.comprehensions import collect_elements, consume_comprehension, run_comprehension
from stepgraph.interpreter.python.loops.interpretation import LoopBounds, interpret_loop, loop_variable_value
from stepgraph.interpreter.values.calls import GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.interpreter.write_log import WriteLog
from stepgraph.ir.nodes import LoopOperation, Operation, OperationBlock, Scope
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import Value
from stepgraph.ir.walk import may_await
from stepgraph.syntax.module import SourcePlace


def evaluate_generator_expression(interpreter: Interpreter, node: cst.GeneratorExp) -> Value:
    """Return a generator expression, which runs when it is consumed. Only the first iterable is evaluated now."""
    iterable, is_async = node.for_in.iter, node.for_in.asynchronous is not None
    first = iterator_of(interpreter, interpreter.evaluate(iterable), interpreter.place(iterable), is_async=is_async)
    initial = (Element(first, interpreter.place(node), many=True),)
    return GeneratorExpression(
        node, interpreter.frame.scope, first, interpreter.store.new({"items": initial}), initial, interpreter.loop_depth
    )


def consume_generator_expression(
    interpreter: Interpreter, generator: GeneratorExpression, kind: CollectionKind, *, exhausts: bool
) -> Value:
    """Emit the loop of a generator expression and return the elements that it has not yet yielded."""
    # Imported here and below because few workflows use generator expressions.
    from stepgraph.interpreter.objects.containers.recursive_iterators import evaluating, recursive_element

    is_unused = _use(interpreter, generator, exhausts=exhausts)
    if is_unused is None:
        return make_collection(interpreter, kind, ())
    recursive = recursive_element(interpreter, generator)
    if recursive is not None:
        return make_collection(interpreter, kind, (recursive,))
    if is_unused:
        position = len(interpreter.operations)
        with evaluating(interpreter, generator) as opened:
            elements = consume_comprehension(interpreter, generator.node, generator.scope, kind, generator.first)
            opened.elements.append(elements)
        if not exhausts:
            _report_work(interpreter, generator, interpreter.operations[position:])
        if not exhausts and not is_lazy(generator.first):
            _report_effects(interpreter, generator, opened.log)
        return elements
    consumed: list[Collection] = []
    place = SourcePlace(generator.scope.module, generator.node)

    def consume() -> None:
        consumed.append(_take_any(interpreter, generator, kind))

    interpret_loop(interpreter, consume, None, place, LoopBounds())
    items = tuple(map(as_optional, consumed[-1].items))
    return make_unordered(make_collection(interpreter, kind, items))


def _take_any(interpreter: Interpreter, generator: GeneratorExpression, kind: CollectionKind) -> Collection:
    """Emit a loop that runs a generator expression for any of its elements, and return its elements."""
    from stepgraph.interpreter.objects.containers.recursive_iterators import evaluating

    frame = interpreter.frame
    unrolls, frame.unrolls_comprehensions = frame.unrolls_comprehensions, False
    with evaluating(interpreter, generator) as opened:
        elements = collect_elements(interpreter, generator.node, generator.scope, kind, generator.first)
        opened.elements.append(elements)
    frame.unrolls_comprehensions = unrolls
    return elements


def _report_work(interpreter: Interpreter, generator: GeneratorExpression, operations: Sequence[Operation]) -> None:
    """Report a generator expression whose elements run work in sequence, because it may not be exhausted."""
    is_loop = len(operations) == 1 and isinstance(operations[0], LoopOperation)
    if (not is_loop or generator.node.for_in.inner_for_in is not None) and may_await(OperationBlock(tuple(operations))):
        place = SourcePlace(generator.scope.module, generator.node)
        interpreter.note(
            "generator",
            place,
            f"the generator expression `{place.brief_text}` runs steps, but may not be exhausted.",
            "The graph shows the steps of all its elements.",
        )


def _report_effects(interpreter: Interpreter, generator: GeneratorExpression, log: WriteLog) -> None:
    """Report a generator expression that changes values that affect steps, because it may not be exhausted."""
    if any(logged.affects_steps for logged in log):
        place = SourcePlace(generator.scope.module, generator.node)
        interpreter.note(
            "generator",
            place,
            f"the generator expression `{place.brief_text}` changes values, but may not be exhausted.",
            "The graph shows the changes of all its elements.",
        )


def _use(interpreter: Interpreter, generator: GeneratorExpression, *, exhausts: bool) -> bool | None:
    """Record a use of a generator expression.

    Return True if this is the first use, None if it is exhausted, and False if it may have yielded some elements.
    """
    items: tuple[Element, ...] = generator.state.contents
    if items is not generator.initial:
        report_nested_use(interpreter, generator.state, SourcePlace(generator.scope.module, generator.node))
    elif not exhausts:
        record_iteration(interpreter, generator.state)
    is_exact = interpreter.loop_depth == generator.loop_depth
    remaining = () if exhausts and is_exact else tuple(map(as_optional, generator.initial))
    interpreter.store.write(generator.state, "items", remaining)
    return (items is generator.initial and is_exact) if items else None


def for_each_element(
    interpreter: Interpreter, generator: GeneratorExpression, consume: Callable[[Value], None]
) -> None:
    """Emit the loop of a generator expression in place, and pass each element to `consume` in the loop.

    If `consume` may leave the loop early or changes the iterable, or if the expression may have been used before,
    `consume` receives the union of all elements instead.
    """
    from stepgraph.interpreter.objects.containers.recursive_iterators import recursive_element

    is_unused = _use(interpreter, generator, exhausts=False)
    if is_unused is None:
        return
    recursive = recursive_element(interpreter, generator)
    if recursive is not None:
        interpret_loop(interpreter, lambda: consume(recursive.value), None, recursive.place, LoopBounds())
        return
    passes = _Passes(interpreter, SourcePlace(generator.scope.module, generator.node), consume)
    if not is_unused or not passes.run_in_turn(generator):
        interpret_loop(interpreter, lambda: passes.run_any(generator), None, passes.place, LoopBounds())


class _Passes(Struct):
    """The passes of a loop over an inlined generator expression."""

    interpreter: Interpreter
    place: SourcePlace
    """The location of the generator expression."""
    consume: Callable[[Value], None]
    """The function that interprets the body of the loop with an element."""
    breaks: bool = False
    """Whether a pass may end the loop."""

    def run_in_turn(self, generator: GeneratorExpression) -> bool:
        """Run a pass with each element in turn, and return True.

        If a pass may end the loop or changes the iterable, roll the passes back and return False.
        """
        interpreter, source = self.interpreter, iteration_source(generator.first)
        checkpoint, position = interpreter.store.checkpoint(), interpreter.tracer.position
        return_count, is_reachable = len(interpreter.frame.returns), interpreter.is_reachable
        block = interpreter.block_of(lambda: self._run_each(generator))
        if not self.breaks and not source.is_changed():
            interpreter.operations.extend(block.operations)
            return True
        interpreter.store.rollback(checkpoint)
        interpreter.tracer.restore(position)
        interpreter.is_reachable = is_reachable
        del interpreter.frame.returns[return_count:]
        return False

    def _run_each(self, generator: GeneratorExpression) -> None:
        from stepgraph.interpreter.objects.containers.recursive_iterators import evaluating, suspended

        interpreter, outer_scope = self.interpreter, self.interpreter.frame.scope

        def add(*, many: bool) -> None:
            del many
            value = interpreter.evaluate(generator.node.elt)
            opened.elements.append(value)
            with interpreter.in_scope(outer_scope), suspended(interpreter, opened):
                self._run_pass(value)

        with evaluating(interpreter, generator) as opened:
            run_comprehension(interpreter, generator.node.for_in, generator.scope, add, generator.first)

    def run_any(self, generator: GeneratorExpression) -> None:
        """Run one pass with the union of all elements."""
        interpreter = self.interpreter
        with interpreter.store.logged(interpreter.store.serial) as log:
            elements = _take_any(interpreter, generator, "list")
        _report_effects(interpreter, generator, log)
        self.consume(loop_variable_value(self.interpreter, elements, self.place.text, self.place))

    def _run_pass(self, value: Value) -> None:
        """Run a pass as a scope that ends at a `continue`."""
        interpreter, last_task_id = self.interpreter, self.interpreter.work.last_task_id
        state = LoopState(interpreter.store.checkpoint())
        with interpreter.frame.in_loop(state):
            block = interpreter.block_of(lambda: self.consume(value))
        if block.operations:
            interpreter.emit(Scope(block, self.place, is_iteration=True))
        if state.jump_states:
            apply(interpreter.store, join_any(interpreter.store, state.jump_states, self.place, last_task_id))
            interpreter.is_reachable = True
        self.breaks = self.breaks or state.breaks
