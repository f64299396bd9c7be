"""The configuration of a step, merged with the defaults of the engine."""

from __future__ import annotations

import inspect
import math

from tests.execution.durations import parse_duration
from tests.execution.errors import engine_error
from tests.execution.javascript import JsException, JsObject, PyProxy
from tests.execution.values import JsValue


class StepConfig:
    """A validated configuration. Explicit `undefined` values override the defaults, as in JavaScript."""

    def __init__(self, config: JsObject) -> None:
        retries = config.entries.get("retries")
        merged = {"limit": 5, "delay": 1000, "backoff": "exponential"} | (retries.entries if retries else {})
        entries = {"timeout": "10 minutes", **config.entries}
        self.all = JsObject({**entries, "retries": JsObject(merged)})
        self.retries: float = merged["limit"]
        self._timeout: JsValue = entries["timeout"]
        self._delay: JsValue = merged["delay"]
        self._backoff: JsValue = merged["backoff"]

    def timeout(self) -> float:
        """Return the time limit of an attempt in milliseconds."""
        if self._timeout is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'match')")
        return parse_duration(self._timeout)

    async def delay_after(self, attempt: int, context: JsObject, error: JsException) -> float:
        """Return the milliseconds to wait before the next attempt."""
        delay = self._delay
        if isinstance(delay, PyProxy):
            try:
                delay = delay(JsObject({"ctx": context, "error": error}))
                delay = await delay if inspect.isawaitable(delay) else delay
            except Exception as failure:
                raise engine_error(f"The delay function threw an error: {failure}") from failure
        base = parse_duration(delay)
        if not math.isfinite(base) or base < 0:
            raise engine_error("The delay of a retry is no duration")
        match self._backoff:
            case "exponential":
                return base * 2.0 ** (attempt - 1)
            case "linear":
                return base * attempt
        return base
