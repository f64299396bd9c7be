"""Validation of arguments of steps.

Names and configurations follow the open-source engine. The limits on retries and sleeps, and valid event types and wait
timeouts, follow the documentation.
"""

from __future__ import annotations

import math
import re

from tests.execution.durations import DAY, SECOND, parse_duration, parse_number
from tests.execution.errors import engine_error
from tests.execution.javascript import JsObject, PyProxy
from tests.execution.values import JsValue

MAX_SLEEP = 365 * DAY
_MAX_STEP_NAME = 256
_MAX_EVENT_TYPE = 100
_CONTROL_CHARACTER = re.compile("[\x00-\x1f]")
_EVENT_TYPE = re.compile("[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_MAX_RETRIES = 10_000
_BACKOFFS = ("constant", "linear", "exponential")


def check_step_name(name: str) -> None:
    length = len(name.encode("utf-16-le", "surrogatepass")) // 2  # JavaScript counts UTF-16 code units
    if length > _MAX_STEP_NAME or _CONTROL_CHARACTER.search(name):
        raise engine_error(f"The name of step {name!r} is too long or has control characters")


def check_step_config(name: str, config: JsValue) -> None:
    if not (isinstance(config, JsObject) and _is_step_config(config.entries)):
        raise engine_error(f"The configuration of step {name!r} is invalid")


def check_sleep(name: str, duration: float) -> None:
    if math.isnan(duration):
        raise engine_error(f"The duration of sleep {name!r} is none")
    if duration > MAX_SLEEP:
        raise engine_error(f"Sleep {name!r} is longer than 365 days")


def check_event_type(event_type: str) -> None:
    if len(event_type) > _MAX_EVENT_TYPE or not _EVENT_TYPE.fullmatch(event_type):
        raise engine_error(f"Event type {event_type!r} is invalid")


def check_wait(name: str, timeout: float) -> None:
    if not SECOND <= timeout <= MAX_SLEEP:
        raise engine_error(f"The timeout of wait {name!r} is not between 1 second and 365 days")


def _is_step_config(config: dict[str, JsValue]) -> bool:
    entries = {key: value for key, value in config.items() if value is not None}
    return (
        config.keys() <= {"retries", "timeout", "sensitive"}
        and ("retries" not in entries or _is_retries(entries["retries"]))
        and ("timeout" not in entries or (_is_duration(entries["timeout"]) and not _is_zero(entries["timeout"])))
        and entries.get("sensitive", "output") == "output"
    )


def _is_retries(retries: JsValue) -> bool:
    if not isinstance(retries, JsObject):
        return False
    entries = retries.entries
    return (
        entries.keys() <= {"limit", "delay", "backoff"}
        and _is_amount(entries.get("limit"))
        and entries["limit"] <= _MAX_RETRIES
        and (_is_duration(entries.get("delay")) or isinstance(entries.get("delay"), PyProxy))
        and (entries.get("backoff") is None or entries["backoff"] in _BACKOFFS)
    )


def _is_duration(value: JsValue) -> bool:
    return not math.isnan(parse_duration(value)) if isinstance(value, str) else _is_amount(value)


def _is_zero(duration: JsValue) -> bool:
    return (parse_number(duration) if isinstance(duration, str) else duration) == 0


def _is_amount(value: JsValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
