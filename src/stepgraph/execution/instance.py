"""An instance on the graph of its workflow: the node of each log entry, the state of each node, and the next steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.awaited_entries import awaited_entries
from stepgraph.execution.log import InstanceLog
from stepgraph.execution.log_budget import LogBudget
from stepgraph.execution.matching import Misfit, Place, match_log
from stepgraph.execution.parts import Path
from stepgraph.execution.placed_entry import EntryState, PlacedEntry
from stepgraph.execution.program import program_of
from stepgraph.execution.progress import NodeProgress, NodeState, progress_of
from stepgraph.execution.propagation import ending_failure
from stepgraph.execution.regions import regions_of
from stepgraph.execution.visits import InstanceVisits
from stepgraph.model.details import NO_DETAILS, Details
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
    "protected_entries",
]

_TRY: Final = ".try_block"
_CATCH: Final = ".catch_block"


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
    """The steps that can begin next. An instance that has ended has none."""
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
        """Return whether a next step begins only if the code between steps raises an exception.

        It is in a handler, while no step or wait that the handler protects may fail, and does not continue a run of the
        handler.
        """
        return any(self._is_before_handler(path) for path in (place.path, *place.calls))

    def _is_before_handler(self, path: Path) -> bool:
        outer, handler, _ = path.rpartition(_CATCH)
        if not handler:
            return False
        latest = (*self.current, *self.entries[-1:])
        return not any(
            self._continues(f"{outer}{_CATCH}.", entry, path) or (entry.may_fail and entry.is_in(f"{outer}{_TRY}."))
            for entry in latest
        )

    def _continues(self, handler: str, entry: PlacedEntry, path: Path) -> bool:
        """Return whether the step or call at a path may follow an entry in the same run of a handler."""
        places = (entry.place,) if entry.place is not None else entry.alternatives
        before = [each for place in places for each in (place.path, *place.calls) if each.startswith(handler)]
        if not before:
            return False
        order = list(self.nodes)
        loops = [f"{each}." for each in order if each.startswith(handler) and self.nodes[each].kind == "loop"]
        is_in_call = path in before and self.nodes[path].kind == "function_call"
        return is_in_call or any(
            order.index(each) < order.index(path)
            or any(each.startswith(loop) and path.startswith(loop) for loop in loops)
            for each in before
        )

    @property
    def problem(self) -> str:
        """The reason why the log does not fit the graph, as one line of text, or an empty string if it fits."""
        if self.misfit is None:
            return self.unknown
        entries = self.log.entries
        number = next((at for at, entry in enumerate(entries) if entry.index == self.misfit.index), len(entries))
        after = f" after `{brief_line(entries[number - 1].log_name)}`" if number else " at the start"
        expected = enumeration(map(brief_line, self._names(self.misfit.expected)), "or")
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
        """The different names in the graph of the steps that can begin next."""
        return self._names(place.path for place in self.next)

    def _names(self, paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.nodes[path].name for path in paths))

    def __repr__(self) -> str:
        fits = "unknown" if self.unknown else "fits" if self.fits else "does not fit"
        entries = counted(len(self.log.entries), "entry", "entries")
        title = brief_line(workflow_title(self.name, self.class_name))
        return f"<Instance of {title}: {brief_line(self.log.status)}, {entries}, {fits}>"


def all_entries(instance: Instance) -> tuple[PlacedEntry, ...]:
    """Return all entries of the log. From the first entry that does not fit on, entries have no place."""
    rest = instance.log.entries[len(instance.entries) :]
    return (*instance.entries, *(PlacedEntry.of(entry, ()) for entry in rest))


def protected_entries(instance: Instance, place: Place) -> tuple[PlacedEntry, ...]:
    """Return the entries that may fail and are protected by the innermost handler around a next step."""
    for path in (place.path, *reversed(place.calls)):
        outer, handler, _ = path.rpartition(_CATCH)
        if handler:
            return tuple(entry for entry in instance.current if entry.may_fail and entry.is_in(f"{outer}{_TRY}."))
    return ()


def instance_of(
    log: InstanceLog,
    graph: Graph,
    name: str = "",
    details: Details = NO_DETAILS,
    budget: LogBudget | None = None,
) -> Instance:
    """Match the log of an instance with the graph of its workflow.

    `name` defaults to the name of the class. `details` tell which loops are infinite. `budget` is
    shared with other matches, if there are any.
    """
    program = program_of(graph, details)
    match = match_log(program, log, budget)
    regions = regions_of(graph["workflow"])
    visits = InstanceVisits.of(regions, match.places)
    entries = tuple(PlacedEntry.of(entry, places) for entry, places in zip(log.entries, match.places, strict=False))
    is_placed = len(entries) == len(log.entries)
    failure = ending_failure(log, visits) if is_placed else None
    class_name = graph["workflow"]["class_name"]
    return Instance(
        name or class_name,
        class_name,
        log,
        entries,
        progress_of(log, match, entries, regions, visits, failure),
        match.next,
        match.misfit,
        match.unknown,
        None if failure is None else log.entries[failure].index,
        awaited_entries(program, log, match, budget),
    )
