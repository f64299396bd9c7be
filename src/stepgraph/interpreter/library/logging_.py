"""Logging and printing calls, which do not affect the workflow."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.walk import statements

LOG_METHODS: Final = frozenset(["critical", "debug", "error", "exception", "info", "log", "warn", "warning"])
"""The methods of loggers and of JavaScript's `console`."""


def is_logging(name: str) -> bool:
    """Return whether a dotted name belongs to the `logging` module."""
    return name.startswith("logging.")


def is_log_method(name: str) -> bool:
    """Return whether a dotted name is a method of the `logging` module or its loggers that only logs its arguments."""
    return is_logging(name) and name.rpartition(".")[2] in LOG_METHODS


def is_log_call(node: cst.Call) -> bool:
    """Return whether a call only prints or logs its arguments."""
    match node.func:
        case cst.Name(value=name):
            return name == "print"
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in LOG_METHODS
        case _:
            return False


def is_logging_only(body: cst.BaseSuite) -> bool:
    """Return whether a block only prints or logs."""
    return all(
        isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call) and is_log_call(statement.value)
        for statement in statements(body)
    )
