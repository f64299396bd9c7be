"""Source text of the constructs drawn in a graph: loop heads, handlers, exits and arguments.

The text is normalized, so formatting the code rarely changes it.
"""

from __future__ import annotations

import builtins
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.hashing import digest
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.source_text import formatted_text
from stepgraph.syntax.walk import (
    COMPREHENSIONS,
    SCOPES,
    ancestors_of,
    code_without_layout,
    expressions_below,
    statements,
)

_Clause: TypeAlias = cst.ExceptHandler | cst.ExceptStarHandler

MAX_TEXT_LENGTH: Final = 120
"""Maximum length of a text, in characters; longer texts are truncated."""

_FUNCTION_DIGITS: Final = 16
_IDLE_VALUES: Final = (cst.Ellipsis, cst.BaseNumber, cst.BaseString, cst.Name)


def loop_head(place: SourcePlace) -> str:
    """Return the head of a loop, such as `for item in items`, or an empty string.

    The node is a `for` or `while` statement, a `for` clause of a comprehension, or the element of a comprehension.
    """
    node = place.node
    match node:
        case cst.For():
            return truncate(_for_head(place, node.target, node.iter, is_async=node.asynchronous is not None))
        case cst.While():
            return truncate(f"while {_text(place, node.test)}")
        case cst.CompFor():
            return truncate(_clause_head(place, node))
        case cst.BaseExpression():
            clause = enclosing_clause(place)
            return "" if clause is None else truncate(_clause_head(place, clause))
        case _:
            return ""


def handler_head(place: SourcePlace) -> str:
    """Return the head of the handlers of a statement, or an empty string for any other node.

    The head is `except ValueError` for a `try` with one handler, `except` or `except*` for a `try` with several
    handlers, and `with open_order()` for a context manager in a `with` or on an exit stack.
    """
    node = place.node
    match node:
        case cst.Try(handlers=[handler]) | cst.TryStar(handlers=[handler]):
            return truncate(_clause_text(place, handler))
        case cst.Try():
            return "except"
        case cst.TryStar():
            return "except*"
        case cst.WithItem(item=manager):
            return truncate(f"with {_text(place, manager)}")
        case cst.Call():  # a manager that is pushed on an exit stack
            return truncate(f"with {_text(place, node)}")
        case _:
            return ""


def handler_clause(place: SourcePlace, handler: SourcePlace) -> str:
    """Return the head of one of several handlers of the `try` at `place`, or an empty string.

    `handler` is the location of the clause or of its types.
    """
    clause = _clause_at(place.node, handler.node)
    is_only = isinstance(place.node, cst.Try | cst.TryStar) and len(place.node.handlers) == 1
    return "" if clause is None or is_only else truncate(_clause_text(place, clause))


def may_raise(place: SourcePlace, handler: SourcePlace) -> bool:
    """Return whether a handler may raise: by a `raise`, an `assert`, a call of `exit`, or a function of the project.

    Functions are recognized by the form of their call: a name that is not built in, or a method of `self`.
    """
    clause = _clause_at(place.node, handler.node)
    return clause is not None and any(map(_may_raise, expressions_below(clause.body)))


def exit_statement(place: SourcePlace) -> str:
    """Return the source of a `return`, `raise`, `break` or `continue` statement; empty for other nodes."""
    match place.node:
        case cst.Return(value=None):
            return "return"
        case cst.Return(value=cst.BaseExpression() as value):
            return truncate(f"return {_text(place, value)}")
        case cst.Raise(exc=None):
            return "raise"
        case cst.Raise(exc=cst.BaseExpression() as error, cause=cause):
            origin = "" if cause is None else f" from {_text(place, cause.item)}"
            return truncate(f"raise {_text(place, error)}{origin}")
        case cst.Break():
            return "break"
        case cst.Continue():
            return "continue"
        case _:
            return ""


def await_expression(place: SourcePlace) -> str:
    """Return the source of an `await`, or an empty string for other nodes."""
    return _text(place, place.node) if isinstance(place.node, cst.Await) else ""


def step_function(declaration: SourcePlace, function: SourcePlace) -> str:
    """Return the digests of the name and of the code of the function that a step runs, separated by a space.

    `declaration` is the expression `step.do("charge")`. The code does not contain the decorators and the layout. The
    name is missing if it is the name of the step. If the code does nothing, like `pass`, the result is one digest of
    both, because other functions may have the same code.
    """
    node = function.node
    has_name = isinstance(declaration.node, cst.Call) and _has_name(declaration.node)
    name = node.name.value if has_name and isinstance(node, cst.FunctionDef) else ""
    code = function.module.once_for_code(node, _code_digest)[:_FUNCTION_DIGITS]
    if _does_nothing(node):
        return digest(f"{name} {code}".encode())[:_FUNCTION_DIGITS]
    return f"{digest(name.encode())[:_FUNCTION_DIGITS] if name else ''} {code}"


def _code_digest(node: cst.CSTNode) -> str:
    parts = (node.params, node.body) if isinstance(node, cst.FunctionDef) else (node,)
    return digest(" ".join(map(code_without_layout, parts)).encode(errors="replace"))


