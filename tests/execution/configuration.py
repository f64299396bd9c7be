"""A step's configuration: what is given, and the engine's defaults for what is not."""

from __future__ import annotations

import inspect
import math

from tests.execution.durations import milliseconds
from tests.execution.errors import engine_error
from tests.execution.javascript import JsException, JsObject, PyProxy
from tests.execution.values import JsValue


class StepConfig:
    """What has been checked already; what is given as undefined overrides the default all the same."""

    def __init__(self, given: JsObject) -> None:
        retries = given.entries.get("retries")
        merged = {"limit": 5, "delay": 1000, "backoff": "exponential"} | (retries.entries if retries else {})
        entries = {"timeout": "10 minutes", **given.entries}
        self.all = JsObject({**entries, "retries": JsObject(merged)})
        self.retries: float = merged["limit"]
        self._timeout: JsValue = entries["timeout"]
        self._delay: JsValue = merged["delay"]
        self._backoff: JsValue = merged["backoff"]

    def timeout(self) -> float:
        """Give the milliseconds that an attempt may take."""
        if self._timeout is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'match')")
        return milliseconds(self._timeout)

    async def delay_after(self, attempt: int, context: JsObject, error: JsException) -> float:
        """Give the milliseconds to wait before the next attempt."""
        delay = self._delay
        if isinstance(delay, PyProxy):
            delay = delay(JsObject({"ctx": context, "error": error}))
            delay = await delay if inspect.isawaitable(delay) else delay
        base = milliseconds(delay)
        if not math.isfinite(base) or base < 0:
            raise engine_error("The delay of a retry is no duration")
        match self._backoff:
            case "exponential":
                return base * 2.0 ** (attempt - 1)
            case "linear":
                return base * attempt
        return base
