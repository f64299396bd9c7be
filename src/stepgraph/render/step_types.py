"""The appearance and the words of each step type, in all drawings. The words may contain source text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never

from msgspec import Struct

from stepgraph.model.vocabulary import DEFAULT_BACKOFF, DEFAULT_DELAY, DEFAULT_RETRIES, DEFAULT_TIMEOUT, StepType
from stepgraph.phrases import counted, duration_text, number_text, payload_text, shape_text

if TYPE_CHECKING:
    from stepgraph.model.payload import Step, StepConfig, StepWaitForEvent

StepCategory: TypeAlias = Literal["do", "sleep", "wait"]
"""The categories of steps: each has colors in pictures, and a shape and colors in flow charts."""

FactRow: TypeAlias = tuple[str, str] | tuple[str, str, str]
"""A label, a value, and optionally a remark on the value, for example on a default."""

EMPTY_TYPE: Final = "(empty type)"
"""The text for the type of an event that has none."""

DEFAULT: Final = "default"
"""The remark on a setting that is equal to the engine's default."""


class StepStyle(Struct, frozen=True):
    """The appearance of all steps of a type."""

    mark: str
    """The mark in outlines: one cell wide in common fonts, without a colored variant in emoji fonts."""

    category: StepCategory

    icon: str
    """The icon in pictures, as a path in a square of 16 pixels."""

    meaning: str
    """A noun phrase with an article, for legends."""

    @property
    def heading(self) -> str:
        """The meaning without the article, capitalized."""
        return self.meaning.partition(" ")[2].capitalize()


@cache
def step_style(step_type: StepType) -> StepStyle:
    """Return the appearance of steps of a type."""
    match step_type:
        case "step_do":
            return StepStyle("●", "do", "M9 1.5 3.5 9H8L7 14.5 12.5 7H8z", "a step that runs code")
        case "step_sleep":
            clock = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.5V8l2.5 1.5"
            return StepStyle("◔", "sleep", clock, "a sleep for a duration")
        case "step_sleep_until":
            calendar = "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3M6 10l1.5 1.5 2.5-2.5"
            return StepStyle("◕", "sleep", calendar, "a sleep until a time")
        case "step_wait_for_event":
            envelope = "M1.5 4h13v9h-13zM1.5 4.5 8 9.5l6.5-5"
            return StepStyle("◎", "wait", envelope, "a wait for an event")
        case _ as never:
            assert_never(never)


class StepText(Struct, frozen=True):
    """The settings of one step in words."""

    phrases: tuple[str, ...]
    """Short phrases beside the mark or box of the step. Retries and timeouts equal to the defaults are omitted."""

    captions: tuple[str, ...]
    """The phrases below the name of the step in pictures. Waits and sleeps begin with their kind."""

    rows: Iterator[FactRow]
    """All settings, for the details panel of the page. They are computed lazily, because other drawings omit them."""


def step_text(step: Step) -> StepText:
    """Return the settings of a step in words."""
    match step["type"]:
        case "step_do":
            config = step["config"]
            retries = config["retries"]
            phrases = _config_phrases(retries["limit"], retries["delay"], retries["backoff"], config["timeout"])
            return StepText(phrases, phrases, _config_rows(config))
        case "step_sleep":
            duration = duration_text(step["duration"])
            phrases = (f"sleep {duration}",)
            return StepText(phrases, phrases, iter([("Duration", duration)]))
        case "step_sleep_until":
            until = f"until {step['timestamp']}"
            return StepText((until,), (f"sleep {until}",), iter([("Until", step["timestamp"])]))
        case "step_wait_for_event":
            phrases = _event_phrases(step)
            return StepText(phrases, (f"wait for {phrases[0]}", *phrases[1:]), _event_rows(step))
        case _ as never:
            assert_never(never)


@lru_cache(maxsize=256, typed=True)  # many steps have the same settings
def _config_phrases(limit: float, delay: float | str, backoff: str, timeout: float | str) -> tuple[str, ...]:
    phrases: list[str] = []
    if limit != DEFAULT_RETRIES:
        phrases.append(counted(limit, "retry", "retries") if limit else "no retries")
    # Without retries, delay and backoff have no effect.
    if limit and delay != DEFAULT_DELAY:
        phrases.append(f"retry delay {duration_text(delay)}")
    if limit and backoff != DEFAULT_BACKOFF:
        phrases.append(f"{backoff} backoff")
    if timeout != DEFAULT_TIMEOUT:
        phrases.append(f"timeout {duration_text(timeout)}")
    return tuple(phrases)


def _config_rows(config: StepConfig) -> Iterator[FactRow]:
    retries, timeout = config["retries"], config["timeout"]
    yield _setting("Retries", number_text(retries["limit"]), is_default=retries["limit"] == DEFAULT_RETRIES)
    yield _setting("Retry delay", duration_text(retries["delay"]), is_default=retries["delay"] == DEFAULT_DELAY)
    yield _setting("Backoff", retries["backoff"], is_default=retries["backoff"] == DEFAULT_BACKOFF)
    yield _setting("Timeout", duration_text(timeout), is_default=timeout == DEFAULT_TIMEOUT)


def _setting(label: str, value: str, *, is_default: bool) -> FactRow:
    return (label, value, DEFAULT) if is_default else (label, value)


def _event_phrases(step: StepWaitForEvent) -> tuple[str, ...]:
    phrases: list[str] = []
    if "options" in step:
        phrases += [
            f"event {step['options']['event_type'] or EMPTY_TYPE}",
            f"timeout {duration_text(step['options']['timeout'])}",
        ]
    if "payload" in step:
        phrases.append(payload_text(step["payload"]))
    return tuple(phrases) or ("event",)


def _event_rows(step: StepWaitForEvent) -> Iterator[FactRow]:
    if "options" in step:
        yield "Event type", step["options"]["event_type"]
        yield "Timeout", duration_text(step["options"]["timeout"])
    if "payload" in step:
        yield "Payload", shape_text(step["payload"])
