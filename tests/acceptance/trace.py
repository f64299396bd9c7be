"""The step events of a run and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.execution.limits import EngineLimit
from tests.execution.runner import Execution

EventType = Literal["start", "retry", "end", "fail"]
Kind = Literal["step_do", "step_sleep", "step_sleep_until", "step_wait_for_event"]
Outcome = Literal["done", "failed", "cut"]


@dataclass(frozen=True, slots=True)
class StepEvent:
    """An event of a step."""

    type: EventType
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class RunTrace:
    """The events of a run, which ended normally, by an exception, or by a limit of the engine."""

    events: tuple[StepEvent, ...]
    outcome: Outcome


def trace_of(execution: Execution) -> RunTrace:
    """Return the events until the run ended, without those of `finally` blocks that run when a limit stops it."""
    engine_events = execution.events[: execution.event_count_at_end]
    events = tuple(StepEvent(event.type, event.kind, event.key.rpartition("-")[0]) for event in engine_events)
    return RunTrace(events, _outcome(execution.error))


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return "done"
    return "cut" if isinstance(error, EngineLimit) else "failed"
