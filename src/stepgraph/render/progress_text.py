"""The progress of an instance in pictures and pages, in words, with text from logs, which formats escape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.execution.failures.errors import error_line
from stepgraph.execution.instance import NodeProgress, NodeState, PlacedEntry
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.execution.open_entries import deadline, next_attempt
from stepgraph.model.walk import is_step
from stepgraph.phrases import counted, elapsed_text, instant_text
from stepgraph.render.progress import CURRENT, STATE_WORDS, STATES, Progress

if TYPE_CHECKING:
    from stepgraph.model.payload import Node

_MINUTES: Final = len("09:17")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The names of months, which do not depend on the locale."""


class StepFacts(Struct, frozen=True):
    """The progress of a step in words."""

    state: str
    """The state, or an empty string for a step that was not reached."""

    phrases: tuple[str, ...]
    """The number of runs and attempts, and the duration or the start."""

    error: str = ""
    """The error of the last attempt of a run that failed or is retried."""


def step_facts(progress: Progress, step: Node) -> StepFacts:
    """Return the progress of a step in words."""
    node_progress = progress.of(step)
    word = "next" if progress.instance.misfit is None else "expected"
    following = (word,) if progress.is_next(step) else ()
    run = None if node_progress is None else shown_run(node_progress)
    if node_progress is None or run is None:
        uncertain = ("may have run",) if node_progress is not None and node_progress.is_uncertain else ()
        state = "not_reached" if node_progress is None else node_progress.state
        return StepFacts("" if state == "not_reached" else STATE_WORDS[state], (*uncertain, *following))
    error = error_line(run.log.error) if node_progress.state in {"failed", "retrying"} else ""
    runs = runs_phrases(node_progress.entries)
    log = progress.instance.log
    if not run.is_open:
        phrases = _ended_phrases(node_progress, step)
    else:
        phrases = () if log.has_ended else _open_phrases(run.log, step, log)
    return StepFacts(
        STATE_WORDS[node_progress.state], (*runs, *phrases, *possible_phrases(node_progress), *following), error
    )


def shown_run(node_progress: NodeProgress) -> PlacedEntry | None:
    """Return the last run with the state of the step, the first one if it has not ended, or None without a run.

    Runs of a step overlap in a group, so that the last one may have another state.
    """
    runs = node_progress.entries
    same = [run for run in runs if run.state == node_progress.state] or runs
    return next(iter(same[:1] if same and same[0].is_open else same[-1:]), None)


def retry_text(log: LogEntry) -> str:
    """Return the phrase for a step that waits for its next attempt: `attempt 2 of 6 failed`."""
    limit = log.config.limit
    total = "" if limit is None else f" of {limit + 1}"
    return f"attempt {len(log.attempts)}{total} failed"


def runs_phrases(runs: Sequence[PlacedEntry]) -> tuple[str, ...]:
    """Return the phrase about several runs of a step: `4 runs, 1 failed`. A single run has none."""
    failed = sum(run.state == "failed" for run in runs)
    suffix = f", {failed} failed" if failed else ""
    return (f"{counted(len(runs), 'run')}{suffix}",) if len(runs) > 1 else ()


def possible_phrases(node_progress: NodeProgress) -> tuple[str, ...]:
    """Return the phrase about entries that may be further runs of a step, if there are any."""
    return (f"possibly {counted(node_progress.possible_runs, 'more run')}",) if node_progress.possible_runs else ()


def _open_phrases(run: LogEntry, step: Node, log: InstanceLog) -> tuple[str, ...]:
    """Return the start of an open run, and its expected end or next attempt if the log determines these."""
    if run.is_between_attempts:
        due = None if log.status == "paused" else next_attempt(run)
        return (retry_text(run), *(() if due is None else (f"next attempt {time_text(due, log.start)}",)))
    attempts = (f"attempt {len(run.attempts)}",) if len(run.attempts) > 1 else ()
    since = () if run.start is None else (f"since {time_text(run.start, log.start)}",)
    end = deadline(run, step if is_step(step) else None) if log.status != "paused" else None
    return (*attempts, *since, *(() if end is None else (f"until {time_text(end, log.start)}",)))


def _ended_phrases(node_progress: NodeProgress, step: Node) -> tuple[str, ...]:
    timeout = ("no event in time",) if node_progress.state == "failed" and step["type"] == "step_wait_for_event" else ()
    attempts = (counted(node_progress.attempts, "attempt"),) if node_progress.attempts > node_progress.runs else ()
    return (*timeout, *attempts, *(() if node_progress.duration is None else (elapsed_text(node_progress.duration),)))


def count_text(progress: Progress, node: Node) -> str:
    """Return the number of passes of a loop or of runs of a call, or an empty string for a single run of a call."""
    node_progress = progress.of(node)
    if node_progress is None or not node_progress.runs:
        return ""
    if node["type"] == "loop":
        return counted(node_progress.runs, "pass", "passes")
    is_called = node["type"] == "function_call" or node["type"] == "function_def"
    return counted(node_progress.runs, "run") if is_called and node_progress.runs > 1 else ""


def state_counts(progress: Progress, nodes: Iterable[Node]) -> list[str]:
    """Return the number of steps among nodes in each state that was reached: `3 done`, `1 waiting`."""
    counts = Counter(progress.state(node) for node in nodes if is_step(node))
    return [f"{counts[state]} {STATE_WORDS[state]}" for state in _COUNTED if counts[state]]


_COUNTED: Final[tuple[NodeState, ...]] = tuple(
    state for state in STATES if state in CURRENT or state in {"failed", "done"}
)


def time_text(time: int, day: int | None = None) -> str:
    """Return a time in milliseconds since 1970 as `09:17:10 UTC` if it is on the same day as `day`.

    Without a day, it has a date. On another day, it is `Nov 4, 09:17 UTC`, and in another year `2027-01-04 09:17 UTC`.
    """
    return instant_text(time) if day is None else f"{short_time_text(time, day)} UTC"


def short_time_text(time: int, day: int | None) -> str:
    """Return a time like `time_text`, without its zone."""
    date, _, clock = instant_text(time).removesuffix(" UTC").partition(" ")
    today = date if day is None else instant_text(day).partition(" ")[0]
    if date == today:
        return clock
    year, month, number = date.split("-")
    if not today.startswith(f"{year}-"):
        return f"{date} {clock[:_MINUTES]}"
    return f"{_MONTHS[int(month) - 1]} {int(number)}, {clock[:_MINUTES]}"
