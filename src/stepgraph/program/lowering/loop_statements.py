"""`for` and `while`."""

from __future__ import annotations

import libcst as cst

from stepgraph.program.ir import Block, Branch, Call, Choice, Exit, ExitKind, Run
from stepgraph.program.lowering.conditions import decided, negated
from stepgraph.program.lowering.functions import read_function
from stepgraph.program.lowering.iteration import materialized
from stepgraph.program.lowering.loops import element, run_loop, unrolled
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.targets import assign
from stepgraph.program.values import GeneratorCall, Item, Value
from stepgraph.syntax.walk import statements, suites


def execute_for(machine: Machine, node: cst.For) -> None:
    """A `for`: over known steps or functions, one after another; else a loop."""
    iterable = materialized(machine, machine.evaluate(node.iter))
    items = unrolled(iterable)
    if items is not None and not _steers(node.body):
        _unroll(machine, node, items)
        return
    place = machine.place(node)

    def body() -> None:
        _advance(machine, iterable)
        assign(machine, node.target, element(iterable, machine.text(node.target), place))
        machine.execute(node.body)

    otherwise = None if node.orelse is None else node.orelse.body
    run_loop(machine, body, None if otherwise is None else lambda: machine.execute(otherwise), place, endless=False)


def _unroll(machine: Machine, node: cst.For, items: tuple[Item, ...]) -> None:
    for item in items:
        if not machine.live:
            return
        assign(machine, node.target, item.value)
        machine.execute(node.body)
    if node.orelse is not None and machine.live:
        machine.execute(node.orelse.body)


def _steers(body: cst.BaseSuite) -> bool:
    """Whether a body has a `break` or `continue` of its own loop."""
    for statement in statements(body):
        if isinstance(statement, cst.Break | cst.Continue):
            return True
        if isinstance(statement, cst.For | cst.While):
            if statement.orelse is not None and _steers(statement.orelse.body):
                return True
        elif not isinstance(statement, cst.FunctionDef | cst.ClassDef) and any(map(_steers, suites(statement))):
            return True
    return False


def _advance(machine: Machine, iterable: Value) -> None:
    """A generator of the project runs in between the passes of the loop: its steps are shown at each, and reported."""
    if not isinstance(iterable, GeneratorCall):
        return
    summary = read_function(machine, iterable.function, iterable.arguments)
    if not summary.function.works:
        return
    machine.emit(Run(Call(summary.function), iterable.place))
    machine.note(
        "generator",
        iterable.place,
        f"`{iterable.function.name}` is a generator with steps; it runs piece by piece, in between the loop's passes.",
        "The graph shows it as one call at each pass.",
    )


def execute_while(machine: Machine, node: cst.While) -> None:
    """A `while`: steps in its test come first in the loop, which then ends if the test fails."""
    decision = decided(machine, node.test)
    otherwise = None if node.orelse is None else node.orelse.body
    if decision is False:
        if otherwise is not None:
            machine.execute(otherwise)
        return

    def body() -> None:
        if decision is None:
            _test(machine, node.test)
        machine.execute(node.body)

    run_loop(
        machine,
        body,
        None if otherwise is None else lambda: machine.execute(otherwise),
        machine.place(node),
        endless=decision is True,
    )


def _test(machine: Machine, test: cst.BaseExpression) -> None:
    machine.evaluate(test)
    if not machine.operations:
        return
    place = machine.place(test)
    leave = Block((Exit(ExitKind.FINISHED, place),))
    machine.emit(Choice((Branch(negated(machine.text(test), test), leave),), place))
