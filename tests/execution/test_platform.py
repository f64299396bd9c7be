"""Test the fakes of the Workers runtime."""

from __future__ import annotations

import datetime as dt
import sys
from importlib.metadata import version

import pytest

from tests.execution.platform import platform
from tests.execution.run_body import run


def test_platform_restores_sys_modules() -> None:
    before = dict(sys.modules)
    with platform() as workers:
        assert sys.modules["workers"] is workers
        assert {"js", "pyodide.ffi", "_pyodide_entrypoint_helper", "_cloudflare_compat_flags"} <= sys.modules.keys()
    assert not {name for name in sys.modules if name.partition(".")[0] in ("js", "pyodide", "workers")} - before.keys()


def test_sdk_is_imported_once() -> None:
    with platform("implicit") as first:
        pass
    with platform("legacy") as second:
        pass
    assert first is second


def test_sdk_version() -> None:
    assert version("workers-runtime-sdk") == "1.9.5"


@pytest.mark.parametrize(
    "statement",
    [
        "from workers import DurableObject, Response, WorkerEntrypoint, env, fetch, handler, wait_until",
        "from workers.workflows import NonRetryableError",
        "from js import Date, JSON, Object, Promise, console, setTimeout",
        "from pyodide.ffi import JsException, JsProxy, create_proxy, to_js",
        "import pyodide.http",
        "from pyodide.http import pyfetch",
    ],
)
def test_runtime_modules_are_importable(statement: str) -> None:
    assert not run(statement).failed


def test_requests_succeed() -> None:
    execution = run("""
        from js import console
        from workers import fetch

        response = await fetch("https://example.com", method="POST", headers={"a": "b"})
        response.raise_for_status()
        console.log((await response.json())["items"])
        return [response.status, response.ok, await response.text()]
    """)
    assert execution.result == [200, True, "text"]


def test_bindings() -> None:
    execution = run(
        """
        instance = await self.env.OTHER.create(id="one", params={"a": 1})
        await self.env.OTHER.create_batch([{"id": "two"}])
        async for row in self.env.DB.rows(instance.id):
            row.seen = True
        return self.env.TOKEN
        """,
        env={"TOKEN": "secret"},
    )
    assert execution.result == "secret"


@pytest.mark.parametrize(
    ("combined", "ends"),
    [("all", [1, 2]), ("race", [1]), ("any", [1]), ("allSettled", [1, 2])],
)
def test_promise_combinators(combined: str, ends: list[int]) -> None:
    execution = run(f"""
        from js import Promise
        from pyodide.ffi import to_js

        await Promise.{combined}(to_js([step.sleep("a", 1000), step.sleep("b", 2000)]))
    """)
    assert [event.at for event in execution.events if event.type == "end"] == ends


def test_promise_can_be_awaited_again() -> None:
    execution = run("""
        slept = step.sleep("a", 1000)
        await slept
        await slept
        return await slept.then(lambda _: "woken")
    """)
    assert execution.result == "woken"


def test_cancelled_await_does_not_end_a_sleep() -> None:
    execution = run("""
        try:
            await asyncio.wait_for(step.sleep("a", 5000), 1)
        except TimeoutError:
            await asyncio.sleep(10)
    """)
    assert [(event.type, event.at) for event in execution.events] == [("start", 0), ("end", 5)]


def test_start_time_is_fixed() -> None:
    now = "return datetime.datetime.now(datetime.UTC).isoformat()"
    assert run(now).result == run(now).result == "2026-07-01T12:00:00+00:00"
    assert run("return datetime.date.today().year").result == 2026


def test_datetimes_equal_real_ones() -> None:
    execution = run("return [datetime.datetime(2026, 1, 1)]")
    assert execution.result == [dt.datetime(2026, 1, 1)]  # noqa: DTZ001 # compares with the naive datetime of the run
    assert run("return isinstance(event['timestamp'], datetime.datetime)").result is True
