"""Star imports: the names that a module exports, and the values of names that `from module import *` binds.

The star imports of a program form a graph, which may be cyclic and deep. Each query traverses the graph without
recursion and visits each module once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import star_source, submodule
from stepgraph.interpreter.modules.loaded_modules import ExportList, StarImport
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import LexicalScope, ModuleValue
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.syntax.mutation.changes import mutated_names
from stepgraph.syntax.walk import Statement, expressions_below, statements_with_enclosing


def exported_names(interpreter: Interpreter, scope: LexicalScope) -> tuple[str, ...]:
    """Return the names that a module exports, in source order: those in `__all__`, or the public names without it.

    If `__all__` cannot be evaluated exactly, return every name that may be exported.
    """
    names = interpreter.modules.stars.exported_names.get(scope)
    if names is None:
        names = interpreter.modules.stars.exported_names[scope] = _collect_exported_names(interpreter, scope)
    return names


def module_names(interpreter: Interpreter, scope: LexicalScope) -> tuple[str, ...]:
    """Return the names that a module binds itself, followed by the names from star imports."""
    sources = (star.source.scope for star in _star_sources(interpreter, scope))
    starred = (name for source in sources if source is not None for name in exported_names(interpreter, source))
    return tuple(dict.fromkeys((*scope.bindings.binders, *starred)))


def _collect_exported_names(interpreter: Interpreter, scope: LexicalScope) -> tuple[str, ...]:
    names: dict[str, None] = {}
    visited = {scope}
    pending = [scope]
    while pending:
        current = pending.pop()
        listed = _cached_listing(interpreter, current)
        if listed is not None:
            names |= dict.fromkeys(listed.names)
            if listed.is_exact:
                continue
        names |= dict.fromkeys(name for name in current.bindings.binders if not name.startswith("_"))
        for star in reversed(_star_sources(interpreter, current)):
            inner = star.source.scope
            if inner is not None and inner not in visited:
                visited.add(inner)
                pending.append(inner)
    return tuple(names)


def star_imported_value(interpreter: Interpreter, scope: LexicalScope, name: str) -> Value | None:
    """Return the value that the last matching `from module import *` binds to a name. Return None if none does."""
    origins = interpreter.modules.stars.origins
    key = (scope, name)
    if key not in origins:
        origins[key] = _find_origin(interpreter, scope, name)
    return _value_of_origin(interpreter, origins[key], name)


def _value_of_origin(interpreter: Interpreter, origin: StarImport | Value | None, name: str) -> Value | None:
    return interpreter.attribute(origin.source, name, origin.place) if isinstance(origin, StarImport) else origin


def has_later_star_import(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Return whether a star import from a project module rebinds a name after all its other bindings.

    Modules may import the name from each other in a circle. Then each of them has its own value.
    """
    source = _source_of_later_star(interpreter, scope, name)
    visited: set[LexicalScope] = set()
    while source is not None and source not in visited:
        if source is scope:
            return False
        visited.add(source)
        source = _source_of_later_star(interpreter, source, name) if name in source.bindings.binders else None
    return bool(visited)


def _source_of_later_star(interpreter: Interpreter, scope: LexicalScope, name: str) -> LexicalScope | None:
    """Return the module whose star import rebinds a name after all its other bindings."""
    first = scope.bindings.stars_before.get(name, 0)
    if len(scope.bindings.stars) <= first:
        return None
    origin = _origin_among(interpreter, scope, name, scope.bindings.stars[first:])
    return origin.source.scope if isinstance(origin, StarImport) else None


def value_of_earlier_stars(
    interpreter: Interpreter, scope: LexicalScope, name: str, start: int, end: int
) -> Value | None:
    """Return the value that some star imports of a module bind to a name. Return None if none of them binds it.

    `start` and `end` delimit the star imports to search.
    """
    origins = interpreter.modules.stars.earlier_origins
    key = (scope, name, start, end)
    if key not in origins:
        origins[key] = _origin_among(interpreter, scope, name, scope.bindings.stars[start:end])
    return _value_of_origin(interpreter, origins[key], name)


