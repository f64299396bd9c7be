"""Patterns of `match` statements, and the names that they capture from the subject."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, union_values
from stepgraph.interpreter.objects.class_relations import is_instance
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.iterators import make_unordered
from stepgraph.interpreter.objects.fields import positional_attributes
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import union_of_elements, union_of_values
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.subscripts import element_at, payload_member
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.heap_cells import DEEPEST, Visits
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction
from stepgraph.interpreter.values.unions import Union, as_optional
from stepgraph.ir.values import UNKNOWN, Constant, Unresolved, Value
from stepgraph.syntax.bindings import pattern_names


def bind_captures(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names that a pattern captures. A mapping pattern reads the keys that it names.

    If the pattern cannot match the subject, the names are unknown, because the case does not run.
    """
    may_match = _may_match(interpreter, pattern, subject)
    fallback = (
        UNKNOWN
        if not may_match or _is_data(subject, Visits())
        else Unresolved("it is captured by a pattern", interpreter.place(pattern))
    )
    for name in pattern_names(pattern):
        bind(interpreter, name, fallback)
    if may_match:
        _bind_parts(interpreter, pattern, subject)


def _is_data(subject: Value, visits: Visits, depth: int = 0) -> bool:
    """Return whether no part of a subject leads to a step."""
    match subject:
        case Union():
            return all(_is_data(value, visits, depth) for value in union_values(subject))
        case Collection(lazy=None) | Mapping():
            if depth >= DEEPEST:
                return False
            is_new = visits.enter(subject.state, depth)
            return not is_new or all(_is_data(part.value, visits, depth + 1) for part in subject.state.elements())
        case _:
            return not subject.relevant or isinstance(subject, Event | Payload)


def may_match_mapping(pattern: cst.MatchPattern) -> bool:
    """Return whether a pattern, including all its alternatives, may match a mapping."""
    match pattern:
        case cst.MatchMapping():
            return True
        case cst.MatchAs(pattern=inner):
            return inner is None or may_match_mapping(inner)
        case cst.MatchOr(patterns=alternatives):
            return all(may_match_mapping(alternative.pattern) for alternative in alternatives)
        case cst.MatchClass(cls=cst.Name(value="dict")):
            return True
        case _:
            return False


def is_wildcard(pattern: cst.MatchPattern) -> bool:
    """Return whether a pattern is `_`, possibly in parentheses."""
    return isinstance(pattern, cst.MatchAs) and pattern.pattern is None and pattern.name is None


def is_irrefutable(pattern: cst.MatchPattern) -> bool:
    """Return whether a pattern matches every value: `_`, a name, or a pattern with one of these as an alternative."""
    match pattern:
        case cst.MatchAs(pattern=inner):
            return inner is None or is_irrefutable(inner)
        case cst.MatchOr(patterns=alternatives):
            return any(is_irrefutable(alternative.pattern) for alternative in alternatives)
        case _:
            return False


def _bind_parts(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names in a pattern that capture resolved parts of the subject."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if isinstance(inner, cst.MatchPattern):
                _bind_parts(interpreter, inner, subject)
            if isinstance(inner, cst.MatchClass):
                subject = _narrowed(interpreter, inner, subject)
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
        case cst.MatchList() | cst.MatchTuple() if isinstance(subject, Union):
            _bind_either(interpreter, pattern, subject)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns):
            sequence = _as_sequence(interpreter, subject)
            if not isinstance(sequence, Collection) or sequence.is_set:
                return
            if not _may_match_sequence(interpreter, patterns, sequence):
                _bind_unmatched(interpreter, pattern)
            elif sequence.has_definite_order:
                _bind_elements(interpreter, patterns, sequence.items)
            elif sequence.items:
                _bind_any_elements(interpreter, patterns, sequence.items)
        case cst.MatchClass():
            matching = _matching_objects(interpreter, pattern, subject)
            if matching:
                _bind_attributes(interpreter, pattern, matching)
            elif matching is not None:
                _bind_unmatched(interpreter, pattern)


