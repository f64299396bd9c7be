"""A fake of the engine behind `step`, which validates, runs, retries and times out steps on a virtual clock."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from tests.execution import validation, wall_clock
from tests.execution.configuration import StepConfig
from tests.execution.durations import parse_duration, parse_number
from tests.execution.errors import as_thrown, engine_error, is_non_retryable, to_js_exception
from tests.execution.javascript import JsDate, JsException, JsNull, JsObject, JsProxy, PyProxy, text
from tests.execution.promises import Promise, promise
from tests.execution.structured_clone import MAX_BYTES, is_json_serializable, is_storable, size, structured_clone
from tests.execution.stub_values import StubValue, stub_value
from tests.execution.values import JsValue

EventType = Literal["start", "retry", "end", "fail"]
Kind = Literal["step_do", "step_sleep", "step_sleep_until", "step_wait_for_event"]
Callback = Callable[[JsObject], Awaitable[JsValue]]


class EngineEvent(NamedTuple):
    """An event of a step, with seconds of virtual time."""

    type: EventType
    kind: Kind
    key: str
    at: float


class Unanswered:
    """The type of `UNANSWERED`, which `Answers` return for a wait whose event never arrives."""


UNANSWERED = Unanswered()

Fails = Callable[[str, int, int], BaseException | None]
"""Maps the name, count and attempt of a step to an exception that replaces its result, or None."""

Answers = Callable[[str, int, str], JsValue]
"""Maps the name, count and event type of a wait to the payload of the event, as a JavaScript value."""

Takes = Callable[[str, int, int], float]
"""Maps the name, count and attempt of a step (1 for a wait) to the virtual seconds before its body runs."""

Arrives = Callable[[str, int], float]
"""Maps the name and count of a wait to the virtual seconds until its event arrives."""


class Engine(JsProxy):
    """The step object passed to `run`, before the SDK wraps it."""

    def __init__(
        self,
        events: list[EngineEvent],
        *,
        fails: Fails = lambda *_: None,
        answers: Answers = lambda *_: stub_value("payload"),
        takes: Takes = lambda *_: 0,
        arrives: Arrives | None = None,
        step_limit: int = 10_000,
    ) -> None:
        self.events = events
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when the engine itself ends the run."""
        self._fails = fails
        self._answers = answers
        self._takes = takes
        self._arrives: Arrives = arrives or (lambda name, count: takes(name, count, 1))
        self._step_limit = step_limit
        self._steps = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def do(self, *args: JsValue, **keywords: JsValue) -> Promise:
        return promise(self._do(*_js_arguments(args, keywords)))

    def sleep(self, *args: JsValue, **keywords: JsValue) -> Promise:
        return promise(self._sleep("step_sleep", *_js_arguments(args, keywords)))

    def sleepUntil(self, *args: JsValue, **keywords: JsValue) -> Promise:  # noqa: N802 # JavaScript API
        return promise(self._sleep_until(*_js_arguments(args, keywords)))

    def waitForEvent(self, *args: JsValue, **keywords: JsValue) -> Promise:  # noqa: N802 # JavaScript API
        return promise(self._wait_for_event(*_js_arguments(args, keywords)))

    async def _do(self, name_value: JsValue = None, *args: JsValue) -> JsValue:
        config = structured_clone(args[0]) if len(args) > 1 else JsObject()
        if not args or not callable(callback := args[-1]):
            raise engine_error(f"Step {name_value!r} has nothing to call")
        self._steps += 1
        if self._steps > self._step_limit:
            raise engine_error(f"The limit of {self._step_limit} steps has been reached")
        if name_value is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'length')")
        name = _name(name_value)
        validation.check_step_name(name)
        validation.check_step_config(name, config)
        return await self._run_step(name, StepConfig(config), callback)

    async def _run_step(self, name: str, config: StepConfig, callback: Callback) -> JsValue:
        count = self._count("do", name)
        key = f"{name}-{count}"
        self._record("start", "step_do", key)
        for attempt in itertools.count(1):
            context = JsObject(
                {"step": JsObject({"name": name, "count": count}), "attempt": attempt, "config": config.all}
            )
            try:
                result = structured_clone(await self._attempt(context, config, callback))
                await self._store(key, result)
            except Exception as error:  # noqa: BLE001 # any exception fails the attempt
                failure = to_js_exception(error)
                if is_non_retryable(failure) or attempt > config.retries:
                    self._record("fail", "step_do", key)
                    raise failure from (None if failure is error else error)
            else:
                break
            try:
                await asyncio.sleep(await config.delay_after(attempt, context, failure) / 1000)
            except Exception:
                self._record("fail", "step_do", key)
                raise
            self._record("retry", "step_do", key)
        self._record("end", "step_do", key)
        if not is_json_serializable(result):
            raise JsException("TypeError", "Do not know how to serialize a BigInt")
        return result

    async def _attempt(self, context: JsObject, config: StepConfig, callback: Callback) -> JsValue:
        step_key = (context.step.name, context.step.count, context.attempt)
        injected = self._fails(*step_key)

        async def work() -> JsValue:
            if (takes := self._takes(*step_key)) > 0:
                await asyncio.sleep(takes)
            if injected is not None:
                raise as_thrown(injected)
            return await callback(context)

        running = asyncio.ensure_future(work())
        timeout = config.timeout()
        await asyncio.wait({running}, timeout=max(0, timeout) / 1000)
        if not running.done():  # the attempt itself cannot be cancelled and continues
            raise engine_error(f"Execution timed out after {timeout:.15g}ms")
        if running.cancelled():
            raise engine_error("PythonError: asyncio.exceptions.CancelledError")
        return running.result()

    async def _store(self, key: str, result: JsValue) -> None:
        """Store the result of a step. A result that can never be stored ends the whole run."""
        if not is_storable(result):
            self._record("fail", "step_do", key)
            self.ended.set_exception(engine_error(f"The run was ended, as step {key} gave what cannot be serialised"))
            await asyncio.Future()
        if size(result) > MAX_BYTES:
            raise engine_error(f"The output of step {key} is too large")

    async def _sleep(self, kind: Kind, name_value: JsValue = None, duration_value: JsValue = None, *_: JsValue) -> None:
        if duration_value is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'toString')")
        name, duration = _name(name_value), _duration(duration_value)
        validation.check_sleep(name, duration)
        key = f"{name}-{self._count('sleep', name, text(float(duration)))}"
        self._record("start", kind, key)
        await asyncio.sleep(max(0, duration) / 1000)
        self._record("end", kind, key)

    async def _sleep_until(self, name: JsValue = None, timestamp: JsValue = None, *_: JsValue) -> None:
        if isinstance(timestamp, str):
            timestamp = parse_number(timestamp)  # JavaScript converts it for the comparison
        until = timestamp.milliseconds if isinstance(timestamp, JsDate) else _number(timestamp)
        now = wall_clock.now() * 1000
        if until < now:
            raise engine_error(f"The time that sleep {name!r} ends is past")
        await self._sleep("step_sleep_until", name, until - now)

    async def _wait_for_event(self, name_value: JsValue = None, options: JsValue = None, *_: JsValue) -> JsObject:
        if options is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'timeout')")
        entries = structured_clone(options).entries
        name, event_type = _name(name_value), text(entries.get("type"))
        timeout = _duration(entries.get("timeout") or "24 hours")
        validation.check_event_type(event_type)
        validation.check_wait(name, timeout)
        count = self._count("wait", name)
        key = f"{name}-{count}"
        self._record("start", "step_wait_for_event", key)
        payload, arrives = self._answers(name, count, event_type), self._arrives(name, count)
        if isinstance(payload, Unanswered) or arrives * 1000 > timeout:
            await asyncio.sleep(timeout / 1000)
            self._record("fail", "step_wait_for_event", key)
            raise engine_error(f"Execution timed out after {timeout:.15g}ms")
        await asyncio.sleep(arrives)
        self._record("end", "step_wait_for_event", key)
        return JsObject({"payload": payload, "timestamp": JsDate(wall_clock.now() * 1000), "type": event_type})

    def _count(self, *key: str) -> int:
        self._counts[key] += 1
        return self._counts[key]

    def _record(self, event_type: EventType, kind: Kind, key: str) -> None:
        self.events.append(EngineEvent(event_type, kind, key, asyncio.get_running_loop().time()))


def _js_arguments(args: tuple[JsValue, ...], keywords: dict[str, JsValue]) -> list[JsValue]:
    """Convert Python arguments as Pyodide does: keywords become an object after the positional arguments."""
    return [*args, JsObject(keywords)] if keywords else [*args]


def _name(value: JsValue) -> str:
    return text(_value(value))


def _duration(value: JsValue) -> float:
    return parse_duration(value) if isinstance(value, str) else _number(value)


def _number(value: JsValue) -> float:
    """Return the value as a number, or NaN."""
    cloned = _value(value)
    return cloned if isinstance(cloned, int | float) else float("nan")


def _value(value: JsValue) -> JsValue:
    """Clone a value, wrapping Python objects in proxies, which cannot be cloned."""
    is_js = value is None or isinstance(value, bool | int | float | str | JsProxy | JsNull | StubValue)
    return structured_clone(value if is_js else PyProxy(value))
