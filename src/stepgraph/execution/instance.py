"""An instance on the graph of its workflow: the node of each log entry, the state of each node, and the next steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.failures.propagation import ending_failure
from stepgraph.execution.log import InstanceLog
from stepgraph.execution.matching.log_matching import match_log, with_earlier_errors
from stepgraph.execution.matching.match import Misfit, Place
from stepgraph.execution.matching.placed_entry import EntryState, PlacedEntry
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.names import NO_NAMES, RunNames
from stepgraph.execution.open_entries import after_success, awaited_entries, failing_entries, steps_after_own_errors
from stepgraph.execution.parts import Path
from stepgraph.execution.program import program_of
from stepgraph.execution.progress import NodeProgress, NodeState, progress_of
from stepgraph.execution.regions import Region, regions_of
from stepgraph.execution.visits import InstanceVisits
from stepgraph.model.details import NO_DETAILS, ComparableDetails
from stepgraph.model.payload import Graph
from stepgraph.phrases import counted, enumeration, workflow_title

__all__ = [
    "EntryState",
    "Instance",
    "NodeProgress",
    "NodeState",
    "PlacedEntry",
    "all_entries",
    "instance_of",
]


class Instance(Struct, frozen=True):
    """An instance on the graph of its workflow."""

    name: str
    """The name of the workflow."""
    class_name: str
    """The name of the workflow class."""
    log: InstanceLog
    """The log of the instance."""
    entries: tuple[PlacedEntry, ...]
    """The log entries with their nodes, up to the first that does not fit."""
    nodes: Mapping[str, NodeProgress]
    """The progress of the nodes, branches, blocks and functions of the graph, by path in source order."""
    next: tuple[Place, ...]
    """The steps that can begin next, in the order of the code and its calls; empty if the instance has ended."""
    misfit: Misfit | None = None
    """The first entry that does not fit the graph, or None if the log fits."""
    unknown: str = ""
    """The reason if the log could not be matched, such as `too ambiguous: ...`."""
    failure: int | None = None
    """The index in the log of the entry whose failure ended the instance. None without such an entry, or if it is
    uncertain.
    """
    awaited: Mapping[Place, tuple[int, ...]] = {}
    """The indexes in the log of the open entries for which each next step waits, if the log shows them."""
    after_error: frozenset[Place] = frozenset()
    """The next steps that begin only if the code between steps raises an exception."""
    failing: Mapping[Place, tuple[int, ...]] = {}
    """The indexes in the log of the open entries of which one must fail before a next step can begin."""
    after_own_error: frozenset[Place] = frozenset()
    """The steps of `failing` that may also begin if the code between steps raises an exception by itself."""
    _run_names: RunNames = NO_NAMES
    """The names of steps that the arguments of calls decide."""
    ends_with_error: bool = False
    """Whether no step can begin next although the instance has not ended, and an error ends it."""

    @property
    def fits(self) -> bool:
        """Whether a path through the graph explains the log."""
        return self.misfit is None and not self.unknown

    @property
    def current(self) -> tuple[PlacedEntry, ...]:
        """The entries that have not ended, or had not when the instance ended."""
        return tuple(entry for entry in self.entries if entry.is_open)

    def awaited_by(self, path: Path) -> tuple[int, ...]:
        """Return the indexes of the open entries that must end before any call of a next step."""
        entries = [self.awaited.get(place, ()) for place in self.next if place.path == path]
        return tuple(index for index in (entries or [()])[0] if all(index in each for each in entries))

    def begins_after_error(self, place: Place) -> bool:
        """Return whether a next step begins only if the code between steps raises an exception."""
        return place in self.after_error

    def run_name(self, place: Place) -> str:
        """Return the name in logs of a run at a place, with unknown parts in braces.

        Return an empty string if the arguments of calls decide nothing of the name.
        """
        return self._run_names.name_of(place.path, place.calls) or ""

    @property
    def problem(self) -> str:
        """The reason why the log does not fit the graph, as one line of text, or an empty string if it fits."""
        if self.misfit is None:
            return self.unknown
        entries = self.log.entries
        number = next((at for at, entry in enumerate(entries) if entry.index == self.misfit.index), len(entries))
        after = f" after `{brief_line(entries[number - 1].log_name)}`" if number else " at the start"
        expected = enumeration(map(brief_line, self._names_of(self.misfit.expected)), "or")
        if number == len(entries):
            return f"the instance is complete, but did not run {expected or 'a step'}{after}"
        if self.misfit.ended_early:
            begun = f"has ended before {expected or 'a step in it'} has begun"
            return f"entry {number + 1} of {len(entries)}, `{brief_line(entries[number].log_name)}`, {begun}"
        problem = f"entry {number + 1} of {len(entries)}, `{brief_line(entries[number].log_name)}`, does not fit"
        if expected:
            return f"{problem}: expected {expected}{after}"
        running = next((each for each in entries[:number] if each.ended_before(entries[number]) is False), None)
        when = after if running is None else f" while `{brief_line(running.log_name)}` runs"
        return f"{problem}: no step can begin{when}"

    @property
    def next_names(self) -> tuple[str, ...]:
        """The different names of the steps that can begin next, with the parts that the arguments of calls decide."""
        return self._names_of(self.next)

    def _names_of(self, places: Iterable[Place]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.run_name(place) or self.nodes[place.path].name for place in places))

    def __repr__(self) -> str:
        fits = "unknown" if self.unknown else "fits" if self.fits else "does not fit"
        entries = counted(len(self.log.entries), "entry", "entries")
        title = brief_line(workflow_title(self.name, self.class_name))
        return f"<Instance of {title}: {brief_line(self.log.status)}, {entries}, {fits}>"


def all_entries(instance: Instance) -> tuple[PlacedEntry, ...]:
    """Return all entries of the log. From the first entry that does not fit on, entries have no place."""
    unmatched_entries = instance.log.entries[len(instance.entries) :]
    return (*instance.entries, *(PlacedEntry.of(entry, ()) for entry in unmatched_entries))


def instance_of(
    log: InstanceLog,
    graph: Graph,
    name: str = "",
    details: ComparableDetails = NO_DETAILS,
    budget: LogBudget | None = None,
) -> Instance:
    """Match the log of an instance with the graph of its workflow.

    `name` defaults to the name of the class. `details` tell which loops are infinite. `budget` is
    shared with other matches, if there are any.
    """
    program = program_of(graph, details)
    match = with_earlier_errors(program, log, match_log(program, log, budget, with_pauses=True), budget)
    regions = regions_of(graph["workflow"], details)
    visits = InstanceVisits.of(regions, match.places)
    entries = tuple(PlacedEntry.of(entry, places) for entry, places in zip(log.entries, match.places, strict=False))
    is_placed = len(entries) == len(log.entries)
    failure = ending_failure(log, visits) if is_placed else None
    class_name = graph["workflow"]["class_name"]
    match = replace(match, after_error=match.after_error | after_success(program, match, entries, regions))
    failing = failing_entries(program, log, match, entries, regions, budget)
    return Instance(
        name=name or class_name,
        class_name=class_name,
        log=log,
        entries=entries,
        nodes=progress_of(log, match, entries, regions, visits, failure),
        next=_in_order(dict.fromkeys((*match.next, *_sleeps_after_resume(log, entries, regions))), regions),
        misfit=match.misfit,
        unknown=match.unknown,
        failure=None if failure is None else log.entries[failure].index,
        awaited=awaited_entries(program, log, match, budget),
        after_error=match.after_error,
        failing=failing,
        after_own_error=steps_after_own_errors(program, entries, failing),
        _run_names=program.names,
        ends_with_error=match.ends_with_error,
    )


def _sleeps_after_resume(
    log: InstanceLog, entries: Iterable[PlacedEntry], regions: Mapping[Path, Region]
) -> Iterator[Place]:
    """Yield the sleeps of a paused instance that begin again at its resume, because they have less time left."""
    for entry in entries if log.status == "paused" else ():
        for place in entry.places if entry.is_open else ():
            if regions[place.path].kind == "step_sleep_until":
                yield Place(place.path, place.calls)


def _in_order(places: Iterable[Place], paths: Iterable[Path]) -> tuple[Place, ...]:
    """Return places in the order of their steps, where the steps of a function stand in place of its call."""
    order = {path: number for number, path in enumerate(paths)}
    return tuple(sorted(places, key=lambda place: [order[path] for path in (*place.calls, place.path)]))
