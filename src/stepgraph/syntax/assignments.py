"""Which attributes a module assigns to, and of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.changes import CHANGING, changed_values
from stepgraph.syntax.import_names import source_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

_METHODS = "|".join(sorted(CHANGING)).encode()
_EQUALS = rb"(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"

# Without any of these in its source, a module assigns to nothing of another, and need not be walked. A line can be
# anything: so what cannot be told by the next characters is read to its end, and judged by the last group.
_ASSIGNS = re.compile(
    rb"\bsetattr\b"
    rb"|\.\s*+\w++[\s)]*+(?::[^\n=:]*+)?%(equals)s"
    rb"|\]\s*+%(equals)s"
    rb"|\.(?:%(methods)s)\(" % {b"equals": _EQUALS, b"methods": _METHODS}
)
_MAY_ASSIGN = (
    (b",", re.compile(rb"\.\s*+\w++\s*+,[^\n()=]*+(=(?!=))?")),
    (b"as", re.compile(rb"\bas\s[^\n:,.]*+(\.)?")),
    (b"del", re.compile(rb"\bdel\s[^\n.\[]*+([.\[])?")),
)
_FOR = re.compile(rb"\bfor\s([^\n:]*+)")
_IN = re.compile(rb"\bin\b")

# The names that are assigned or written to.
_ASSIGNED = re.compile(
    rb"(?<!\bself)\.\s*+(\w++)[\s)]*+%(equals)s"
    rb"|\b(\w++)\.(?:%(methods)s)\("
    rb"|\bsetattr\([^\n,]*+(?:,\s*+[\"'](\w++))?" % {b"equals": _EQUALS, b"methods": _METHODS}
)
_ITEM = re.compile(rb"\b(\w++)[\s)]*+\[([^\n]*+)")
_ITEM_ASSIGNED = re.compile(rb"\]\s*+%(equals)s" % {b"equals": _EQUALS})
_DELETED = re.compile(rb"\bdel\s([^\n]*+)")
_DELETED_ITEM = re.compile(rb"\b(\w++)\s*+(?:\[|$)")

_RENAMED = re.compile(rb"\b(\w++)\s++as\s++(\w++)")


ANY_NAME = "*"
"""Stands for the name in a `setattr` that gives none."""


class AssignedAttributes(Struct, frozen=True):
    """The names of the attributes that a module assigns to, of `all` objects.

    The `foreign` ones are those of modules and classes, with the last part of the owner's name: `settings`, `Order`;
    also those to whose lists and tables it writes.
    """

    all: frozenset[str]
    foreign: frozenset[tuple[str, str]]


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the names of the attributes that a module assigns to, `setattr` with a constant name included."""
    if not _may_assign(module.source):
        return AssignedAttributes(frozenset(), frozenset())
    found: list[tuple[cst.BaseExpression, str]] = []
    named: dict[str, str] = {}
    sources: dict[str, tuple[str, str]] = {}
    changed: list[cst.BaseExpression] = []
    for statement in statements_below(module.tree, into_functions=True):
        found += attribute_targets(statement)
        changed += changed_values(statement)
        match statement:
            case cst.Import() | cst.ImportFrom() if not isinstance(statement.names, cst.ImportStar):
                named |= {import_binding(alias): alias.evaluated_name for alias in statement.names}
                sources |= _sources(statement)
            case cst.ClassDef(name=cst.Name(value=name)):
                named[name] = name
            case cst.Expr(value=cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_])):
                text = attribute.value.raw_value if isinstance(attribute.value, cst.SimpleString) else ANY_NAME
                found.append((owner.value, text))
    foreign = {(_owner_name(owner, named), name) for owner, name in found}
    for value in changed:
        if isinstance(value, cst.Name) and value.value in sources:
            foreign.add(sources[value.value])
        elif isinstance(value, cst.Attribute):
            foreign.add((_owner_name(value.value, named), value.attr.value))
    return AssignedAttributes(frozenset(name for _, name in found), frozenset(foreign))


def _may_assign(source: bytes) -> bool:
    if _ASSIGNS.search(source) or _assigns_in_for(source):
        return True
    return any(match[1] for word, pattern in _MAY_ASSIGN if word in source for match in pattern.finditer(source))


def _assigns_in_for(source: bytes) -> bool:
    """Whether there is a dot between a `for` and its `in`."""
    if b"for" not in source:
        return False
    lines = (line for line in _FOR.findall(source) if b"." in line)
    parts = (_IN.split(part, 1) for line in lines for part in line.split(b"for "))
    return any(len(part) > 1 and b"." in part[0] for part in parts)


def _sources(statement: cst.Import | cst.ImportFrom) -> Mapping[str, tuple[str, str]]:
    """Return for each name that is taken from a module the last part of the module's name, and its name there."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return {}
    owner = source_name(statement)[1].rsplit(".", 1)[-1]
    return {import_binding(alias): (owner, alias.evaluated_name) for alias in statement.names}


def names_assigned(source: bytes) -> frozenset[str]:
    """Return the names that a module's source may assign to, or write to, as attributes: quick, and rather too many."""
    assigned = _ASSIGNED.findall(source)
    found = {name for groups in assigned for name in groups if name}
    if _ITEM_ASSIGNED.search(source):
        found.update(name for name, rest in _ITEM.findall(source) if _ITEM_ASSIGNED.search(rest))
    deleted = (_DELETED_ITEM.search(names) for names in _DELETED.findall(source))
    found.update(item[1] for item in deleted if item is not None)
    found.update(name for name, alias in _RENAMED.findall(source) if alias in found)
    names = frozenset(name.decode("ascii") for name in found)
    return names if all(map(any, assigned)) else names | {ANY_NAME}


def _owner_name(owner: cst.BaseExpression, named: Mapping[str, str]) -> str:
    """Return the last part of the name of a module or class, empty for any other object."""
    if isinstance(owner, cst.Name):
        return named.get(owner.value, "").rsplit(".", 1)[-1]
    if isinstance(owner, cst.Attribute):
        return owner.attr.value if _owner_name(owner.value, named) else ""
    return ""


def attribute_targets(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the objects and names of the attributes that a statement assigns to."""
    match statement:
        case cst.Assign(targets=targets):
            assigned: list[cst.CSTNode] = [target.target for target in targets]
        case cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.Del():
            assigned = [statement.target]
        case cst.With(items=items):
            assigned = [item.asname.name for item in items if item.asname is not None]
        case _:
            return
    while assigned:
        part = assigned.pop()
        if isinstance(part, cst.Attribute):
            yield part.value, part.attr.value
        elif isinstance(part, cst.Tuple | cst.List):
            assigned += [element.value for element in part.elements]
