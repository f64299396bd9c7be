"""Attributes that a module assigns, and the modules and classes they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding, imported_module
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, mutated_values
from stepgraph.syntax.walk import children, statements_below

_METHODS = "|".join(sorted(COLLECTION_MUTATORS)).encode()
_EQUALS = rb"(?:<<|>>|\*\*|//|[-+*/%@&|^])?=(?!=)"

# A source without a match assigns no attribute, so its tree need not be searched.
_ASSIGNMENT = re.compile(
    rb"\b(?:set|del)attr\b|attr__\("
    rb"|\.\s*+\w++[\s)]*+(?::[^\n=:]*+)?%(equals)s"
    rb"|\]\s*+%(equals)s"
    rb"|\.(?:%(methods)s)\(" % {b"equals": _EQUALS, b"methods": _METHODS}
)
# Patterns by a word that each match contains. They scan lines that may be anything: only a match of the group counts.
_LINE_PATTERNS = (
    (b",", re.compile(rb"\.\s*+\w++\s*+,[^\n(=]*+(=(?!=))?")),
    (b"as", re.compile(rb"\bas\s[^\n:,.]*+(\.)?")),
    (b"del", re.compile(rb"\bdel\s[^\n.\[]*+([.\[])?")),
)
_FOR_CLAUSE = re.compile(rb"\bfor\s([^\n:]*+)")
_IN_KEYWORD = re.compile(rb"\bin\b")

# Names of the attributes that are assigned or mutated.
_ASSIGNED_NAME = re.compile(
    rb"(?<!\bself)\.\s*+(\w++)[\s)]*+%(equals)s"
    rb"|\b(\w++)\.(?:%(methods)s)\("
    rb"|\b(?:set|del)attr\([^\n,]*+(?:,\s*+[\"'](\w++))?" % {b"equals": _EQUALS, b"methods": _METHODS}
)
_QUOTED_NAME = re.compile(rb"[\"'.](\w++)[\"']")
_ATTRIBUTE = re.compile(rb"(?<!\bself)\.\s*+(\w++)")
# Changes of attributes whose name may be computed.
_COMPUTED_NAME = re.compile(
    rb"(?<!\bself\.)\b__dict__\b"
    rb"|\bvars\(\s*+([^\s)]\w*+)"
    rb"|\b(?:set|del)attr\(\s*+(\w*+)[^\n,]*+(?:,\s*+([\"']))?"
)
_SUBSCRIPT = re.compile(rb"\b(\w++)[\s)]*+\[([^\n]*+)")
_SUBSCRIPT_ASSIGNMENT = re.compile(rb"\]\s*+%(equals)s" % {b"equals": _EQUALS})
_DELETION = re.compile(rb"\bdel\s([^\n]*+)")
_DELETED_NAME = re.compile(rb"\b(\w++)\s*+(?:\[|$)")

# Names that an import binds to another name.
_IMPORT_ALIAS = re.compile(rb"\b(\w++)\s++as\s++(\w++)")


ANY_NAME = "*"
"""The attribute name of a `setattr` whose name is not a constant."""


class AssignedAttributes(Struct, frozen=True):
    """The attributes that a module assigns."""

    any_owner: frozenset[str]
    """Names of the assigned attributes, of any object."""
    by_owner: frozenset[tuple[str, str]]
    """Owners and names of the attributes of modules and classes, also of those whose collections are mutated.

    An owner is the last component of a name, such as `settings` or `Order`; it is empty for any other object.
    """
    rebound: frozenset[tuple[str, str]]
    """Those of `by_owner` that are assigned, not only mutated."""
    not_of_self: frozenset[str] = frozenset()
    """Names of the assigned attributes of objects other than `self`."""


def assigned_attributes(module: SourceModule) -> AssignedAttributes:
    """Return the attributes that a module assigns, including calls of `setattr`."""
    if not may_assign(module.source):
        return AssignedAttributes(frozenset(), frozenset(), frozenset())
    assignments: list[tuple[cst.BaseExpression, str]] = []
    owner_names: dict[str, str] = {}
    imported_names: dict[str, tuple[str, str]] = {}
    mutated: list[cst.BaseExpression] = []
    for statement in statements_below(module.tree, into_functions=True):
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
    """Yield the object and the name of each call of `setattr` in a module, also in lambdas."""
    pending: list[cst.CSTNode] = [module.tree] if module.mentions(b"setattr") else []
    while pending:
        node = pending.pop()
        pending += children(node)
        match node:
            case cst.Call(func=cst.Name(value="setattr"), args=[owner, attribute, *_]):
                text = attribute.value.raw_value if isinstance(attribute.value, cst.SimpleString) else ANY_NAME
                yield owner.value, str(text)


def may_assign(source: bytes) -> bool:
    """Return whether a source may assign an attribute. It may be wrong for True, never for False."""
    if _ASSIGNMENT.search(source) or _assigns_in_for(source):
        return True
    return any(match[1] for word, pattern in _LINE_PATTERNS if word in source for match in pattern.finditer(source))


def _assigns_in_for(source: bytes) -> bool:
    """Whether the target of a `for` contains a dot."""
    if b"for" not in source:
        return False
    lines = (line for line in _FOR_CLAUSE.findall(source) if b"." in line)
    clauses = (_IN_KEYWORD.split(clause, 1) for line in lines for clause in line.split(b"for "))
    return any(len(clause) > 1 and b"." in clause[0] for clause in clauses)


def _imported_names(statement: cst.Import | cst.ImportFrom) -> Mapping[str, tuple[str, str]]:
    """Return the last component of the module and the name in it, for each name that a statement imports from it."""
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return {}
    owner = imported_module(statement)[1].rsplit(".", 1)[-1]
    return {import_binding(alias): (owner, alias.evaluated_name) for alias in statement.names}


def may_assigned_names(source: bytes) -> frozenset[str]:
    """Return the attributes that a source may assign or mutate: a superset, from regular expressions."""
    attributes = {name for groups in _ASSIGNED_NAME.findall(source) for name in groups if name}
    if _SUBSCRIPT_ASSIGNMENT.search(source):
        attributes.update(name for name, rest in _SUBSCRIPT.findall(source) if _SUBSCRIPT_ASSIGNMENT.search(rest))
    deleted = (_DELETED_NAME.search(names) for names in _DELETION.findall(source))
    attributes.update(item[1] for item in deleted if item is not None)
    if b"attr__(" in source or b"patch" in source:
        attributes.update(_QUOTED_NAME.findall(source))
    for line in source.splitlines():
        attributes.update(_ATTRIBUTE.findall(_possible_targets(line)))
    attributes.update(name for name, alias in _IMPORT_ALIAS.findall(source) if alias in attributes)
    names = frozenset(name.decode("ascii") for name in attributes)
    return names | {ANY_NAME} if _may_compute_names(source) else names


def _possible_targets(line: bytes) -> bytes:
    """Return the part of a line with the targets of `for`, `as`, or an assignment to several or annotated targets."""
    if line.lstrip().startswith(b"#"):
        return b""
    if b"for " in line or b" as " in line:
        return line
    has_targets = any(sign in line for sign in (b",", b":", b"]"))
    return line[: line.rfind(b"=") + 1] if has_targets else b""


def _may_compute_names(source: bytes) -> bool:
    """Return whether a source may change an attribute with a computed name of an object other than `self`."""
    return any(
        not is_literal and b"self" not in (dictionary_owner, owner)
        for dictionary_owner, owner, is_literal in _COMPUTED_NAME.findall(source)
    )


def name_of_owner(owner: cst.BaseExpression, owner_names: Mapping[str, str]) -> str:
    """Return the last component of the name of a module or class, empty for any other object."""
    if isinstance(owner, cst.Name):
        return owner_names.get(owner.value, "").rsplit(".", 1)[-1]
    if isinstance(owner, cst.Attribute):
        return owner.attr.value if name_of_owner(owner.value, owner_names) else ""
    return ""


def attribute_targets(statement: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, str]]:
    """Yield the object and name of each attribute that a statement assigns."""
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
