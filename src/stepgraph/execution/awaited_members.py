"""The members of a group that a `try` without steps in its body may await, such as tasks that began before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf

from stepgraph.execution.matching.match import HANDLERS, Match, Place
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.parts import GraphParts, Path
from stepgraph.execution.regions import Region
from stepgraph.model.payload import Clocked
from stepgraph.model.walk import is_clocked
from stepgraph.order.paths import clocks_of


def innermost_try(place: Place) -> Path:
    """Return the path of the innermost `try` with a handler or `finally` around a step, or an empty path."""
    for path in (place.path, *reversed(place.calls)):
        outer = max((path.rpartition(handler)[0] for handler in HANDLERS), key=len)
        if outer:
            return outer
    return ""


def awaited_members(program: GraphParts, regions: Mapping[Path, Region], place: Place) -> AbstractSet[Path] | None:
    """Return the steps and calls whose failures the handler of a next step catches, by path.

    Return None for another step, and if the `try` has steps in its body, or is in no group.
    """
    protected = innermost_try(place)
    group = program.awaited_groups.get(protected)
    if group is None or not any(path.startswith(f"{protected}.catch_block.") for path in (place.path, *place.calls)):
        return None
    handlers = [clocks_of(node).get("starts", inf) for _, node in _clocked_nodes(regions[protected])]
    start = min(handlers, default=inf)
    members = ((path, node) for path, node in _clocked_nodes(regions[group]) if not path.startswith(f"{protected}."))
    return {path for path, node in members if start == inf or _is_pending(node, start)}


def positions_in(
    members: AbstractSet[Path], entries: Sequence[PlacedEntry], regions: Mapping[Path, Region]
) -> list[int]:
    """Return the positions of the entries that may be in these members of a group."""
    return [at for at, entry in enumerate(entries) if any(_is_in(place, members, regions) for place in entry.places)]


def after_success(
    program: GraphParts, match: Match, entries: Sequence[PlacedEntry], regions: Mapping[Path, Region]
) -> frozenset[Place]:
    """Return the next steps in handlers of awaited members that have all succeeded, so that only code may raise."""
    awaited = {place: members for place in match.next if (members := awaited_members(program, regions, place))}
    return frozenset(
        place
        for place, members in awaited.items()
        if all(entries[at].log.outcome == "done" for at in positions_in(members, entries, regions))
        and not any(_is_in(each, members, regions) for each in match.next)
    )


def _clocked_nodes(region: Region) -> Iterator[tuple[Path, Clocked]]:
    """Yield the steps and calls in a region, without those in the bodies of steps."""
    pending = [region]
    while pending:
        region = pending.pop()
        if region.node is not None and is_clocked(region.node):
            yield region.path, region.node
        else:
            pending += region.children


def _is_pending(node: Clocked, clock: float) -> bool:
    """Return whether a member may begin by a clock and end after it."""
    clocks = clocks_of(node)
    return clocks.get("starts", -inf) <= clock < clocks.get("resolves", inf)


def _is_in(place: Place, members: AbstractSet[Path], regions: Mapping[Path, Region]) -> bool:
    around = (regions[path] for path in (place.path, *place.calls) if path in regions)
    return any(each.path in members for region in around for each in (region, *region.enclosing()))
