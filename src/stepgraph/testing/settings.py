"""The settings of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepgraph.model.payload import Backoff, Number, Step

StepKind: TypeAlias = Literal["do", "sleep", "sleep_until", "wait_for_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettings:
    """The settings of a step in a graph. Settings that do not apply to its kind are None.

    Settings that the code does not specify have the engine's defaults. Dynamic values are their source in braces.
    Durations are milliseconds or the text in the code.
    """

    name: str
    """The name of the step."""
    kind: StepKind
    """The method of the step object: `do`, `sleep`, `sleep_until` or `wait_for_event`."""
    retries: Number | None = None
    """The number of retries of a `step.do`."""
    delay: Number | str | None = None
    """The delay before the first retry of a `step.do`."""
    backoff: Backoff | None = None
    """The growth of the delay between retries of a `step.do`."""
    timeout: Number | str | None = None
    """The timeout of an attempt of a `step.do`, or of a wait for an event."""
    duration: Number | str | None = None
    """The duration of a sleep."""
    timestamp: str | None = None
    """The end of a `step.sleep_until`."""
    event_type: str | None = None
    """The type of the event of a wait."""


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
