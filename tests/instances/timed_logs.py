"""Logs from short texts: `a 0-5` is a step that ran from 0 to 5 ms, `b 7-` one that runs, `c 8-9!` one that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from stepgraph.execution.log import Attempt, InstanceLog, LogEntry, Outcome
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import Match
from stepgraph.execution.program import program_of
from stepgraph.model.payload import Graph


def timed_log(*texts: str, status: str = "complete", retried: Collection[str] = ()) -> InstanceLog:
    """Return a log. A text without times, such as `a`, is a step of which the log has no times.

    The steps in `retried` have two attempts.
    """
    counts: Counter[str] = Counter()
    entries: list[LogEntry] = []
    for index, text in enumerate(texts):
        name, _, times = text.rpartition(" ") if " " in text else (text, "", "")
        counts[name] += 1
        begin, _, end = times.removesuffix("!").partition("-")
        start, over = int(begin) if begin else None, int(end) if end else None
        outcome: Outcome = "failed" if times.endswith("!") else "open" if times and over is None else "done"
        first = (Attempt(start, start, succeeded=False),) if name in retried else ()
        attempts = (*first, Attempt(start, over, None if outcome == "open" else outcome == "done"))
        log_name = f"{name}-{counts[name]}"
        entries.append(LogEntry(index, log_name, name, counts[name], "step", outcome, start, over, attempts))
    return InstanceLog(status, tuple(entries))


def matched(graph: Graph, *texts: str, status: str = "complete", retried: Collection[str] = ()) -> Match:
    return match_log(program_of(graph), timed_log(*texts, status=status, retried=retried))


def paths(match: Match) -> list[str]:
    """Return the path of each entry, and the paths of an ambiguous one joined by `or`."""
    assert not match.unknown
    assert match.misfit is None
    return [" or ".join(sorted({place.path for place in places})) for places in match.places]


def next_paths(match: Match) -> list[str]:
    assert not match.unknown
    assert match.misfit is None
    return sorted({place.path for place in match.next})


def misfit(match: Match) -> tuple[int | None, list[str]]:
    """Return the index of the first entry that does not fit, and the expected steps."""
    assert match.misfit is not None
    return match.misfit.index, sorted({place.path for place in match.misfit.expected})


def passes(match: Match) -> list[list[int | None]]:
    """Return the numbers of the passes around each entry, outermost first."""
    assert match.misfit is None
    return [[each.number for each in place.passes] for (place,) in match.places]
