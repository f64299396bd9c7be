"""The source text of constructs that a graph draws: heads of loops, handlers, exits and arguments."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.module import Place
from stepgraph.syntax.parents import SCOPES, around

LONGEST: Final = 120
"""Characters of the longest text; longer ones are cut."""

_COMPREHENSIONS: Final = (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)


def loop_head(place: Place) -> str:
    """Return the head of a loop, `for item in items`, or an empty string.

    The place is a `for`, a `while` or a clause of a comprehension, or an element that a comprehension repeats.
    """
    node = place.node
    match node:
        case cst.For():
            return _cut(_for(place, node.target, node.iter, is_async=node.asynchronous is not None))
        case cst.While():
            return _cut(f"while {place.module.text(node.test)}")
        case cst.CompFor():
            return _cut(_clause(place, node))
        case cst.BaseExpression():
            clause = _clause_around(place)
            return "" if clause is None else _cut(_clause(place, clause))
        case _:
            return ""


def handler_head(place: Place) -> str:
    """Return the head of the only handler of a `try`, `except ValueError as error`; empty for several handlers."""
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
    return _cut(f"{keyword}{types}{name}")


def exit_statement(place: Place) -> str:
    """Return the source of a `return`, `raise`, `break` or `continue`; `raise` for a `try` that no handler ends."""
    match place.node:
        case cst.Return() | cst.Raise() | cst.Break() | cst.Continue():
            return _cut(place.text.rstrip("; "))
        case cst.Try() | cst.TryStar():
            return "raise"
        case _:
            return ""


def call_arguments(place: Place) -> str:
    """Return the arguments of a call in parentheses, or an empty string."""
    if not isinstance(place.node, cst.Call):
        return ""
    return _cut(f"({', '.join(_argument(place, argument) for argument in place.node.args)})")


def _argument(place: Place, argument: cst.Arg) -> str:
    keyword = "" if argument.keyword is None else f"{argument.keyword.value}="
    return f"{argument.star}{keyword}{place.module.text(argument.value)}"


def _for(place: Place, target: cst.BaseExpression, iterable: cst.BaseExpression, *, is_async: bool) -> str:
    text = place.module.text
    return f"{'async ' if is_async else ''}for {text(target)} in {text(iterable)}"


def _clause(place: Place, clause: cst.CompFor) -> str:
    conditions = "".join(f" if {place.module.text(condition.test)}" for condition in clause.ifs)
    return _for(place, clause.target, clause.iter, is_async=clause.asynchronous is not None) + conditions


def _clause_around(place: Place) -> cst.CompFor | None:
    """Return the first clause of the innermost comprehension around an expression of the same scope."""
    for outer in around(place.module.parents, place.node):
        if isinstance(outer, _COMPREHENSIONS):
            return outer.for_in
        if isinstance(outer, SCOPES):
            return None
    return None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
