"""Exceptions that the body of a module may raise during its import, identified by their names in the source."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, expressions_at_definition, last_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import SCOPES, EnclosingBlock, ancestors_of, expressions_below, statements_with_enclosing

CaughtNames: TypeAlias = frozenset[str] | None
"""The names of the exception types of a handler; None if it may catch any type."""

ANY_ERROR: Final = "*"
"""An exception of any type: `raise error`."""
OTHER_ERROR: Final = "?"
"""An exception from an expression, not from an import."""
IMPORT_ERROR: Final = "ImportError"
MISSING_MODULE: Final = "ModuleNotFoundError"

_IMPORT_ERRORS: Final = frozenset({IMPORT_ERROR, MISSING_MODULE})
_IMPORTING_CALLS: Final = frozenset({"__import__", "import_module"})
_MAY_RAISE: Final = (cst.Attribute, cst.BinaryOperation, cst.Call, cst.Comparison, cst.Subscript, cst.UnaryOperation)


class RaisedError(Struct, frozen=True):
    """An exception that a body may raise."""

    name: str
    """The name of its type, `ANY_ERROR` or `OTHER_ERROR`."""
    handlers: tuple[CaughtNames, ...]
    """The handlers around the code that may raise it, except handlers that contain a `raise`."""


class BodyImport(Struct, frozen=True):
    """An import statement of a body."""

    statement: cst.Import | cst.ImportFrom
    handlers: tuple[CaughtNames, ...]
    """See `RaisedError.handlers`."""


class BodyErrors(Struct, frozen=True):
    """The exceptions that the body of a module may raise, and its imports, which may raise others."""

    raised: frozenset[RaisedError]
    imports: tuple[BodyImport, ...]


def caught_names(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> CaughtNames:
    """Return the names of the exception types of a handler."""
    if handler.type is None:
        return None
    types = [e.value for e in handler.type.elements] if isinstance(handler.type, cst.Tuple) else [handler.type]
    names = [last_name(node) for node in types]
    return None if "" in names else frozenset(names)


def suppressed_names(statement: cst.With) -> tuple[CaughtNames, ...]:
    """Return the names of the exception types that the `suppress(...)` of a `with` suppresses."""
    calls = [item.item for item in statement.items if isinstance(item.item, cst.Call)]
    return tuple(
        frozenset(last_name(argument.value) for argument in call.args)
        for call in calls
        if last_name(call.func) == "suppress"
    )


def catches_by_name(node: cst.CSTNode, module: SourceModule, error: str) -> bool:
    """Return whether the function around a node catches an exception that the node may raise, and names its type."""
    return any(True for _ in _guarded_bodies(node, module, error))


def catches_where_awaited(call: cst.CSTNode, module: SourceModule, error: str) -> bool:
    """Return whether the function around a call of a coroutine function catches an exception of its body by name.

    The body runs where the coroutine is awaited, so a `try` without an await catches none of its exceptions.
    """
    bodies = _guarded_bodies(call, module, error)
    return any(module.once_for_code(body, _contains_await) for body in bodies)


def _contains_await(body: cst.CSTNode) -> bool:
    return any(isinstance(node, (cst.Await, cst.Asynchronous)) for node in expressions_below(body))


def _guarded_bodies(node: cst.CSTNode, module: SourceModule, error: str) -> Iterator[cst.CSTNode]:
    """Yield the bodies around a node, in its function, whose statement catches an exception and names its type."""
    if not module.mentions(error.encode()):
        return
    inner: cst.CSTNode = node
    for ancestor in ancestors_of(module.parents, node):
        if isinstance(ancestor, SCOPES):
            return
        if any(names is not None and error in names for names in _caught_around(ancestor, inner)):
            yield inner
        inner = ancestor


def _caught_around(statement: cst.CSTNode, body: cst.CSTNode) -> Iterator[CaughtNames]:
    """Yield the exceptions that a `try` or `with` statement catches if they leave its body."""
    match statement:
        case cst.Try() | cst.TryStar() if statement.body is body:
            yield from map(caught_names, statement.handlers)
        case cst.With() if statement.body is body:
            yield from suppressed_names(statement)


def may_catch(handlers: Sequence[CaughtNames], error: str) -> bool:
    """Return whether one of the handlers may catch an exception whose type is named `error`."""
    return any(names is None or any(_may_catch(name, error) for name in names) for names in handlers)


def must_catch(handlers: Sequence[CaughtNames], error: str) -> bool:
    """Return whether one of the handlers catches every exception whose type is named `error`."""
    return any(names is None or any(_must_catch(name, error) for name in names) for names in handlers)


def _may_catch(caught: str, error: str) -> bool:
    if error == OTHER_ERROR:
        return caught not in _IMPORT_ERRORS
    return error == ANY_ERROR or _must_catch(caught, error) or _exception(error) is None


def _must_catch(caught: str, error: str) -> bool:
    caught_type, raised = _exception(caught), _exception(error)
    if caught_type is not None and issubclass(Exception, caught_type):
        return True
    return caught == error or (caught_type is not None and raised is not None and issubclass(raised, caught_type))


def _exception(name: str) -> type[BaseException] | None:
    member = getattr(builtins, name, None)
    return member if isinstance(member, type) and issubclass(member, BaseException) else None


def body_errors(module: SourceModule) -> BodyErrors:
    """Return the exceptions and imports of the body of a module. Call this function through `module.once`."""
    return _errors_in(module, module.tree, (), set())


def _errors_in(
    module: SourceModule, body: cst.BaseSuite | cst.Module, outer: tuple[CaughtNames, ...], visited: set[int]
) -> BodyErrors:
    """Return the exceptions and imports of a body and of the functions of the module that the body calls."""
    raised: set[RaisedError] = set()
    imports: list[BodyImport] = []
    for statement, enclosing in statements_with_enclosing(body):
        if any(is_type_checking(block) for block in enclosing):
            continue
        handlers = (*outer, *_handlers_around(enclosing))
        if isinstance(statement, cst.Import | cst.ImportFrom):
            imports.append(BodyImport(statement, handlers))
        raised.update(RaisedError(name, handlers) for name in _errors_of(statement))
        inner = [statement.body] if isinstance(statement, cst.ClassDef) else []
        inner += _called_bodies(module, statement, visited)
        for suite in inner:
            errors = _errors_in(module, suite, handlers, visited)
            raised |= errors.raised
            imports += errors.imports
    return BodyErrors(frozenset(raised), tuple(imports))


def is_type_checking(block: EnclosingBlock) -> bool:
    """Return whether a block is the body of `if TYPE_CHECKING`, which does not run."""
    return (
        isinstance(block.statement, cst.If)
        and block.suite is block.statement.body
        and last_name(block.statement.test) == "TYPE_CHECKING"
    )


def _handlers_around(enclosing: Sequence[EnclosingBlock]) -> Iterator[CaughtNames]:
    for block in enclosing:
        if isinstance(block.statement, cst.With):
            yield from suppressed_names(block.statement)
        if isinstance(block.statement, cst.Try | cst.TryStar) and block.suite is block.statement.body:
            for handler in block.statement.handlers:
                if not any(isinstance(s, cst.Raise) for s, _ in statements_with_enclosing(handler.body)):
                    yield caught_names(handler)


def _called_bodies(module: SourceModule, statement: cst.CSTNode, visited: set[int]) -> list[cst.BaseSuite]:
    """Return the bodies of the functions of a module that a statement calls, each once."""
    binders = bindings_of(module.tree, module).binders
    names = (last_name(node.func) for node in _expressions_of(statement) if isinstance(node, cst.Call))
    bodies = []
    for binder in (binder for name in names for binder in binders.get(name, ())):
        if isinstance(binder, cst.FunctionDef) and id(binder) not in visited:
            visited.add(id(binder))
            bodies.append(binder.body)
    return bodies


def _errors_of(statement: cst.CSTNode) -> Iterator[str]:
    match statement:
        case cst.Raise(exc=cst.Call(func=raised)) | cst.Raise(exc=cst.BaseExpression() as raised):
            yield last_name(raised) or ANY_ERROR
            if _exception(last_name(raised)) is None:
                yield ANY_ERROR
        case cst.Raise():
            yield ANY_ERROR
        case cst.Assert():
            yield "AssertionError"
    for node in _expressions_of(statement):
        if isinstance(node, _MAY_RAISE):
            yield OTHER_ERROR
        if isinstance(node, cst.Call) and last_name(node.func) in _IMPORTING_CALLS:
            yield MISSING_MODULE


def _expressions_of(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the expressions that a statement evaluates itself, without the expressions in its blocks."""
    for root in _roots(statement):
        yield from expressions_below(root)


def _roots(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    match statement:
        case cst.FunctionDef() | cst.ClassDef():
            yield from expressions_at_definition(statement)
        case cst.If():
            clause: cst.If | cst.Else | None = statement
            while isinstance(clause, cst.If):
                yield clause.test
                clause = clause.orelse
        case cst.While(test=value) | cst.For(iter=value) | cst.Match(subject=value):
            yield value
        case cst.With(items=items):
            yield from (item.item for item in items)
        case cst.Try() | cst.TryStar() | cst.Import() | cst.ImportFrom():
            return
        case cst.AnnAssign(value=value):
            yield from () if value is None else (value,)
        case _:
            yield statement