def _origin_among(
    interpreter: Interpreter, scope: LexicalScope, name: str, statements: Sequence[cst.CSTNode]
) -> StarImport | Value | None:
    """Return the last of some star imports that binds a name, or the name's value. Return None if it is unbound."""
    searched = set(map(id, statements))
    sources = [star for star in _star_sources(interpreter, scope) if id(star.place.node) in searched]
    return _find_binding(interpreter, scope, name, sources)[0]


def _find_origin(interpreter: Interpreter, scope: LexicalScope, name: str) -> StarImport | Value | None:
    """Return the star import that binds a name, or the value of the name. Return None if neither exists.

    The fallback is a star import whose module lists the name in `__all__` without binding it.
    """
    origin, unbound_listing = _find_binding(interpreter, scope, name, _star_sources(interpreter, scope))
    if origin is not None:
        return origin
    if unbound_listing is not None and unbound_listing.source.scope is not None:
        interpreter.modules.stars.origins[unbound_listing.source.scope, name] = None
        return unbound_listing
    return _external_value(interpreter, scope, name)


def _find_binding(
    interpreter: Interpreter, scope: LexicalScope, name: str, sources: Sequence[StarImport]
) -> tuple[StarImport | Value | None, StarImport | None]:
    """Return the origin of a name, and a star import whose module lists the name without binding it.

    `sources` are star imports in source order. The last star import that binds the name takes precedence.
    """
    unbound_listing: StarImport | None = None
    visited = {scope}
    pending = [(star, False) for star in sources]
    while pending:
        star, sources_searched = pending.pop()
        inner = star.source.scope
        if sources_searched:
            value = _listed_value(interpreter, star, name)
            if value is not None:
                return value, unbound_listing
        elif inner is not None and inner not in visited:
            visited.add(inner)
            listed = _cached_listing(interpreter, inner)
            is_listed = listed is not None and name in listed.names
            if not is_listed and (name.startswith("_") or (listed is not None and listed.is_exact)):
                continue
            if name in inner.bindings.binders:
                return star, unbound_listing
            if is_listed:
                unbound_listing = star if listed is not None and listed.is_exact else unbound_listing
                pending.append((star, True))
            pending += [(source, False) for source in _star_sources(interpreter, inner)]
    return None, unbound_listing


def _listed_value(interpreter: Interpreter, star: StarImport, name: str) -> Value | None:
    """Return the value of a name that a module lists in `__all__` but does not get from a project module, if any."""
    scope = star.source.scope
    value = (scope and _external_value(interpreter, scope, name)) or submodule(
        interpreter, star.source, name, star.place
    )
    is_computed = scope is not None and "__getattr__" in scope.bindings.binders
    return UNKNOWN if value is None and is_computed else value


def _external_value(interpreter: Interpreter, scope: LexicalScope, name: str) -> External | None:
    """Return a name's value from a module's only external star import. Return None unless it has exactly one."""
    _star_sources(interpreter, scope)
    outside = interpreter.modules.stars.external_modules[scope]
    return External(f"{outside[0]}.{name}") if len(outside) == 1 else None


def _star_sources(interpreter: Interpreter, scope: LexicalScope) -> tuple[StarImport, ...]:
    """Return a module's star imports from project modules, in source order. Record those from external modules."""
    cached = interpreter.modules.stars.star_imports.get(scope)
    if cached is not None:
        return cached
    sources: list[StarImport] = []
    external_names: list[str] = []
    with interpreter.in_frame(Frame.of_body(scope)):
        for statement in scope.bindings.stars:
            source = star_source(interpreter, statement)
            if isinstance(source, ModuleValue):
                sources.append(StarImport(source, interpreter.place(statement)))
            elif isinstance(source, External):
                external_names.append(source.name)
    interpreter.modules.stars.external_modules[scope] = tuple(external_names)
    interpreter.modules.stars.star_imports[scope] = tuple(sources)
    return interpreter.modules.stars.star_imports[scope]


