"""Accesses of a function to constant keys of one of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.body_errors import catches_by_name
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.variables import Variable

KeyRead: TypeAlias = Literal["read", "get", "attribute"]
_ERRORS: Final[dict[KeyRead, str]] = {"read": "KeyError", "get": "", "attribute": "AttributeError"}


class KeyAccess(Struct, frozen=True):
    """A read of a constant key of a mapping: `ctx["attempt"]`, `ctx.get("attempt")` or `ctx.attempt`."""

    use: KeyRead
    key: str
    mapping: SourcePlace
    place: SourcePlace

    @property
    def is_caught(self) -> bool:
        """Whether the code catches the exception for a missing key by name."""
        return catches_by_name(self.place.node, self.place.module, _ERRORS[self.use])

    @property
    def inner(self) -> list[KeyAccess]:
        """The accesses to keys of the value at this key, such as `["name"]` in `ctx["step"]["name"]`."""
        return _accesses([self.place])


def key_accesses(function: SourcePlace, parameter: str) -> list[KeyAccess]:
    """Return the accesses to a parameter of a function or lambda, in source order, also those by another name for it.

    Keys that the function sets or tests are omitted. The list is empty if the function binds the name again.
    """
    node, module = function.node, function.module
    if not isinstance(node, cst.FunctionDef | cst.Lambda):
        return []
    if not _is_bound_once(node, module, parameter):
        return []
    return _accesses(Variable(module, node, parameter).occurrences)


def _accesses(mappings: Iterable[SourcePlace]) -> list[KeyAccess]:
    """Return the accesses to a mapping at these places, and by variables that are assigned from them."""
    places = _with_aliases(mappings)
    expected = {key for place in places if (key := _expected_key(place)) is not None}
    accesses = (_access(place) for place in places)
    return [access for access in accesses if access is not None and access.key not in expected]


def _with_aliases(mappings: Iterable[SourcePlace]) -> list[SourcePlace]:
    """Return the places of a mapping, each followed by the places of a variable that only an assignment of it binds."""
    places: dict[SourcePlace, None] = {}
    pending = list(mappings)[::-1]
    while pending:
        place = pending.pop()
        if place not in places:
            places[place] = None
            pending += _alias_occurrences(place)[::-1]
    return list(places)


def _alias_occurrences(mapping: SourcePlace) -> Sequence[SourcePlace]:
    module, owner = mapping.module, mapping.node
    match module.parents.get(id(owner)):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if value is owner:
            scope = module.scope_around(owner)
            if isinstance(scope, cst.FunctionDef) and _is_bound_once(scope, module, name):
                return Variable(module, scope, name).occurrences
    return ()


def _is_bound_once(function: cst.FunctionDef | cst.Lambda, module: SourceModule, name: str) -> bool:
    """Return whether a name is a variable of a function, which binds it only once."""
    bindings = bindings_of(function, module)
    is_local = name not in bindings.globals and name not in bindings.nonlocals
    return is_local and len(bindings.binders.get(name, ())) == 1


def _access(mapping: SourcePlace) -> KeyAccess | None:
    """Return the access to a constant key of a mapping, which may be part of a longer expression."""
    module, owner = mapping.module, mapping.node
    node = module.parents.get(id(owner))
    match node:
        case cst.Subscript(value=value, slice=[cst.SubscriptElement(slice=cst.Index(value=index))]) if value is owner:
            return _constant_access("read", index, mapping, node)
        case cst.Attribute(value=value, attr=cst.Name(value=name)) if value is owner:
            call = module.parents.get(id(node))
            if name == "get" and isinstance(call, cst.Call) and call.func is node:
                return _constant_access("get", call.args[0].value, mapping, call) if call.args else None
            return KeyAccess("attribute", name, mapping, SourcePlace(module, node))
    return None


def _constant_access(
    use: KeyRead, key: cst.BaseExpression, mapping: SourcePlace, node: cst.BaseExpression
) -> KeyAccess | None:
    text = string_of(key)
    return None if text is None else KeyAccess(use, text, mapping, SourcePlace(mapping.module, node))


def _expected_key(mapping: SourcePlace) -> str | None:
    """Return the key that code sets, or whose presence it tests, as in `"attempt" in ctx`."""
    module, access = mapping.module, _access(mapping)
    if access is not None and isinstance(module.parents.get(id(access.place.node)), cst.AssignTarget):
        return access.key
    return _tested_key(module, mapping.node)


def _tested_key(module: SourceModule, node: cst.CSTNode) -> str | None:
    target = module.parents.get(id(node))
    comparison = module.parents.get(id(target)) if isinstance(target, cst.ComparisonTarget) else None
    return string_of(comparison.left) if isinstance(comparison, cst.Comparison) else None
