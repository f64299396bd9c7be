"""Random workflows with fixed decisions, and a simulation of the engine that runs and resumes them.

The simulation is independent of the replay that it judges: it knows which step of the old version each step of the new
one is, and what each condition and loop decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import EntryKind, InstanceLog, LogEntry
from stepgraph.model.payload import Graph, Node
from tests.render.graphs import branch, do, either, graph, loop


class SimulatedStep(Struct, frozen=True):
    """A step of a workflow. Edited steps keep their identity."""

    identity: int
    kind: EntryKind
    name: str
    duration: int = 0
    """The duration of a sleep in milliseconds."""


class SimulatedLoop(Struct, frozen=True):
    """A loop with a fixed number of passes."""

    passes: int
    body: tuple[SimulatedNode, ...]


class SimulatedChoice(Struct, frozen=True):
    """A choice between two branches, with a fixed decision."""

    number: int
    takes_first: bool
    first: tuple[SimulatedNode, ...]
    second: tuple[SimulatedNode, ...]


SimulatedNode: TypeAlias = SimulatedStep | SimulatedLoop | SimulatedChoice
Body: TypeAlias = tuple[SimulatedNode, ...]
Key: TypeAlias = tuple[EntryKind, str, int]
"""The kind, name and duration of a call."""

_NESTED = 2


class Simulation:
    """A random workflow and its edits."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret
        self._numbers = count()

    def body(self, level: int = 0) -> Body:
        """Return random nodes."""
        return tuple(self._node(level) for _ in range(self._random.randint(1, 4)))

    def _node(self, level: int) -> SimulatedNode:
        choice, random = self._random.random(), self._random
        if level < _NESTED and choice < 0.15:
            return SimulatedChoice(
                next(self._numbers), random.random() < 0.5, self.body(level + 1), self.body(level + 1)
            )
        if level < _NESTED and choice < 0.25:
            return SimulatedLoop(random.randint(0, 3), self.body(level + 1))
        number = next(self._numbers)
        kind: EntryKind = random.choice(["step", "step", "step", "sleep", "wait"])
        name = random.choice("abc") if kind != "step" or random.random() < 0.3 else f"step {number}"
        return SimulatedStep(number, kind, name, random.choice([1000, 2000]) if kind == "sleep" else 0)

    def edited(self, body: Body) -> Body:
        """Return the nodes with a renamed step, an added one, or another duration of a sleep."""
        steps = list(_steps_in(body))
        if not steps:
            return body
        old, edit = self._random.choice(steps), self._random.choice(["rename", "add", "duration"])
        number = next(self._numbers)
        if edit == "rename":
            return _with(body, old, (replace(old, name=f"renamed {number}"),))
        if edit == "add":
            return _with(body, old, (SimulatedStep(number, "step", f"added {number}"), old))
        return _with(body, old, (replace(old, duration=old.duration + 4000) if old.kind == "sleep" else old,))

    def stop(self, body: Body) -> int:
        """Return the number of calls that an instance has made when it stops, or 0 for a workflow without calls."""
        calls = len(list(calls_of(body)))
        return self._random.randint(1, calls) if calls else 0


def _steps_in(body: Body) -> Iterator[SimulatedStep]:
    for node in body:
        match node:
            case SimulatedStep():
                yield node
            case SimulatedLoop(body=inner):
                yield from _steps_in(inner)
            case SimulatedChoice(first=first, second=second):
                yield from _steps_in((*first, *second))


def _with(body: Body, old: SimulatedStep, new: Sequence[SimulatedStep]) -> Body:
    """Return nodes with steps in place of a step."""
    result: list[SimulatedNode] = []
    for node in body:
        match node:
            case SimulatedStep():
                result += new if node is old else [node]
            case SimulatedLoop():
                result.append(replace(node, body=_with(node.body, old, new)))
            case SimulatedChoice():
                branches = {"first": _with(node.first, old, new), "second": _with(node.second, old, new)}
                result.append(replace(node, **branches))
    return tuple(result)


def graph_of(body: Body) -> Graph:
    """Return the graph of a workflow, which lacks the decisions."""
    return graph(*map(_graph_node, body))


def _graph_node(node: SimulatedNode) -> Node:
    match node:
        case SimulatedLoop(body=inner):
            return loop(*map(_graph_node, inner))
        case SimulatedChoice(number=number, first=first, second=second):
            return either(branch(f"x > {number}", *map(_graph_node, first)), branch(None, *map(_graph_node, second)))
        case SimulatedStep(kind="sleep", name=name, duration=duration):
            return {"type": "step_sleep", "name": name, "duration": duration}
        case SimulatedStep(kind="wait", name=name):
            return {"type": "step_wait_for_event", "name": name, "options": {"event_type": "e", "timeout": 1000}}
        case SimulatedStep(name=name):
            return do(name)


def calls_of(body: Body) -> Iterator[SimulatedStep]:
    """Yield the calls of a complete run."""
    for node in body:
        match node:
            case SimulatedStep():
                yield node
            case SimulatedLoop(passes=passes, body=inner):
                for _ in range(passes):
                    yield from calls_of(inner)
            case SimulatedChoice(takes_first=takes_first, first=first, second=second):
                yield from calls_of(first if takes_first else second)


def _numbered(calls: Sequence[SimulatedStep]) -> Iterator[tuple[SimulatedStep, tuple[Key, int], tuple[int, int]]]:
    """Yield calls with the key and the count under which the engine stores them, and with their identity and pass."""
    keys: Counter[Key] = Counter()
    runs: Counter[int] = Counter()
    for call in calls:
        key = call.kind, call.name, call.duration
        keys[key] += 1
        runs[call.identity] += 1
        yield call, (key, keys[key]), (call.identity, runs[call.identity])


def log_of_run(calls: Sequence[SimulatedStep]) -> InstanceLog:
    """Return the log of an instance that has made calls, of which the last has not ended."""
    entries: list[LogEntry] = []
    start = 0
    for index, (call, (_, number), _) in enumerate(_numbered(calls)):
        is_open = index == len(calls) - 1
        end = start + call.duration + 5
        name = f"{call.name}-{number}"
        outcome = "open" if is_open else "done"
        entries.append(
            LogEntry(index, name, call.name, number, call.kind, outcome, start, None if is_open else end)  # type: ignore[arg-type]
        )
        start = end + 5
    return InstanceLog("running", tuple(entries))


def effect_of(old: Sequence[SimulatedStep], new: Sequence[SimulatedStep]) -> InstanceEffect:
    """Return the effect of new calls on an instance that has made the old calls."""
    stored = {key for _, key, _ in _numbered(old)}
    begun = {identity for _, _, identity in _numbered(old)}
    calls = list(_numbered(new))
    if any(key not in stored and identity in begun for _, key, identity in calls):
        return "reruns"
    last = max((index for index, (_, key, _) in enumerate(calls) if key in stored), default=-1)
    return "out_of_order" if any(key not in stored for _, key, _ in calls[: last + 1]) else "resumes"
