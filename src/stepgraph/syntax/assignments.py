"""Which attributes a module assigns to, and of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import libcst as cst

from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

# Without any of this in its source, a module assigns to no attribute, and need not be walked.
_MAY_ASSIGN = re.compile(
    rb"\bsetattr\b"
    rb"|\.\s*\w+[\s)]*(?::[^\n=]*)?(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"
    rb"|\.\s*\w+\s*,[^\n()]*=(?!=)"
    rb"|\bfor\s[^\n:]*\.[^\n:]*\bin\b"
    rb"|\bas\s[^\n:,]*\."
    rb"|\bdel\s[^\n]*\."
)


@dataclass(frozen=True, slots=True)
class AssignedAttributes:
    """The names of the attributes that a module assigns to, of `all` objects.

    The `foreign` ones are those of modules and classes, with the last part of the owner's name: `settings`, `Order`.
    """

    all: frozenset[str]
    foreign: frozenset[tuple[str, str]]


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the names of the attributes that a module assigns to, `setattr` with a constant name included."""
    if not _MAY_ASSIGN.search(module.source):
        return AssignedAttributes(frozenset(), frozenset())
    found: list[tuple[cst.BaseExpression, str]] = []
    named: dict[str, str] = {}
    for statement in statements_below(module.tree, into_functions=True):
        found += attribute_targets(statement)
        match statement:
            case cst.Import() | cst.ImportFrom() if not isinstance(statement.names, cst.ImportStar):
                named |= {import_binding(alias): alias.evaluated_name for alias in statement.names}
            case cst.ClassDef(name=cst.Name(value=name)):
                named[name] = name
            case cst.Expr(value=cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_])):
                if isinstance(attribute.value, cst.SimpleString):
                    found.append((owner.value, attribute.value.raw_value))
    foreign = ((_owner_name(owner, named), name) for owner, name in found)
    return AssignedAttributes(frozenset(name for _, name in found), frozenset(foreign))


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
