"""`getattr`: an attribute by a name that is a constant, text with a constant part, or an entry of a table of names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Case,
    ClassValue,
    Collection,
    Constant,
    External,
    Instance,
    Mapping,
    ModuleValue,
    StepObject,
    Template,
    Union,
    Unresolved,
    Value,
)
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

_REASON: Final = "the attribute's name is not statically known"
_ESCAPING: Final = "is asked for an attribute in a way that is not followed"
_NAME_AND_DEFAULT: Final = 3


def get_attribute(interpreter: Interpreter, arguments: Arguments, place: Place) -> Value:
    """Return what `getattr(owner, name)` or `getattr(owner, name, default)` gives: one of several is a `switch`."""
    if len(arguments.items) < _NAME_AND_DEFAULT - 1:
        for argument in arguments.items:
            interpreter.escape(argument.value, place, _ESCAPING)
        return UNKNOWN
    owner, name = arguments.items[0].value, arguments.items[1]
    default = arguments.items[2].value if len(arguments.items) >= _NAME_AND_DEFAULT else None
    constant = _constant(interpreter, name)
    if constant is not None:
        return _known(interpreter, owner, constant, default, place)
    if not isinstance(owner, Instance | StepObject | ClassValue | ModuleValue):
        interpreter.escape(owner, place, _ESCAPING)
        return UNKNOWN
    cases = list(_options(interpreter, owner, name, place))
    if not cases:
        return Unresolved(_REASON, place)
    if default is not None:
        cases.append(Case(None, default))
    return Union(tuple(cases), _discriminant(name), place)


def _constant(interpreter: Interpreter, name: Argument) -> str | None:
    """Return the name if it is constant: also that of this pass, where a loop over names is written out."""
    value = name.value
    if isinstance(name.place.node, cst.Name):
        value = interpreter.frame.attribute_names.get(name.place.node.value, value)
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _known(interpreter: Interpreter, owner: Value, name: str, default: Value | None, place: Place) -> Value:
    if default is None or not isinstance(owner, Instance | ClassValue):
        return interpreter.attribute(owner, name, place)
    return interpreter.attribute(owner, name, place) if name in _names(owner) else default


def _options(interpreter: Interpreter, owner: Value, name: Argument, place: Place) -> Iterator[Case]:
    """Yield each attribute that the name may be that of, under its condition; nothing where these are not known."""
    if isinstance(name.value, Template):
        names = _names(owner)
        interpreter.budget.spend(Limit.ELEMENTS, len(names) * len(name.value.text))
        pattern = _literals(name.value.text)
        for candidate in names:
            if _matches(candidate, pattern):
                yield Case(f'"{candidate}"', interpreter.attribute(owner, candidate, place))
        return
    for condition, value in _entries(interpreter, name.place):
        if not isinstance(value, Constant) or not isinstance(value.value, str):
            yield Case(condition, Unresolved(_REASON, place))
        else:
            yield Case(condition, interpreter.attribute(owner, value.value, place))


def _entries(interpreter: Interpreter, name: Place) -> Iterator[tuple[str, Value]]:
    """Yield the values of a table of names that is indexed, by the source of their keys."""
    if not isinstance(name.node, cst.Subscript) or not isinstance(name.node.value, cst.Name | cst.Attribute):
        return
    table = name.node.value
    found: list[Value] = []
    interpreter.branch(lambda: found.append(interpreter.evaluate(table)))
    match found[-1]:
        case Mapping(entries=entries, partial=False):
            yield from ((entry.key_place.text, entry.value) for entry in entries)
        case Collection(items=items):
            yield from ((str(number), item.value) for number, item in enumerate(items))


def _discriminant(name: Argument) -> str:
    node = name.place.node
    if isinstance(node, cst.Subscript) and len(node.slice) == 1:
        return name.place.module.text(node.slice[0].slice)
    return name.place.text


def _names(owner: Value) -> list[str]:
    """Return the names of the members of a class, object or module of the project, in the order of the source."""
    if isinstance(owner, ModuleValue):
        return [] if owner.scope is None else list(owner.scope.bindings.binders)
    own = list(owner.state) if isinstance(owner, Instance) else []
    of = owner.of if isinstance(owner, Instance) else owner
    if not isinstance(of, ClassValue):
        return own
    order = resolution_order(of)
    if not all(isinstance(base, ClassValue | External) for base in order):
        return []
    members = (name for base in order if isinstance(base, ClassValue) for name in base.scope.bindings.binders)
    return list(dict.fromkeys([*own, *members]))


def _literals(text: str) -> list[str]:
    """Return the constant parts of text with source in braces: one more than there are fields."""
    parts, depth = [""], 0
    for character in text:
        if character == "{":
            parts += [] if depth else [""]
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif not depth:
            parts[-1] += character
    return parts


def _matches(name: str, literals: list[str]) -> bool:
    """Whether a name is text with these constant parts, and anything in between."""
    first, *rest = literals
    if not rest:
        return name == first
    *between, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for literal in between:
        found = name.find(literal, at, end)
        if found < 0:
            return False
        at = found + len(literal)
    return True
