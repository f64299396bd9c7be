"""Source text of the constructs drawn in a graph: heads of loops, handlers, exits and arguments."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import SCOPES, ancestors_of

MAX_TEXT_LENGTH: Final = 120
"""Maximum length of a text, in characters; longer texts are truncated."""

_COMPREHENSIONS: Final = (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)


def loop_head(place: Place) -> str:
    """Return the head of a loop, such as `for item in items`, or an empty string.

    The node is a `for` or `while` statement, a `for` clause of a comprehension, or a repeated element of one.
    """
    node = place.node
    match node:
        case cst.For():
            return _truncate(_for_head(place, node.target, node.iter, is_async=node.asynchronous is not None))
        case cst.While():
            return _truncate(f"while {place.module.text(node.test)}")
        case cst.CompFor():
            return _truncate(_clause_head(place, node))
        case cst.BaseExpression():
            clause = _enclosing_clause(place)
            return "" if clause is None else _truncate(_clause_head(place, clause))
        case _:
            return ""


def handler_head(place: Place) -> str:
    """Return the head of the only handler of a `try`, such as `except ValueError`; empty for several handlers."""
    node = place.node
    match node:
        case cst.Try(handlers=[handler]):
            keyword = "except"
        case cst.TryStar(handlers=[handler]):
            keyword = "except*"
        case _:
            return ""
    types = "" if handler.type is None else f" {place.module.text(handler.type)}"
    name = "" if handler.name is None else f" as {place.module.text(handler.name.name)}"
    return _truncate(f"{keyword}{types}{name}")


def exit_statement(place: Place) -> str:
    """Return the source of a `return`, `raise`, `break` or `continue` statement.

    For a `try` statement that lets an exception pass, return `raise`. For any other node, return an empty string.
    """
    match place.node:
        case cst.Return() | cst.Raise() | cst.Break() | cst.Continue():
            return _truncate(place.text.rstrip("; "))
        case cst.Try() | cst.TryStar():
            return "raise"
        case _:
            return ""


def call_arguments(place: Place) -> str:
    """Return the arguments of a call in parentheses, or an empty string for any other node."""
    if not isinstance(place.node, cst.Call):
        return ""
    return _truncate(f"({', '.join(_argument_text(place, argument) for argument in place.node.args)})")


def _argument_text(place: Place, argument: cst.Arg) -> str:
    keyword = "" if argument.keyword is None else f"{argument.keyword.value}="
    return f"{argument.star}{keyword}{place.module.text(argument.value)}"


def _for_head(place: Place, target: cst.BaseExpression, iterable: cst.BaseExpression, *, is_async: bool) -> str:
    text = place.module.text
    return f"{'async ' if is_async else ''}for {text(target)} in {text(iterable)}"


def _clause_head(place: Place, clause: cst.CompFor) -> str:
    conditions = "".join(f" if {place.module.text(condition.test)}" for condition in clause.ifs)
    return _for_head(place, clause.target, clause.iter, is_async=clause.asynchronous is not None) + conditions


def _enclosing_clause(place: Place) -> cst.CompFor | None:
    """Return the first `for` clause of the innermost comprehension that contains an expression in the same scope."""
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(ancestor, _COMPREHENSIONS):
            return ancestor.for_in
        if isinstance(ancestor, SCOPES):
            return None
    return None


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…"
