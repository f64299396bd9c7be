"""What happened to the steps of a run, in order, and how the run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.execution.limits import EngineLimit
from tests.execution.running import Execution

What = Literal["start", "retry", "end", "fail"]
Kind = Literal["step_do", "step_sleep", "step_sleep_until", "step_wait_for_event"]
Outcome = Literal["done", "failed", "cut"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a step."""

    what: What
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The moments of a run. It got to its end, or an exception did, or it was cut off from outside."""

    events: tuple[Moment, ...]
    outcome: Outcome


def trace_of(execution: Execution) -> Trace:
    """Return what happened until the run was over; after that its `finally` blocks may run, as it is cut off."""
    events = execution.events[: execution.before_the_cut]
    moments = tuple(Moment(event.what, event.kind, event.key.rpartition("-")[0]) for event in events)
    return Trace(moments, _outcome(execution.error))


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return "done"
    return "cut" if isinstance(error, EngineLimit) else "failed"
