"""The methods of the step object (SDK: `workers/entrypoints.py`), and the kinds of work that they run or declare."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from typing_extensions import TypeIs

from stepgraph.project.configuration.compatibility import DependencyMode

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
