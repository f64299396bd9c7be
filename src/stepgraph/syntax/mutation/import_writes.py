"""Attributes that a module may change during its import, in statements outside functions or in called functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.deferred.blocks import sketch_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import ANY_NAME, attribute_targets, may_assign, name_of_owner
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS, mutated_values
from stepgraph.syntax.walk import expressions_below, statements, suites

_NAMESPACES: Final = (b"globals()", b"vars(", b"locals()", b"exec(", b"__dict__", b"sys.modules", b"delattr", b"patch")
_NAMESPACE_CHANGES: Final = COLLECTION_MUTATORS | {"__setitem__", "__delitem__"}
_ATTRIBUTE_CALLS: Final = ("setattr", "delattr", "__setattr__", "__delattr__")


class ImportWrite(Struct, frozen=True):
    """A statement that changes an attribute."""

    name: str
    """The name of the attribute, or `ANY_NAME` if the name is computed."""
    owner: str
    """The last component of the name of a module or class; empty for other objects and for the module itself."""
    is_object: bool
    """Whether the owner is the result of a call, so it is neither a module nor a class."""
    is_indirect: bool
    """Whether the statement changes the attribute by a call such as `setattr`, or in a namespace dict."""
    is_own_module: bool
    """Whether the owner is the module itself."""
    statement: int
    """The `id` of the enclosing statement of the module body, or 0 for `locals()` and `exec`."""
    function: str | None
    """The innermost function that contains the statement; None outside functions."""


class ImportCalls(Struct, frozen=True):
    """The names that a module calls or uses as decorators."""

    at_import: Mapping[str, frozenset[int]]
    """The names called outside functions, each with the `id`s of the calling statements of the module body."""
    by_function: Mapping[str, frozenset[str]]
    """The names called in functions, by the name of the innermost function."""


class _Region(Struct, frozen=True):
    """A block, with its enclosing function and statement of the module body."""

    body: cst.BaseSuite | cst.Module
    statement: int
    function: cst.FunctionDef | None
    receiver: str | None
    """The first parameter of the enclosing method."""
    created: frozenset[str]
    """The names that the enclosing function binds to objects that it creates or to functions that it defines."""


def import_writes(module: SourceModule) -> tuple[ImportWrite, ...]:
    """Return the attribute changes of a module, except those of `self` and of objects that their function creates."""
    if not module.once(may_assign) and not any(map(module.mentions, _NAMESPACES)):
        return ()
    visitor = _Writes(module)
    return tuple(write for node, region in _all_statements(module) for write in visitor.writes_of(node, region))


def _all_statements(module: SourceModule) -> Iterator[tuple[cst.CSTNode, _Region]]:
    """Yield each statement of a module, including the statements in functions and classes."""
    pending = [(_Region(module.tree, 0, None, None, frozenset()), False)]
    while pending:
        region, in_class = pending.pop()
        for node in statements(sketch_of(region.body)):
            top = region.statement or id(node)
            yield node, _Region(region.body, top, region.function, region.receiver, region.created)
            for suite in suites(node):
                if isinstance(node, cst.FunctionDef):
                    receiver = _first_parameter(node) if in_class else region.receiver
                    created = region.created | frozenset(_created_names(node))
                    pending.append((_Region(suite, top, node, receiver, created), False))
                else:
                    inner = _Region(suite, top, region.function, region.receiver, region.created)
                    pending.append((inner, isinstance(node, cst.ClassDef) or in_class))


def _first_parameter(node: cst.FunctionDef) -> str | None:
    parameters = (*node.params.posonly_params, *node.params.params)
    return parameters[0].name.value if parameters else None


def _created_names(function: cst.FunctionDef) -> Iterator[str]:
    """Yield the names that a function binds to new objects, as in `app = App()`, or to functions."""
    pending = [statements(sketch_of(function.body))]
    while pending:
        for node in pending.pop():
            match node:
                case cst.FunctionDef(name=cst.Name(value=name)):
                    yield name
                    continue
                case cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Name(value=name))],
                    value=cst.Call(func=cst.Name(value=called)),
                ) if called[:1].isupper():
                    yield name
            pending += [statements(suite) for suite in suites(node)]


class _Writes:
    """Finds the attribute changes in the statements of a module."""

    def __init__(self, module: SourceModule) -> None:
        self.owner_names: dict[str, str] = {}
        self.results: set[str] = set()
        self.namespaces: dict[str, cst.BaseExpression] = {}
        words = (*(name.encode() for name in _ATTRIBUTE_CALLS), *_NAMESPACES)
        self.has_calls = any(map(module.mentions, words))
        for node, region in _all_statements(module):
            self._bind(node, region)

    def _bind(self, node: cst.CSTNode, region: _Region) -> None:
        match node:
            case cst.Import() | cst.ImportFrom() if not isinstance(node.names, cst.ImportStar):
                self.owner_names |= {import_binding(alias): alias.evaluated_name for alias in node.names}
            case cst.ClassDef(name=cst.Name(value=name)):
                self.owner_names[name] = name
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                if _namespace_owner(value) is not None:
                    self.namespaces[name] = value
                elif region.function is None and isinstance(value, cst.Call) and not _may_give_module(value):
                    self.results.add(name)

    def writes_of(self, node: cst.CSTNode, region: _Region) -> Iterator[ImportWrite]:
        """Yield the attribute changes of a statement."""
        direct = ((owner, name, False) for owner, name in attribute_targets(node))
        for owner, name, is_indirect in (*direct, *self._mutations(node), *self._calls(node)):
            if isinstance(owner, cst.Name) and (owner.value == region.receiver or owner.value in region.created):
                continue
            is_local = owner is not None and _is_local_namespace(owner)
            if is_local and region.function is not None:
                continue
            statement = 0 if is_local else region.statement
            is_object = isinstance(owner, cst.Name) and owner.value in self.results
            function = None if region.function is None else region.function.name.value
            owner_name = "" if owner is None else name_of_owner(owner, self.owner_names)
            yield ImportWrite(name, owner_name, is_object, is_indirect, owner is None, statement, function)

    def _mutations(self, node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression | None, str, bool]]:
        for written in mutated_values(node):
            value = self.namespaces.get(written.value, written) if isinstance(written, cst.Name) else written
            namespace = _namespace_owner(value)
            if namespace is not None:
                yield namespace[0], _literal_key(node) or ANY_NAME, True
            elif isinstance(value, cst.Attribute):
                yield value.value, value.attr.value, False

    def _calls(self, node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression | None, str, bool]]:
        for inner in _evaluated_expressions(node) if self.has_calls else ():
            match inner:
                case (
                    cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value="__setattr__")), args=[name, _])
                    | cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value="__delattr__")), args=[name])
                ):
                    yield value, _literal(name.value) or ANY_NAME, True
                case cst.Call(
                    func=cst.Name(value=called) | cst.Attribute(attr=cst.Name(value=called)), args=[owner, name, *_]
                ) if called in _ATTRIBUTE_CALLS:
                    yield owner.value, _literal(name.value) or ANY_NAME, True
                case cst.Call(
                    func=cst.Attribute(value=patch, attr=cst.Name(value="object")), args=[owner, name, *_]
                ) if _is_patch(patch):
                    yield owner.value, _literal(name.value) or ANY_NAME, True
                case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value=method))) if (
                    method in _NAMESPACE_CHANGES and (namespace := _namespace_owner(value)) is not None
                ):
                    yield namespace[0], ANY_NAME, True
                case cst.Call(func=cst.Name(value="exec"), args=[_, *namespaces]) if not namespaces or isinstance(
                    namespaces[0].value, cst.Call
                ):
                    yield inner, ANY_NAME, True
                case cst.Call(func=patch, args=[target, *_]) if _is_patch(patch):
                    yield target.value, (_literal(target.value) or ANY_NAME).rsplit(".", 1)[-1], True


def _evaluated_expressions(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the expressions in a simple statement or in the decorators of a definition, including those in lambdas."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        for decorator in node.decorators:
            yield from expressions_below(decorator.decorator, into_lambdas=True)
    elif isinstance(node, cst.BaseSmallStatement):
        yield from expressions_below(node, into_lambdas=True)


def _is_patch(node: cst.BaseExpression) -> bool:
    """Return whether an expression is the name of `unittest.mock.patch`."""
    return last_name(node) == "patch"


def _may_give_module(call: cst.Call) -> bool:
    return last_name(call.func) in ("", "import_module", "__import__", "getattr")


def _namespace_owner(value: cst.BaseExpression) -> tuple[cst.BaseExpression | None] | None:
    """Return a tuple with the owner of a namespace dict (None for the module's own dict), or None for other values."""
    match value:
        case cst.Call(func=cst.Name(value="globals")) | cst.Call(func=cst.Name(value="vars"), args=[]):
            return (None,)
        case cst.Call(func=cst.Name(value="locals")):
            return (value,)
        case cst.Call(func=cst.Name(value="vars"), args=[owner]):
            return (owner.value,)
        case cst.Attribute(value=owner_value, attr=cst.Name(value="__dict__")):
            return (owner_value,)
        case _:
            return None


def _is_local_namespace(owner: cst.BaseExpression) -> bool:
    """Return whether an owner is `locals()` or a call of `exec`, which may bind names in the enclosing body."""
    match owner:
        case cst.Call(func=cst.Name(value="locals" | "exec")):
            return True
        case _:
            return False


def _literal_key(node: cst.CSTNode) -> str | None:
    """Return the constant key in `namespace["key"] = value` or `del namespace["key"]`, or None if there is none."""
    match node:
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(slice=[element]))])
            | cst.Del(target=cst.Subscript(slice=[element]))
        ) if isinstance(element.slice, cst.Index):
            return _literal(element.slice.value)
        case _:
            return None


