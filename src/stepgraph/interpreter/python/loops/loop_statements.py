"""Execution of `for` and `while` statements."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.frame import LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.iteration import materialize_generator
from stepgraph.interpreter.objects.containers.iterators import (
    IterationSource,
    elements_at_pass,
    is_certainly_empty,
    iteration_source,
)
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.special_methods import advance, iterator_of
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.boolean import negate, static_truth
from stepgraph.interpreter.python.generator_expressions import for_each_element
from stepgraph.interpreter.python.loops.generators import inline_generator
from stepgraph.interpreter.python.loops.interpretation import (
    LoopBounds,
    can_share_loop,
    interpret_loop,
    items_to_unroll,
    join_continues,
    loop_bounds,
    loop_variable_value,
    may_build_dependencies,
    with_one_empty_case,
)
from stepgraph.interpreter.python.loops.loop_keys import (
    iterates_known_constants,
    looks_up_members,
    loop_keys,
    pass_constants,
    stores_under_variable,
    with_numbers,
)
from stepgraph.interpreter.python.loops.wait_loops import wait_loop
from stepgraph.interpreter.python.narrowing import narrow
from stepgraph.interpreter.values.calls import GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.nodes import Choice, ChoiceBranch, Jump, JumpKind, OperationBlock, Scope, Suspension
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.syntax.bindings import dotted_names, target_names
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import expressions_below, statements, statements_below, suites


def execute_for(interpreter: Interpreter, node: cst.For) -> None:
    """Execute a `for`: inline a generator, unroll a loop over steps or functions, or else emit a loop."""
    with interpreter.tracer.iterable(node):
        iterable = interpreter.evaluate(node.iter)
    interpreter.tracer.on_test(iterable, interpreter.place(node.iter), interpreter.place(node))
    place, is_async = interpreter.place(node.iter), node.asynchronous is not None
    if is_async and not interpreter.frame.is_async:
        from stepgraph.interpreter.modules.unloadable_imports import observe_misplaced_await

        observe_misplaced_await(interpreter, node, "async for")
    _run_over(interpreter, node, iterator_of(interpreter, iterable, place, is_async=is_async))


def _run_over(interpreter: Interpreter, node: cst.For, iterable: Value) -> Value:
    if isinstance(iterable, Union) and not can_share_loop(iterable):
        iterable = with_one_empty_case(interpreter, iterable)
        return interpreter.apply_to_cases(iterable, lambda value: _run_over(interpreter, node, value))
    if isinstance(iterable, GeneratorExpression):
        for_each_element(interpreter, iterable, lambda value: _run_pass(interpreter, node, value))
        if node.orelse is not None and interpreter.is_reachable:
            _execute_else(interpreter, node, node.orelse.body)
        return UNKNOWN
    if isinstance(iterable, GeneratorCall) and inline_generator(
        interpreter, iterable, lambda value: _run_pass(interpreter, node, value), interpreter.place(node)
    ):
        if node.orelse is not None and interpreter.is_reachable:
            _execute_else(interpreter, node, node.orelse.body)
        return UNKNOWN
    source = iteration_source(iterable)
    elements = materialize_generator(interpreter, iterable)
    if is_certainly_empty(interpreter, elements):
        if node.orelse is not None:
            interpreter.execute(node.orelse.body)
        return UNKNOWN
    declares = may_build_dependencies(interpreter, node)
    nests_objects = interpreter.is_import_time or interpreter.module.once_for_code(node, _wraps_variable)
    unrolls_objects = nests_objects and _is_short(interpreter, node, elements)
    has_keys = unrolls_objects and interpreter.is_import_time and stores_under_variable(node)
    needs_constants = declares or has_keys or looks_up_members(interpreter, node)
    elements = with_numbers(interpreter, elements, interpreter.place(node.iter)) if needs_constants else elements
    is_known = needs_constants and iterates_known_constants(interpreter, node.iter)
    items = items_to_unroll(elements, constants=needs_constants, is_known=is_known, objects=unrolls_objects)
    items = items if interpreter.frame.inlined is None else None
    if (
        items is not None
        and not _has_break(node.body)
        and (declares or _has_any_name(node.body, frozenset(target_names(node.target))))
        and _unroll(interpreter, node, source, items)
    ):
        return UNKNOWN
    _execute_loop(interpreter, node, iterable, source, elements)
    return UNKNOWN


def _is_short(interpreter: Interpreter, node: cst.For, elements: Value) -> bool:
    """Return whether a loop has few passes without inner loops, so that all can be interpreted for its objects."""
    is_few = isinstance(elements, Collection) and len(elements.items) <= _MAX_PASSES_OVER_OBJECTS
    return is_few and not interpreter.module.once_for_code(node, _has_inner_loop)


_MAX_PASSES_OVER_OBJECTS: Final = 32


def _wraps_variable(node: cst.For) -> bool:
    """Return whether each pass wraps a value with the loop variable, as in `handler = middleware(handler)`."""
    targets = frozenset(target_names(node.target))
    for statement in statements_below(node.body):
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(name))], value=cst.Call() as call):
                names = {
                    each.value for each in expressions_below(call, into_lambdas=True) if isinstance(each, cst.Name)
                }
                if name in names and not names.isdisjoint(targets):
                    return True
    return False


def _has_inner_loop(node: cst.For) -> bool:
    return any(isinstance(each, cst.For | cst.While) for each in statements_below(node.body))


def _execute_else(interpreter: Interpreter, node: cst.For, orelse: cst.BaseSuite) -> None:
    """Execute the `else` of a loop over an inlined generator, which a `break` of the loop skips."""
    if not _has_break(node.body):
        interpreter.execute(orelse)
        return
    path = interpreter.branch(lambda: interpreter.execute(orelse), NO_BREAK)
    interpreter.join_branches([(NO_BREAK, path)], None, interpreter.place(node))


def _has_any_name(body: cst.BaseSuite, names: frozenset[str]) -> bool:
    return any(
        isinstance(node, cst.Name) and node.value in names
        for statement in statements_below(body, into_functions=True)
        for node in expressions_below(statement, into_lambdas=True)
    )


def _execute_loop(
    interpreter: Interpreter, node: cst.For, iterable: Value, source: IterationSource, elements: Value
) -> None:
    """Execute a loop to its fixpoint. `elements` are the elements of the iterable before the loop."""
    place = interpreter.place(node)
    interpreter.tracer.on_iteration(node.target, elements)
    is_async = node.asynchronous is not None and not isinstance(iterable, GeneratorCall | ProjectObject)
    suspension = Suspension.MAYBE if is_async else Suspension.NEVER

    def body() -> None:
        interpreter.record_suspension(suspension)
        present = elements_at_pass(interpreter, iterable, elements) if source.is_changed() else elements
        current = advance(interpreter, present, place)
        discriminant = interpreter.text(node.target)
        _run_pass(
            interpreter,
            node,
            loop_variable_value(interpreter, present, discriminant, place) if current is None else current,
        )

    orelse = None if node.orelse is None else node.orelse.body
    execute_orelse = None if orelse is None else lambda: interpreter.execute(orelse)
    with interpreter.frame.with_loop_keys(loop_keys(interpreter, node, elements)):
        interpret_loop(interpreter, body, execute_orelse, place, loop_bounds(elements, interpreter.place(node.iter)))
    interpreter.record_suspension(suspension)


def _unroll(interpreter: Interpreter, node: cst.For, source: IterationSource, items: tuple[Element, ...]) -> bool:
    """Unroll a loop and return whether the result is exact. The result is not exact if the body changes the iterable.

    If the result is not exact, the passes are rolled back.
    """
    checkpoint, return_count = interpreter.store.checkpoint(), len(interpreter.frame.return_states)
    with interpreter.collect_operations() as operations:
        for item in items:
            if not interpreter.is_reachable:
                break
            _unroll_pass(interpreter, node, item)
            if source.is_changed():
                interpreter.store.rollback(checkpoint)
                del interpreter.frame.return_states[return_count:]
                interpreter.is_reachable = True
                return False
    interpreter.operations += operations
    if node.orelse is not None and interpreter.is_reachable:
        interpreter.execute(node.orelse.body)
    return True


def _run_pass(interpreter: Interpreter, node: cst.For, value: Value) -> None:
    assign(interpreter, node.target, value)
    interpreter.execute(node.body)


def _unroll_pass(interpreter: Interpreter, node: cst.For, item: Element) -> None:
    """Execute one pass of an unrolled loop as a scope that ends at a `continue`."""
    last_task_id = interpreter.work.last_task_id
    loop_state = LoopState(interpreter.store.checkpoint())
    with interpreter.frame.in_loop(loop_state, pass_constants(interpreter, node, item.value)):
        block = interpreter.block_of(lambda: _run_pass(interpreter, node, item.value))
    place = interpreter.place(node)
    if block.operations:
        interpreter.emit(Scope(block, place, is_iteration=True))
    join_continues(interpreter, loop_state, place, last_task_id)


def _has_break(body: cst.BaseSuite) -> bool:
    """Return whether a body has a `break` that leaves its loop."""
    for statement in statements(body):
        if isinstance(statement, cst.Break):
            return True
        if isinstance(statement, cst.For | cst.While):
            if statement.orelse is not None and _has_break(statement.orelse.body):
                return True
        elif not isinstance(statement, cst.FunctionDef | cst.ClassDef) and any(map(_has_break, suites(statement))):
            return True
    return False


def execute_while(interpreter: Interpreter, node: cst.While) -> None:
    """Execute a `while`. Steps in the test run at the start of each pass, and the loop ends when the test fails."""
    truth = static_truth(interpreter, node.test)
    orelse = None if node.orelse is None else node.orelse.body
    if truth is False:
        if orelse is not None:
            interpreter.execute(orelse)
        return

    drained = None if truth is not None else _drained_collection(interpreter, node.test)
    waited = None if truth is not None else wait_loop(interpreter, node)

    def finish() -> None:
        if waited is not None:
            await_value(interpreter, waited.tasks, interpreter.place(node.test))
        if orelse is not None:
            interpreter.execute(orelse)

    def body() -> None:
        if truth is None:
            _emit_test(interpreter, node.test, interpreter.place(node))
        frame = interpreter.frame
        outer_drained, frame.drained_collection = frame.drained_collection, drained
        outer_wait, frame.repeated_wait = frame.repeated_wait, None if waited is None else waited.call
        with narrow(interpreter, node.test, holds=True):
            interpreter.execute(node.body)
        frame.drained_collection, frame.repeated_wait = outer_drained, outer_wait

    interpret_loop(
        interpreter,
        body,
        None if orelse is None and waited is None else finish,
        interpreter.place(node),
        LoopBounds(infinite=truth is True),
    )


def _drained_collection(interpreter: Interpreter, test: cst.BaseExpression) -> HeapCell | None:
    """Return the heap cell of the collection that a loop such as `while tasks:` drains. Return None for other tests."""
    match test:
        case cst.Comparison(
            left=cst.Call() as call,
            comparisons=[cst.ComparisonTarget(operator=cst.GreaterThan(), comparator=cst.Integer(value="0"))],
        ):
            test = call
    match test:
        case cst.Call(func=cst.Name(value="len"), args=[cst.Arg(value=operand, star="")]) if look_up(
            interpreter, "len"
        ) == External("builtins.len"):
            test = operand
    if not dotted_names(test):
        return None
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(test)))
    value = as_collection(interpreter, values[-1], "__bool__", "__len__")
    return value.state if isinstance(value, Collection) else None


def _emit_test(interpreter: Interpreter, test: cst.BaseExpression, loop: SourcePlace) -> None:
    interpreter.tracer.on_test(interpreter.evaluate(test), interpreter.place(test), loop)
    loop_state = interpreter.frame.loop
    if loop_state is not None:
        loop_state.test_states.append(interpreter.store.changes(loop_state.checkpoint))
    if not interpreter.operations:
        return
    place = interpreter.place(test)
    exit_block = OperationBlock((Jump(JumpKind.FINISHED, place),))
    interpreter.emit(Choice((ChoiceBranch(negate(interpreter.text(test), test), exit_block),), place))
