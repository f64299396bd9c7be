"""The open entries of a log that must end before a next step can begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stepgraph.execution.log import InstanceLog
from stepgraph.execution.matching.log_budget import LogBudget
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import Match, Place
from stepgraph.execution.parts import GraphParts, Path

_MAX_OPEN: Final = 8
"""The maximum number of open entries, or steps with several ones, that are examined. Each takes another match."""
_MAX_ENTRIES: Final = 300
"""The maximum number of entries of a log whose open entries are examined."""


def awaited_entries(
    program: GraphParts, log: InstanceLog, match: Match, budget: LogBudget | None = None
) -> Mapping[Place, tuple[int, ...]]:
    """Return the indexes of the open entries for which each next step waits, if the log shows them.

    Steps that wait for one of several entries, such as the end of a race, have none.
    """
    opened = [number for number, entry in enumerate(log.entries) if entry.outcome == "open"]
    if not match.next or len(log.entries) > _MAX_ENTRIES:
        return {}
    examined = [[number] for number in opened] if len(opened) <= _MAX_OPEN else _by_step(opened, match)
    awaited: dict[Place, tuple[int, ...]] = {}
    for first, *others in examined if len(examined) <= _MAX_OPEN else ():
        without = match_log(program, log, budget, endless=first, with_pauses=True)
        if without.unknown or without.misfit is not None:
            continue
        indexes = [log.entries[number].index for number in (first, *others)]
        for place in match.next:
            if not any(place.may_be(possible) for possible in without.next):
                awaited[place] = tuple(sorted((*awaited.get(place, ()), *indexes)))
    return awaited


def _by_step(opened: Iterable[int], match: Match) -> list[list[int]]:
    """Return the positions of entries grouped by their steps and calls. Concurrent passes of a loop end in any order.

    A step that waits for the first entry of a group waits for the others.
    """
    groups: dict[frozenset[tuple[Path, tuple[Path, ...]]], list[int]] = {}
    for number in opened:
        groups.setdefault(frozenset((each.path, each.calls) for each in match.places[number]), []).append(number)
    return list(groups.values())
