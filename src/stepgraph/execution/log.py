"""The log of an instance, as the API and the local engine return it.

The fields of a log differ between the API, its clients and the local engine, and by version. The reader therefore
treats missing fields and values of unexpected types as unknown, and rejects only data that cannot be a log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line
from stepgraph.limits import LOG_ATTEMPTS, LOG_ENTRIES
from stepgraph.model.note import InputError, Problem
from stepgraph.model.payload import Duration
from stepgraph.model.validation import is_response, parse_json, result_of_response
from stepgraph.phrases import counted

EntryKind: TypeAlias = Literal["step", "sleep", "wait"]
"""The kind of a log entry. Logs do not distinguish sleeps of a duration from sleeps until a time."""

ENTRY_KINDS: Final[tuple[EntryKind, ...]] = ("step", "sleep", "wait")

Outcome: TypeAlias = Literal["done", "failed", "open"]
"""Whether an entry succeeded, failed for good, or has not ended."""

Pauses: TypeAlias = Literal["none", "in_open_entries", "any", "in_handlers", "everywhere"]
"""The pauses that a match of a log expects, from none to all.

- `in_open_entries`: pauses during a step, sleep or wait, if only they explain that a handler has run
- `any`: pauses at any time, if only they explain the next entry
- `in_handlers`: also pauses that only later entries prove, if a handler has run after them
- `everywhere`: all pauses
"""

_KINDS: Final[Mapping[object, EntryKind]] = {"step": "step", "sleep": "sleep", "waitForEvent": "wait"}
_TERMINATION: Final = "termination"
_DYNAMIC: Final = "[dynamic]"
"""The delay of a step in a log of the API if a function computes it."""
_LOCAL_KEYS: Final = frozenset({"params", "queued", "step_count"})
_DEPLOYED_KEYS: Final = frozenset({"trigger", "versionId", "version_id"})
_FAILED: Final = frozenset({"errored", "rollingBack"})
_ENDED: Final = _FAILED | {"complete", "terminated"}
_PAUSED: Final = frozenset({"paused", "waitingForPause"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DIGITS: Final = 9
_EXPECTED: Final = (
    "Save the output of `npx wrangler workflows instances describe WORKFLOW ID --json`, or the response of "
    "`GET .../workflows/{workflow_name}/instances/{instance_id}` of the API."
)


class Attempt(Struct, frozen=True):
    """An attempt of a step."""

    start: int | None
    """The start in milliseconds since 1970, or None if the log lacks it."""
    end: int | None
    """The end in milliseconds since 1970, or None if the attempt has not ended."""
    succeeded: bool | None
    """Whether the attempt succeeded, or None if it has not ended."""
    error: str = ""
    """The error of a failed attempt: `TypeError: no card`."""


class LoggedConfig(Struct, frozen=True):
    """The configuration with which a step runs. None stands for a value that the log lacks."""

    limit: int | None = None
    """The maximum number of retries after the first attempt."""
    delay: Duration | None = None
    """The delay before the first retry. Logs lack it if a function computes the delays."""
    backoff: str | None = None
    """The growth of the delay: `constant`, `linear` or `exponential`."""
    timeout: Duration | None = None
    """The timeout of each attempt."""


class LogEntry(Struct, frozen=True):
    """A step, sleep or wait that an instance has begun."""

    index: int
    """The position in `steps` of the log."""
    log_name: str
    """The name in the log, with the counter: `charge-1`."""
    name: str
    """The name without the counter."""
    count: int
    """The counter: the number of calls with this name, and for sleeps with this duration, including this one."""
    kind: EntryKind
    """`step`, `sleep` or `wait`."""
    outcome: Outcome
    """`done`, `failed` or `open`."""
    start: int | None = None
    """The start in milliseconds since 1970, or None if the log lacks it."""
    end: int | None = None
    """The end in milliseconds since 1970, or None if the entry has not ended or the log lacks it."""
    attempts: tuple[Attempt, ...] = ()
    """The attempts of a step; empty for sleeps and waits."""
    error: str = ""
    """The error of a failed step or wait, or of the last attempt of an open step: `Error: card declined`."""
    config: LoggedConfig = LoggedConfig()
    """The configuration of a step; without settings for sleeps and waits."""
    due: int | None = None
    """The time at which an open sleep or wait ends by itself, in milliseconds since 1970. Local logs lack it."""

    @property
    def was_retried(self) -> bool:
        """Whether a step has had, or will have, more than one attempt."""
        return len(self.attempts) > 1 or self.is_between_attempts

    @property
    def is_between_attempts(self) -> bool:
        """Whether a step waits for its next attempt."""
        return self.outcome == "open" and bool(self.attempts) and self.attempts[-1].succeeded is False

    @property
    def duration(self) -> int | None:
        """The time from start to end in milliseconds, or None if one of them is unknown."""
        return None if self.start is None or self.end is None else max(0, self.end - self.start)

    def ended_before(self, other: LogEntry) -> bool | None:
        """Return whether this entry ended before another one began, or None if the log lacks one of these times."""
        return None if self.end is None or other.start is None else self.end <= other.start

    def __repr__(self) -> str:
        return f"<LogEntry {self.index} {brief_line(self.log_name)}: {self.outcome}>"


class InstanceLog(Struct, frozen=True):
    """The log of an instance."""

    status: str
    """The status of the API: `running`, `paused`, `complete`, `errored`, `terminated`, or another word."""
    entries: tuple[LogEntry, ...]
    """The entries in the order in which they began."""
    error: str = ""
    """The error of an instance that ended with one: `Error: out of stock`."""
    start: int | None = None
    """The start in milliseconds since 1970."""
    end: int | None = None
    """The end in milliseconds since 1970, or None if the instance has not ended."""
    id: str = ""
    """The id of the instance. Empty if the log lacks it, as responses of the API do."""
    ignored_entries: int = 0
    """The number of entries that are not steps, sleeps or waits, such as those of rollbacks."""
    is_local: bool = False
    """Whether the log is from a development server. Its logs lack the trigger and the version of the instance."""

    @property
    def has_ended(self) -> bool:
        """Whether the instance has ended, so that no more steps begin."""
        return self.status in _ENDED

    @property
    def has_failed(self) -> bool:
        """Whether an error ended the instance. Its rollbacks may still run."""
        return self.status in _FAILED

    def __repr__(self) -> str:
        return f"<InstanceLog {brief_line(self.status)}: {counted(len(self.entries), 'entry', 'entries')}>"


def pauses_of(log: InstanceLog) -> Pauses:
    """Return the pauses that a log may have.

    A development server raises an exception in the pending calls of a paused instance, so handlers may have run. The
    log has no entry for a pause, but the status may be `paused`.
    """
    if not log.is_local:
        return "none"
    return "any" if log.status in _PAUSED else "in_open_entries"


def read_instance_log(content: str | bytes, name: str = "<log>") -> InstanceLog:
    """Return the log in JSON text. `name` names the input in messages. Raises InputError like `read_log`."""
    return read_log(parse_json(content, name, advice=_EXPECTED), name)


def read_log(data: object, name: str = "<log>") -> InstanceLog:
    """Return the log in JSON data: a response of the API, with or without its envelope.

    `name` names the input in messages. Raises InputError for other data and for a response with an error.
    """
    if isinstance(data, Mapping) and "steps" not in data and is_response(data):
        data = result_of_response(data, name, _EXPECTED)
    if not isinstance(data, Mapping) or not isinstance(data.get("steps"), list | tuple):
        raise InputError(Problem(name, _other_kind(data), _EXPECTED))
    items: Sequence[object] = data["steps"]
    if len(items) > LOG_ENTRIES:
        raise InputError(Problem(name, f"too many entries: at most {LOG_ENTRIES:,} are read."))
    if sum(len(_attempts(item)) for item in items) > LOG_ATTEMPTS:
        raise InputError(Problem(name, f"too many attempts: at most {LOG_ATTEMPTS:,} are read."))
    entries = tuple(_entries(items))
    return InstanceLog(
        status=_text(data.get("status")) or "unknown",
        entries=entries,
        error=_error(data.get("error")),
        start=_time(data.get("start")),
        end=_time(data.get("end")),
        id=_text(data.get("id")) or _text(data.get("instanceId")),
        ignored_entries=len(items) - len(entries) - sum(_is_termination(item) for item in items),
        is_local=data.keys() >= _LOCAL_KEYS and data.keys().isdisjoint(_DEPLOYED_KEYS),
    )


def _other_kind(data: object) -> str:
    """Return a message about data that is not a log."""
    if isinstance(data, Mapping):
        if "graph" in data or "workflow" in data:
            return "the graph of a workflow, not the log of an instance."
        if "steps" in data:
            return "not the log of an instance: its `steps` are not an array."
        return "not the log of an instance: it has no `steps`."
    return "a list, not the log of one instance." if isinstance(data, list) else "not the log of an instance."


def _entries(items: Iterable[object]) -> Iterable[LogEntry]:
    for index, item in enumerate(items):
        if isinstance(item, Mapping):
            kind, log_name = _kind(item), item.get("name")
            if kind is not None and isinstance(log_name, str):
                yield _entry(index, item, kind, log_name)


def _kind(item: Mapping[str, object]) -> EntryKind | None:
    name = item.get("type", "step")
    return _KINDS.get(name) if isinstance(name, str) else None


def _is_termination(item: object) -> bool:
    return isinstance(item, Mapping) and item.get("type") == _TERMINATION


def _entry(index: int, item: Mapping[str, object], kind: EntryKind, log_name: str) -> LogEntry:
    attempts = tuple(map(_attempt, _attempts(item))) if kind == "step" else ()
    outcome = _step_outcome(item, attempts) if kind == "step" else _wait_outcome(item)
    name, count = _without_counter(log_name)
    start = _time(item.get("start"))
    if start is None and attempts:
        start = attempts[0].start
    end = _time(item.get("end"))
    is_open = outcome == "open"
    error = _error(item.get("error")) or (attempts[-1].error if attempts else "")
    return LogEntry(
        index=index,
        log_name=log_name,
        name=name,
        count=count,
        kind=kind,
        outcome=outcome,
        start=start,
        end=None if is_open else end,
        attempts=attempts,
        error=error,
        config=_config(item.get("config")),
        due=end if is_open and kind != "step" else None,
    )


def _without_counter(log_name: str) -> tuple[str, int]:
    """Return a name without the counter at its end, and the counter. Names may end in other numbers before it."""
    name, dash, digits = log_name.rpartition("-")
    if not dash or not (digits.isascii() and digits.isdigit()) or len(digits) > _MAX_DIGITS:
        return log_name, 1
    return name, int(digits)


def _attempts(item: object) -> list[Mapping[str, object]]:
    attempts = item.get("attempts") if isinstance(item, Mapping) else None
    return [each for each in attempts if isinstance(each, Mapping)] if isinstance(attempts, list) else []


def _attempt(item: Mapping[str, object]) -> Attempt:
    success = item.get("success")
    succeeded = success if isinstance(success, bool) else None
    return Attempt(_time(item.get("start")), _time(item.get("end")), succeeded, _error(item.get("error")))


def _config(value: object) -> LoggedConfig:
    config = value if isinstance(value, dict) else {}
    retries = config.get("retries")
    retries = retries if isinstance(retries, dict) else {}
    limit, backoff = retries.get("limit"), retries.get("backoff")
    return LoggedConfig(
        limit if isinstance(limit, int) and not isinstance(limit, bool) else None,
        _duration(retries.get("delay")),
        backoff if isinstance(backoff, str) else None,
        _duration(config.get("timeout")),
    )


def _duration(value: object) -> Duration | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == _DYNAMIC:
        return None
    return value


def _step_outcome(item: Mapping[str, object], attempts: tuple[Attempt, ...]) -> Outcome:
    success = item.get("success")
    if isinstance(success, bool):
        return "done" if success else "failed"
    if item.get("end") is None:
        return "open"
    return "failed" if attempts and attempts[-1].succeeded is False else "done"


def _wait_outcome(item: Mapping[str, object]) -> Outcome:
    """Return the outcome of a sleep or wait. An unfinished one may have its future end."""
    finished = item.get("finished")
    is_over = finished if isinstance(finished, bool) else item.get("end") is not None
    if not is_over:
        return "open"
    return "done" if item.get("error") is None else "failed"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _error(value: object) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    return ": ".join(part for part in (_text(value.get("name")), _text(value.get("message"))) if part)


def _time(value: object) -> int | None:
    """Return a time in ISO 8601 as milliseconds since 1970, or None if it is invalid or outside the years 1 to 9999.

    Times without a time zone are in UTC.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime):
            return None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (aware.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
