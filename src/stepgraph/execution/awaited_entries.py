"""The open entries of a log that must end before a next step can begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stepgraph.execution.log import InstanceLog
from stepgraph.execution.log_budget import LogBudget
from stepgraph.execution.match import Match, Place
from stepgraph.execution.matching import match_log
from stepgraph.execution.parts import GraphParts

_MAX_OPEN: Final = 8
"""The maximum number of open entries that are examined. Each takes another match of the log."""
_MAX_ENTRIES: Final = 300
"""The maximum number of entries of a log whose open entries are examined."""


def awaited_entries(
    program: GraphParts, log: InstanceLog, match: Match, budget: LogBudget | None = None
) -> Mapping[Place, tuple[int, ...]]:
    """Return the indexes of the open entries for which each next step waits, if the log shows them.

    Steps that wait for one of several entries, such as the end of a race, have none.
    """
    opened = [number for number, entry in enumerate(log.entries) if entry.outcome == "open"]
    if not match.next or len(opened) > _MAX_OPEN or len(log.entries) > _MAX_ENTRIES:
        return {}
    awaited: dict[Place, tuple[int, ...]] = {}
    for number in opened:
        without = match_log(program, log, budget, endless=number, with_pauses=True)
        if without.unknown or without.misfit is not None:
            continue
        for place in match.next:
            if not any(place.may_be(possible) for possible in without.next):
                awaited[place] = (*awaited.get(place, ()), log.entries[number].index)
    return awaited
