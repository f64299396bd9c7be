"""`for` and `while`."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.frame import LoopState
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.library.logging_ import only_reports
from stepgraph.interpreter.objects.iteration import materialized
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.special_methods import advance, iterated
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Constant,
    GeneratorCall,
    Instance,
    Item,
    LazyItems,
    Slots,
    Value,
)
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.boolean import decided, negated
from stepgraph.interpreter.python.comprehensions import each_of
from stepgraph.interpreter.python.generators import inlined
from stepgraph.interpreter.python.loops import Extent, element, extent_over, run_loop, unrolled
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.replay.taint import steer
from stepgraph.interpreter.store import any_way, apply, leaves
from stepgraph.ir.nodes import Block, Branch, Choice, Exit, ExitKind, Scope
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import expressions_below, statements, statements_below, suites


def execute_for(machine: Machine, node: cst.For) -> None:
    """A `for`: over known steps or functions, one after another; else a loop."""
    reporting, machine.replay.reporting = machine.replay.reporting, machine.replay.reporting or only_reports(node.body)
    iterable = machine.evaluate(node.iter)
    machine.replay.reporting = reporting
    steer(machine, iterable, machine.place(node.iter), machine.place(node))
    _over(machine, node, iterated(machine, iterable, machine.place(node.iter)))


def _over(machine: Machine, node: cst.For, iterable: Value) -> Value:
    if isinstance(iterable, Alternatives) and not _is_one_loop(iterable):
        return machine.choose(iterable, lambda chosen: _over(machine, node, chosen))
    if isinstance(iterable, LazyItems) and iterable.scope is machine.frame.scope and node.orelse is None:
        each_of(machine, iterable, lambda value: _one_pass(machine, node, value))
        return UNKNOWN
    has_else = node.orelse is not None and _breaks(node.body)
    if (
        isinstance(iterable, GeneratorCall)
        and not has_else
        and inlined(
            machine,
            iterable,
            lambda value: _one_pass(machine, node, value),
            machine.place(node),
            broken=_breaks(node.body) or (machine.frame.inlined is not None and _returns(node.body)),
        )
    ):
        if node.orelse is not None and machine.live:
            machine.execute(node.orelse.body)
        return UNKNOWN
    iterable = materialized(machine, iterable)
    items = unrolled(iterable, constants=_names_attributes(node)) if machine.frame.inlined is None else None
    if items is not None and not _breaks(node.body) and _mentions(node.body, frozenset(target_names(node.target))):
        _unroll(machine, node, items)
    else:
        _loop(machine, node, iterable)
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


def _is_one_loop(iterable: Alternatives) -> bool:
    """Whether what is iterated over, whichever it is, runs no code for its elements, and holds none to write out."""
    values = leaves(iterable)
    return not any(isinstance(value, GeneratorCall | Instance | LazyItems) or unrolled(value) for value in values)


def _mentions(body: cst.BaseSuite, names: frozenset[str]) -> bool:
    return any(
        isinstance(node, cst.Name) and node.value in names
        for statement in statements_below(body, into_functions=True)
        for node in expressions_below(statement, into_lambdas=True)
    )


def _loop(machine: Machine, node: cst.For, iterable: Value) -> None:
    place = machine.place(node)

    def body() -> None:
        found = advance(machine, iterable, place)
        text = machine.text(node.target)
        _one_pass(machine, node, element(machine, iterable, text, place) if found is None else found)

    otherwise = None if node.orelse is None else node.orelse.body
    rest = None if otherwise is None else lambda: machine.execute(otherwise)
    run_loop(machine, body, rest, place, extent_over(iterable, machine.place(node.iter)))


def _unroll(machine: Machine, node: cst.For, items: tuple[Item, ...]) -> None:
    for item in items:
        if not machine.live:
            return
        _written_out(machine, node, item)
    if node.orelse is not None and machine.live:
        machine.execute(node.orelse.body)


def _one_pass(machine: Machine, node: cst.For, value: Value) -> None:
    assign(machine, node.target, value)
    machine.execute(node.body)


def _written_out(machine: Machine, node: cst.For, item: Item) -> None:
    """One pass of a loop that is written out: a `continue` leaves it, and the next one follows."""
    outer, since = machine.frame.loop, machine.work.handles
    state = machine.frame.loop = LoopState(machine.store.mark())
    names = machine.frame.attribute_names
    if isinstance(item.value, Constant) and isinstance(node.target, cst.Name):
        machine.frame.attribute_names = {**names, node.target.value: item.value}
    block = machine.block_of(lambda: _one_pass(machine, node, item.value))
    machine.frame.loop, machine.frame.attribute_names = outer, names
    place = machine.place(node)
    if block.operations:
        machine.emit(Scope(block, place, is_pass=True))
    if state.leaves:
        apply(machine.store, any_way(machine.store, state.leaves, place, since))
        machine.live = True


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


def execute_while(machine: Machine, node: cst.While) -> None:
    """A `while`: steps in its test come first in the loop, which then ends if the test fails."""
    decision = decided(machine, node.test)
    otherwise = None if node.orelse is None else node.orelse.body
    if decision is False:
        if otherwise is not None:
            machine.execute(otherwise)
        return

    emptied = None if decision is not None else _emptied(machine, node.test)

    def body() -> None:
        if decision is None:
            _test(machine, node.test, machine.place(node))
        outer, machine.frame.drained = machine.frame.drained, emptied
        with narrowed(machine, node.test, holds=True):
            machine.execute(node.body)
        machine.frame.drained = outer

    run_loop(
        machine,
        body,
        None if otherwise is None else lambda: machine.execute(otherwise),
        machine.place(node),
        Extent(endless=decision is True),
    )


def _emptied(machine: Machine, test: cst.BaseExpression) -> Slots | None:
    """Return the state of the collection that `while tasks:` goes on with until it is empty, if it is such a loop."""
    value = look_up(machine, test.value) if isinstance(test, cst.Name) else UNKNOWN
    return value.state if isinstance(value, Collection) else None


def _test(machine: Machine, test: cst.BaseExpression, loop: Place) -> None:
    steer(machine, machine.evaluate(test), machine.place(test), loop)
    if not machine.operations:
        return
    place = machine.place(test)
    leave = Block((Exit(ExitKind.FINISHED, place),))
    machine.emit(Choice((Branch(negated(machine.text(test), test), leave),), place))
