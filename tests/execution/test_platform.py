"""The stand-ins for what Workers give to Python."""

from __future__ import annotations

import datetime as dt
import sys
from importlib.metadata import version

import pytest

from tests.execution.bodies import run
from tests.execution.platform import platform


def test_nothing_is_left_behind() -> None:
    before = dict(sys.modules)
    with platform() as workers:
        assert sys.modules["workers"] is workers
        assert {"js", "pyodide.ffi", "_pyodide_entrypoint_helper", "_cloudflare_compat_flags"} <= sys.modules.keys()
    assert not {name for name in sys.modules if name.partition(".")[0] in ("js", "pyodide", "workers")} - before.keys()


def test_the_sdk_is_imported_once() -> None:
    with platform("implicit") as first:
        pass
    with platform("legacy") as second:
        pass
    assert first is second


def test_the_sdk_is_the_version_that_the_facts_are_of() -> None:
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
def test_what_workers_import_can_be_imported(statement: str) -> None:
    assert not run(statement).failed


def test_requests_are_answered() -> None:
    execution = run("""
        from js import console
        from workers import fetch

        response = await fetch("https://example.com", method="POST", headers={"a": "b"})
        response.raise_for_status()
        console.log((await response.json())["items"])
        return [response.status, response.ok, await response.text()]
    """)
    assert execution.result == [200, True, "text"]


def test_bindings_are_those_given_or_answer_anything() -> None:
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
def test_promises_are_combined(combined: str, ends: list[int]) -> None:
    execution = run(f"""
        from js import Promise
        from pyodide.ffi import to_js

        await Promise.{combined}(to_js([step.sleep("a", 1000), step.sleep("b", 2000)]))
    """)
    assert [event.at for event in execution.events if event.what == "end"] == ends


def test_a_promise_can_be_waited_for_again_and_then_more_be_done() -> None:
    execution = run("""
        slept = step.sleep("a", 1000)
        await slept
        await slept
        return await slept.then(lambda _: "woken")
    """)
    assert execution.result == "woken"


def test_to_stop_waiting_for_a_sleep_does_not_end_it() -> None:
    execution = run("""
        try:
            await asyncio.wait_for(step.sleep("a", 5000), 1)
        except TimeoutError:
            await asyncio.sleep(10)
    """)
    assert [(event.what, event.at) for event in execution.events] == [("start", 0), ("end", 5)]


def test_a_run_begins_at_the_same_time_each_time() -> None:
    now = "return datetime.datetime.now(datetime.UTC).isoformat()"
    assert run(now).result == run(now).result == "2026-07-01T12:00:00+00:00"
    assert run("return datetime.date.today().year").result == 2026


def test_the_datetimes_of_a_run_are_those_of_everyone() -> None:
    execution = run("return [datetime.datetime(2026, 1, 1)]")
    assert execution.result == [dt.datetime(2026, 1, 1)]  # noqa: DTZ001 # as the run gives it
    assert run("return isinstance(event['timestamp'], datetime.datetime)").result is True
