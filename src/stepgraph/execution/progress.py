"""The progress of an instance in each part of the graph: states, runs, attempts and times."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.failures.propagation import exited_visits
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.execution.matching.match import Match
from stepgraph.execution.matching.placed_entry import EntryState, PlacedEntry
from stepgraph.execution.parts import Path
from stepgraph.execution.regions import Reach, Region, RegionKind
from stepgraph.execution.visits import InstanceVisits, Visit
from stepgraph.phrases import counted

NodeState: TypeAlias = Literal[
    "done", "failed", "retrying", "sleeping", "waiting", "running", "skipped", "not_reached", "unreachable"
]
"""The state of a node.

A step with runs has the state of its last run, or of a run that has not ended. Any other node with begun steps has the
state of its open steps. Without open steps, it is `failed` if an exception has left it, `running` if the next step may
be inside, and otherwise `done`. A node without runs is `not_reached` if it may still run, `skipped` if it can no longer
run, and `unreachable` if only the early end of the instance prevents it.
"""

_MOST_ACTIVE: Final[Sequence[EntryState]] = ("running", "retrying", "waiting", "sleeping")
"""The states of open entries. A node that contains entries in several of them has the first."""


class NodeProgress(Struct, frozen=True):
    """The state of a node, with its runs. Branches, the blocks of a `try` and functions have progress, too."""

    path: str
    """The path of the node."""
    state: NodeState
    """The state of the node."""
    kind: RegionKind
    """The type of the node, such as `step_do`, or the kind of another part, such as `branch` or `try_block`."""
    name: str = ""
    """The name of a step in the graph, or the name or type of a node of an unknown type. Empty for other nodes."""
    entries: tuple[PlacedEntry, ...] = ()
    """The runs of a step that are certainly its own, or an empty tuple for other nodes."""
    runs: int = 0
    """The certain number of runs of a step, of passes of a loop, or of runs of another node in which a step began."""
    possible_runs: int = 0
    """The number of other entries that may be runs of the step, or be inside the node. The state ignores them."""
    attempts: int = 0
    """The number of attempts of all runs of a step; 0 for other nodes."""
    start: int | None = None
    """The first start of an entry in milliseconds since 1970, or None without an entry."""
    end: int | None = None
    """The last end of an entry in milliseconds since 1970, or None if one has not ended, or without an entry."""
    duration: int | None = None
    """The total time of the ended runs of a step, or the time from `start` to `end` of another node, in milliseconds.
    None if it is unknown.
    """
    errors: tuple[str, ...] = ()
    """The different errors of a step, in order; empty for other nodes."""

    @property
    def is_uncertain(self) -> bool:
        """Whether the log does not determine if the node has run. It then has the state of a node without runs."""
        return self.runs == 0 and self.possible_runs > 0

    def __repr__(self) -> str:
        return f"<NodeProgress {brief_line(self.path)}: {self.state}, {counted(self.runs, 'run')}>"


def progress_of(
    log: InstanceLog,
    match: Match,
    entries: Sequence[PlacedEntry],
    regions: Mapping[Path, Region],
    visits: InstanceVisits,
    failure: int | None,
) -> dict[Path, NodeProgress]:
    """Return the progress in the regions of a graph, by path. `failure` is the position of the entry that ended it."""
    progress = _ProgressBuilder(
        entries=entries,
        visits=visits,
        visits_by_path=visits.by_path(),
        reach=Reach.of(regions, visits.entries.keys(), match.reachable),
        exited=exited_visits(log, visits),
        active={visit for place in match.next for visit in visits.at(place)},
        active_paths={path for place in match.next for path in visits.paths(place)},
        state_in_reach=_state_in_reach(log, match),
        state_at_end=_state_at_unknown_end(log, failure),
        failure=failure,
        is_unknown=bool(match.unknown),
    )
    for region in regions.values():
        progress.add(region)
    return {path: node for path, node in progress.nodes.items() if path}


def _state_in_reach(log: InstanceLog, match: Match) -> NodeState:
    """Return the state of a node without runs that is within reach after the last entry that fits."""
    if not log.has_ended or match.unknown or (match.misfit is not None and match.misfit.index is not None):
        return "not_reached"
    return "skipped" if log.status == "complete" and match.misfit is None else "unreachable"


def _state_at_unknown_end(log: InstanceLog, failure: int | None) -> NodeState | None:
    """Return the state of a node in which an instance ended early, although no entry failed or remained open."""
    if log.has_failed:
        return "failed" if failure is None else None
    return "running" if log.status == "terminated" else None


class _ProgressBuilder(Struct):
    """Computes the progress of regions, each after the region around it."""

    entries: Sequence[PlacedEntry]
    visits: InstanceVisits
    visits_by_path: Mapping[Path, Sequence[Visit]]
    reach: Reach
    exited: Mapping[Visit, bool]
    """The runs that an exception has left, with whether this is certain."""
    active: set[Visit]
    """The runs in which a step can begin next."""
    active_paths: AbstractSet[Path]
    """The regions in which a step can begin next, perhaps in another run."""
    state_in_reach: NodeState
    state_at_end: NodeState | None
    """The state of a region with the last entry and with reachable steps, or None if the entries determine the state.
    """
    failure: int | None
    """The position of the entry whose failure ended the instance."""
    is_unknown: bool
    """Whether the log could not be matched."""
    nodes: dict[Path, NodeProgress] = field(default_factory=dict)

    def add(self, region: Region) -> None:
        path = region.path
        inside = self.visits.entries.get(path)
        if inside is None:
            progress = NodeProgress(path, self._state_without_entries(region), region.kind)
        elif region.is_step:
            progress = self._step(region, inside)
        else:
            progress = self._container(region, inside)
        self.nodes[path] = replace(progress, name=region.step_name, possible_runs=self.visits.possible[path])

    def _step(self, region: Region, inside: Sequence[int]) -> NodeProgress:
        entries = [self.entries[position] for position in inside]
        runs = tuple(entry for entry in entries if entry.place is not None and entry.place.path == region.path)
        if not runs:  # A nested step is certain, but not the run of the step around it.
            return self._container(region, inside)
        logs = [run.log for run in runs]
        durations = [each.duration for each in logs if each.duration is not None]
        return NodeProgress(
            region.path,
            _last_state(runs),
            region.kind,
            entries=runs,
            runs=len(runs),
            attempts=sum(len(each.attempts) for each in logs),
            start=_start(logs),
            end=_end(logs),
            duration=sum(durations) if durations else None,
            errors=_errors(logs),
        )

    def _container(self, region: Region, inside: Sequence[int]) -> NodeProgress:
        logs = [self.entries[position].log for position in inside]
        start, end = _start(logs), _end(logs)
        return NodeProgress(
            region.path,
            self._state(region.path, inside),
            region.kind,
            runs=self._runs(region.path),
            start=start,
            end=end,
            duration=None if start is None or end is None else max(0, end - start),
        )

    def _runs(self, path: Path) -> int:
        visits = self.visits_by_path.get(path, ())
        if passes := {visit: visit.count for visit in visits if visit.loop_pass is not None}:
            total = _total(_by_loop(passes))
            is_exact = not any(visit.is_unnumbered_pass for visit in passes)
        else:
            counts = {visit: visit.count for visit in visits}
            total = _total(counts)
            is_exact = total == sum(counts.values())
        is_exact = is_exact and all(position in self.visits.leaves for position in self.visits.entries[path])
        return max(1, total, 0 if is_exact else self._most_frequent_run(path))

    def _most_frequent_run(self, path: Path) -> int:
        """Return the number of entries of the most frequent step that a run or pass contains at most once."""
        counts: Counter[tuple[Region, ...]] = Counter()
        for position in self.visits.entries[path]:
            between: list[Region] = []
            for region, is_repeated in self._regions_around(position):
                if region.path == path:
                    counts[tuple(between)] += 1
                    break
                if is_repeated:
                    break
                between.append(region)
        return max(counts.values(), default=0)

    def _regions_around(self, position: int) -> Iterator[tuple[Region, bool]]:
        """Yield the step of an entry and the regions around it, innermost first, with whether they repeat the step.

        If the calls to the step are uncertain, these are the regions in its function.
        """
        leaf, place = self.visits.leaves.get(position), self.entries[position].place
        if leaf is not None:
            for visit in (leaf, *leaf.enclosing()):
                yield visit.region, visit.loop_pass is not None or (visit.region.is_step and visit is not leaf)
        elif place is not None:
            step = self.visits.regions[place.path]
            for region in (step, *step.enclosing()):
                yield region, region.kind == "loop" or (region.is_step and region is not step)

    def _state(self, path: Path, inside: Sequence[int]) -> NodeState:
        if self.failure is not None and _contains(inside, self.failure):
            return "failed"
        runs = [visit for visit in self.visits_by_path.get(path, ()) if visit.loop_pass is None]
        last = max(runs, key=lambda visit: visit.entries[-1], default=None)
        open_states = {self.entries[position].state for position in inside if self.entries[position].is_open}
        if last is not None and last in self.exited and (self.exited[last] or not open_states):
            return "failed"
        if open_states:
            return next(state for state in _MOST_ACTIVE if state in open_states)
        is_ambiguous = inside[-1] not in self.visits.leaves
        if path in self.active_paths if is_ambiguous else last in self.active:
            return "running"
        is_last = inside[-1] == len(self.entries) - 1
        return self.state_at_end if self.state_at_end and is_last and path in self.reach.open else "done"

    def _state_without_entries(self, region: Region) -> NodeState:
        if self.is_unknown:
            return "not_reached"
        parent = region.parent
        if region.path in self.reach.with_steps or parent is None or not self.nodes[parent.path].runs:
            return self.state_in_reach if region in self.reach else "skipped"
        # A jump or an empty branch, where steps have begun in the region around it.
        outer_state = self.nodes[parent.path].state
        if outer_state in _MOST_ACTIVE and not self.reach.is_passed(region):
            return self.state_in_reach
        is_done = outer_state == "done" and region.kind == "break" and self.reach.follows_entered(region)
        return "done" if is_done else "skipped"


def _total(counts: Mapping[Visit, int]) -> int:
    """Return the number of runs in visits with these numbers of runs."""
    total = 0
    while counts:
        by_pass: Counter[Visit] = Counter()
        for visit, count in counts.items():
            loop_pass = next((each for each in visit.enclosing() if each.loop_pass is not None), None)
            if loop_pass is None:
                total += count
            else:
                by_pass[loop_pass] += count
        counts = _by_loop(by_pass)
    return total


def _by_loop(counts: Mapping[Visit, int]) -> Mapping[Visit, int]:
    """Return the number of runs in each run of a loop, from their numbers in its passes."""
    numbered: Counter[Visit] = Counter()
    unnumbered: Counter[Visit] = Counter()
    for visit, count in counts.items():
        if visit.outer is not None:
            (unnumbered if visit.is_unnumbered_pass else numbered)[visit.outer] += count
    return numbered | unnumbered  # a pass without a number may be one of those with numbers


def _last_state(runs: Sequence[PlacedEntry]) -> NodeState:
    """Return the state of the last run. An overlapping run that has not ended comes first, then one that has failed."""
    last = runs[-1]
    current = [run for run in runs if run.is_open or run is last or run.log.ended_before(last.log) is False]
    states = [run.state for run in current]
    return next((state for state in (*_MOST_ACTIVE, "failed") if state in states), last.state)


def _contains(positions: Sequence[int], position: int) -> bool:
    """Return whether a position is among sorted positions."""
    index = bisect_left(positions, position)
    return index < len(positions) and positions[index] == position


def _start(logs: Iterable[LogEntry]) -> int | None:
    return min((log.start for log in logs if log.start is not None), default=None)


def _end(logs: Sequence[LogEntry]) -> int | None:
    ends = [log.end for log in logs if log.end is not None]
    return None if len(ends) < len(logs) else max(ends, default=None)


def _errors(logs: Iterable[LogEntry]) -> tuple[str, ...]:
    errors = [error for log in logs for error in (*(attempt.error for attempt in log.attempts), log.error) if error]
    return tuple(dict.fromkeys(errors))
