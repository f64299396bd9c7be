"""Short logs for tests: entries that begin every ten milliseconds, and recordings of the engine."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from stepgraph.execution.instance import Instance, instance_of
from stepgraph.execution.log import Attempt, EntryKind, InstanceLog, LogEntry, Outcome, read_instance_log
from stepgraph.model.payload import Graph

FOLDER = Path(__file__).parent / "logs"


def ended(name: str, *, kind: EntryKind = "step", outcome: Outcome = "done", error: str = "", end: int = 5) -> LogEntry:
    """Return an entry that ended `end` milliseconds after its start. Steps have one attempt."""
    attempts = (Attempt(0, end, outcome == "done", error),) if kind == "step" else ()
    return LogEntry(0, f"{name}-1", name, 1, kind, outcome, 0, end, attempts, error)


def failed(name: str, error: str = "Error: no", *, end: int = 5) -> LogEntry:
    return ended(name, outcome="failed", error=error, end=end)


def opened(name: str, kind: EntryKind = "step", error: str = "") -> LogEntry:
    """Return an entry that has not ended. With an error, a step waits for its next attempt."""
    attempts = (Attempt(0, 5 if error else None, False if error else None, error),) if kind == "step" else ()
    return LogEntry(0, f"{name}-1", name, 1, kind, "open", 0, None, attempts, error)


def log_of(status: str, *entries: LogEntry, error: str = "") -> InstanceLog:
    """Return a log with entries that begin at 0, 10, 20 ... milliseconds."""
    numbered = []
    for index, entry in enumerate(entries):
        end = None if entry.end is None else entry.end + 10 * index
        numbered.append(replace(entry, index=index, start=10 * index, end=end))
    return InstanceLog(status, tuple(numbered), error)


def recorded(name: str) -> InstanceLog:
    """Return a log in the folder `logs`."""
    return read_instance_log((FOLDER / f"{name}.json").read_bytes(), name)


def fitting(log: InstanceLog, graph: Graph) -> Instance:
    """Return an instance whose log fits the graph."""
    instance = instance_of(log, graph)
    assert instance.problem == ""
    return instance
