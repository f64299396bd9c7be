"""Which lists and tables of a module may be written to by another name than their own.

Names are told apart by their text alone, wherever they stand: `self.names`, `names` and a parameter `names` are one. A
collection flows from name to name by assignments, loops, arguments and results; one that flows to where a collection is
written to may be changed there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.changes import CHANGING
from stepgraph.syntax.import_names import source_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import children, statements_below

# Functions of the standard library, by their last name, that change a list or table that they are given.
_CHANGING_FUNCTIONS: Final = frozenset(
    [
        *("heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left", "insort_right"),
        *("delitem", "iadd", "ior", "setitem", "shuffle"),
    ]
)
# Calls that give a new collection of the elements of another one.
_COPYING: Final = frozenset(
    [
        "copy",
        "deque",
        "dict",
        "filter",
        "frozenset",
        "iter",
        "list",
        "map",
        "reversed",
        "set",
        "sorted",
        "tuple",
        "values",
    ]
)
# Calls that give a new collection of tuples of elements.
_PAIRING: Final = frozenset(["enumerate", "items", "zip"])
# Methods that put the elements of a collection into another one.
_EXTENDING: Final = frozenset(["extend", "extendleft", "update"])
# Methods that give an element.
_TAKING: Final = frozenset(["get", "pop", "popitem", "popleft", "setdefault", "__getitem__"])
_KNOWN_MODULES: Final = sys.stdlib_module_names | {"js", "pyodide", "workers"}
# How deep collections in collections are told apart.
_DEEPEST: Final = 3


class Held(Struct, frozen=True):
    """A name that a value may come from."""

    name: str
    taken: int = 0
    """How many levels below what the name holds the value is."""
    wrapped: int = 0
    """In how many new collections the value is."""

    def part(self) -> Held:
        """Return an element of this."""
        if self.wrapped:
            return Held(self.name, self.taken, self.wrapped - 1)
        return Held(self.name, min(self.taken + 1, _DEEPEST))

    def within(self) -> Held:
        """Return a new collection with this in it."""
        return Held(self.name, self.taken, min(self.wrapped + 1, _DEEPEST))

    def of(self, origin: Held) -> Held:
        """Return what this is where its name holds something of another name."""
        for _ in range(self.taken):
            origin = origin.part()
        for _ in range(self.wrapped):
            origin = origin.within()
        return origin


_Sources: TypeAlias = tuple[Held, ...]


class Aliases(Struct, frozen=True):
    """How collections flow through a module."""

    flows: dict[str, set[tuple[Held, str]]]
    """By name, what is taken of it with the name that it goes to."""
    written: dict[str, set[Held]]
    """By name, what is taken of it and written to."""

    def may_change(self, name: str, depth: int, spend: Callable[[int], None]) -> bool:
        """Whether a collection under a name may be written to, itself or one in it, which is so many levels deep.

        What it takes to find out is counted by `spend`.
        """
        start = Held(name)
        seen = {start}
        pending = [start]
        while pending:
            held = pending.pop()
            spend(1 + len(self.flows.get(held.name, ())) + len(self.written.get(held.name, ())))
            changed = [target.of(held) for target in self.written.get(held.name, ())]
            if any(not part.wrapped and part.taken < depth for part in changed):
                return True
            for taken, other in self.flows.get(held.name, ()):
                part = taken.of(held)
                reached = Held(other, part.taken, part.wrapped)
                if part.taken < depth and reached not in seen:
                    seen.add(reached)
                    pending.append(reached)
        return False


def aliases_of(module: SourceModule) -> Aliases:
    """Return how collections flow through a module."""
    reading = _Reading()
    found = list(statements_below(module.tree, into_functions=True))
    for statement in found:
        reading.define(statement)
    for statement in found:
        reading.read(statement)
    return Aliases(reading.flows, reading.written)


class _Reading(Struct):
    """Reads the statements of a module.

    `flows` and `written` are as in `Aliases`.
    """

    flows: dict[str, set[tuple[Held, str]]] = field(default_factory=dict)
    written: dict[str, set[Held]] = field(default_factory=dict)
    parameters: dict[str, list[_Parameters]] = field(default_factory=dict)
    """Those of each function of a name, and those of `__init__` by the name of its class."""
    unknown: set[str] = field(default_factory=set)
    """The names of what is imported from elsewhere: it may do anything to what it is given."""

    def define(self, statement: cst.CSTNode) -> None:
        """Note what functions, classes and imports a statement defines."""
        match statement:
            case cst.FunctionDef(name=cst.Name(value=name)):
                self.parameters.setdefault(name, []).append(_Parameters.of(statement.params))
                for inner in statements_below(statement.body):
                    if isinstance(inner, cst.Return) and inner.value is not None:
                        self._flow(self.sources(inner.value), name)
            case cst.ClassDef(name=cst.Name(value=name)):
                inner_functions = (s for s in statements_below(statement.body) if isinstance(s, cst.FunctionDef))
                makers = [s for s in inner_functions if s.name.value in ("__init__", "__new__")]
                self.parameters.setdefault(name, []).extend(_Parameters.of(maker.params) for maker in makers)
            case cst.Import(names=names):
                self._import(names, None)
            case cst.ImportFrom(names=names) if not isinstance(names, cst.ImportStar):
                self._import(names, source_name(statement))
            case cst.Assign(targets=targets, value=cst.Lambda() as function):
                for target in targets:
                    if isinstance(target.target, cst.Name):
                        self.parameters.setdefault(target.target.value, []).append(_Parameters.of(function.params))

    def _import(self, names: object, source: tuple[int, str] | None) -> None:
        for alias in names if isinstance(names, list | tuple) else ():
            root = alias.evaluated_name if source is None else source[1]
            if (source is not None and source[0]) or root.split(".", 1)[0] not in _KNOWN_MODULES:
                self.unknown.add(import_binding(alias))

    def read(self, statement: cst.CSTNode) -> None:
        """Note how collections flow by a statement, and which are written to."""
        match statement:
            case cst.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target.target, self.sources(value))
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
                self._assign(target, self.sources(value))
            case cst.AugAssign(target=target, value=value):
                self._write(self.sources(target))
                self._store(target, _parts(self.sources(value)))
            case cst.For(target=target, iter=iterable):
                self._assign(target, _parts(self.sources(iterable)))
            case cst.With(items=items):
                for item in items:
                    if item.asname is not None:
                        self._assign(item.asname.name, self.sources(item.item))
            case cst.Del(target=target):
                self._delete(target)
        if isinstance(statement, cst.ClassDef):
            return
        for node in _own_expressions(statement):
            self._read_expression(node)

    def _read_expression(self, node: cst.CSTNode) -> None:
        match node:
            case cst.Call():
                self._call(node)
            case cst.NamedExpr(target=target, value=value):
                self._assign(target, self.sources(value))
            case cst.CompFor(target=target, iter=iterable):
                self._assign(target, _parts(self.sources(iterable)))

    def _call(self, call: cst.Call) -> None:
        given = [self.sources(argument.value) for argument in call.args]
        if not any(given) and not isinstance(call.func, cst.Attribute):
            return
        name = _last_name(call.func)
        if isinstance(call.func, cst.Attribute) and name in CHANGING | {"__setitem__", "__delitem__", "popitem"}:
            self._write(self.sources(call.func.value))
            if isinstance(call.func.value, cst.Name) and call.func.value.value in ("dict", "list", "set"):
                self._write(given[0] if given else ())
            put = tuple(held for sources in given for held in sources)
            self._store(call.func.value, _parts(put) if name in _EXTENDING else put)
        elif name is None or name in _CHANGING_FUNCTIONS or self._is_from_elsewhere(call.func):
            self._write(tuple(held for sources in given for held in (*sources, *_parts(sources))))
        for parameters in self.parameters.get(name or "", ()):
            for index, (argument, sources) in enumerate(zip(call.args, given, strict=True)):
                self._bind(parameters, argument, index, sources)
        for argument in call.args:
            for parameters in self.parameters.get(_last_name(argument.value) or "", ()):
                for parameter in parameters.names:
                    self._flow(tuple(held for sources in given for held in (*sources, *_parts(sources))), parameter)

    def _bind(self, parameters: _Parameters, argument: cst.Arg, index: int, sources: _Sources) -> None:
        if argument.star:
            for parameter in parameters.names:
                self._flow(_parts(sources), parameter)
        elif argument.keyword is not None:
            self._flow(sources, argument.keyword.value)
        elif index < len(parameters.names):
            self._flow(sources, parameters.names[index])
        elif parameters.rest is not None:
            self._flow(tuple(held.within() for held in sources), parameters.rest)

    def _is_from_elsewhere(self, function: cst.BaseExpression) -> bool:
        while isinstance(function, cst.Attribute):
            function = function.value
        return isinstance(function, cst.Name) and function.value in self.unknown

    def _delete(self, target: cst.BaseExpression) -> None:
        for part in target.elements if isinstance(target, cst.Tuple) else (target,):
            node = part.value if isinstance(part, cst.Element) else part
            if isinstance(node, cst.Subscript):
                self._write(self.sources(node.value))

    def _assign(self, target: cst.BaseExpression, sources: _Sources) -> None:
        match target:
            case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
                self._flow(sources, name)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                for element in elements:
                    self._assign(element.value, _parts(sources))
                    self._assign(element.value, tuple(held.within() for held in _parts(sources)))
            case cst.Subscript(value=owner):
                self._write(self.sources(owner))
                self._store(owner, sources)

    def _store(self, owner: cst.BaseExpression, sources: _Sources) -> None:
        """Record that a value is put into a collection, and so into each name that leads to it."""
        within = tuple(held.within() for held in sources)
        for held in self.sources(owner):
            self._flow(within, held.name)

    def _flow(self, sources: _Sources, name: str) -> None:
        for held in sources:
            if held != Held(name):
                self.flows.setdefault(held.name, set()).add((held, name))

    def _write(self, sources: _Sources) -> None:
        for held in sources:
            self.written.setdefault(held.name, set()).add(held)

    def sources(self, node: cst.BaseExpression) -> _Sources:
        """Return where the lists and tables in a value may come from."""
        match node:
            case cst.Name(value=name):
                return () if name in ("self", "cls", "None", "True", "False") else (Held(name),)
            case cst.Attribute(value=owner, attr=cst.Name(value=name)):
                return (Held(name), *_parts(self.sources(owner)))
            case cst.Subscript(value=owner):
                return _parts(self.sources(owner))
            case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
                return tuple(held.within() for element in elements for held in self.sources(element.value))
            case cst.Dict(elements=elements):
                return tuple(held.within() for element in elements for held in self.sources(element.value))
            case cst.IfExp(body=one, orelse=other) | cst.BooleanOperation(left=one, right=other):
                return (*self.sources(one), *self.sources(other))
            case cst.BinaryOperation(left=one, right=other):
                return tuple(held.part().within() for held in (*self.sources(one), *self.sources(other)))
            case cst.NamedExpr(value=inner) | cst.Await(expression=inner):
                return self.sources(inner)
            case (
                cst.ListComp(elt=inner)
                | cst.SetComp(elt=inner)
                | cst.GeneratorExp(elt=inner)
                | cst.DictComp(value=inner)
            ):
                return tuple(held.within() for held in self.sources(inner))
            case cst.Call():
                return self._result(node)
            case _:
                return ()

    def _result(self, call: cst.Call) -> _Sources:
        name = _last_name(call.func)
        owner = self.sources(call.func.value) if isinstance(call.func, cst.Attribute) else ()
        given = (*owner, *(held for argument in call.args for held in self.sources(argument.value)))
        if name in self.parameters:
            return (Held(name or ""),)
        if name in _TAKING:
            return _parts(given)
        if name in _COPYING:
            return tuple(held.part().within() for held in given)
        if name in _PAIRING:
            return tuple(held.part().within().within() for held in given)
        return given if name in ("cast", "next") or self._is_from_elsewhere(call.func) else ()


def _parts(sources: _Sources) -> _Sources:
    return tuple(held.part() for held in sources)


def _last_name(function: cst.BaseExpression) -> str | None:
    match function:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case _:
            return None


class _Parameters(Struct, frozen=True):
    """The parameters of a function, without the object that a method is bound to; `rest` is `*args`."""

    names: tuple[str, ...]
    rest: str | None

    @staticmethod
    def of(parameters: cst.Parameters) -> _Parameters:
        """Return the names of parameters."""
        found = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
        names = [parameter.name.value for parameter in found]
        rest = parameters.star_arg.name.value if isinstance(parameters.star_arg, cst.Param) else None
        return _Parameters(tuple(names[1:] if names[:1] in (["self"], ["cls"]) else names), rest)


def _own_expressions(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the expressions of a statement that stand in no statement within it."""
    stack = [statement]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(node for node in children(current) if not isinstance(node, _INNER))


_INNER: Final = (cst.BaseSuite, cst.Decorator, cst.Else, cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler)
