"""A stand-in for the engine behind `step`: it checks, runs, retries and times out on a virtual clock."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from tests.execution import validation, wall_clock
from tests.execution.anything import Anything, anything
from tests.execution.configuration import StepConfig
from tests.execution.durations import milliseconds, read_number
from tests.execution.errors import engine_error, in_javascript, is_final, thrown
from tests.execution.javascript import JsDate, JsException, JsNull, JsObject, JsProxy, PyProxy, text
from tests.execution.promises import Promise, promise
from tests.execution.storable import MOST_BYTES, can_be_kept, can_be_logged, copied, size
from tests.execution.values import JsValue

What = Literal["start", "retry", "end", "fail"]
Kind = Literal["step_do", "step_sleep", "step_sleep_until", "step_wait_for_event"]
Callback = Callable[[JsObject], Awaitable[JsValue]]


class Event(NamedTuple):
    """Something that happened to a step, at so many seconds of virtual time."""

    what: What
    kind: Kind
    key: str
    at: float


class Unanswered:
    """The answer to a wait whose event never comes."""


UNANSWERED = Unanswered()

Fails = Callable[[str, int, int], BaseException | None]
"""Name, count and attempt of a step, to the exception that the attempt ends with instead of its own result."""

Answers = Callable[[str, int, str], JsValue]
"""Name and count of a wait and the type of its event, to the event's payload (in JavaScript)."""

Takes = Callable[[str, int, int], float]
"""Name, count and attempt (1 of a wait) to the virtual seconds that pass before it does what it does."""

Arrives = Callable[[str, int], float]
"""Name and count of a wait to the virtual seconds until its event comes."""


