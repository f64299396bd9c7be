"""Random workflows with fixed decisions, and a simulation of the engine that runs and resumes them.

The simulation is independent of the replay that it judges: it knows the old step of each new step, and the decision of
each condition and loop.
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
from stepgraph.model.payload import FunctionDef, Graph, Node
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, protected


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


class SimulatedPart(Struct, frozen=True):
    """A function that is called, perhaps several times, or a `try` that suppresses errors."""

    number: int
    is_function: bool
    body: tuple[SimulatedNode, ...]


SimulatedNode: TypeAlias = SimulatedStep | SimulatedLoop | SimulatedChoice | SimulatedPart
Body: TypeAlias = tuple[SimulatedNode, ...]
Key: TypeAlias = tuple[EntryKind, str, int]
"""The kind, name and duration of a call."""

_NESTED = 2


class Simulation:
    """A random workflow and its edits."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret
        self._numbers = count()
        self._parts: list[SimulatedPart] = []

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
        if level < _NESTED and choice < 0.35:
            return self._part(level)
        number = next(self._numbers)
        kind: EntryKind = random.choice(["step", "step", "step", "sleep", "wait"])
        name = random.choice("abc") if kind != "step" or random.random() < 0.3 else f"step {number}"
        return SimulatedStep(number, kind, name, random.choice([1000, 2000]) if kind == "sleep" else 0)

    def _part(self, level: int) -> SimulatedPart:
        """Return a function that has been called before, or a new part."""
        if self._parts and self._random.random() < 0.5:
            return self._random.choice(self._parts)
        part = SimulatedPart(next(self._numbers), self._random.random() < 0.6, self.body(level + 1))
        if part.is_function:
            self._parts.append(part)
        return part

    def edited(self, body: Body) -> Body:
        """Return the nodes with a renamed, added or wrapped step, or another duration of a sleep."""
        steps = list(_steps_in(body))
        if not steps:
            return body
        old, edit = self._random.choice(steps), self._random.choice(["rename", "add", "duration", "wrap"])
        number = next(self._numbers)
        if edit == "rename":
            return _with(body, old, (replace(old, name=f"renamed {number}"),))
        if edit == "wrap":
            return _with(body, old, (SimulatedPart(number, self._random.random() < 0.5, (old,)),))
        if edit == "add":
            added = SimulatedStep(number, "step", f"added {number}")
            return _with(body, old, (added, old) if self._random.random() < 0.5 else (old, added))
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
            case SimulatedLoop(body=inner) | SimulatedPart(body=inner):
                yield from _steps_in(inner)
            case SimulatedChoice(first=first, second=second):
                yield from _steps_in((*first, *second))


def _with(body: Body, old: SimulatedStep, new: Sequence[SimulatedNode]) -> Body:
    """Return nodes with others in place of a step."""
    result: list[SimulatedNode] = []
    for node in body:
        match node:
            case SimulatedStep():
                result += new if node is old else [node]
            case SimulatedLoop() | SimulatedPart():
                result.append(replace(node, body=_with(node.body, old, new)))
            case SimulatedChoice():
                branches = {"first": _with(node.first, old, new), "second": _with(node.second, old, new)}
                result.append(replace(node, **branches))
    return tuple(result)


def graph_of(body: Body) -> Graph:
    """Return the graph of a workflow, which lacks the decisions."""
    return graph(*map(_graph_node, body), functions=dict(_functions_in(body)))


def _functions_in(body: Body) -> Iterator[tuple[str, FunctionDef]]:
    for node in body:
        match node:
            case SimulatedLoop(body=inner):
                yield from _functions_in(inner)
            case SimulatedPart(body=inner):
                if node.is_function:
                    yield f"f{node.number}", function(f"f{node.number}", *map(_graph_node, inner))
                yield from _functions_in(inner)
            case SimulatedChoice(first=first, second=second):
                yield from _functions_in((*first, *second))


def _graph_node(node: SimulatedNode) -> Node:
    match node:
        case SimulatedLoop(body=inner):
            return loop(*map(_graph_node, inner))
        case SimulatedPart(number=number, is_function=True):
            return call(f"f{number}")
        case SimulatedPart(body=inner):
            return protected(block(*map(_graph_node, inner)), catch=block())
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
            case SimulatedPart(body=inner):
                yield from calls_of(inner)
            case SimulatedChoice(takes_first=takes_first, first=first, second=second):
                yield from calls_of(first if takes_first else second)


def _numbered(calls: Sequence[SimulatedStep]) -> Iterator[tuple[SimulatedStep, tuple[Key, int], tuple[int, int]]]:
    """Yield calls with the key and the count under which the engine stores them, and with their identity and pass."""
    keys: Counter[Key] = Counter()
    runs: Counter[int] = Counter()
    for each in calls:
        key = each.kind, each.name, each.duration
        keys[key] += 1
        runs[each.identity] += 1
        yield each, (key, keys[key]), (each.identity, runs[each.identity])


def log_of_run(calls: Sequence[SimulatedStep]) -> InstanceLog:
    """Return the log of an instance that has made calls, of which the last has not ended."""
    entries: list[LogEntry] = []
    start = 0
    for index, (each, (_, number), _) in enumerate(_numbered(calls)):
        is_open = index == len(calls) - 1
        end = start + each.duration + 5
        name = f"{each.name}-{number}"
        outcome = "open" if is_open else "done"
        entries.append(
            LogEntry(index, name, each.name, number, each.kind, outcome, start, None if is_open else end)  # type: ignore[arg-type]
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
