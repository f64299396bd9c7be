"""The times at which open entries continue without an event: next attempts, and ends of sleeps and waits."""

from __future__ import annotations

import math
from typing import Final

from stepgraph.durations import time_after
from stepgraph.execution.engine_rules import milliseconds_of
from stepgraph.execution.log import LogEntry, LoggedConfig
from stepgraph.model.payload import Number, Step

_MAX_DOUBLINGS: Final = 60


def retry_delay(config: LoggedConfig, attempt: int) -> float | None:
    """Return the delay in milliseconds after an attempt, from 1, or None if the log does not determine it."""
    delay = milliseconds_of(config.delay)
    if delay is None or not 0 <= delay < math.inf:
        return None
    match config.backoff:
        case "exponential":
            factor = 2.0 ** min(attempt - 1, _MAX_DOUBLINGS)
        case "linear":
            factor = attempt
        case "constant":
            factor = 1
        case _:
            return None
    return delay * factor


def next_attempt(entry: LogEntry) -> int | None:
    """Return the start of the next attempt of a step, in milliseconds since 1970. Return None if it will not retry."""
    limit = entry.config.limit
    if not entry.is_between_attempts or (limit is not None and len(entry.attempts) > limit):
        return None
    delay, last = retry_delay(entry.config, len(entry.attempts)), entry.attempts[-1]
    failed = last.start if last.end is None else last.end
    return None if delay is None or failed is None else time_after(failed, delay)


def deadline(log: LogEntry, step: Step | None) -> int | None:
    """Return the time at which an open sleep or wait ends by itself, or None if it is unknown.

    The time in the log takes precedence, because the code may have changed since the wait began.
    """
    if log.due is not None or step is None:
        return log.due
    length = milliseconds_of(_duration(step))
    return None if log.start is None or length is None else time_after(log.start, length)


def _duration(step: Step) -> Number | str | None:
    if step["type"] == "step_sleep":
        return step["duration"]
    if step["type"] == "step_wait_for_event" and "options" in step:
        return step["options"]["timeout"]
    return None
