"""`if` and `match`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.frame import PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.values import UNKNOWN, Collection, Event, Instance, Payload, Unresolved, Value
from stepgraph.interpreter.python.boolean import decided
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.python.subscripts import element_at, part_of
from stepgraph.interpreter.replay.taint import record_test
from stepgraph.ir.nodes import Block
from stepgraph.syntax.bindings import pattern_names
from stepgraph.syntax.module import Place


def execute_if(interpreter: Interpreter, node: cst.If) -> None:
    """An `if` with its `elif`s: one choice, but an `elif` with steps in its test is nested in the `else`."""
    decision = decided(interpreter, node.test)
    if decision is not None:
        _decided(interpreter, node, taken=decision)
        return
    record_test(interpreter, interpreter.evaluate(node.test), interpreter.place(node.test), interpreter.place(node))
    _choice(interpreter, node)


def _decided(interpreter: Interpreter, node: cst.If, *, taken: bool) -> None:
    if taken:
        interpreter.execute(node.body)
    elif isinstance(node.orelse, cst.If):
        execute_if(interpreter, node.orelse)
    elif node.orelse is not None:
        interpreter.execute(node.orelse.body)


def _choice(interpreter: Interpreter, node: cst.If) -> None:
    """Read the branches of an `if` whose first test is evaluated already."""
    ways: list[tuple[str | None, PathResult]] = []
    clause: cst.If | cst.Else | None = node
    while isinstance(clause, cst.If):
        if clause is not node:
            decision = decided(interpreter, clause.test)
            if decision is False:
                clause = clause.orelse
                continue
            if decision is True:
                clause = cst.Else(clause.body)
                break
            nested = _elif(interpreter, clause, interpreter.place(node), len(ways))
            if nested is not None:
                ways.append((None, nested))
                break
        condition = interpreter.text(clause.test)
        body = clause.body
        test = clause.test

        def read(body: cst.BaseSuite = body, test: cst.BaseExpression = test) -> None:
            with narrowed(interpreter, test, holds=True):
                interpreter.execute(body)

        ways.append((condition, interpreter.branch(read, condition)))
        clause = clause.orelse
    if isinstance(clause, cst.Else):
        last = clause.body

        def read_last() -> None:
            with narrowed(interpreter, node.test, holds=False):
                interpreter.execute(last)

        ways.append((None, interpreter.branch(read_last)))
    interpreter.take_one(ways, None, interpreter.place(node))


def _elif(interpreter: Interpreter, clause: cst.If, place: Place, branch: int) -> PathResult | None:
    """Evaluate the test of an `elif`, for a `branch` of a choice; return the whole rest as one if that has steps."""
    test: list[Value] = []
    tested = interpreter.block_of(lambda: test.append(interpreter.evaluate(clause.test)))
    if not tested.operations:
        record_test(interpreter, test[0], interpreter.place(clause.test), place, branch)
        return None
    record_test(interpreter, test[0], interpreter.place(clause.test), interpreter.place(clause))

    def rest() -> None:
        interpreter.operations.extend(tested.operations)
        _choice(interpreter, clause)

    return interpreter.branch(rest)


def execute_match(interpreter: Interpreter, node: cst.Match) -> None:
    """A `match` is a switch; a guard with steps runs before it, if its pattern fits."""
    subject = interpreter.evaluate(node.subject)
    record_test(interpreter, subject, interpreter.place(node.subject), interpreter.place(node))
    if isinstance(subject, Event | Payload) and not all(_fits_mapping(case.pattern) for case in node.cases):
        subject = UNKNOWN  # what is compared with other values too is not known to be a mapping
    ways: list[tuple[str | None, PathResult]] = []
    for case in node.cases:
        condition = _condition(interpreter, case)

        def read(case: cst.MatchCase = case) -> None:
            _capture(interpreter, case.pattern, subject)
            interpreter.execute(case.body)

        _guard(interpreter, case, subject)
        ways.append((condition, interpreter.branch(read, condition)))
        if condition is None:
            break
    interpreter.take_one(ways, interpreter.text(node.subject), interpreter.place(node))


def _condition(interpreter: Interpreter, case: cst.MatchCase) -> str | None:
    pattern = interpreter.text(case.pattern)
    if case.guard is not None:
        return f"{pattern} if {interpreter.text(case.guard)}"
    return None if pattern == "_" else pattern


def _guard(interpreter: Interpreter, case: cst.MatchCase, subject: Value) -> None:
    if case.guard is None:
        return
    guard = case.guard

    def read() -> None:
        _capture(interpreter, case.pattern, subject)
        interpreter.evaluate(guard)

    block: Block = interpreter.block_of(read)
    interpreter.emit_choice([(interpreter.text(case.pattern), block)], None, interpreter.place(case))


def _capture(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind what a pattern captures; a mapping pattern reads the keys it names."""
    rest = Unresolved("it is a part that a pattern takes", interpreter.place(pattern)) if subject.relevant else UNKNOWN
    if isinstance(subject, Event | Payload):
        rest = UNKNOWN
    for name in pattern_names(pattern):
        bind(interpreter, name, rest)
    _read_parts(interpreter, pattern, subject)


def _fits_mapping(pattern: cst.MatchPattern) -> bool:
    match pattern:
        case cst.MatchMapping():
            return True
        case cst.MatchAs(pattern=inner):
            return inner is None or _fits_mapping(inner)
        case cst.MatchOr(patterns=union):
            return all(_fits_mapping(alternative.pattern) for alternative in union)
        case cst.MatchClass(cls=cst.Name(value="dict")):
            return True
        case _:
            return False


def _read_parts(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names in a pattern whose parts of the subject are known."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if isinstance(inner, cst.MatchPattern):
                _read_parts(interpreter, inner, subject)
            if isinstance(name, cst.Name):
                bind(interpreter, name.value, subject if subject.relevant else UNKNOWN)
        case cst.MatchOr(patterns=union):
            for alternative in union:
                _read_parts(interpreter, alternative.pattern, subject)
        case cst.MatchMapping(elements=elements):
            for element in elements:
                key, place = interpreter.evaluate(element.key), interpreter.place(element.key)
                of_event = isinstance(subject, Event | Payload)
                part = part_of(subject, key) if of_event else element_at(subject, key, place, place)
                _read_parts(interpreter, element.pattern, part)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns) if isinstance(subject, Collection):
            if subject.has_known_order and len(subject.items) == len(patterns) and not _is_starred(patterns):
                for taken, item in zip(patterns, subject.items, strict=True):
                    if isinstance(taken, cst.MatchSequenceElement):
                        _read_parts(interpreter, taken.value, item.value)
        case cst.MatchClass(kwds=keywords) if isinstance(subject, Instance):
            for keyword in keywords:
                place = interpreter.place(keyword.pattern)
                _read_parts(interpreter, keyword.pattern, interpreter.attribute(subject, keyword.key.value, place))


def _is_starred(patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar]) -> bool:
    return any(isinstance(pattern, cst.MatchStar) for pattern in patterns)
