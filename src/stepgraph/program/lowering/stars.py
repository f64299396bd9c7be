"""Star imports: which names a module exports, and where one leads that comes by `from module import *`.

Stars form a graph, which may have cycles and be deep: it is walked without recursion, each module once for a question.
"""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.program.lowering.frames import Frame
from stepgraph.program.lowering.imports import star_source, submodule
from stepgraph.program.lowering.listed_names import listed_names
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.star_memory import Listed, Starred
from stepgraph.program.values import UNKNOWN, External, LexicalScope, ModuleValue, Value


def exported_names(machine: Machine, scope: LexicalScope) -> tuple[str, ...]:
    """Return the names that a module exports, in source order: those of `__all__`, else the public ones.

    Where `__all__` is not known, these are all that may be.
    """
    known = machine.modules.stars.exported.get(scope)
    if known is None:
        known = machine.modules.stars.exported[scope] = _exported_names(machine, scope)
    return known


def _exported_names(machine: Machine, scope: LexicalScope) -> tuple[str, ...]:
    names: dict[str, None] = {}
    seen = {scope}
    pending = [scope]
    while pending:
        current = pending.pop()
        listed = _listed(machine, current)
        if listed is not None:
            names |= dict.fromkeys(listed.names)
            if listed.is_known:
                continue
        names |= dict.fromkeys(name for name in current.bindings.binders if not name.startswith("_"))
        for star in reversed(_sources(machine, current)):
            inner = star.source.scope
            if inner is not None and inner not in seen:
                seen.add(inner)
                pending.append(inner)
    return tuple(names)


def starred(machine: Machine, scope: LexicalScope, name: str) -> Value | None:
    """Return what a name is that `from module import *` binds, the last one that does; None where none can."""
    origins = machine.modules.stars.origins
    key = (scope, name)
    if key not in origins:
        origins[key] = _origin(machine, scope, name)
    origin = origins[key]
    if isinstance(origin, Starred):
        return machine.attribute(origin.source, name, origin.place)
    return origin


def is_starred_later(machine: Machine, scope: LexicalScope, name: str) -> bool:
    """Whether a module of the project has a name for `from module import *` that stands after all that binds it."""
    first = scope.bindings.stars_before.get(name, 0)
    if len(scope.bindings.stars) <= first:
        return False
    later = {id(statement) for statement in scope.bindings.stars[first:]}
    sources = [star for star in _sources(machine, scope) if id(star.place.node) in later]
    origin = _binding(machine, scope, name, sources)[0]
    return isinstance(origin, Starred)


def _origin(machine: Machine, scope: LexicalScope, name: str) -> Starred | Value | None:
    """Return a module that binds the name, or what else it is; a module that lists it in vain if there is no other."""
    origin, in_vain = _binding(machine, scope, name, _sources(machine, scope))
    if origin is not None:
        return origin
    if in_vain is not None and in_vain.source.scope is not None:
        machine.modules.stars.origins[in_vain.source.scope, name] = None
        return in_vain
    return _outside(machine, scope, name)


def _binding(
    machine: Machine, scope: LexicalScope, name: str, sources: Sequence[Starred]
) -> tuple[Starred | Value | None, Starred | None]:
    """Return what gives a module a name by its stars, the last one first; and a module that lists it in vain."""
    in_vain: Starred | None = None
    seen = {scope}
    pending = [(star, False) for star in sources]
    while pending:
        star, is_searched = pending.pop()
        inner = star.source.scope
        if is_searched:
            found = _otherwise(machine, star, name)
            if found is not None:
                return found, in_vain
        elif inner is not None and inner not in seen:
            seen.add(inner)
            listed = _listed(machine, inner)
            is_listed = listed is not None and name in listed.names
            if not is_listed and (name.startswith("_") or (listed is not None and listed.is_known)):
                continue
            if name in inner.bindings.binders:
                return star, in_vain
            if is_listed:
                in_vain = star if listed is not None and listed.is_known else in_vain
                pending.append((star, True))
            pending += [(further, False) for further in _sources(machine, inner)]
    return None, in_vain


def _otherwise(machine: Machine, star: Starred, name: str) -> Value | None:
    """Return what a name is that a module lists, and neither binds nor has from another module of the project."""
    scope = star.source.scope
    found = (scope and _outside(machine, scope, name)) or submodule(machine, star.source, name, star.place)
    is_computed = scope is not None and "__getattr__" in scope.bindings.binders
    return UNKNOWN if found is None and is_computed else found


def _outside(machine: Machine, scope: LexicalScope, name: str) -> External | None:
    """Return what a name is that a module has by its only star from outside of the project."""
    _sources(machine, scope)
    outside = machine.modules.stars.outside[scope]
    return External(f"{outside[0]}.{name}") if len(outside) == 1 else None


def _sources(machine: Machine, scope: LexicalScope) -> tuple[Starred, ...]:
    """Return what a module takes all names of, in order."""
    known = machine.modules.stars.sources.get(scope)
    if known is not None:
        return known
    found: list[Starred] = []
    outside: list[str] = []
    with machine.in_frame(Frame(scope)):
        for statement in scope.bindings.stars:
            source = star_source(machine, statement)
            if isinstance(source, ModuleValue):
                found.append(Starred(source, machine.place(statement)))
            elif isinstance(source, External):
                outside.append(source.name)
    machine.modules.stars.outside[scope] = tuple(outside)
    machine.modules.stars.sources[scope] = tuple(found)
    return machine.modules.stars.sources[scope]


def _listed(machine: Machine, scope: LexicalScope) -> Listed | None:
    listed = machine.modules.stars.listed
    if scope not in listed:
        listed[scope] = None  # what it is in terms of itself
        listed[scope] = listed_names(machine, scope)
    return listed[scope]
