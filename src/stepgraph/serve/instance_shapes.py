"""Logs of the development server in the shapes of the reference, which the official client requires.

The development server leaves out fields, sends outputs as JSON in place of text, and sends null for the end of a sleep
or wait that has not ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from stepgraph.serve.envelopes import ApiError, ErrorCode

JsonObject = Mapping[str, object]

STATUSES: Final = (
    "queued",
    "running",
    "paused",
    "errored",
    "terminated",
    "complete",
    "waitingForPause",
    "waiting",
    "rollingBack",
)
"""The statuses of instances."""

_DEFAULT_TIMEOUT: Final = "10 minutes"
_DEFAULT_LIMIT: Final = 5
_COMPUTED_DELAY: Final = "[dynamic]"
_SUCCESS: Final = {"complete": True, "errored": False, "terminated": False}
_STEP_TYPES: Final = ("step", "waitForEvent")


def instance_log(log: JsonObject, version_id: str, parameters: Mapping[str, str]) -> dict[str, object]:
    """Return a log. `order=desc` returns the newest step first, and `simple=true` no steps."""
    steps = [_log_step(entry, log) for entry in entries_of(log)]
    if parameters.get("order") == "desc":
        steps.reverse()
    status = status_of(log.get("status"))
    return {
        "status": status,
        "params": log.get("params"),
        "queued": log.get("queued") or log.get("start"),
        "start": log.get("start"),
        "end": log.get("end"),
        "success": _SUCCESS.get(status),
        "error": log.get("error"),
        "output": _output(log.get("output")),
        "trigger": {"source": "api"},
        "versionId": version_id,
        "step_count": len(steps),
        "steps": [] if parameters.get("simple") == "true" else steps,
    }


def entries_of(log: JsonObject) -> list[JsonObject]:
    """Return the entries of a log."""
    steps = log.get("steps")
    return [each for each in steps if isinstance(each, dict)] if isinstance(steps, list) else []


def status_of(status: object) -> str:
    """Return a status of the reference. Instances with another status have not started."""
    return status if isinstance(status, str) and status in STATUSES else "queued"


def step_state(log: JsonObject, parameters: Mapping[str, str]) -> dict[str, object]:
    """Return the state and the output of one step. Raises ApiError if the parameters select none.

    `name` is its name in the log, `type` is `step` or `waitForEvent`, and `attempt` the number of an attempt, from 1.
    """
    name, kind = parameters.get("name"), parameters.get("type")
    if not name or kind not in _STEP_TYPES:
        raise ApiError(400, ErrorCode.INVALID, "`name`, and `type` with `step` or `waitForEvent`, are required.")
    named = (each for each in entries_of(log) if (each.get("name"), each.get("type")) == (name, kind))
    entry = next(named, None)
    if entry is None:
        advice = "Names end in a counter, as in `charge card-1`."
        raise ApiError(404, ErrorCode.UNKNOWN, f"the instance has no step `{name}` of type `{kind}`. {advice}")
    attempt = parameters.get("attempt")
    return _wait_state(entry) if kind == "waitForEvent" else _step_state(entry, attempt)


def _wait_state(entry: JsonObject) -> dict[str, object]:
    if entry.get("finished") is not True:
        return {"status": "waiting", "error": None}
    if entry.get("error") is not None:
        return {"status": "errored", "error": entry["error"]}
    return {"status": "complete", "error": None, "output": entry.get("output")}


def _step_state(entry: JsonObject, attempt: str | None) -> dict[str, object]:
    attempts = _attempts(entry)
    success, last = entry.get("success"), attempts[-1:]
    if attempt is not None:
        last = [each for number, each in enumerate(attempts, start=1) if str(number) == attempt]
        if not last:
            raise ApiError(404, ErrorCode.UNKNOWN, f"the step has no attempt `{attempt}`. It has {len(attempts)}.")
        success = last[0].get("success")
    match success:
        case True:
            return {"status": "complete", "error": None, "output": entry.get("output")}
        case False:
            return {"status": "errored", "error": last[0].get("error") if last else None}
        case _:
            return {"status": "running", "error": None}


def _attempts(entry: JsonObject) -> Sequence[JsonObject]:
    attempts = entry.get("attempts")
    return [each for each in attempts if isinstance(each, dict)] if isinstance(attempts, list) else []


def _log_step(entry: JsonObject, log: JsonObject) -> dict[str, object]:
    """Return an entry of a log in the shape of the reference."""
    step = {**entry, "start": entry.get("start") or log.get("start")}
    if entry.get("output") is not None:
        step["output"] = _text(entry["output"])
    if entry.get("type") == "step":
        return {**step, "config": _configuration(entry.get("config")), "attempts": list(_attempts(entry))}
    # The reference requires an end, and has `finished` for sleeps and waits that have not ended.
    return {**step, "end": entry.get("end") or step["start"]}


def _configuration(configuration: object) -> dict[str, object]:
    values = configuration if isinstance(configuration, dict) else {}
    retries = values.get("retries")
    return {
        "timeout": _DEFAULT_TIMEOUT,
        **values,
        "retries": {
            "limit": _DEFAULT_LIMIT,
            "delay": _COMPUTED_DELAY,
            **(retries if isinstance(retries, dict) else {}),
        },
    }


def _output(value: object) -> str | int | float:
    """Return the output of an instance: text and numbers as they are, other values as JSON."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _text(value)


def _text(value: object) -> str:
    """Return the output of a step: text as it is, other values as JSON, and nothing for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