def _bind_alternatives(interpreter: Interpreter, patterns: Sequence[cst.MatchPattern], subject: Value) -> None:
    """Bind the names in alternative patterns, which all bind the same names."""
    possible = [pattern for pattern in patterns if _may_match(interpreter, pattern, subject)]
    paths = [(None, interpreter.branch(partial(_bind_parts, interpreter, pattern, subject))) for pattern in possible]
    if paths:
        interpreter.join_branches(paths, None, interpreter.place(patterns[0]), exhaustive=True)


def _bind_either(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Union) -> None:
    """Bind the names in a sequence pattern, which may match some of the values of a subject."""
    possible = [case for case in subject.cases if _may_match(interpreter, pattern, case.value)]
    paths = [
        (case.condition, interpreter.branch(partial(_bind_parts, interpreter, pattern, case.value)))
        for case in possible
    ]
    if paths:
        interpreter.join_branches(paths, subject.discriminant, interpreter.place(pattern), exhaustive=True)
    else:
        _bind_unmatched(interpreter, pattern)


def _bind_unmatched(interpreter: Interpreter, pattern: cst.MatchPattern) -> None:
    """Bind the names in a pattern that cannot match, so that its case does not run."""
    for name in pattern_names(pattern):
        bind(interpreter, name, UNKNOWN)


def _may_match(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> bool:
    """Return whether a pattern may match, according to its class, or to the number and constants of its elements."""
    if isinstance(subject, Union):
        return any(_may_match(interpreter, pattern, case.value) for case in subject.cases)
    match pattern:
        case cst.MatchClass(cls=class_node):
            return is_instance(interpreter, subject, interpreter.evaluate(class_node)) is not False
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _may_match(interpreter, inner, subject)
        case cst.MatchOr(patterns=alternatives):
            return any(_may_match(interpreter, alternative.pattern, subject) for alternative in alternatives)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns):
            return _may_match_sequence(interpreter, patterns, _as_sequence(interpreter, subject))
        case cst.MatchValue(value=cst.SimpleString() | cst.Integer()):
            return not isinstance(subject, Collection | Mapping | FunctionValue | StepFunction)
        case _:
            return True


def _as_sequence(interpreter: Interpreter, subject: Value) -> Value:
    """Return a list or tuple for a sequence pattern. That of an object of a derived class is the one inside it."""
    return as_collection(interpreter, subject, "__getitem__", "__iter__", "__len__")


def _may_match_sequence(
    interpreter: Interpreter, patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar], subject: Value
) -> bool:
    """Return whether a sequence pattern may match. Elements after a star are not compared."""
    if not isinstance(subject, Collection):
        return not isinstance(subject, Mapping | FunctionValue | StepFunction)
    if not subject.has_definite_order:
        return not subject.is_set
    if _rest_count(patterns, subject.state.size) is None:
        return False
    for single, element in zip(patterns, subject.items, strict=False):
        if isinstance(single, cst.MatchStar):
            return True
        if not _may_match(interpreter, single.value, element.value):
            return False
        if isinstance(single.value, cst.MatchValue) and isinstance(element.value, Constant) and subject.shows_constants:
            value = interpreter.evaluate(single.value.value)
            if isinstance(value, Constant) and value != element.value:
                return False
    return True


def _rest_count(patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar], element_count: int) -> int | None:
    """Return the number of elements that a sequence pattern's star binds. Return None if the pattern cannot match."""
    single_count = sum(isinstance(pattern, cst.MatchSequenceElement) for pattern in patterns)
    rest_count = element_count - single_count
    may_have_rest = single_count < len(patterns)
    return rest_count if rest_count == 0 or (may_have_rest and rest_count > 0) else None


