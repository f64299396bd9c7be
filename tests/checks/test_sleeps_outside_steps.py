"""Test sleeps that the engine does not store."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_run, replay_findings, replay_lines


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("time.sleep(5)", 'Write `await step.sleep("NAME", "5 seconds")`.'),
        ("await asyncio.sleep(5 * 60)", 'Write `await step.sleep("NAME", "5 minutes")`.'),
        ("await asyncio.sleep(0.5)", 'Write `await step.sleep("NAME", "0.5 seconds")`.'),
        ("await asyncio.sleep(2.0005)", 'Write `await step.sleep("NAME", "2.0005 seconds")`.'),
        ("await asyncio.sleep(1e400)", 'Write `await step.sleep("NAME", "30 seconds")`.'),
        (f"await asyncio.sleep({10**400})", 'Write `await step.sleep("NAME", "30 seconds")`.'),
        ("await asyncio.sleep(delay=pause)", 'Write `await step.sleep("NAME", "30 seconds")`.'),
        ("await asyncio.gather(a(), asyncio.sleep(3))", 'Write `await step.sleep("NAME", "3 seconds")`.'),
    ],
)
def test_sleep_in_run(line: str, advice: str) -> None:
    body = f"pause = event['payload']\n@step.do()\nasync def a():\n    pass\nawait a()\n{line}"
    (finding,) = replay_findings(body, "SG312")
    assert finding.advice == advice


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(0)",
        "await asyncio.sleep(-1)",
        "task = asyncio.create_task(a())\nwhile not task.done():\n    await asyncio.sleep(1)\nawait task",
        "@step.do('wait')\nasync def wait():\n    await asyncio.sleep(1)\n    time.sleep(1)\nawait wait()",
        "async def pause():\n    await asyncio.sleep(1)\n@step.do()\nasync def a():\n    await pause()\nawait a()",
        "await step.do('wait')(lambda: asyncio.sleep(1))()",
    ],
)
def test_no_sleep_that_delays_run(body: str) -> None:
    assert flagged_in_run("SG312", body, "import asyncio, time") == []


def test_imported_functions_and_javascript() -> None:
    body = "sleep(1)\nawait pause(2)\nawait scheduler.wait(3000)\nawait step.sleep('a', 1000)"
    module = "from asyncio import sleep as pause\nfrom time import sleep\nfrom js import scheduler"
    assert replay_lines(body, "SG312", module=module) == ["sleep(1)", "await pause(2)", "await scheduler.wait(3000)"]


def test_loop_with_a_step() -> None:
    body = "while not await a():\n    await asyncio.sleep(1)"
    assert flagged_in_run("SG312", body) == ["asyncio.sleep(1)"]


def test_function_with_a_sleep_is_reported_at_its_call() -> None:
    methods = """
    async def back_off(self, attempt):
        await asyncio.sleep(2**attempt)
    """
    body = "for attempt in range(3):\n    await step.sleep('a', 1000)\n    await self.back_off(attempt)"
    (finding,) = replay_findings(body, "SG312", methods=methods)
    assert finding.message == (
        "`asyncio.sleep` (line 16) is called by `self.back_off` outside of a step: the sleep is not stored, so each"
        " replay sleeps again from the start."
    )
    assert finding.advice == "Call `self.back_off` in a step, or use `step.sleep`."
    assert [str(related) for related in finding.related] == ["<string>:16:15: `asyncio.sleep` is called here"]
