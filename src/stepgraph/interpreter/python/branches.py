"""`if` and `match`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.frame import Outcome
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.values import UNKNOWN, Collection, Event, Instance, Payload, Unresolved, Value
from stepgraph.interpreter.python.boolean import decided
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.python.subscripts import element_at, part_of
from stepgraph.interpreter.replay.taint import steer
from stepgraph.ir.nodes import Block
from stepgraph.syntax.bindings import pattern_names
from stepgraph.syntax.module import Place


def execute_if(machine: Machine, node: cst.If) -> None:
    """An `if` with its `elif`s: one choice, but an `elif` with steps in its test is nested in the `else`."""
    decision = decided(machine, node.test)
    if decision is not None:
        _decided(machine, node, taken=decision)
        return
    steer(machine, machine.evaluate(node.test), machine.place(node.test), machine.place(node))
    _choice(machine, node)


def _decided(machine: Machine, node: cst.If, *, taken: bool) -> None:
    if taken:
        machine.execute(node.body)
    elif isinstance(node.orelse, cst.If):
        execute_if(machine, node.orelse)
    elif node.orelse is not None:
        machine.execute(node.orelse.body)


def _choice(machine: Machine, node: cst.If) -> None:
    """Read the branches of an `if` whose first test is evaluated already."""
    ways: list[tuple[str | None, Outcome]] = []
    clause: cst.If | cst.Else | None = node
    while isinstance(clause, cst.If):
        if clause is not node:
            decision = decided(machine, clause.test)
            if decision is False:
                clause = clause.orelse
                continue
            if decision is True:
                clause = cst.Else(clause.body)
                break
            nested = _elif(machine, clause, machine.place(node), len(ways))
            if nested is not None:
                ways.append((None, nested))
                break
        condition = machine.text(clause.test)
        body = clause.body
        test = clause.test

        def read(body: cst.BaseSuite = body, test: cst.BaseExpression = test) -> None:
            with narrowed(machine, test, holds=True):
                machine.execute(body)

        ways.append((condition, machine.branch(read, condition)))
        clause = clause.orelse
    if isinstance(clause, cst.Else):
        last = clause.body

        def read_last() -> None:
            with narrowed(machine, node.test, holds=False):
                machine.execute(last)

        ways.append((None, machine.branch(read_last)))
    machine.take_one(ways, None, machine.place(node))


def _elif(machine: Machine, clause: cst.If, place: Place, branch: int) -> Outcome | None:
    """Evaluate the test of an `elif`, for a `branch` of a choice; return the whole rest as one if that has steps."""
    test: list[Value] = []
    tested = machine.block_of(lambda: test.append(machine.evaluate(clause.test)))
    if not tested.operations:
        steer(machine, test[0], machine.place(clause.test), place, branch)
        return None
    steer(machine, test[0], machine.place(clause.test), machine.place(clause))

    def rest() -> None:
        machine.operations.extend(tested.operations)
        _choice(machine, clause)

    return machine.branch(rest)


def execute_match(machine: Machine, node: cst.Match) -> None:
    """A `match` is a switch; a guard with steps runs before it, if its pattern fits."""
    subject = machine.evaluate(node.subject)
    steer(machine, subject, machine.place(node.subject), machine.place(node))
    if isinstance(subject, Event | Payload) and not all(_fits_mapping(case.pattern) for case in node.cases):
        subject = UNKNOWN  # what is compared with other values too is not known to be a mapping
    ways: list[tuple[str | None, Outcome]] = []
    for case in node.cases:
        condition = _condition(machine, case)

        def read(case: cst.MatchCase = case) -> None:
            _capture(machine, case.pattern, subject)
            machine.execute(case.body)

        _guard(machine, case, subject)
        ways.append((condition, machine.branch(read, condition)))
        if condition is None:
            break
    machine.take_one(ways, machine.text(node.subject), machine.place(node))


def _condition(machine: Machine, case: cst.MatchCase) -> str | None:
    pattern = machine.text(case.pattern)
    if case.guard is not None:
        return f"{pattern} if {machine.text(case.guard)}"
    return None if pattern == "_" else pattern


def _guard(machine: Machine, case: cst.MatchCase, subject: Value) -> None:
    if case.guard is None:
        return
    guard = case.guard

    def read() -> None:
        _capture(machine, case.pattern, subject)
        machine.evaluate(guard)

    block: Block = machine.block_of(read)
    machine.emit_choice([(machine.text(case.pattern), block)], None, machine.place(case))


def _capture(machine: Machine, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind what a pattern captures; a mapping pattern reads the keys it names."""
    rest = Unresolved("it is a part that a pattern takes", machine.place(pattern)) if subject.relevant else UNKNOWN
    if isinstance(subject, Event | Payload):
        rest = UNKNOWN
    for name in pattern_names(pattern):
        bind(machine, name, rest)
    _read_parts(machine, pattern, subject)


def _fits_mapping(pattern: cst.MatchPattern) -> bool:
    match pattern:
        case cst.MatchMapping():
            return True
        case cst.MatchAs(pattern=inner):
            return inner is None or _fits_mapping(inner)
        case cst.MatchOr(patterns=alternatives):
            return all(_fits_mapping(alternative.pattern) for alternative in alternatives)
        case cst.MatchClass(cls=cst.Name(value="dict")):
            return True
        case _:
            return False


def _read_parts(machine: Machine, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names in a pattern whose parts of the subject are known."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if isinstance(inner, cst.MatchPattern):
                _read_parts(machine, inner, subject)
            if isinstance(name, cst.Name):
                bind(machine, name.value, subject if subject.relevant else UNKNOWN)
        case cst.MatchOr(patterns=alternatives):
            for alternative in alternatives:
                _read_parts(machine, alternative.pattern, subject)
        case cst.MatchMapping(elements=elements):
            for element in elements:
                key, place = machine.evaluate(element.key), machine.place(element.key)
                of_event = isinstance(subject, Event | Payload)
                part = part_of(subject, key) if of_event else element_at(subject, key, place, place)
                _read_parts(machine, element.pattern, part)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns) if isinstance(subject, Collection):
            if subject.has_known_order and len(subject.items) == len(patterns) and not _is_starred(patterns):
                for taken, item in zip(patterns, subject.items, strict=True):
                    if isinstance(taken, cst.MatchSequenceElement):
                        _read_parts(machine, taken.value, item.value)
        case cst.MatchClass(kwds=keywords) if isinstance(subject, Instance):
            for keyword in keywords:
                place = machine.place(keyword.pattern)
                _read_parts(machine, keyword.pattern, machine.attribute(subject, keyword.key.value, place))


def _is_starred(patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar]) -> bool:
    return any(isinstance(pattern, cst.MatchStar) for pattern in patterns)
