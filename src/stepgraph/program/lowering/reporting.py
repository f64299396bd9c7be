"""Code that only prints or logs: what it reads is shown to people, and decides nothing."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.walk import statements

_LOGGING: Final = frozenset(["critical", "debug", "error", "exception", "info", "log", "warn", "warning"])


def reports(node: cst.Call) -> bool:
    """Whether a call only prints or logs what it is given."""
    match node.func:
        case cst.Name(value=name):
            return name == "print"
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in _LOGGING
        case _:
            return False


def only_reports(body: cst.BaseSuite) -> bool:
    """Whether all that a block does is to print or log."""
    return all(
        isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call) and reports(statement.value)
        for statement in statements(body)
    )
