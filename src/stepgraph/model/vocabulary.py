"""The terms of the payload: the types of nodes, the default settings of steps, and generated conditions.

They are separate from the shapes in `stepgraph.model.payload`, because defining those takes longer than building a
small graph, which needs the words only.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

LeafStepType: TypeAlias = Literal["step_sleep", "step_sleep_until", "step_wait_for_event"]
"""The types of the steps without nodes inside."""
StepType: TypeAlias = Literal["step_do", LeafStepType]
NodeType: TypeAlias = Literal[
    StepType,
    "loop",
    "parallel",
    "try",
    "block",
    "if",
    "switch",
    "function_call",
    "function_def",
    "break",
    "start",
]

DEFAULT_RETRIES: Final = 5
"""The number of retries of a step without `limit`."""
DEFAULT_DELAY: Final = 1000
"""The delay before the first retry of a step, in milliseconds."""
DEFAULT_BACKOFF: Final = "exponential"
"""The growth of the delay between the retries of a step."""
DEFAULT_TIMEOUT: Final = "10 minutes"
"""The timeout of each attempt of a step."""
DEFAULT_EVENT_TIMEOUT: Final = "24 hours"
"""The timeout of a wait for an event."""

EXCEPTION: Final = "exception"
"""The discriminant of the choice between the handlers of a `try`."""

# Conditions of branches that the source does not contain. None of them is a valid Python expression.

NO_BREAK: Final = "no break"
"""The condition of a loop's `else`, which a `break` skips."""

NO_CONTINUE: Final = "no continue"
"""The condition of code in a loop body that a `continue` skips."""

NO_EXCEPTION: Final = "no exception"
"""The condition of code that an exception skips."""

_JUMPS: Final = ("break", "continue", "return")
"""The conditions of jumps out of a `with` block, which run after the exit of the context manager."""

_NO: Final = "no "
"""The start of the conditions of code that a jump, an exception or a call skips."""

_NOT_RUN: Final = " has not run"


def has_not_run(step_name: str) -> str:
    """Return the condition under which a step runs as a dependency of another step: it has not run yet."""
    return f"{step_name}{_NOT_RUN}"


def no_call(source: str) -> str:
    """Return the condition of code that a call skips, such as the exit of a stack after `stack.pop_all()`."""
    return f"{_NO}{source}"


def is_generated(condition: str) -> bool:
    """Return whether a condition is generated, that is, not the source of an expression."""
    return condition in _JUMPS or condition.startswith(_NO) or condition.endswith(_NOT_RUN)
