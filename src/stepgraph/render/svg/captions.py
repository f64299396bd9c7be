"""The words on figures that only this format says: which kind of step it is, and all of a node in one line."""

from __future__ import annotations

from stepgraph.model.details import Details
from stepgraph.model.payload import FunctionCall, Step
from stepgraph.render.node_text import clock_text, details


def captions(step: Step, known: Details) -> tuple[str, ...]:
    """Return what stands below the name of a step: its kind, then what there is to say of it."""
    phrases = (*details(step), *known.remarks(step))
    match step["type"]:
        case "step_do":
            return ("step", *phrases)
        case "step_sleep":
            return phrases
        case "step_sleep_until":
            return (f"sleep {phrases[0]}", *phrases[1:])
        case "step_wait_for_event":
            return (f"wait for {phrases[0]}", *phrases[1:])


def step_title(step: Step, known: Details) -> str:
    """Return all that is said of a step, its clocks too, on one line."""
    return told(step["name"], *captions(step, known), _clocks(step))


def call_title(call: FunctionCall, *phrases: str) -> str:
    """Return all that is said of a call on one line."""
    return told(call["name"], *phrases, _clocks(call))


def told(name: str, *phrases: str) -> str:
    """Return a name and phrases on one line, without those that are empty."""
    rest = " · ".join(filter(None, phrases))
    return f"{name} · {rest}" if rest else name


def _clocks(node: Step | FunctionCall) -> str:
    clock = clock_text(node)
    return f"clock {clock.strip('[]')}" if clock else ""
