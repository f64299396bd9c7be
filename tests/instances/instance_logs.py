"""Logs of instances for tests, in the form of the API. Times are in milliseconds after the start of the instance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

JSON = dict[str, object]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def instant(milliseconds: int | None) -> str | None:
    """Return a time in ISO 8601."""
    if milliseconds is None:
        return None
    moment = START + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def error(text: str) -> JSON:
    """Return the error `name: message`."""
    name, _, message = text.partition(": ")
    return {"name": name, "message": message}


def step(name: str, start: int, end: int, *errors: str, limit: int = 0, delay: object = 1000) -> JSON:
    """Return a step that ended: with errors, it failed in as many attempts, one second apart."""
    attempts: list[JSON] = [
        {"start": instant(start + 1000 * index), "end": instant(end), "success": False, "error": error(each)}
        for index, each in enumerate(errors)
    ]
    return {
        "name": name,
        "type": "step",
        "start": instant(start),
        "end": instant(end),
        "success": not errors,
        "attempts": attempts or [{"start": instant(start), "end": instant(end), "success": True, "error": None}],
        "config": {"retries": {"limit": limit, "delay": delay, "backoff": "exponential"}, "timeout": "10 minutes"},
    }


def retrying(name: str, start: int, *errors: str, limit: int = 5, delay: object = 1000) -> JSON:
    """Return a step that waits for its next attempt. The last attempt ended half a second after its start."""
    ended = step(name, start, start + 1000 * (len(errors) - 1) + 500, *errors, limit=limit, delay=delay)
    return {**ended, "end": None, "success": None}


def sleep(name: str, start: int, end: int | None) -> JSON:
    """Return a sleep, which is open without an end."""
    return {
        "name": name,
        "type": "sleep",
        "start": instant(start),
        "end": instant(end),
        "finished": end is not None,
        "error": None,
    }


def wait(name: str, start: int, end: int | None, text: str = "") -> JSON:
    """Return a wait, which is open without an end, and failed with an error."""
    failed = error(text) if text else None
    return {**sleep(name, start, end), "type": "waitForEvent", "error": failed, "output": None}


def errored(text: str, end: int, *steps: JSON) -> JSON:
    """Return the log of an instance that failed."""
    return {
        "status": "errored",
        "start": instant(0),
        "end": instant(end),
        "error": error(text),
        "steps": list(steps),
        "output": None,
    }


def running(*steps: JSON) -> JSON:
    """Return the log of an instance that has not ended."""
    return {"status": "running", "start": instant(0), "end": None, "error": None, "steps": list(steps), "output": None}