class Engine(JsProxy):
    """What a workflow's `run` gets as its step object, before the SDK wraps it."""

    def __init__(
        self,
        events: list[Event],
        *,
        fails: Fails = lambda *_: None,
        answers: Answers = lambda *_: anything("payload"),
        takes: Takes = lambda *_: 0,
        arrives: Arrives | None = None,
        step_limit: int = 10_000,
    ) -> None:
        self.events = events
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails where the engine itself puts an end to the run."""
        self._fails = fails
        self._answers = answers
        self._takes = takes
        self._arrives: Arrives = arrives or (lambda name, count: takes(name, count, 1))
        self._step_limit = step_limit
        self._steps = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def do(self, *args: JsValue, **keywords: JsValue) -> Promise:
        return promise(self._do(*_sent(args, keywords)))

    def sleep(self, *args: JsValue, **keywords: JsValue) -> Promise:
        return promise(self._sleep("step_sleep", *_sent(args, keywords)))

    def sleepUntil(self, *args: JsValue, **keywords: JsValue) -> Promise:  # noqa: N802 # JavaScript's name
        return promise(self._sleep_until(*_sent(args, keywords)))

    def waitForEvent(self, *args: JsValue, **keywords: JsValue) -> Promise:  # noqa: N802 # JavaScript's name
        return promise(self._wait_for_event(*_sent(args, keywords)))

    async def _do(self, given_name: JsValue = None, *rest: JsValue) -> JsValue:
        given_config = copied(rest[0]) if len(rest) > 1 else JsObject()
        if not rest or not callable(callback := rest[-1]):
            raise engine_error(f"Step {given_name!r} has nothing to call")
        self._steps += 1
        if self._steps > self._step_limit:
            raise engine_error(f"The limit of {self._step_limit} steps has been reached")
        if given_name is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'length')")
        name = _name(given_name)
        validation.check_step_name(name)
        validation.check_step_config(name, given_config)
        return await self._run_step(name, StepConfig(given_config), callback)

    async def _run_step(self, name: str, config: StepConfig, callback: Callback) -> JsValue:
        count = self._count("do", name)
        key = f"{name}-{count}"
        self._record("start", "step_do", key)
        for attempt in itertools.count(1):
            context = JsObject(
                {"step": JsObject({"name": name, "count": count}), "attempt": attempt, "config": config.all}
            )
            try:
                result = copied(await self._attempt(context, config, callback))
                await self._keep(key, result)
            except Exception as error:  # noqa: BLE001 # whatever it is, it fails the attempt
                failure = in_javascript(error)
                if is_final(failure) or attempt > config.retries:
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
        if not can_be_logged(result):
            raise JsException("TypeError", "Do not know how to serialize a BigInt")
        return result

    async def _attempt(self, context: JsObject, config: StepConfig, callback: Callback) -> JsValue:
        of = (context.step.name, context.step.count, context.attempt)
        injected = self._fails(*of)

        async def work() -> JsValue:
            if (takes := self._takes(*of)) > 0:
                await asyncio.sleep(takes)
            if injected is not None:
                raise thrown(injected)
            return await callback(context)

        running = asyncio.ensure_future(work())
        timeout = config.timeout()
        await asyncio.wait({running}, timeout=max(0, timeout) / 1000)
        if not running.done():  # and it goes on: nothing can stop it
            raise engine_error(f"Execution timed out after {timeout:.15g}ms")
        if running.cancelled():
            raise engine_error("PythonError: asyncio.exceptions.CancelledError")
        return running.result()

    async def _keep(self, key: str, result: JsValue) -> None:
        """Keep what a step has given. Where that is impossible in principle, it is the end of the whole run."""
        if not can_be_kept(result):
            self._record("fail", "step_do", key)
            self.ended.set_exception(engine_error(f"The run was ended, as step {key} gave what cannot be serialised"))
            await asyncio.Future()
        if size(result) > MOST_BYTES:
            raise engine_error(f"The output of step {key} is too large")

    async def _sleep(self, kind: Kind, given_name: JsValue = None, given_duration: JsValue = None, *_: JsValue) -> None:
        if given_duration is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'toString')")
        name, duration = _name(given_name), _duration(given_duration)
        validation.check_sleep(name, duration)
        key = f"{name}-{self._count('sleep', name, text(float(duration)))}"
        self._record("start", kind, key)
        await asyncio.sleep(max(0, duration) / 1000)
        self._record("end", kind, key)

    async def _sleep_until(self, name: JsValue = None, timestamp: JsValue = None, *_: JsValue) -> None:
        if isinstance(timestamp, str):
            timestamp = read_number(timestamp)  # to compare and subtract makes a number of it
        until = timestamp.milliseconds if isinstance(timestamp, JsDate) else _number(timestamp)
        now = wall_clock.now() * 1000
        if until < now:
            raise engine_error(f"The time that sleep {name!r} ends is past")
        await self._sleep("step_sleep_until", name, until - now)

    async def _wait_for_event(self, given_name: JsValue = None, options: JsValue = None, *_: JsValue) -> JsObject:
        if options is None:
            raise JsException("TypeError", "Cannot read properties of undefined (reading 'timeout')")
        given = copied(options).entries
        name, event_type = _name(given_name), text(given.get("type"))
        timeout = _duration(given.get("timeout") or "24 hours")
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

    def _count(self, *of: str) -> int:
        self._counts[of] += 1
        return self._counts[of]

    def _record(self, what: What, kind: Kind, key: str) -> None:
        self.events.append(Event(what, kind, key, asyncio.get_running_loop().time()))


def _sent(args: tuple[JsValue, ...], keywords: dict[str, JsValue]) -> list[JsValue]:
    """Python's arguments as JavaScript gets them: those that have names are in one object, after the others."""
    return [*args, JsObject(keywords)] if keywords else [*args]


def _name(given: JsValue) -> str:
    return text(_value(given))


def _duration(given: JsValue) -> float:
    return milliseconds(given) if isinstance(given, str) else _number(given)


def _number(given: JsValue) -> float:
    """A number, or not a number for whatever else there is in JavaScript."""
    value = _value(given)
    return value if isinstance(value, int | float) else float("nan")


def _value(given: JsValue) -> JsValue:
    """What is no value of JavaScript's cannot even be sent."""
    known = given is None or isinstance(given, bool | int | float | str | JsProxy | JsNull | Anything)
    return copied(given if known else PyProxy(given))