def _cached_listing(interpreter: Interpreter, scope: LexicalScope) -> ExportList | None:
    listed = interpreter.modules.stars.export_lists
    if scope not in listed:
        listed[scope] = None  # breaks cycles of modules that define `__all__` in terms of each other
        listed[scope] = _listed_names(interpreter, scope)
    return listed[scope]


_ALL = "__all__"


def _listed_names(interpreter: Interpreter, scope: LexicalScope) -> ExportList | None:
    """Return the names in a module's `__all__`. Return None if it does not define one.

    The names are exact if `__all__` is only written at the top level of the module, by assignments, `+=`, `append`,
    `extend` and `remove` with constants. In other modules, they include every name mentioned in such statements.
    """
    binders = scope.bindings.binders.get(_ALL)
    if not binders:
        return None
    exports = _ExportListBuilder(interpreter)
    unmodeled_binders = {id(binder) for binder in binders}
    with interpreter.in_frame(Frame.of_body(scope)), interpreter.collect_operations():
        for statement, enclosing in statements_with_enclosing(scope.module.tree):
            if exports.apply(statement, is_unconditional=not enclosing):
                unmodeled_binders.discard(id(statement))
    return ExportList(tuple(dict.fromkeys(exports.names)), exports.is_known and not unmodeled_binders)


class _ExportListBuilder:
    """A builder of the export list of a module: the value of `__all__` after the statements executed so far."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.names: list[str] = []
        """The exported names, or all names mentioned in writes to `__all__` if the list is inexact."""
        self.is_known = True
        """Whether `names` is exact."""
        self._interpreter = interpreter

    def apply(self, statement: Statement, *, is_unconditional: bool) -> bool:
        """Execute a statement and return whether it is a modeled write to `__all__`."""
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))], value=value):
                self._assign(value, is_unconditional=is_unconditional)
            case cst.AnnAssign(target=cst.Name(value="__all__"), value=cst.BaseExpression() as value):
                self._assign(value, is_unconditional=is_unconditional)
            case cst.AugAssign(target=cst.Name(value="__all__"), operator=cst.AddAssign(), value=value):
                self._add(value, is_unconditional=is_unconditional)
            case cst.Expr(
                value=cst.Call(func=cst.Attribute(value=cst.Name(value="__all__"), attr=method), args=[argument])
            ):
                self._call(method.value, argument.value, is_unconditional=is_unconditional)
            case _:
                self.is_known = self.is_known and _ALL not in mutated_names(statement)
                return False
        return True

    def _assign(self, listed: cst.BaseExpression, *, is_unconditional: bool) -> None:
        if is_unconditional:
            self.names, self.is_known = [], True
        self._add(listed, is_unconditional=is_unconditional)

    def _add(self, listed: cst.BaseExpression, *, is_unconditional: bool) -> None:
        value = self._interpreter.evaluate(listed)
        items = value.items if isinstance(value, Collection) else ()
        names = [_string_value(item.value) for item in items]
        if not isinstance(value, Collection):
            names = [_string_value(self._interpreter.evaluate(literal)) for literal in _string_literals(listed)]
        self.names += [name for name in names if name is not None]
        is_constant = isinstance(value, Collection) and value.shows_constants and None not in names
        self.is_known = (
            self.is_known
            and is_unconditional
            and is_constant
            and not any(item.may_be_missing or item.many for item in items)
        )

    def _call(self, method: str, argument: cst.BaseExpression, *, is_unconditional: bool) -> None:
        if method == "extend":
            self._add(argument, is_unconditional=is_unconditional)
            return
        name = _string_value(self._interpreter.evaluate(argument))
        self.is_known = self.is_known and is_unconditional and name is not None and method in ("append", "remove")
        if name is not None and method == "append":
            self.names.append(name)
        elif name in self.names and self.is_known:
            self.names.remove(name)


def _string_value(value: Value) -> str | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _string_literals(listed: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    return (node for node in expressions_below(listed) if isinstance(node, cst.SimpleString))
