"""The traits of each step type in a comparison: its nouns, its settings, and the effects of changed settings."""

from __future__ import annotations

from typing import Final, assert_never

from msgspec import Struct

from stepgraph.diff.in_flight.effects import SAFE, Impact, breaking, out_of_order, worst
from stepgraph.diff.tree import CLOCKS, Fields
from stepgraph.durations import MINUTE
from stepgraph.execution.engine_rules import InFlight, milliseconds_of
from stepgraph.json_text import canonical_json
from stepgraph.model.vocabulary import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_EVENT_TIMEOUT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    StepType,
)
from stepgraph.model.walk import STEP_TYPES
from stepgraph.phrases import is_same_duration


class Setting(Struct, frozen=True):
    """A value in the payload of a step."""

    path: tuple[str, ...]
    """The keys that lead to the value. The first key is the field of the step."""
    noun: str
    """The name of the setting in reports."""
    impact: Impact
    """The impact of another value on instances in flight."""
    default: object = None
    """The engine's value for a missing setting."""
    is_duration: bool = False
    """Whether the value is a duration, for which `60000` and `1 minute` are the same."""

    def value_in(self, fields: Fields) -> object:
        """Return the value in the fields of a step, or None if it is missing."""
        value: object = fields
        for key in self.path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def differs(self, old: Fields, new: Fields) -> bool:
        """Return whether two steps have different values."""
        return canonical_json(self.value_in(old)) != canonical_json(self.value_in(new))


class StepTraits(Struct, frozen=True):
    """The traits of a step type."""

    noun: str
    plural: str
    settings: tuple[Setting, ...]
    """All settings. Changes of other fields are shown as JSON, and are breaking for waits."""
    is_wait: bool
    """Whether instances may be in flight at the step for hours or days."""


_SLEEPS_AGAIN: Final = "instances at or after it may sleep again when they resume"
OTHER_EVENT: Final = breaking("instances may be waiting for an event of the old type")


def step_traits(step_type: StepType) -> StepTraits:
    """Return the traits of a step type."""
    match step_type:
        case "step_do":
            config = (
                Setting(("config", "retries", "limit"), "retries", SAFE, DEFAULT_RETRIES),
                Setting(("config", "retries", "delay"), "retry delay", SAFE, DEFAULT_DELAY, is_duration=True),
                Setting(("config", "retries", "backoff"), "backoff", SAFE, DEFAULT_BACKOFF),
                Setting(("config", "timeout"), "timeout", SAFE, DEFAULT_TIMEOUT, is_duration=True),
            )
            return StepTraits("step", "steps", config, is_wait=False)
        case "step_sleep":
            duration = Setting(("duration",), "duration", breaking(_SLEEPS_AGAIN), is_duration=True)
            return StepTraits("sleep", "sleeps", (duration,), is_wait=True)
        case "step_sleep_until":
            # The engine computes the remaining time again in each resume, with any timestamp.
            timestamp = Setting(("timestamp",), "timestamp", out_of_order(_SLEEPS_AGAIN))
            return StepTraits("sleep", "sleeps", (timestamp,), is_wait=True)
        case "step_wait_for_event":
            settings = (
                Setting(("options", "event_type"), "event type", OTHER_EVENT, ""),
                Setting(("options", "timeout"), "timeout", SAFE, DEFAULT_EVENT_TIMEOUT, is_duration=True),
                Setting(("payload",), "payload", SAFE),
            )
            return StepTraits("event wait", "event waits", settings, is_wait=True)
        case _ as never:
            assert_never(never)


TRAITS: Final[dict[str, StepTraits]] = {step_type: step_traits(step_type) for step_type in STEP_TYPES}
"""The traits of all step types. Other kinds of elements have none."""

WAITS: Final = frozenset(step_type for step_type, traits in TRAITS.items() if traits.is_wait)
"""Types of steps at which an instance may be in flight."""


_LONG: Final = MINUTE
"""The shortest retry delay or timeout of a step at which instances may be in flight, in milliseconds."""


def may_be_in_flight(kind: str, fields: Fields, in_flight: InFlight) -> bool:
    """Return whether instances may be in flight at a step.

    With `retries`, this includes steps with a retry delay, or a timeout other than the default, of a minute or more.
    """
    return kind in WAITS or (in_flight == "retries" and kind == "step_do" and _takes_long(fields))


def _takes_long(fields: Fields) -> bool:
    delay, timeout = (setting for setting in TRAITS["step_do"].settings if setting.is_duration)
    has_retries = any(setting.value_in(fields) not in {None, 0} for setting in settings_in("step_do", "config")[:1])
    if has_retries and _is_long(delay.value_in(fields)):
        return True
    value = timeout.value_in(fields)
    return not is_same_duration(value, DEFAULT_TIMEOUT) and _is_long(value)


def _is_long(duration: object) -> bool:
    """Return whether a duration is a minute or more. One that is unknown before the run may be."""
    milliseconds = milliseconds_of(duration)
    return duration is not None if milliseconds is None else milliseconds >= _LONG


def settings_in(kind: str, field: str) -> tuple[Setting, ...]:
    """Return the settings in a field of a step type, or none for other kinds of elements and for unknown fields."""
    traits = TRAITS.get(kind)
    return () if traits is None else tuple(setting for setting in traits.settings if setting.path[0] == field)


def settings_impact(kind: str, field: str, old: Fields, new: Fields) -> Impact:
    """Return the impact of a changed field of a step. Changed clocks alone have no impact."""
    changed = [setting for setting in settings_in(kind, field) if setting.differs(old, new)]
    if not changed and kind in WAITS and field not in CLOCKS:
        return breaking(f"instances may be waiting at it, and the effect of its {field} is unknown")
    return worst(setting.impact for setting in changed if not _is_same_duration(setting, old, new))


def _is_same_duration(setting: Setting, old: Fields, new: Fields) -> bool:
    if not setting.is_duration:
        return False
    first, second = setting.value_in(old), setting.value_in(new)
    milliseconds = milliseconds_of(first)
    return is_same_duration(first, second) or (milliseconds is not None and milliseconds == milliseconds_of(second))
