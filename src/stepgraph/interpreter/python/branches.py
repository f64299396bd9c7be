"""Execution of `if` and `match` statements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import libcst as cst

from stepgraph.interpreter.frame import PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import is_relevant, join_values, union_values
from stepgraph.interpreter.objects.classes import is_instance, resolution_order
from stepgraph.interpreter.objects.fields import positional_attributes
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.boolean import static_truth
from stepgraph.interpreter.python.narrowing import narrow, narrow_after, narrow_to_instances
from stepgraph.interpreter.python.subscripts import element_at, payload_member
from stepgraph.interpreter.store import apply, join_any
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import Instance
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.syntax.bindings import pattern_names
from stepgraph.syntax.module import Place


def execute_if(interpreter: Interpreter, node: cst.If) -> None:
    """Execute an `if` and its `elif` clauses as one choice. An `elif` with steps in its test is nested in an `else`."""
    truth = static_truth(interpreter, node.test)
    if truth is not None:
        _execute_static_branch(interpreter, node, is_true=truth)
        return
    interpreter.tracer.on_test(interpreter.evaluate(node.test), interpreter.place(node.test), interpreter.place(node))
    _execute_clauses(interpreter, node)


def _execute_static_branch(interpreter: Interpreter, node: cst.If, *, is_true: bool) -> None:
    if is_true:
        interpreter.execute(node.body)
    elif isinstance(node.orelse, cst.If):
        execute_if(interpreter, node.orelse)
    elif node.orelse is not None:
        interpreter.execute(node.orelse.body)


def _execute_clauses(interpreter: Interpreter, node: cst.If) -> None:
    """Execute the clauses of an `if` whose first test is already evaluated."""
    paths: list[tuple[str | None, PathResult]] = []
    clause: cst.If | cst.Else | None = node
    while isinstance(clause, cst.If):
        if clause is not node:
            truth = static_truth(interpreter, clause.test)
            if truth is False:
                clause = clause.orelse
                continue
            if truth is True:
                clause = cst.Else(clause.body)
                break
            nested_path = _evaluate_elif(interpreter, clause, interpreter.place(node), len(paths))
            if nested_path is not None:
                paths.append((None, nested_path))
                break
        condition = interpreter.text(clause.test)
        body = clause.body
        test = clause.test

        def execute_body(body: cst.BaseSuite = body, test: cst.BaseExpression = test) -> None:
            with narrow(interpreter, test, holds=True):
                interpreter.execute(body)

        paths.append((condition, interpreter.branch(execute_body, condition)))
        clause = clause.orelse
    if isinstance(clause, cst.Else):
        else_body = clause.body

        def execute_else() -> None:
            with narrow(interpreter, node.test, holds=False):
                interpreter.execute(else_body)

        paths.append((None, interpreter.branch(execute_else)))
    interpreter.join_branches(paths, None, interpreter.place(node))
    if node.orelse is None and not paths[0][1].is_reachable:
        narrow_after(interpreter, node.test)


def _evaluate_elif(interpreter: Interpreter, clause: cst.If, place: Place, branch: int) -> PathResult | None:
    """Evaluate the test of an `elif`, whose index in the choice is `branch`.

    Return the remaining clauses as one path if the test runs steps or writes values that can, else None.
    """
    results: list[Value] = []
    checkpoint = interpreter.store.checkpoint()
    test_block = interpreter.block_of(lambda: results.append(interpreter.evaluate(clause.test)))
    changes = interpreter.store.changes(checkpoint)
    if not test_block.operations and not any(is_relevant(change.value) for change in changes.values()):
        interpreter.tracer.on_test(results[0], interpreter.place(clause.test), place, branch)
        return None
    interpreter.tracer.on_test(results[0], interpreter.place(clause.test), interpreter.place(clause))
    interpreter.store.rollback(checkpoint)

    def execute_rest() -> None:
        apply(interpreter.store, changes)
        interpreter.operations.extend(test_block.operations)
        _execute_clauses(interpreter, clause)

    return interpreter.branch(execute_rest)


def execute_match(interpreter: Interpreter, node: cst.Match) -> None:
    """Execute a `match` as a switch. A guard with steps is emitted before it, under the condition of its pattern."""
    subject = interpreter.evaluate(node.subject)
    interpreter.tracer.on_test(subject, interpreter.place(node.subject), interpreter.place(node))
    if isinstance(subject, Event | Payload) and not all(_may_match_mapping(case.pattern) for case in node.cases):
        subject = UNKNOWN  # patterns of other types imply that the subject may not be a mapping
    paths: list[tuple[str | None, PathResult]] = []
    for case in node.cases:
        condition = _case_condition(interpreter, case)

        def execute_case(case: cst.MatchCase = case) -> None:
            _bind_captures(interpreter, case.pattern, subject)
            with narrow_to_instances(interpreter, node.subject, _classes_of(interpreter, case.pattern)):
                interpreter.execute(case.body)

        _emit_guard(interpreter, case, subject)
        paths.append((condition, interpreter.branch(execute_case, condition)))
        if condition is None:
            break
    interpreter.join_branches(paths, interpreter.text(node.subject), interpreter.place(node))


def _classes_of(interpreter: Interpreter, pattern: cst.MatchPattern) -> list[Value]:
    """Return the classes whose instances a pattern matches, empty if it matches other values too."""
    match pattern:
        case cst.MatchClass(cls=node):
            return [interpreter.evaluate(node)]
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _classes_of(interpreter, inner)
        case cst.MatchOr(patterns=alternatives):
            classes = [_classes_of(interpreter, alternative.pattern) for alternative in alternatives]
            return [value for values in classes for value in values] if all(classes) else []
        case _:
            return []


def _case_condition(interpreter: Interpreter, case: cst.MatchCase) -> str | None:
    pattern = interpreter.text(case.pattern)
    if case.guard is not None:
        return f"{pattern} if {interpreter.text(case.guard)}"
    return None if pattern == "_" else pattern


def _emit_guard(interpreter: Interpreter, case: cst.MatchCase, subject: Value) -> None:
    if case.guard is None:
        return
    guard = case.guard

    def evaluate_guard() -> None:
        _bind_captures(interpreter, case.pattern, subject)
        interpreter.evaluate(guard)

    guarded = interpreter.branch(evaluate_guard)
    place = interpreter.place(case)
    interpreter.emit_choice([(interpreter.text(case.pattern), guarded.block)], None, place)
    # The guard is evaluated only if the pattern matches, and other cases follow if it is false.
    apply(interpreter.store, join_any(interpreter.store, [guarded.changes], place))


def _bind_captures(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names that a pattern captures. A mapping pattern reads the keys that it names."""
    fallback = (
        Unresolved("it is a part that a pattern takes", interpreter.place(pattern)) if subject.relevant else UNKNOWN
    )
    if isinstance(subject, Event | Payload):
        fallback = UNKNOWN
    for name in pattern_names(pattern):
        bind(interpreter, name, fallback)
    _bind_parts(interpreter, pattern, subject)