def _does_nothing(node: cst.CSTNode) -> bool:
    """Return whether a function contains only `pass`, docstrings, and `return` of a name or constant."""
    if isinstance(node, cst.Lambda):
        return isinstance(node.body, _IDLE_VALUES)
    return isinstance(node, cst.FunctionDef) and all(map(_is_idle, statements(node.body)))


def _is_idle(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Pass():
            return True
        case cst.Expr(value=value) | cst.Return(value=value):
            return value is None or isinstance(value, _IDLE_VALUES)
        case _:
            return False


def _has_name(declaration: cst.Call) -> bool:
    """Return whether the arguments of `step.do` contain the name of the step."""
    return any(argument.keyword is None or argument.keyword.value == "name" for argument in declaration.args)


def call_arguments(place: SourcePlace) -> str:
    """Return the arguments of a call in parentheses, or an empty string for any other node.

    The first argument of `push_async_callback` and `push_async_exit` is the called function itself. `map` and similar
    functions call their argument with the elements of an iterable.
    """
    match place.node:
        case cst.Call(
            func=cst.Name("map" | "filter" | "starmap" | "reduce")
            | cst.Attribute(value=cst.Name("functools" | "itertools"))
        ):
            return ""
        case cst.Call(
            func=cst.Attribute(attr=cst.Name("push_async_callback" | "push_async_exit")), args=[_, *arguments]
        ):
            pass
        case cst.Call(args=arguments):
            pass
        case _:
            return ""
    return truncate(f"({', '.join(_argument_text(place, argument) for argument in arguments)})")


def group_function(place: SourcePlace) -> str:
    """Return the function that makes or awaits a group, such as `gather` of asyncio, or an empty string.

    The node is an `await` of a call or a context manager.
    """
    match place.node:
        case (
            cst.Await(expression=cst.Call(func=cst.Name() | cst.Attribute() as function))
            | cst.WithItem(item=cst.Call(func=cst.Name() | cst.Attribute() as function))
        ):
            return truncate(_text(place, function).removeprefix("asyncio."))
        case _:
            return ""


def returns_discarded_errors(place: SourcePlace) -> bool:
    """Return whether an await discards the result of `gather(..., return_exceptions=True)` and the errors in it."""
    match place.node:
        case cst.Await(expression=cst.Call(args=arguments)):
            returns_errors = any(a.keyword is not None and a.keyword.value == "return_exceptions" for a in arguments)
            return returns_errors and isinstance(place.module.parents.get(id(place.node)), cst.Expr)
        case _:
            return False


def truncate(text: str) -> str:
    """Return a text, shortened to `MAX_TEXT_LENGTH` characters if it is longer."""
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…"


def _clause_at(statement: cst.CSTNode, node: cst.CSTNode) -> _Clause | None:
    """Return the `except` clause of a statement at `node`, which is the clause itself or its exception types."""
    clauses = statement.handlers if isinstance(statement, cst.Try | cst.TryStar) else ()
    return next((clause for clause in clauses if node is clause or node is clause.type), None)


def _clause_text(place: SourcePlace, clause: _Clause) -> str:
    keyword = "except" if isinstance(clause, cst.ExceptHandler) else "except*"
    types = "" if clause.type is None else f" {_text(place, clause.type)}"
    name = "" if clause.name is None else f" as {place.module.text(clause.name.name)}"
    return f"{keyword}{types}{name}"


def _may_raise(node: cst.CSTNode) -> bool:
    match node:
        case cst.Raise() | cst.Assert():
            return True
        case cst.Call(func=cst.Name(value=name)):
            return name == "exit" or not hasattr(builtins, name)
        case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name))):
            return owner in ("self", "cls") or (owner, name) == ("sys", "exit")
        case _:
            return False


def _argument_text(place: SourcePlace, argument: cst.Arg) -> str:
    keyword = "" if argument.keyword is None else f"{argument.keyword.value}="
    return f"{argument.star}{keyword}{_text(place, argument.value)}"


def _for_head(place: SourcePlace, target: cst.BaseExpression, iterable: cst.BaseExpression, *, is_async: bool) -> str:
    names = _text(place, target)
    if isinstance(target, cst.Tuple) and target.elements and target.lpar:
        names = names[1:-1]
    return f"{'async ' if is_async else ''}for {names} in {_text(place, iterable)}"


def _clause_head(place: SourcePlace, clause: cst.CompFor) -> str:
    conditions = "".join(f" if {_text(place, condition.test)}" for condition in clause.ifs)
    return _for_head(place, clause.target, clause.iter, is_async=clause.asynchronous is not None) + conditions


def _text(place: SourcePlace, node: cst.BaseExpression) -> str:
    return place.module.once_for(node, _formatted)


def _formatted(node: cst.BaseExpression, module: SourceModule) -> str:
    return formatted_text(module.tree, node)


def enclosing_clause(place: SourcePlace) -> cst.CompFor | None:
    """Return the first `for` clause of the innermost comprehension that contains an expression in the same scope."""
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(ancestor, COMPREHENSIONS):
            return ancestor.for_in
        if isinstance(ancestor, SCOPES):
            return None
    return None
