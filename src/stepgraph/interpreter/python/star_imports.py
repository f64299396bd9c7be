"""Star imports: which names a module exports, and where one leads that comes by `from module import *`.

Stars form a graph, which may have cycles and be deep: it is walked without recursion, each module once for a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.modules import Listed, Starred
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Collection,
    Constant,
    External,
    LexicalScope,
    ModuleValue,
    Value,
)
from stepgraph.interpreter.python.imports import star_source, submodule
from stepgraph.syntax.changes import changed_names
from stepgraph.syntax.walk import Statement, expressions_below, statements_with_enclosing


def exported_names(interpreter: Interpreter, scope: LexicalScope) -> tuple[str, ...]:
    """Return the names that a module exports, in source order: those of `__all__`, else the public ones.

    Where `__all__` is not known, these are all that may be.
    """
    known = interpreter.modules.stars.exported.get(scope)
    if known is None:
        known = interpreter.modules.stars.exported[scope] = _exported_names(interpreter, scope)
    return known


def _exported_names(interpreter: Interpreter, scope: LexicalScope) -> tuple[str, ...]:
    names: dict[str, None] = {}
    seen = {scope}
    pending = [scope]
    while pending:
        current = pending.pop()
        listed = _listed(interpreter, current)
        if listed is not None:
            names |= dict.fromkeys(listed.names)
            if listed.is_known:
                continue
        names |= dict.fromkeys(name for name in current.bindings.binders if not name.startswith("_"))
        for star in reversed(_sources(interpreter, current)):
            inner = star.source.scope
            if inner is not None and inner not in seen:
                seen.add(inner)
                pending.append(inner)
    return tuple(names)


def starred(interpreter: Interpreter, scope: LexicalScope, name: str) -> Value | None:
    """Return what a name is that `from module import *` binds, the last one that does; None where none can."""
    origins = interpreter.modules.stars.origins
    key = (scope, name)
    if key not in origins:
        origins[key] = _origin(interpreter, scope, name)
    origin = origins[key]
    if isinstance(origin, Starred):
        return interpreter.attribute(origin.source, name, origin.place)
    return origin


def is_starred_later(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Whether a module of the project has a name for `from module import *` that stands after all that binds it."""
    first = scope.bindings.stars_before.get(name, 0)
    if len(scope.bindings.stars) <= first:
        return False
    later = {id(statement) for statement in scope.bindings.stars[first:]}
    sources = [star for star in _sources(interpreter, scope) if id(star.place.node) in later]
    origin = _binding(interpreter, scope, name, sources)[0]
    return isinstance(origin, Starred)


def _origin(interpreter: Interpreter, scope: LexicalScope, name: str) -> Starred | Value | None:
    """Return a module that binds the name, or what else it is; a module that lists it in vain if there is no other."""
    origin, in_vain = _binding(interpreter, scope, name, _sources(interpreter, scope))
    if origin is not None:
        return origin
    if in_vain is not None and in_vain.source.scope is not None:
        interpreter.modules.stars.origins[in_vain.source.scope, name] = None
        return in_vain
    return _outside(interpreter, scope, name)


def _binding(
    interpreter: Interpreter, scope: LexicalScope, name: str, sources: Sequence[Starred]
) -> tuple[Starred | Value | None, Starred | None]:
    """Return what gives a module a name by its stars, the last one first; and a module that lists it in vain."""
    in_vain: Starred | None = None
    seen = {scope}
    pending = [(star, False) for star in sources]
    while pending:
        star, is_searched = pending.pop()
        inner = star.source.scope
        if is_searched:
            found = _otherwise(interpreter, star, name)
            if found is not None:
                return found, in_vain
        elif inner is not None and inner not in seen:
            seen.add(inner)
            listed = _listed(interpreter, inner)
            is_listed = listed is not None and name in listed.names
            if not is_listed and (name.startswith("_") or (listed is not None and listed.is_known)):
                continue
            if name in inner.bindings.binders:
                return star, in_vain
            if is_listed:
                in_vain = star if listed is not None and listed.is_known else in_vain
                pending.append((star, True))
            pending += [(further, False) for further in _sources(interpreter, inner)]
    return None, in_vain


def _otherwise(interpreter: Interpreter, star: Starred, name: str) -> Value | None:
    """Return what a name is that a module lists, and neither binds nor has from another module of the project."""
    scope = star.source.scope
    found = (scope and _outside(interpreter, scope, name)) or submodule(interpreter, star.source, name, star.place)
    is_computed = scope is not None and "__getattr__" in scope.bindings.binders
    return UNKNOWN if found is None and is_computed else found


