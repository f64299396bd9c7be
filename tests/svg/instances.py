"""Instances with any states of nodes, for pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, get_args

from stepgraph.execution.instance import Instance, NodeProgress, NodeState, PlacedEntry
from stepgraph.execution.log import Attempt, EntryKind, InstanceLog, LogEntry, Outcome
from stepgraph.execution.matching.match import Place
from stepgraph.execution.matching.placed_entry import entry_state
from stepgraph.execution.regions import Region, regions_of
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import as_unknown, is_step, paths_of
from stepgraph.render.progress import CURRENT, REACHED, STATES, Progress, progress_of

ALL_STATES: Final[tuple[NodeState, ...]] = get_args(NodeState)
START: Final = 1_793_610_847_113
"""2026-11-02 09:14:07.113 UTC."""

ERROR: Final = "TypeError: Cannot read properties of undefined (reading 'id')"


def progress_with(
    graph: Graph, state_of: Callable[[str], NodeState], *, following: tuple[str, ...] = (), status: str = "running"
) -> Progress:
    """Return the progress of an instance whose steps have the states that `state_of` returns for their paths."""
    workflow = graph["workflow"]
    steps = {path: node for path, node in paths_of(workflow) if is_step(node)}
    states = {path: state_of(path) for path in steps}
    entries = [
        _entry(index, path, steps[path], states[path]) for index, path in enumerate(steps) if states[path] in REACHED
    ]
    runs = {entry.place.path: entry for entry in entries if entry.place is not None}
    nodes = {path: _progress(region, states, runs) for path, region in regions_of(workflow).items() if path}
    log = InstanceLog(
        status, tuple(entry.log for entry in entries), "", START, None if status == "running" else START + 10**6
    )
    places = tuple(Place(path) for path in following)
    return progress_of(Instance("", workflow["class_name"], log, tuple(entries), nodes, places), workflow)


def progress_everywhere(graph: Graph, status: str = "running") -> Progress:
    """Return the progress of an instance with all states, in turn, whose steps that were not reached can be next."""
    paths = [path for path, node in paths_of(graph["workflow"]) if is_step(node)]
    states = {path: ALL_STATES[index % len(ALL_STATES)] for index, path in enumerate(paths)}
    following = tuple(path for path, state in states.items() if state == "not_reached")
    return progress_with(graph, states.__getitem__, following=following, status=status)


def _entry(index: int, path: str, step: Node, state: NodeState) -> PlacedEntry:
    name = "" if as_unknown(step) or not is_step(step) else step["name"]
    start = START + index * 1000
    is_open, failed = state in CURRENT, Attempt(start, start + 100, succeeded=False, error=ERROR)
    attempts = (failed,) if state == "retrying" else (failed, failed) if state == "failed" else ()
    outcome: Outcome = "open" if is_open else "failed" if state == "failed" else "done"
    kind: EntryKind = "wait" if state == "waiting" else "sleep" if state == "sleeping" else "step"
    log = LogEntry(index, f"{name}-1", name, 1, kind, outcome, start, None if is_open else start + 600, attempts, ERROR)
    return PlacedEntry(log, Place(path), (), entry_state(log))


def _progress(region: Region, states: Mapping[str, NodeState], runs: Mapping[str, PlacedEntry]) -> NodeProgress:
    path = region.path
    inside: list[NodeState] = [state for inner, state in states.items() if inner.startswith(f"{path}.")]
    state = states.get(path, min(inside, key=STATES.index, default="not_reached"))
    if path not in runs:
        return NodeProgress(path, state, region.kind, runs=3 if state in REACHED else 0)
    log = runs[path].log
    return NodeProgress(
        path, state, region.kind, log.name, (runs[path],), 1, attempts=len(log.attempts), duration=log.duration
    )
