"""`for` and `while`."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.frame import LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import leaves
from stepgraph.interpreter.library.logging_ import only_reports
from stepgraph.interpreter.objects.iteration import materialized
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.special_methods import advance, iterated
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Collection,
    Constant,
    Element,
    GeneratorCall,
    GeneratorExpression,
    HeapCell,
    Instance,
    Union,
    Value,
)
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.boolean import decided, negated
from stepgraph.interpreter.python.comprehensions import each_of
from stepgraph.interpreter.python.generators import inlined
from stepgraph.interpreter.python.loops import Extent, element, extent_over, run_loop, unrolled
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.replay.taint import record_test
from stepgraph.interpreter.store import apply, join_any
from stepgraph.ir.nodes import Block, Branch, Choice, Jump, JumpKind, Scope
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import expressions_below, statements, statements_below, suites


def execute_for(interpreter: Interpreter, node: cst.For) -> None:
    """A `for`: over known steps or functions, one after another; else a loop."""
    reporting, interpreter.replay.reporting = (
        interpreter.replay.reporting,
        interpreter.replay.reporting or only_reports(node.body),
    )
    iterable = interpreter.evaluate(node.iter)
    interpreter.replay.reporting = reporting
    record_test(interpreter, iterable, interpreter.place(node.iter), interpreter.place(node))
    _over(interpreter, node, iterated(interpreter, iterable, interpreter.place(node.iter)))


def _over(interpreter: Interpreter, node: cst.For, iterable: Value) -> Value:
    if isinstance(iterable, Union) and not _is_one_loop(iterable):
        return interpreter.choose(iterable, lambda chosen: _over(interpreter, node, chosen))
    if isinstance(iterable, GeneratorExpression) and iterable.scope is interpreter.frame.scope and node.orelse is None:
        each_of(interpreter, iterable, lambda value: _one_pass(interpreter, node, value))
        return UNKNOWN
    has_else = node.orelse is not None and _breaks(node.body)
    if (
        isinstance(iterable, GeneratorCall)
        and not has_else
        and inlined(
            interpreter,
            iterable,
            lambda value: _one_pass(interpreter, node, value),
            interpreter.place(node),
            broken=_breaks(node.body) or (interpreter.frame.inlined is not None and _returns(node.body)),
        )
    ):
        if node.orelse is not None and interpreter.live:
            interpreter.execute(node.orelse.body)
        return UNKNOWN
    iterable = materialized(interpreter, iterable)
    items = unrolled(iterable, constants=_names_attributes(node)) if interpreter.frame.inlined is None else None
    if items is not None and not _breaks(node.body) and _mentions(node.body, frozenset(target_names(node.target))):
        _unroll(interpreter, node, items)
    else:
        _loop(interpreter, node, iterable)
    return UNKNOWN


def _names_attributes(node: cst.For) -> bool:
    """Whether the variable of a loop is the name in a `getattr` in its body."""
    names = frozenset(target_names(node.target))
    return any(
        isinstance(call, cst.Call)
        and isinstance(call.func, cst.Name)
        and call.func.value == "getattr"
        and any(isinstance(argument.value, cst.Name) and argument.value.value in names for argument in call.args[1:2])
        for statement in statements_below(node.body)
        for call in expressions_below(statement)
    )


def _is_one_loop(iterable: Union) -> bool:
    """Whether what is iterated over, whichever it is, runs no code for its elements, and holds none to write out."""
    values = leaves(iterable)
    return not any(
        isinstance(value, GeneratorCall | Instance | GeneratorExpression) or unrolled(value) for value in values
    )


def _mentions(body: cst.BaseSuite, names: frozenset[str]) -> bool:
    return any(
        isinstance(node, cst.Name) and node.value in names
        for statement in statements_below(body, into_functions=True)
        for node in expressions_below(statement, into_lambdas=True)
    )


def _loop(interpreter: Interpreter, node: cst.For, iterable: Value) -> None:
    place = interpreter.place(node)

    def body() -> None:
        found = advance(interpreter, iterable, place)
        text = interpreter.text(node.target)
        _one_pass(interpreter, node, element(interpreter, iterable, text, place) if found is None else found)

    orelse = None if node.orelse is None else node.orelse.body
    rest = None if orelse is None else lambda: interpreter.execute(orelse)
    run_loop(interpreter, body, rest, place, extent_over(iterable, interpreter.place(node.iter)))


def _unroll(interpreter: Interpreter, node: cst.For, items: tuple[Element, ...]) -> None:
    for item in items:
        if not interpreter.live:
            return
        _written_out(interpreter, node, item)
    if node.orelse is not None and interpreter.live:
        interpreter.execute(node.orelse.body)


def _one_pass(interpreter: Interpreter, node: cst.For, value: Value) -> None:
    assign(interpreter, node.target, value)
    interpreter.execute(node.body)


def _written_out(interpreter: Interpreter, node: cst.For, item: Element) -> None:
    """One pass of a loop that is written out: a `continue` leaves it, and the next one follows."""
    outer, since = interpreter.frame.loop, interpreter.work.task_ids
    state = interpreter.frame.loop = LoopState(interpreter.store.checkpoint())
    names = interpreter.frame.attribute_names
    if isinstance(item.value, Constant) and isinstance(node.target, cst.Name):
        interpreter.frame.attribute_names = {**names, node.target.value: item.value}
    block = interpreter.block_of(lambda: _one_pass(interpreter, node, item.value))
    interpreter.frame.loop, interpreter.frame.attribute_names = outer, names
    place = interpreter.place(node)
    if block.operations:
        interpreter.emit(Scope(block, place, is_pass=True))
    if state.leaves:
        apply(interpreter.store, join_any(interpreter.store, state.leaves, place, since))
        interpreter.live = True


def _breaks(body: cst.BaseSuite) -> bool:
    """Whether a body has a `break` of its own loop."""
    for statement in statements(body):
        if isinstance(statement, cst.Break):
            return True
        if isinstance(statement, cst.For | cst.While):
            if statement.orelse is not None and _breaks(statement.orelse.body):
                return True
        elif not isinstance(statement, cst.FunctionDef | cst.ClassDef) and any(map(_breaks, suites(statement))):
            return True
    return False


def _returns(body: cst.BaseSuite) -> bool:
    return any(isinstance(statement, cst.Return) for statement in statements_below(body))


def execute_while(interpreter: Interpreter, node: cst.While) -> None:
    """A `while`: steps in its test come first in the loop, which then ends if the test fails."""
    decision = decided(interpreter, node.test)
    orelse = None if node.orelse is None else node.orelse.body
    if decision is False:
        if orelse is not None:
            interpreter.execute(orelse)
        return

    emptied = None if decision is not None else _emptied(interpreter, node.test)

    def body() -> None:
        if decision is None:
            _test(interpreter, node.test, interpreter.place(node))
        outer, interpreter.frame.drained = interpreter.frame.drained, emptied
        with narrowed(interpreter, node.test, holds=True):
            interpreter.execute(node.body)
        interpreter.frame.drained = outer

    run_loop(
        interpreter,
        body,
        None if orelse is None else lambda: interpreter.execute(orelse),
        interpreter.place(node),
        Extent(infinite=decision is True),
    )


def _emptied(interpreter: Interpreter, test: cst.BaseExpression) -> HeapCell | None:
    """Return the state of the collection that `while tasks:` goes on with until it is empty, if it is such a loop."""
    value = look_up(interpreter, test.value) if isinstance(test, cst.Name) else UNKNOWN
    return value.state if isinstance(value, Collection) else None


def _test(interpreter: Interpreter, test: cst.BaseExpression, loop: Place) -> None:
    record_test(interpreter, interpreter.evaluate(test), interpreter.place(test), loop)
    if not interpreter.operations:
        return
    place = interpreter.place(test)
    leave = Block((Jump(JumpKind.FINISHED, place),))
    interpreter.emit(Choice((Branch(negated(interpreter.text(test), test), leave),), place))
