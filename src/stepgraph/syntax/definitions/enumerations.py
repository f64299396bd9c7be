"""The members of enumerations, whose values are constants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.walk import statements

_MAX_MEMBERS: Final = 100
"""The maximum number of members that are read."""
_ENUMERATIONS: Final = frozenset({"Enum", "IntEnum", "StrEnum"})
_LITERAL_BASES: Final = frozenset({"int", "str"})
"""The bases of an enumeration that do not change the values of its members."""
_MEMBER_ATTRIBUTES: Final = frozenset({"name", "value"})
"""The attributes of a member of an enumeration that depend on its definition only."""
_LITERALS: Final = (cst.SimpleString, cst.Integer, cst.Float)


def enumeration_members(owner: cst.ClassDef) -> dict[str, cst.BaseExpression]:
    """Return the values of the members of an enumeration by name.

    Return an empty dictionary unless all are literals, or all are `auto()`.
    """
    names = {last_name(each.value) for each in owner.bases}
    if owner.decorators or owner.keywords or not names & _ENUMERATIONS or names - _ENUMERATIONS - _LITERAL_BASES:
        return {}
    values: dict[str, cst.BaseExpression] = {}
    for statement in statements(owner.body):
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(cst.Name(name))], value=value) if not name.startswith("_"):
                values[name] = value
            case cst.FunctionDef(name=cst.Name(name)) if not name.startswith("_") and name not in {"name", "value"}:
                pass
            case cst.Expr(value=cst.SimpleString()) | cst.Pass():
                pass
            case _:
                return {}
    if values and all(map(_is_auto, values.values())):
        values = _automatic_values(values, names)
    is_literal = all(isinstance(each, _LITERALS) for each in values.values())
    texts = {each.value for each in values.values() if isinstance(each, _LITERALS)}
    return values if is_literal and len(texts) == len(values) <= _MAX_MEMBERS else {}


def _is_auto(value: cst.BaseExpression) -> bool:
    match value:
        case cst.Call(func=cst.Name("auto") | cst.Attribute(cst.Name("enum"), cst.Name("auto")), args=[]):
            return True
        case _:
            return False


def _automatic_values(members: Iterable[str], bases: set[str]) -> dict[str, cst.BaseExpression]:
    """Return the values of members that are `auto()`: numbers, or the names in lower case for a `StrEnum`."""
    if len(bases) > 1:
        return {}
    if "StrEnum" in bases:
        return {name: cst.SimpleString(repr(name.lower())) for name in members}
    return {name: cst.Integer(str(number)) for number, name in enumerate(members, start=1)}


def member_value(owner: cst.ClassDef, path: Sequence[str]) -> cst.BaseExpression | None:
    """Return the literal for a path such as `FINAL.value` or `FINAL.name` in an enumeration, if any."""
    match [*path]:
        case [member, "value"]:
            return enumeration_members(owner).get(member)
        case [member, "name"] if member in enumeration_members(owner):
            return cst.SimpleString(f'"{member}"')
        case _:
            return None


def reads_class(classes: Sequence[cst.ClassDef], attributes: Sequence[str]) -> bool:
    """Return whether attributes of a member of an enumeration depend on other code of the class and its bases.

    Without attributes, other code may call any method of the member.
    """
    bodies = chain.from_iterable(statements(each.body) for each in classes)
    methods = {each.name.value for each in bodies if isinstance(each, cst.FunctionDef)}
    return attributes[0] in methods or attributes[0] not in _MEMBER_ATTRIBUTES if attributes else bool(methods)
