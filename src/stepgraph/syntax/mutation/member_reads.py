"""Reads of members of modules and classes by computed names, as in `getattr(shop, "JO" + "BS")` and `vars(shop)`."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.access_paths import AccessPath
from stepgraph.syntax.walk import all_nodes

COMPUTED_MEMBER: Final = "*"
"""The name that stands for the unknown member in the names of a statement with such a read."""
_ANY_MEMBER: Final = ".*"
_NAMESPACE: Final = ".__dict__"
_READERS: Final = ("getattr", "vars", "__dict__", "attrgetter", "getmembers")
"""Words, one of which is in each read of a member by a computed name."""


def member_path(owner: str) -> AccessPath:
    """Return the path to any member of an owner that `getattr` reads by a computed name."""
    return AccessPath(owner + _ANY_MEMBER)


def namespace_path(owner: str) -> AccessPath:
    """Return the path to any member of an owner that is read from a dictionary or list of its members."""
    return AccessPath(owner + _NAMESPACE)


def is_namespace_path(path: AccessPath) -> bool:
    """Return whether a path is a `namespace_path`. The interpreter does not follow such reads."""
    return path.name.endswith(_NAMESPACE)


def word_of(name: str) -> str:
    """Return the word in the source of each use of a path with this name."""
    return name.partition(".")[0]


def member_sources(node: cst.BaseExpression) -> tuple[AccessPath, ...]:
    """Return the paths to the members that an expression reads by a computed name."""
    if type(node) is cst.Attribute:
        return _paths(node.value, _NAMESPACE, 1) if node.attr.value == "__dict__" else ()
    if type(node) is not cst.Call:
        return ()
    match last_name(node.func), node.args:
        case "getattr", [owner, name, *_] if type(name.value) is not cst.SimpleString:
            return _paths(owner.value, _ANY_MEMBER, 0)
        case "vars", [owner]:
            return _paths(owner.value, _NAMESPACE, 1)
        case "getmembers", [owner, *_]:
            return _paths(owner.value, _NAMESPACE, 2)
        case "", [owner] if type(node.func) is cst.Call and last_name(node.func.func) == "attrgetter":
            return _paths(owner.value, _ANY_MEMBER, 0)
        case _:
            return ()


def _paths(owner: cst.BaseExpression, suffix: str, nesting: int) -> tuple[AccessPath, ...]:
    name = last_name(owner)
    return () if name in ("", "self", "cls") else (AccessPath(name + suffix, nesting=nesting),)


def computed_owners(module: SourceModule) -> frozenset[tuple[str, str]]:
    """Return the modules and classes whose members a module reads by computed names.

    Each is a pair of the name in the source and the last component of the name of the module or class.
    """
    reads = module.once(_computed_reads)
    owners = module.once(_owners) if reads else {}
    return frozenset((name, owners[name]) for name in reads if name in owners)


def computed_variables(module: SourceModule) -> frozenset[str]:
    """Return the variables and parameters whose members a module reads by computed names.

    Each may be any module or class that a module of the program assigns or passes to a function.
    """
    reads = module.once(_computed_reads)
    return reads - module.once(_owners).keys() if reads else reads


def computed_readers(module: SourceModule) -> frozenset[str]:
    """Return the names of the functions and classes that read members of variables by computed names.

    An empty name stands for such reads outside of functions and classes.
    """
    variables = module.once(computed_variables)
    if not variables:
        return frozenset()
    nodes = list(all_nodes(module.tree, sketched=True))
    outside = {id(node) for node in nodes if _reads_any(node, variables)}
    names: set[str] = set()
    for definition in nodes:
        if isinstance(definition, cst.FunctionDef | cst.ClassDef):
            inside = {id(node) for node in all_nodes(definition, sketched=True) if _reads_any(node, variables)}
            outside -= inside
            names |= {definition.name.value} if inside else set()
    return frozenset(names | {""} if outside else names)


def _reads_any(node: cst.CSTNode, variables: frozenset[str]) -> bool:
    return isinstance(node, cst.Call | cst.Attribute) and any(
        word_of(path.name) in variables for path in member_sources(node)
    )


def passed_owners(module: SourceModule) -> frozenset[str]:
    """Return the last components of the modules and classes that a module assigns or passes to functions."""
    owners = module.once(_owners)
    values = (node.value for node in all_nodes(module.tree, sketched=True) if isinstance(node, cst.Arg | cst.Assign))
    return frozenset(owners[value.value] for value in values if isinstance(value, cst.Name) and value.value in owners)


def _computed_reads(module: SourceModule) -> frozenset[str]:
    """Return the names in the source of the objects whose members a module reads by computed names."""
    if not any(module.mentions(word.encode()) for word in _READERS):
        return frozenset()
    return frozenset(
        word_of(path.name)
        for node in all_nodes(module.tree, sketched=True)
        if isinstance(node, cst.Call | cst.Attribute)
        for path in member_sources(node)
    )


def _owners(module: SourceModule) -> dict[str, str]:
    """Return the last components of the names of imported modules and of classes, by their names in the source."""
    owners: dict[str, str] = {}
    for node in all_nodes(module.tree, sketched=True):
        if isinstance(node, cst.ClassDef):
            owners[node.name.value] = node.name.value
        elif isinstance(node, cst.Import | cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
            owners |= {import_binding(alias): alias.evaluated_name.rpartition(".")[2] for alias in node.names}
    return owners
