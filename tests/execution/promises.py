"""JavaScript promises as Pyodide presents them to Python: futures of work that runs even if it is not awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable

from tests.execution.errors import to_js_exception
from tests.execution.javascript import JsArray, JsException, JsObject, PyProxy
from tests.execution.values import JsValue


class Promise(asyncio.Future[JsValue]):
    """A future of running work. Cancelling it does not cancel the work."""

    def then(
        self,
        fulfilled: Callable[[JsValue], JsValue] | None = None,
        rejected: Callable[[JsValue], JsValue] | None = None,
    ) -> JsValue:
        async def result() -> JsValue:
            try:
                value = await self
            except Exception as error:
                if rejected is None:
                    raise
                value = rejected(error)
            else:
                value = fulfilled(value) if fulfilled else value
            return await value if asyncio.iscoroutine(value) else value

        return promise(result())

    def catch(self, rejected: Callable[[JsValue], JsValue]) -> JsValue:
        return self.then(None, rejected)


def promise(work: Coroutine[JsValue, JsValue, JsValue]) -> Promise:
    """Start the work and return its promise."""
    loop = asyncio.get_running_loop()
    promised = Promise(loop=loop)

    def settle(task: asyncio.Task[JsValue]) -> None:
        if promised.done() or task.cancelled():
            promised.cancel()
        elif (error := task.exception()) is not None:
            promised.set_exception(error)
        else:
            promised.set_result(task.result())

    loop.create_task(work).add_done_callback(settle)
    return promised


class Promises:
    """The `Promise` class of module `js`."""

    @staticmethod
    def all(members: Iterable[JsValue]) -> Promise:
        async def work() -> JsArray:
            return JsArray(await asyncio.gather(*_as_futures(members)))

        return promise(work())

    @staticmethod
    def allSettled(members: Iterable[JsValue]) -> Promise:  # noqa: N802 # JavaScript API
        async def work() -> JsArray:
            outcomes = await asyncio.gather(*_as_futures(members), return_exceptions=True)
            return JsArray(map(_outcome, outcomes))

        return promise(work())

    @staticmethod
    def race(members: Iterable[JsValue]) -> Promise:
        async def work() -> JsValue:
            started = _as_futures(members)
            done, _ = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
            return next(member for member in started if member in done).result()

        return promise(work())

    @staticmethod
    def any(members: Iterable[JsValue]) -> Promise:
        async def work() -> JsValue:
            for member in asyncio.as_completed(_as_futures(members)):
                try:
                    return await member
                except Exception:  # noqa: BLE001, S112 # `Promise.any` rejects only if all members do
                    continue
            raise JsException("AggregateError", "All promises were rejected")

        return promise(work())


def _as_futures(members: Iterable[JsValue]) -> list[asyncio.Future[JsValue]]:
    """Start the members. Pyodide destroys the proxies of a Python collection's elements after the iteration."""
    if isinstance(members, list | tuple | set | frozenset):
        return [promise(_destroyed()) for _ in members]
    return [asyncio.ensure_future(member.target if isinstance(member, PyProxy) else member) for member in members]


async def _destroyed() -> JsValue:
    raise JsException("Error", "This borrowed proxy was automatically destroyed when an iterator was exhausted.")


def _outcome(outcome: JsValue) -> JsObject:
    if isinstance(outcome, BaseException):
        return JsObject({"status": "rejected", "reason": to_js_exception(outcome)})
    return JsObject({"status": "fulfilled", "value": outcome})