def _literal(node: cst.BaseExpression) -> str | None:
    return str(node.raw_value) if isinstance(node, cst.SimpleString) else None


def import_calls(module: SourceModule) -> ImportCalls:
    """Return the names that a module calls while it is imported, and the names that its functions call."""
    at_import: dict[str, set[int]] = {}
    by_function: dict[str, set[str]] = {}
    for node, region in _all_statements(module):
        for name in filter(None, _called_names(node)):
            if region.function is None:
                at_import.setdefault(name, set()).add(region.statement)
            else:
                by_function.setdefault(region.function.name.value, set()).add(name)
    return ImportCalls(
        {name: frozenset(callers) for name, callers in at_import.items()},
        {name: frozenset(called) for name, called in by_function.items()},
    )


def _called_names(node: cst.CSTNode) -> Iterator[str]:
    """Yield the last component of each name that a statement calls, empty for calls of other expressions.

    Only decorators, expression statements, assignments and `return` count.
    """
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        for decorator in node.decorators:
            called = decorator.decorator
            yield last_name(called.func if isinstance(called, cst.Call) else called)
    elif isinstance(node, cst.Expr | cst.Return | cst.Assign | cst.AnnAssign):
        for inner in expressions_below(node):
            if isinstance(inner, cst.Call):
                yield last_name(inner.func)