def _may_match_mapping(pattern: cst.MatchPattern) -> bool:
    match pattern:
        case cst.MatchMapping():
            return True
        case cst.MatchAs(pattern=inner):
            return inner is None or _may_match_mapping(inner)
        case cst.MatchOr(patterns=alternatives):
            return all(_may_match_mapping(alternative.pattern) for alternative in alternatives)
        case cst.MatchClass(cls=cst.Name(value="dict")):
            return True
        case _:
            return False


def _bind_parts(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names of a pattern that capture resolved parts of the subject."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if isinstance(inner, cst.MatchPattern):
                _bind_parts(interpreter, inner, subject)
            if isinstance(name, cst.Name):
                bind(interpreter, name.value, subject if subject.relevant else UNKNOWN)
        case cst.MatchOr(patterns=alternatives):
            _bind_alternatives(interpreter, [alternative.pattern for alternative in alternatives], subject)
        case cst.MatchMapping(elements=elements):
            for element in elements:
                key, place = interpreter.evaluate(element.key), interpreter.place(element.key)
                is_payload = isinstance(subject, Event | Payload)
                part = payload_member(subject, key) if is_payload else element_at(subject, key, place, place)
                _bind_parts(interpreter, element.pattern, part)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns) if isinstance(subject, Collection):
            if subject.has_definite_order:
                _bind_elements(interpreter, patterns, subject.items)
        case cst.MatchClass(cls=class_node, patterns=positional, kwds=keywords):
            _bind_attributes(interpreter, _matching_instances(interpreter, class_node, subject), positional, keywords)