def classes_of(interpreter: Interpreter, pattern: cst.MatchPattern) -> list[Value]:
    """Return the classes whose instances a pattern matches, or an empty list if it may match other values too."""
    match pattern:
        case cst.MatchClass(cls=node):
            return [interpreter.evaluate(node)]
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return classes_of(interpreter, inner)
        case cst.MatchOr(patterns=alternatives):
            classes = [classes_of(interpreter, alternative.pattern) for alternative in alternatives]
            return [value for values in classes for value in values] if all(classes) else []
        case _:
            return []


def _matching_objects(interpreter: Interpreter, pattern: cst.MatchClass, subject: Value) -> list[ProjectObject] | None:
    """Return the project objects that a class pattern may match. Return None if it may match other values too."""
    class_value = interpreter.evaluate(pattern.cls)
    values = [value for value in union_values(subject) if is_instance(interpreter, value, class_value) is not False]
    objects = [value for value in values if isinstance(value, ProjectObject)]
    return objects if len(objects) == len(values) else None


def _narrowed(interpreter: Interpreter, pattern: cst.MatchClass, subject: Value) -> Value:
    """Return the value that a subject has where a class pattern matches it."""
    matching = _matching_objects(interpreter, pattern, subject) if isinstance(subject, Union) else []
    if not matching:
        return subject
    place = interpreter.place(pattern)
    return union_of_values(list(matching), [value.cls.name for value in matching], place.text, place)


def _bind_attributes(interpreter: Interpreter, pattern: cst.MatchClass, matching: Sequence[ProjectObject]) -> None:
    """Bind the names that a class pattern captures from attributes of the objects that it may match."""
    for position, element in enumerate(pattern.patterns):
        fields = [positional_attributes(interpreter, resolution_order(value.cls)) for value in matching]
        if all(position < len(names) for names in fields):
            owners = [(value, names[position]) for value, names in zip(matching, fields, strict=True)]
            _bind_attribute(interpreter, element.value, owners)
    for keyword in pattern.kwds:
        _bind_attribute(interpreter, keyword.pattern, [(value, keyword.key.value) for value in matching])


def _bind_attribute(
    interpreter: Interpreter, pattern: cst.MatchPattern, owners: Sequence[tuple[ProjectObject, str]]
) -> None:
    place = interpreter.place(pattern)
    parts = [interpreter.attribute(owner, name, place) for owner, name in owners]
    labels = [callable_name(part) or owner.cls.name for part, (owner, _) in zip(parts, owners, strict=True)]
    part = parts[0] if len(parts) == 1 else union_of_values(parts, labels, place.text, place)
    _bind_parts(interpreter, pattern, part)


def _bind_any_elements(
    interpreter: Interpreter,
    patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar],
    elements: tuple[Element, ...],
) -> None:
    """Bind the names in a sequence pattern to elements at unknown positions."""
    for pattern in patterns:
        if isinstance(pattern, cst.MatchSequenceElement):
            place = interpreter.place(pattern.value)
            _bind_parts(interpreter, pattern.value, union_of_elements(elements, place, place.text))
        elif isinstance(pattern.name, cst.Name):
            starred_elements = make_result_collection(interpreter, "list", tuple(map(as_optional, elements)))
            bind(interpreter, pattern.name.value, make_unordered(starred_elements))


def _bind_elements(
    interpreter: Interpreter,
    patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar],
    elements: tuple[Element, ...],
) -> None:
    """Bind the names in a sequence pattern if the pattern matches the number of elements."""
    rest_count = _rest_count(patterns, len(elements))
    if rest_count is None:
        return
    singles = [pattern.value for pattern in patterns if isinstance(pattern, cst.MatchSequenceElement)]
    stars = [(index, pattern) for index, pattern in enumerate(patterns) if isinstance(pattern, cst.MatchStar)]
    for index, star in stars:
        starred_elements = elements[index : index + rest_count]
        elements = (*elements[:index], *elements[index + rest_count :])
        if isinstance(star.name, cst.Name):
            bind(interpreter, star.name.value, make_result_collection(interpreter, "list", starred_elements))
    for single, element in zip(singles, elements, strict=True):
        _bind_parts(interpreter, single, element.value)