def _outside(interpreter: Interpreter, scope: LexicalScope, name: str) -> External | None:
    """Return what a name is that a module has by its only star from outside of the project."""
    _sources(interpreter, scope)
    outside = interpreter.modules.stars.outside[scope]
    return External(f"{outside[0]}.{name}") if len(outside) == 1 else None


def _sources(interpreter: Interpreter, scope: LexicalScope) -> tuple[Starred, ...]:
    """Return what a module takes all names of, in order."""
    known = interpreter.modules.stars.sources.get(scope)
    if known is not None:
        return known
    found: list[Starred] = []
    outside: list[str] = []
    with interpreter.in_frame(Frame(scope)):
        for statement in scope.bindings.stars:
            source = star_source(interpreter, statement)
            if isinstance(source, ModuleValue):
                found.append(Starred(source, interpreter.place(statement)))
            elif isinstance(source, External):
                outside.append(source.name)
    interpreter.modules.stars.outside[scope] = tuple(outside)
    interpreter.modules.stars.sources[scope] = tuple(found)
    return interpreter.modules.stars.sources[scope]


def _listed(interpreter: Interpreter, scope: LexicalScope) -> Listed | None:
    listed = interpreter.modules.stars.listed
    if scope not in listed:
        listed[scope] = None  # what it is in terms of itself
        listed[scope] = listed_names(interpreter, scope)
    return listed[scope]


_ALL = "__all__"


def listed_names(interpreter: Interpreter, scope: LexicalScope) -> Listed | None:
    """Return the names in a module's `__all__`, None where it has none.

    They are known if they come of assignments, `+=`, `append`, `extend` and `remove` at the top of the module, and of
    constants. Else all names that are mentioned are among them.
    """
    binders = scope.bindings.binders.get(_ALL)
    if not binders:
        return None
    reading = _Reading(interpreter)
    others = {id(binder) for binder in binders}
    with interpreter.in_frame(Frame(scope)), interpreter.nested():
        for statement, around in statements_with_enclosing(scope.module.tree):
            if reading.read(statement, is_certain=not around):
                others.discard(id(statement))
    return Listed(tuple(dict.fromkeys(reading.names)), reading.is_known and not others)


class _Reading:
    """The list after the statements that were read: its names and, where these are not known, all that were named."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.names: list[str] = []
        self.is_known = True
        self._machine = interpreter

    def read(self, statement: Statement, *, is_certain: bool) -> bool:
        """Go on by a statement, which runs for sure if it `is_certain`. Return whether it was understood."""
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))], value=value):
                self._assign(value, is_certain=is_certain)
            case cst.AnnAssign(target=cst.Name(value="__all__"), value=cst.BaseExpression() as value):
                self._assign(value, is_certain=is_certain)
            case cst.AugAssign(target=cst.Name(value="__all__"), operator=cst.AddAssign(), value=value):
                self._add(value, is_certain=is_certain)
            case cst.Expr(
                value=cst.Call(func=cst.Attribute(value=cst.Name(value="__all__"), attr=method), args=[given])
            ):
                self._call(method.value, given.value, is_certain=is_certain)
            case _:
                self.is_known = self.is_known and _ALL not in changed_names(statement)
                return False
        return True

    def _assign(self, listed: cst.BaseExpression, *, is_certain: bool) -> None:
        if is_certain:
            self.names, self.is_known = [], True
        self._add(listed, is_certain=is_certain)

    def _add(self, listed: cst.BaseExpression, *, is_certain: bool) -> None:
        value = self._machine.evaluate(listed)
        items = value.items if isinstance(value, Collection) else ()
        names = [_name(item.value) for item in items]
        if not isinstance(value, Collection):
            names = [_name(self._machine.evaluate(text)) for text in _texts(listed)]
        self.names += [name for name in names if name is not None]
        is_whole = isinstance(value, Collection) and value.shows_constants and None not in names
        self.is_known = self.is_known and is_certain and is_whole and not any(item.maybe or item.many for item in items)

    def _call(self, method: str, given: cst.BaseExpression, *, is_certain: bool) -> None:
        if method == "extend":
            self._add(given, is_certain=is_certain)
            return
        name = _name(self._machine.evaluate(given))
        self.is_known = self.is_known and is_certain and name is not None and method in ("append", "remove")
        if name is not None and method == "append":
            self.names.append(name)
        elif name in self.names and self.is_known:
            self.names.remove(name)


def _name(value: Value) -> str | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _texts(listed: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    return (node for node in expressions_below(listed) if isinstance(node, cst.SimpleString))
