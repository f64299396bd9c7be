"""What a graph says of one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepgraph.model.payload import Backoff, Number
from stepgraph.order.bodies import Step

StepKind: TypeAlias = Literal["do", "sleep", "sleep_until", "wait_for_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettings:
    """A step as the graph shows it: its kind, and what applies to that kind; None is what does not.

    What the code leaves open has the engine's default, and what is not known statically is its source in braces. The
    `kind` is `do`, `sleep`, `sleep_until` or `wait_for_event`.
    `retries`, `delay`, `backoff` and `timeout` are those of `step.do`; a wait for an event has a `timeout` and an
    `event_type`, a sleep a `duration` or a `timestamp`. Durations are milliseconds or text, as given.
    """

    name: str
    kind: StepKind
    retries: Number | None = None
    delay: Number | str | None = None
    backoff: Backoff | None = None
    timeout: Number | str | None = None
    duration: Number | str | None = None
    timestamp: str | None = None
    event_type: str | None = None


def settings_of(step: Step) -> StepSettings:
    """Return what the graph says of a step."""
    name = step["name"]
    match step["type"]:
        case "step_do":
            retries = step["config"]["retries"]
            return StepSettings(
                name=name,
                kind="do",
                retries=retries["limit"],
                delay=retries["delay"],
                backoff=retries["backoff"],
                timeout=step["config"]["timeout"],
            )
        case "step_sleep":
            return StepSettings(name=name, kind="sleep", duration=step["duration"])
        case "step_sleep_until":
            return StepSettings(name=name, kind="sleep_until", timestamp=step["timestamp"])
        case "step_wait_for_event":
            options = step.get("options")
            if options is None:
                return StepSettings(name=name, kind="wait_for_event")
            event_type, timeout = options["event_type"], options["timeout"]
            return StepSettings(name=name, kind="wait_for_event", event_type=event_type, timeout=timeout)
