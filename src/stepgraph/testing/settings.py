"""The settings of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepgraph.model.payload import Backoff, Number, Step

StepKind: TypeAlias = Literal["do", "sleep", "sleep_until", "wait_for_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettings:
    """The settings of a step in a graph. Settings that do not apply to its kind are None.

    Settings that the code does not specify have the engine's defaults. Dynamic values are their source in braces. A
    `step.do` has `retries`, `delay`, `backoff` and `timeout`; a wait for an event has `timeout` and `event_type`; a
    sleep has `duration` or `timestamp`. Durations are milliseconds or the text in the code.
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
    """Return the settings of a step in a payload."""
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
