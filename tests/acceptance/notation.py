"""Short notation for traces and acceptance rules.

A trace is a string such as `a( a) b( b!`: step a starts and ends, b starts and fails; `b~` is a retry. The run ends
normally unless the last word is `failed` or `cut`. A step whose name begins with `sleep`, `until` or `event` is of that
kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pytest

from stepgraph.model.payload import Graph, Node, Number
from tests.acceptance.trace import EventType, Kind, Outcome, RunTrace, StepEvent

_EVENT_TYPES: dict[str, EventType] = {"(": "start", "~": "retry", ")": "end", "!": "fail"}
_KINDS: dict[str, Kind] = {"sleep": "step_sleep", "until": "step_sleep_until", "event": "step_wait_for_event"}
_OUTCOMES: dict[str, Outcome] = {"failed": "failed", "cut": "cut"}


def trace(text: str) -> RunTrace:
    words = text.split()
    outcome = _OUTCOMES.get(words[-1], "done") if words else "done"
    events = words if outcome == "done" else words[:-1]
    return RunTrace(tuple(StepEvent(_EVENT_TYPES[word[-1]], _kind(word), word[:-1]) for word in events), outcome)


def text(trace: RunTrace) -> str:
    signs = {event_type: sign for sign, event_type in _EVENT_TYPES.items()}
    words = [f"{event.name}{signs[event.type]}" for event in trace.events]
    return " ".join([*words, *([] if trace.outcome == "done" else [trace.outcome])])


def _kind(word: str) -> Kind:
    return next((kind for start, kind in _KINDS.items() if word.startswith(start)), "step_do")


@dataclass(frozen=True, slots=True)
class PathRule:
    """A graph with traces that it accepts and rejects."""

    title: str
    graph: Graph
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


def parametrize_traces(path_rules: Iterable[PathRule]) -> pytest.MarkDecorator:
    """Parametrize a test with each trace: the graph, the trace, and whether it is a path."""
    params = [
        pytest.param(
            path_rule.graph,
            trace_text,
            is_path,
            id=f"{path_rule.title}: {'' if is_path else 'not '}{trace_text or '(nothing)'}",
        )
        for path_rule in path_rules
        for texts, is_path in ((path_rule.accepted, True), (path_rule.rejected, False))
        for trace_text in texts
    ]
    return pytest.mark.parametrize(("graph", "trace_text", "is_path"), params)


def with_clock(node: Node, starts: Number | None = None, resolves: Number | None = None) -> Node:
    """Return the node with this clock."""
    clock = {"starts": starts, "resolves": resolves}
    return cast("Node", {**node, **{key: value for key, value in clock.items() if value is not None}})


def sleep(name: str = "sleep") -> Node:
    return {"type": "step_sleep", "name": name, "duration": 1000}


def event(name: str = "event") -> Node:
    return {"type": "step_wait_for_event", "name": name}
