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

# Without any of this in its source, a module assigns to nothing of another, and need not be walked. Bounded, like what
# follows, for a line can be anything.
_MAY_ASSIGN = re.compile(
    rb"\bsetattr\b"
    rb"|\.\s*\w+[\s)]*(?::[^\n=]{0,400})?%(equals)s"
    rb"|\.\s*\w+\s*,[^\n()]{0,400}=(?!=)"
    rb"|\bfor\s[^\n:]{0,400}\.[^\n:]{0,400}\bin\b"
    rb"|\bas\s[^\n:,]{0,400}\."
    rb"|\bdel\s[^\n]{0,400}[.\[]"
    rb"|\]\s*%(equals)s"
    rb"|\.(?:%(methods)s)\(" % {b"equals": _EQUALS, b"methods": _METHODS}
)

# The names that are assigned or written to.
_ASSIGNED = re.compile(
    rb"(?<!\bself)\.\s*(\w+)[\s)]*(?:\[[^\n]{0,400}\])?\s*%(equals)s"
    rb"|\b(\w+)\s*\[[^\n]{0,400}\]\s*%(equals)s"
    rb"|\b(\w+)\.(?:%(methods)s)\("
    rb"|\bsetattr\([^\n,]{0,400},\s*[\"'](\w+)"
    rb"|\bdel\s[^\n]{0,400}?\b(\w+)\s*(?:\[|$)" % {b"equals": _EQUALS, b"methods": _METHODS}
)

_RENAMED = re.compile(rb"\b(\w+)\s+as\s+(\w+)")


class AssignedAttributes(Struct, frozen=True):
    """The names of the attributes that a module assigns to, of `all` objects.

    The `foreign` ones are those of modules and classes, with the last part of the owner's name: `settings`, `Order`;
    also those to whose lists and tables it writes.
    """

    all: frozenset[str]
    foreign: frozenset[tuple[str, str]]


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the names of the attributes that a module assigns to, `setattr` with a constant name included."""
    if not _MAY_ASSIGN.search(module.source):
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
                if isinstance(attribute.value, cst.SimpleString):
                    found.append((owner.value, attribute.value.raw_value))
    foreign = {(_owner_name(owner, named), name) for owner, name in found}
    for value in changed:
        if isinstance(value, cst.Name) and value.value in sources:
            foreign.add(sources[value.value])
        elif isinstance(value, cst.Attribute):
            foreign.add((_owner_name(value.value, named), value.attr.value))
    return AssignedAttributes(frozenset(name for _, name in found), frozenset(foreign))


def _sources(statement: cst.Import | cst.ImportFrom) -> Mapping[str, tuple[str, str]]:
    """Return for each name that is taken from a module the last part of the module's name, and its name there."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return {}
    owner = source_name(statement)[1].rsplit(".", 1)[-1]
    return {import_binding(alias): (owner, alias.evaluated_name) for alias in statement.names}


def names_assigned(source: bytes) -> frozenset[str]:
    """Return the names that a module's source may assign to, or write to, as attributes: quick, and rather too many."""
    found = {name for groups in _ASSIGNED.findall(source) for name in groups if name}
    found.update(name for name, alias in _RENAMED.findall(source) if alias in found)
    return frozenset(name.decode("ascii") for name in found)


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
