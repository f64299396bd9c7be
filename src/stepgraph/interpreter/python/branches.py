"""Execution of `if` and `match` statements."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.frame import PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import is_relevant
from stepgraph.interpreter.path_joins import apply, join_any
from stepgraph.interpreter.python.boolean import decided_truth
from stepgraph.interpreter.python.loops.pass_tests import cases_in_pass
from stepgraph.interpreter.python.narrowing import (
    absent_tasks,
    narrow,
    narrow_after,
    narrow_to_instances,
    record_absent_tasks,
)
from stepgraph.interpreter.python.parameter_tests import record_cases, record_tests
from stepgraph.interpreter.python.patterns import (
    bind_captures,
    classes_of,
    is_irrefutable,
    is_wildcard,
    may_match_mapping,
)
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.ir.await_groups import AwaitedTask
from stepgraph.ir.nodes import EMPTY_BLOCK
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace


def execute_if(interpreter: Interpreter, node: cst.If) -> None:
    """Execute an `if` and its `elif` clauses as one choice.

    An `elif` whose test may affect steps is nested in an `else`.
    """
    truth = decided_truth(interpreter, node)
    if truth is not None:
        _execute_static_branch(interpreter, node, is_true=truth)
        return
    with interpreter.tracer.test(node):
        test = interpreter.evaluate(node.test)
    interpreter.tracer.on_test(test, interpreter.place(node.test), interpreter.place(node))
    _execute_clauses(interpreter, node, test)


def _execute_static_branch(interpreter: Interpreter, node: cst.If, *, is_true: bool) -> None:
    if is_true:
        interpreter.execute(node.body)
    elif isinstance(node.orelse, cst.If):
        execute_if(interpreter, node.orelse)
    elif node.orelse is not None:
        interpreter.execute(node.orelse.body)


def _execute_clauses(interpreter: Interpreter, node: cst.If, first_test: Value) -> None:
    """Execute the clauses of an `if` whose first test has already been evaluated."""
    tests, clauses = [first_test], list[cst.BaseExpression]()
    start = interpreter.tracer.mark()
    paths: list[tuple[str | None, PathResult]] = []
    absent: list[tuple[AwaitedTask, ...]] = []
    absent_after_tests: tuple[AwaitedTask, ...] = ()
    clause: cst.If | cst.Else | None = node
    while isinstance(clause, cst.If):
        if clause is not node:
            truth = decided_truth(interpreter, clause)
            if truth is False:
                clause = clause.orelse
                continue
            if truth is True:
                clause = cst.Else(clause.body)
                break
            nested_path = _evaluate_elif(interpreter, clause, interpreter.place(node), len(paths), tests)
            if nested_path is not None:
                paths.append((None, nested_path))
                break
        test, condition = clause.test, interpreter.text(clause.test)
        clauses.append(test)
        absent.append((*absent_after_tests, *absent_tasks(interpreter, test, holds=True)))
        absent_after_tests += absent_tasks(interpreter, test, holds=False)
        paths.append((condition, _branch_if(interpreter, test, clause.body, condition)))
        clause = clause.orelse
    if isinstance(clause, cst.Else):
        paths.append((None, _branch_if(interpreter, node.test, clause.body, None)))
    interpreter.join_branches(paths, None, interpreter.place(node))
    record_tests(interpreter, clauses, interpreter.place(node))
    record_absent_tasks(interpreter, [*absent, absent_after_tests], interpreter.place(node))
    ends = [path for _, path in paths]
    if paths[-1][0] is not None:
        ends.append(PathResult(EMPTY_BLOCK, {}, is_reachable=True))
    interpreter.tracer.on_selection(tests, ends, start)
    if node.orelse is None and not paths[0][1].is_reachable:
        narrow_after(interpreter, node.test)


def _branch_if(
    interpreter: Interpreter, test: cst.BaseExpression, body: cst.BaseSuite, condition: str | None
) -> PathResult:
    """Interpret the block of a clause with the names that its test narrows.

    Without a condition, the block is an `else`, on whose path the test of the `if` is false.
    """

    def execute() -> None:
        with narrow(interpreter, test, holds=condition is not None):
            interpreter.execute(body)

    return interpreter.branch(execute, condition)


def _evaluate_elif(
    interpreter: Interpreter, clause: cst.If, place: SourcePlace, branch: int, tests: list[Value]
) -> PathResult | None:
    """Evaluate the test of an `elif`, whose index in the choice is `branch`, and append its value to `tests`.

    If the test runs steps or writes relevant values, return the path through this and the later clauses. Return None
    for other tests, also if they write to an object of their own, such as an iterator.
    """
    results: list[Value] = []
    checkpoint, newest_serial = interpreter.store.checkpoint(), interpreter.store.serial
    test_block = interpreter.block_of(lambda: results.append(interpreter.evaluate(clause.test)))
    tests += results
    changes = interpreter.store.changes(checkpoint)
    writes = (change for change in changes.values() if change.container.serial <= newest_serial)
    if not test_block.operations and not any(is_relevant(change.value) for change in writes):
        interpreter.tracer.on_test(results[0], interpreter.place(clause.test), place, branch)
        return None
    interpreter.tracer.on_test(results[0], interpreter.place(clause.test), interpreter.place(clause))
    interpreter.store.rollback(checkpoint)

    def execute_rest() -> None:
        apply(interpreter.store, changes)
        interpreter.operations.extend(test_block.operations)
        _execute_clauses(interpreter, clause, results[0])

    return interpreter.branch(execute_rest)


def execute_match(interpreter: Interpreter, node: cst.Match) -> None:
    """Execute a `match` as a switch. A guard with steps is emitted before the switch, with its pattern as condition."""
    subject = interpreter.evaluate(node.subject)
    selected = cases_in_pass(interpreter, node) if interpreter.frame.pass_constants else None
    if selected is not None:
        for case in selected:
            bind_captures(interpreter, case.pattern, subject)
            interpreter.execute(case.body)
        return
    interpreter.tracer.on_test(subject, interpreter.place(node.subject), interpreter.place(node))
    if isinstance(subject, Event):
        _observe_event_keys(interpreter, node, subject)
    if isinstance(subject, Event | Payload) and not all(may_match_mapping(case.pattern) for case in node.cases):
        subject = UNKNOWN  # other types of patterns imply that the subject may not be a mapping
    paths: list[tuple[str | None, PathResult]] = []
    discriminant = interpreter.text(node.subject)
    is_exhaustive = False
    for case in node.cases:
        condition = _case_condition(interpreter, case)

        def execute_case(case: cst.MatchCase = case) -> None:
            bind_captures(interpreter, case.pattern, subject)
            with narrow_to_instances(interpreter, node.subject, classes_of(interpreter, case.pattern)):
                interpreter.execute(case.body)

        _emit_guard(interpreter, case, subject, is_first=not paths)
        paths.append((condition, interpreter.branch(execute_case, condition, discriminant=discriminant)))
        is_exhaustive = case.guard is None and is_irrefutable(case.pattern)
        if is_exhaustive:
            break
    place = interpreter.place(node)
    interpreter.join_branches(paths, discriminant, place, exhaustive=is_exhaustive)
    record_cases(interpreter, node, place)


def _observe_event_keys(interpreter: Interpreter, node: cst.Match, subject: Event) -> None:
    """Record the keys of the event that patterns require, unless a pattern also accepts the event as it is."""
    patterns = [case.pattern for case in node.cases if isinstance(case.pattern, cst.MatchMapping)]
    keys = [each.key for pattern in patterns for each in pattern.elements if isinstance(each.key, cst.SimpleString)]
    if any(string_of(key) == "payload" for key in keys):
        return
    for key in keys:
        value, owner = interpreter.evaluate(key), interpreter.place(node.subject)
        interpreter.tracer.on_event_key("match", subject, value, owner, interpreter.place(key))


def _case_condition(interpreter: Interpreter, case: cst.MatchCase) -> str | None:
    pattern = interpreter.text(case.pattern)
    if case.guard is not None:
        return f"{pattern} if {interpreter.text(case.guard)}"
    return None if is_wildcard(case.pattern) else pattern


def _emit_guard(interpreter: Interpreter, case: cst.MatchCase, subject: Value, *, is_first: bool) -> None:
    if case.guard is None:
        return
    guard = case.guard

    def evaluate_guard() -> None:
        bind_captures(interpreter, case.pattern, subject)
        interpreter.evaluate(guard)

    if is_first and is_irrefutable(case.pattern):
        evaluate_guard()
        return
    guarded = interpreter.branch(evaluate_guard)
    place = interpreter.place(case)
    interpreter.emit_choice([(interpreter.text(case.pattern), guarded.block)], None, place)
    # The guard is evaluated only if the pattern matches. If it is false, the following cases are tried.
    apply(interpreter.store, join_any(interpreter.store, [guarded.changes], place))
