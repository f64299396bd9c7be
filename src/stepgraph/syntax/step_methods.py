"""The methods of the step object (SDK: `workers/entrypoints.py`), their work, and functions that declare steps."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import libcst as cst
from typing_extensions import TypeIs

from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import children

StepMethodName: TypeAlias = Literal["do", "sleep", "sleep_until", "wait_for_event"]
STEP_METHODS: Final[tuple[StepMethodName, ...]] = get_args(StepMethodName)

WorkKind: TypeAlias = Literal["step", "sleep", "wait"]
"""The kinds of work that the engine runs, as messages name them."""


def is_step_method(name: str) -> TypeIs[StepMethodName]:
    """Return whether the step object has a method of this name."""
    return name in STEP_METHODS


def do_parameters(mode: DependencyMode) -> tuple[str, ...]:
    """Return the names of the parameters of `step.do` in a dependency mode."""
    optional = ("depends",) if mode is DependencyMode.LEGACY else ()
    return ("name", *optional, "concurrent", "config")


def work_of_method(method: StepMethodName) -> WorkKind:
    """Return the kind of work that the method runs or declares."""
    match method:
        case "do":
            return "step"
        case "sleep" | "sleep_until":
            return "sleep"
        case "wait_for_event":
            return "wait"


def stores_arguments(method: StepMethodName) -> bool:
    """Return whether the engine stores the arguments after the name, so that they must not change at replay."""
    match method:
        case "do" | "wait_for_event":
            return True
        case "sleep" | "sleep_until":
            return False


def is_step_factory(function: cst.FunctionDef | cst.Lambda, module: SourceModule) -> bool:
    """Return whether a function declares steps for its callers, or returns decorators for them, without running work.

    The graph does not show such a function, so each of its calls may have its own step names.
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
