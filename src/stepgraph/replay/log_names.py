"""The names in the log of the calls that new code makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stepgraph.execution.engine_rules import ResultKey, result_key
from stepgraph.execution.log import LogEntry
from stepgraph.replay.costs import ReplayedCall


def log_names(calls: Sequence[ReplayedCall], entries: Sequence[LogEntry]) -> list[str]:
    """Return the names of calls in the log. A name that is unknown before the run has no counter."""
    counts: Counter[ResultKey] = Counter()
    names: list[str] = []
    for call in calls:
        node = call.site.node
        entry = None if call.entry is None else entries[call.entry]
        key = result_key(node["type"], node if entry is None else {**node, "name": entry.name})
        counts[key] += 1
        name = f"{key.name}-{counts[key]}" if call.site.pattern.is_literal else key.name
        names.append(name if entry is None else entry.log_name)
    return names
