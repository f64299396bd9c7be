"""Conditions of branches that the source does not contain. None of them is a valid expression of Python."""

from __future__ import annotations

from typing import Final

NO_BREAK: Final = "no break"
"""The condition of the `else` of a loop that a `break` skips."""

NO_CONTINUE: Final = "no continue"
"""The condition of the rest of a loop body that a `continue` skips."""

NO_EXCEPTION: Final = "no exception"
"""The condition of code that an exception skips."""

_JUMPS: Final = ("break", "continue", "return")
"""The conditions of a jump out of a `with` block, which is taken after the code of its manager."""

_NOT_RUN: Final = " has not run"


def has_not_run(step_name: str) -> str:
    """Return the condition under which a step runs before a step that needs it."""
    return f"{step_name}{_NOT_RUN}"


def is_generated(condition: str) -> bool:
    """Return whether a condition is one of these, and not the source of an expression."""
    return condition in (NO_BREAK, NO_CONTINUE, NO_EXCEPTION, *_JUMPS) or condition.endswith(_NOT_RUN)
