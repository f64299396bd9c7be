"""The pauses of a development server, after which handlers may have run."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from stepgraph.execution.log import InstanceLog

Pauses: TypeAlias = Literal["none", "in_open_entries", "any"]
"""The pauses that a match expects: none, only those during a step, sleep or wait, or all."""

_PAUSED: Final = frozenset({"paused", "waitingForPause"})


def pauses_of(log: InstanceLog) -> Pauses:
    """Return the pauses to expect. Logs have no pauses, but the status of an instance may be `paused`."""
    if not log.is_local:
        return "none"
    return "any" if log.status in _PAUSED else "in_open_entries"
