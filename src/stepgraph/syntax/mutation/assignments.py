"""Attributes that a module assigns, and the modules and classes that own them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding, imported_module
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, mutated_values
from stepgraph.syntax.walk import all_nodes, statements_below

METHODS: Final = "|".join(sorted(COLLECTION_MUTATORS)).encode()
EQUALS: Final = rb"(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"

# A source without a match assigns and mutates no attribute, so its tree is not searched.
_ASSIGNMENT = re.compile(
    rb"\b(?:set|del)attr\b|attr__\("
    rb"|\.\s*+\w++[\s)]*+(?::[^\n=:]*+)?%(equals)s"
    rb"|\]\s*+%(equals)s"
    rb"|\.(?:%(methods)s)\(" % {b"equals": EQUALS, b"methods": METHODS}
)
# Patterns, each with a word that every match contains. They also match unrelated lines, so only matches of the group
# count.
_LINE_PATTERNS = (
    (b",", re.compile(rb"\.\s*+\w++\s*+,[^\n(=]*+(=(?!=))?")),
    (b"as", re.compile(rb"\bas\s[^\n:,.]*+(\.)?")),
    (b"del", re.compile(rb"\bdel\s[^\n.\[]*+([.\[])?")),
)
_FOR_CLAUSE = re.compile(rb"\bfor\s([^\n:]*+)")
_IN_KEYWORD = re.compile(rb"\bin\b")

ANY_NAME = "*"
"""The attribute name that stands for a computed name, as in `setattr(order, key, value)`."""


class AssignedAttributes(Struct, frozen=True):
    """The attributes that a module assigns, deletes or mutates."""

    any_owner: frozenset[str]
    """Names of the assigned attributes, of any object."""
    by_owner: frozenset[tuple[str, str]]
    """Owners and names of the assigned attributes, and of the attributes whose collections are mutated.

    The owner of an attribute is the last component of the name of a module or class, such as `settings` or `Order`. It
    is empty for the attributes of any other object.
    """
    rebound: frozenset[tuple[str, str]]
    """The part of `by_owner` whose attributes are assigned, not only mutated."""
    not_of_self: frozenset[str] = frozenset()
    """Names of the assigned attributes of objects other than `self`."""


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the attributes that a module assigns, deletes or mutates, including those that `setattr` sets."""
    if not module.once(may_assign):
        return AssignedAttributes(frozenset(), frozenset(), frozenset())
    assignments: list[tuple[cst.BaseExpression, str]] = []
    owner_names: dict[str, str] = {}
    imported_names: dict[str, tuple[str, str]] = {}
    mutated: list[cst.BaseExpression] = []
    for statement in statements_below(module.tree, into_functions=True, sketched=True):
        assignments += attribute_targets(statement)
        mutated += mutated_values(statement)
        match statement:
            case cst.Import() | cst.ImportFrom() if not isinstance(statement.names, cst.ImportStar):
                owner_names |= {import_binding(alias): alias.evaluated_name for alias in statement.names}
                imported_names |= _imported_names(statement)
            case cst.ClassDef(name=cst.Name(value=name)):
                owner_names[name] = name
    assignments += _setattr_calls(module)
    rebound = frozenset((name_of_owner(owner, owner_names), name) for owner, name in assignments)
    foreign = set(rebound)
    for value in mutated:
        if isinstance(value, cst.Name) and value.value in imported_names:
            foreign.add(imported_names[value.value])
        elif isinstance(value, cst.Attribute):
            foreign.add((name_of_owner(value.value, owner_names), value.attr.value))
    not_of_self = frozenset(
        name for owner, name in assignments if not (isinstance(owner, cst.Name) and owner.value == "self")
    )
    return AssignedAttributes(frozenset(name for _, name in assignments), frozenset(foreign), rebound, not_of_self)


def _setattr_calls(module: SourceModule) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the object and the attribute name in each call of `setattr` in a module, including calls in lambdas."""
    for node in all_nodes(module.tree, sketched=True) if module.mentions(b"setattr") else ():
        match node:
            case cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_]):
                text = attribute.value.raw_value if isinstance(attribute.value, cst.SimpleString) else ANY_NAME
                yield owner.value, str(text)


def may_assign(module: SourceModule) -> bool:
    """Return whether a module may assign or mutate an attribute. Only the result False is certain."""
    source = module.source
    if _ASSIGNMENT.search(source) or _assigns_in_for(source):
        return True
    return any(match[1] for word, pattern in _LINE_PATTERNS if word in source for match in pattern.finditer(source))


def _assigns_in_for(source: bytes) -> bool:
    """Return whether the target of a `for` contains a dot."""
    if b"for" not in source:
        return False
    lines = (line for line in _FOR_CLAUSE.findall(source) if b"." in line)
    clauses = (_IN_KEYWORD.split(clause, 1) for line in lines for clause in line.split(b"for "))
    return any(len(clause) > 1 and b"." in clause[0] for clause in clauses)


def _imported_names(statement: cst.Import | cst.ImportFrom) -> Mapping[str, tuple[str, str]]:
    """Return, for each name that a `from` import binds, the last component of the module and the name in the module."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return {}
    owner = imported_module(statement)[1].rsplit(".", 1)[-1]
    return {import_binding(alias): (owner, alias.evaluated_name) for alias in statement.names}


def name_of_owner(owner: cst.BaseExpression, owner_names: Mapping[str, str]) -> str:
    """Return the last component of the name of a module or class, or an empty string for other objects."""
    if isinstance(owner, cst.Name):
        return owner_names.get(owner.value, "").rsplit(".", 1)[-1]
    if isinstance(owner, cst.Attribute):
        return owner.attr.value if name_of_owner(owner.value, owner_names) else ""
    return ""


# Class patterns are slow for the many other statements.
_ASSIGNING_STATEMENTS: Final = frozenset([cst.AnnAssign, cst.Assign, cst.AugAssign, cst.Del, cst.For, cst.With])


def attribute_targets(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the object and name of each attribute that a statement assigns or deletes."""
    if type(statement) not in _ASSIGNING_STATEMENTS:
        return
    match statement:
        case cst.Assign(targets=targets):
            assigned: list[cst.CSTNode] = [assign_target.target for assign_target in targets]
        case cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.Del():
            assigned = [statement.target]
        case cst.With(items=items):
            assigned = [item.asname.name for item in items if item.asname is not None]
        case _:
            return
    while assigned:
        target = assigned.pop()
        if isinstance(target, cst.Attribute):
            yield target.value, target.attr.value
        elif isinstance(target, cst.Tuple | cst.List):
            assigned += [element.value for element in target.elements]
