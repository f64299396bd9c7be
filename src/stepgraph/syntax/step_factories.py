"""Functions that declare steps for their callers."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import children


def is_step_factory(function: cst.FunctionDef | cst.Lambda, module: SourceModule) -> bool:
    """Return whether a function declares steps for its callers, or returns decorators for them, without running work.

    The graph does not show the function, so its calls need not share one name for their steps.
    """
    return module.mentions(b"do") and module.once_for(function, _is_step_factory)


def _is_step_factory(function: cst.FunctionDef | cst.Lambda, _: SourceModule) -> bool:
    names: set[str] = set()
    pending: list[cst.CSTNode] = [function]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Yield | cst.Await):
            return False
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute | cst.Name):
            names.add((node.func.attr if isinstance(node.func, cst.Attribute) else node.func).value)
        if isinstance(node, cst.FunctionDef) and node.asynchronous is not None:
            if node is function:
                return False
            pending += node.decorators
        else:
            pending += children(node)
    return "do" in names and names.isdisjoint(_STARTING_NAMES)


_STARTING_NAMES: Final = frozenset(
    [
        *("as_completed", "create_task", "ensure_future", "gather", "run", "run_coroutine_threadsafe"),
        *("run_until_complete", "shield", "wait", "wait_for"),
    ]
)
"""The names of functions and methods that start coroutines, or may pass them to code that does."""
