"""Reads of members of modules and classes by computed names, as in `getattr(shop, "JO" + "BS")` and `vars(shop)`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.deferred.blocks import sketch_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.access_paths import AccessPath
from stepgraph.syntax.walk import children

COMPUTED_MEMBER: Final = "*"
"""The name of the unknown member, in the names of a statement that reads one."""
_ANY_MEMBER: Final = ".*"
_NAMESPACE: Final = ".__dict__"
_READERS: Final = ("getattr", "vars", "__dict__", "attrgetter", "getmembers")
"""Words to search for: each read of a member by a computed name has one."""
_WITH_USES: Final = frozenset(
    [cst.Arg, cst.Assign, cst.Attribute, cst.Call, cst.ClassDef, cst.FunctionDef, cst.Import, cst.ImportFrom]
)
"""The types of nodes that the search for uses matches. A match tests each pattern by a slow type check of LibCST."""


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


class _MemberUses(Struct, frozen=True):
    """The computed reads of members in a module, and the modules and classes that it names."""

    readers: Mapping[str, Collection[str]]
    """The names in the source of the read objects, each with the functions and classes around the reads.

    An empty name stands for reads outside of functions and classes.
    """
    owners: Mapping[str, str]
    """The last components of the names of imported modules and of classes, by their names in the source."""
    passed: Collection[str]
    """The names that the module assigns or passes to functions."""


def computed_owners(module: SourceModule) -> frozenset[tuple[str, str]]:
    """Return the modules and classes whose members a module reads by computed names.

    Each is a pair of the name in the source and the last component of the name of the module or class.
    """
    if not module.once(_may_compute_members):
        return frozenset()
    uses = module.once(_member_uses)
    return frozenset((name, uses.owners[name]) for name in uses.readers if name in uses.owners)


def computed_variables(module: SourceModule) -> frozenset[str]:
    """Return the variables and parameters whose members a module reads by computed names.

    Each may be any module or class that a module of the program assigns or passes to a function.
    """
    if not module.once(_may_compute_members):
        return frozenset()
    uses = module.once(_member_uses)
    return frozenset(uses.readers.keys() - uses.owners.keys())


def computed_readers(module: SourceModule) -> frozenset[str]:
    """Return the names of the functions and classes that read members of variables by computed names.

    An empty name stands for such reads outside of functions and classes.
    """
    variables = module.once(computed_variables)
    readers = module.once(_member_uses).readers if variables else {}
    return frozenset(reader for variable in variables for reader in readers[variable])


def passed_owners(module: SourceModule) -> frozenset[str]:
    """Return the last components of the modules and classes that a module assigns or passes to functions."""
    uses = module.once(_member_uses)
    return frozenset(uses.owners[name] for name in uses.passed if name in uses.owners)


def _may_compute_members(module: SourceModule) -> bool:
    return any(module.mentions(word.encode()) for word in _READERS)


def _member_uses(module: SourceModule) -> _MemberUses:
    readers: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    passed: set[str] = set()
    stack: list[tuple[cst.CSTNode, tuple[str, ...]]] = [(module.tree, ())]
    while stack:
        node, definitions = stack.pop()
        if type(node) in _WITH_USES:
            match node:
                case cst.FunctionDef() | cst.ClassDef():
                    definitions = (*definitions, node.name.value)
                    if isinstance(node, cst.ClassDef):
                        owners[node.name.value] = node.name.value
                case cst.Import() | cst.ImportFrom() if not isinstance(node.names, cst.ImportStar):
                    owners |= {import_binding(alias): alias.evaluated_name.rpartition(".")[2] for alias in node.names}
                case cst.Arg(value=cst.Name(value=name)) | cst.Assign(value=cst.Name(value=name)):
                    passed.add(name)
                case cst.Call() | cst.Attribute():
                    for path in member_sources(node):
                        readers.setdefault(word_of(path.name), set()).update(definitions or ("",))
        stack += [(child, definitions) for child in children(sketch_of(node))]
    return _MemberUses(readers, owners, passed)
