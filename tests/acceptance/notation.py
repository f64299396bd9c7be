"""Traces and rules in short, for tests that are read.

A trace is a text such as `a( a) b( b!`: step a starts and ends, b starts and fails; `b~` is a retry. The run is done at
the end of it, unless its last word is `failed` or `cut`. A step with a name that begins with `sleep`, `until` or
`event` is of that kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pytest

from stepgraph.model.payload import Graph, Node, Number
from tests.acceptance.trace import Kind, Moment, Outcome, Trace, What

_WHATS: dict[str, What] = {"(": "start", "~": "retry", ")": "end", "!": "fail"}
_KINDS: dict[str, Kind] = {"sleep": "step_sleep", "until": "step_sleep_until", "event": "step_wait_for_event"}
_OUTCOMES: dict[str, Outcome] = {"failed": "failed", "cut": "cut"}


def trace(text: str) -> Trace:
    words = text.split()
    outcome = _OUTCOMES.get(words[-1], "done") if words else "done"
    moments = words if outcome == "done" else words[:-1]
    return Trace(tuple(Moment(_WHATS[word[-1]], _kind(word), word[:-1]) for word in moments), outcome)


def text(judged: Trace) -> str:
    signs = {what: sign for sign, what in _WHATS.items()}
    words = [f"{moment.name}{signs[moment.what]}" for moment in judged.events]
    return " ".join([*words, *([] if judged.outcome == "done" else [judged.outcome])])


def _kind(word: str) -> Kind:
    return next((kind for start, kind in _KINDS.items() if word.startswith(start)), "step_do")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a graph allows, and what it does not."""

    sentence: str
    graph: Graph
    paths: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def cases(rules: Iterable[Rule]) -> pytest.MarkDecorator:
    """Make a test of each trace: it gets the graph, the trace, and whether that is a path."""
    params = [
        pytest.param(
            rule.graph, written, is_path, id=f"{rule.sentence}: {'' if is_path else 'not '}{written or '(nothing)'}"
        )
        for rule in rules
        for of, is_path in ((rule.paths, True), (rule.others, False))
        for written in of
    ]
    return pytest.mark.parametrize(("graph", "written", "is_path"), params)


def at(node: Node, starts: Number | None = None, resolves: Number | None = None) -> Node:
    """Return the node with this clock."""
    clock = {"starts": starts, "resolves": resolves}
    return cast("Node", {**node, **{key: value for key, value in clock.items() if value is not None}})


def sleep(name: str = "sleep") -> Node:
    return {"type": "step_sleep", "name": name, "duration": 1000}


def event(name: str = "event") -> Node:
    return {"type": "step_wait_for_event", "name": name}
