"""Calls with a known effect on the aliases of collections."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.mutation.changes import (
    COLLECTION_MUTATORS,
    COPYING_CALLS,
    ELEMENT_METHODS,
    EXTENDING_METHODS,
    MUTATING_FUNCTIONS,
    PAIRING_CALLS,
    READING_CALLS,
    WORKFLOW_STARTS,
)

_FOLLOWED_CALLS: Final = (
    READING_CALLS
    | COPYING_CALLS
    | PAIRING_CALLS
    | EXTENDING_METHODS
    | ELEMENT_METHODS
    | MUTATING_FUNCTIONS
    | COLLECTION_MUTATORS
)


def is_followed_call(call: cst.Call) -> bool:
    """Return whether the flow through a call is known. Calls `type(name, bases, attributes)` make unknown classes."""
    name = last_name(call.func)
    return (name in _FOLLOWED_CALLS and (name != "type" or len(call.args) == 1)) or _starts_workflow(call)


def _starts_workflow(call: cst.Call) -> bool:
    """Return whether a call starts a workflow: `self.env.ORDERS.create(options)`. The SDK copies the arguments."""
    match call.func:
        case cst.Attribute(value=cst.Attribute(value=owner), attr=cst.Name(value=name)):
            return last_name(owner) == "env" and name in WORKFLOW_STARTS
        case _:
            return False


def declares_step(node: cst.BaseExpression) -> bool:
    """Return whether an expression is `step.do(name)`. The SDK does not change the function that this decorates."""
    return isinstance(node, cst.Call) and last_name(node.func) == "do"


def presets_step(call: cst.Call) -> bool:
    """Return whether a call is `partial(step.do, config=CONFIG)`. The SDK does not change or return the arguments."""
    match call.args:
        case [cst.Arg(value=function), *_]:
            return last_name(call.func) == "partial" and last_name(function) == "do"
        case _:
            return False