def _bind_alternatives(interpreter: Interpreter, patterns: Sequence[cst.MatchPattern], subject: Value) -> None:
    """Bind the names of alternative patterns, each of which binds the same names."""
    possible = [pattern for pattern in patterns if _may_match(interpreter, pattern, subject)]
    paths = [(None, interpreter.branch(partial(_bind_parts, interpreter, pattern, subject))) for pattern in possible]
    if paths:
        interpreter.join_branches(paths, None, interpreter.place(patterns[0]), exhaustive=True)


def _may_match(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> bool:
    """Return whether a pattern may match, as far as its class or the number of its elements tells."""
    match pattern:
        case cst.MatchClass(cls=class_node):
            class_value = interpreter.evaluate(class_node)
            return any(is_instance(value, class_value) is not False for value in union_values(subject))
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns) if isinstance(subject, Collection):
            singles = [inner for inner in patterns if isinstance(inner, cst.MatchSequenceElement)]
            rest_count = len(subject.items) - len(singles)
            may_have_rest = len(singles) < len(patterns)
            return not subject.has_definite_order or rest_count == 0 or (may_have_rest and rest_count > 0)
        case _:
            return True


def _matching_instances(interpreter: Interpreter, class_node: cst.BaseExpression, subject: Value) -> list[Instance]:
    """Return the objects that a class pattern may match, nothing if the subject may be any other value."""
    class_value = interpreter.evaluate(class_node)
    values = [value for value in union_values(subject) if is_instance(value, class_value) is not False]
    instances = [value for value in values if isinstance(value, Instance)]
    return instances if len(instances) == len(values) else []


def _bind_attributes(
    interpreter: Interpreter,
    instances: Sequence[Instance],
    positional: Sequence[cst.MatchSequenceElement],
    keywords: Sequence[cst.MatchKeywordElement],
) -> None:
    """Bind the names of a class pattern that capture attributes of one of several objects."""
    patterns = [(keyword.key.value, keyword.pattern) for keyword in keywords]
    orders = {tuple(positional_attributes(interpreter, resolution_order(instance.cls))) for instance in instances}
    if len(orders) == 1:
        patterns += zip(orders.pop(), (element.value for element in positional), strict=False)
    for name, pattern in patterns if instances else ():
        place = interpreter.place(pattern)
        values = [(None, interpreter.attribute(instance, name, place)) for instance in instances]
        _bind_parts(interpreter, pattern, join_values(values, None, place))


def _bind_elements(
    interpreter: Interpreter,
    patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar],
    elements: tuple[Element, ...],
) -> None:
    """Bind the names of a sequence pattern, if it matches so many elements."""
    singles = [pattern.value for pattern in patterns if isinstance(pattern, cst.MatchSequenceElement)]
    stars = [(index, pattern) for index, pattern in enumerate(patterns) if isinstance(pattern, cst.MatchStar)]
    rest_count = len(elements) - len(singles)
    if rest_count < 0 or (rest_count and not stars):
        return
    for index, star in stars:
        rest = elements[index : index + rest_count]
        elements = (*elements[:index], *elements[index + rest_count :])
        if isinstance(star.name, cst.Name):
            bind(interpreter, star.name.value, make_result_collection(interpreter, "list", rest))
    for single, element in zip(singles, elements, strict=True):
        _bind_parts(interpreter, single, element.value)
