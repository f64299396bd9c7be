"""Patterns of `match` statements: the names that they capture from their subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, union_values
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.fields import fields_of, is_data_class
from stepgraph.interpreter.objects.instances import field_names
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.subscripts import element_at, payload_member
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import ClassValue, Instance, UnknownBase
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, Constant, External, Unresolved, Value
from stepgraph.syntax.bindings import pattern_names


def bind_captures(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names that a pattern captures. A mapping pattern reads the keys that it names."""
    fallback = (
        Unresolved("it is a part that a pattern takes", interpreter.place(pattern)) if subject.relevant else UNKNOWN
    )
    if isinstance(subject, Event | Payload):
        fallback = UNKNOWN
    for name in pattern_names(pattern):
        bind(interpreter, name, fallback)
    _bind_parts(interpreter, pattern, subject)


def may_match_mapping(pattern: cst.MatchPattern) -> bool:
    """Whether a pattern may match a mapping."""
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


def _bind_parts(interpreter: Interpreter, pattern: cst.MatchPattern, subject: Value) -> None:
    """Bind the names of a pattern that capture resolved parts of the subject."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if isinstance(inner, cst.MatchPattern):
                _bind_parts(interpreter, inner, subject)
            if isinstance(inner, cst.MatchClass):
                subject = _narrowed(interpreter, inner, subject)
            if isinstance(name, cst.Name):
                bind(interpreter, name.value, subject if subject.relevant else UNKNOWN)
        case cst.MatchOr(patterns=alternatives):
            for alternative in alternatives:
                _bind_parts(interpreter, alternative.pattern, subject)
        case cst.MatchMapping(elements=elements):
            for element in elements:
                key, place = interpreter.evaluate(element.key), interpreter.place(element.key)
                is_payload = isinstance(subject, Event | Payload)
                part = payload_member(subject, key) if is_payload else element_at(subject, key, place, place)
                _bind_parts(interpreter, element.pattern, part)
        case cst.MatchList(patterns=patterns) | cst.MatchTuple(patterns=patterns) if isinstance(subject, Collection):
            if subject.has_definite_order:
                _bind_elements(interpreter, patterns, subject.items)
        case cst.MatchClass():
            matching = _matching_objects(interpreter, pattern, subject)
            if matching:
                _bind_attributes(interpreter, pattern, matching)


def _matching_objects(interpreter: Interpreter, pattern: cst.MatchClass, subject: Value) -> list[Instance]:
    """Return the objects of the project that a class pattern may match, nothing if it may match others as well."""
    leaves = union_values(subject)
    cls = interpreter.evaluate(pattern.cls) if isinstance(subject, Union) else None
    matching: list[Instance] = []
    for leaf in leaves:
        if isinstance(leaf, Instance):
            if not isinstance(cls, ClassValue) or _may_be_instance(leaf, cls):
                matching.append(leaf)
        elif not (isinstance(leaf, Constant) and isinstance(cls, ClassValue)):
            return []
    return matching


def _narrowed(interpreter: Interpreter, pattern: cst.MatchClass, subject: Value) -> Value:
    """Return the value of a subject that a class pattern matches."""
    matching = _matching_objects(interpreter, pattern, subject) if isinstance(subject, Union) else []
    if not matching:
        return subject
    place = interpreter.place(pattern)
    return union_of_values(list(matching), [value.cls.name for value in matching], place.text, place)


def _may_be_instance(value: Instance, cls: ClassValue) -> bool:
    """Whether an object may be an instance of a class. Abstract classes and protocols have virtual subclasses."""
    order = resolution_order(cls)
    has_hook = any(isinstance(base, ClassValue) and base.metaclass is not None for base in order)
    is_abstract = any(isinstance(base, External) and not base.name.startswith(_CONCRETE_MODULES) for base in order)
    has_unknown_base = any(isinstance(b, UnknownBase | Unresolved) for b in resolution_order(value.cls))
    return cls in resolution_order(value.cls) or has_hook or is_abstract or has_unknown_base


_CONCRETE_MODULES: Final = ("builtins.", "enum.")
"""The modules whose classes have no virtual subclasses."""


def _bind_attributes(interpreter: Interpreter, pattern: cst.MatchClass, matching: Sequence[Instance]) -> None:
    """Bind the names that a class pattern captures from the attributes of one of several objects."""
    for position, element in enumerate(pattern.patterns):
        fields = [_positional_names(interpreter, value) for value in matching]
        if all(position < len(names) for names in fields):
            owners = [(value, names[position]) for value, names in zip(matching, fields, strict=True)]
            _bind_attribute(interpreter, element.value, owners)
    for keyword in pattern.kwds:
        _bind_attribute(interpreter, keyword.pattern, [(value, keyword.key.value) for value in matching])


def _positional_names(interpreter: Interpreter, value: Instance) -> list[str]:
    """Return the attributes that the positional patterns of an object match, nothing if they are not known."""
    order = resolution_order(value.cls)
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    if any("__match_args__" in owner.scope.bindings.binders for owner in classes):
        return []
    if any(map(is_data_class, classes)):
        fields = fields_of(interpreter, order)
        return [field.name for field in fields if field.in_initializer and not field.keyword_only]
    return list(field_names(value.cls))


def _bind_attribute(
    interpreter: Interpreter, pattern: cst.MatchPattern, owners: Sequence[tuple[Instance, str]]
) -> None:
    place = interpreter.place(pattern)
    parts = [interpreter.attribute(owner, name, place) for owner, name in owners]
    labels = [callable_name(part) or owner.cls.name for part, (owner, _) in zip(parts, owners, strict=True)]
    part = parts[0] if len(parts) == 1 else union_of_values(parts, labels, place.text, place)
    _bind_parts(interpreter, pattern, part)


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
