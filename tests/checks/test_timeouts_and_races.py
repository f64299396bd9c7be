from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_run, flagged_in_run


def test_timeout_around_a_step_does_not_stop_it() -> None:
    (finding,) = findings_in_run("SG213", "await asyncio.wait_for(a(), 30)")

    assert finding.message == (
        "`asyncio.wait_for` does not stop the step 'a': it continues in the background, and another call runs it a"
        " second time."
    )


def test_message_names_the_timeout_function() -> None:
    (finding,) = findings_in_run("SG213", "async with asyncio.timeout_at(1000):\n    await a()")

    assert finding.message.startswith("`asyncio.timeout_at` does not stop the step 'a'")


def test_canceling_a_task_does_not_stop_its_step() -> None:
    (finding,) = findings_in_run("SG213", "task = asyncio.create_task(a())\nawait b()\ntask.cancel()")

    assert finding.message == (
        "`task.cancel()` does not stop the step 'a': it continues in the background, and another call runs it a second"
        " time."
    )


def test_canceled_tasks_are_reported_together() -> None:
    body = "tasks = [asyncio.create_task(a()), asyncio.create_task(b())]\nfor task in tasks:\n    task.cancel()"
    (finding,) = findings_in_run("SG213", body)

    assert finding.message.startswith("`task.cancel()` does not stop the steps 'a' and 'b': they continue")


@pytest.mark.parametrize(
    "body",
    [
        "task = asyncio.create_task(pause())\nawait a()\ntask.cancel()",
        "task = asyncio.create_task(step.wait_for_event('w', 't'))\nawait a()\ntask.cancel()",
        "task = asyncio.create_task(report())\nawait a()\ntask.cancel()",
    ],
)
def test_canceled_tasks_without_steps(body: str) -> None:
    functions = "async def pause(): await step.sleep('s', '1 day')\nasync def report(): print('running')\n"

    assert flagged_in_run("SG213", functions + body) == []


def test_group_that_cancels_a_task_does_not_stop_its_step() -> None:
    (finding,) = findings_in_run(
        "SG213",
        """
        async def hold():
            try:
                await a()
            finally:
                await b()

        async with asyncio.TaskGroup() as group:
            group.create_task(hold())
            group.create_task(b())
        """,
    )

    assert finding.message == (
        "if a task of the group fails, the group cancels the other tasks, but not the step 'a': it continues in the"
        " background, concurrently with the steps of the `except` or `finally`."
    )


def test_advice_uses_the_timeout_of_the_wait() -> None:
    (finding,) = findings_in_run("SG213", 'await asyncio.wait_for(step.wait_for_event("w", "t"), 30)')

    assert finding.advice == 'Set the timeout of the wait, as in `wait_for_event(..., timeout="1 hour")`.'


@pytest.mark.parametrize("leave", ["break", "return first"])
def test_first_completed_task_is_a_race(leave: str) -> None:
    body = f"for each in asyncio.as_completed([a(), b()]):\n    first = await each\n    {leave}"

    assert flagged_in_run("SG307", body) == ["await each"]


def test_message_on_a_race_of_two_steps() -> None:
    start = "tasks = [asyncio.create_task(a()), asyncio.create_task(b())]"
    body = f"{start}\nawait asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)"
    (finding,) = findings_in_run("SG307", body)

    assert finding.message.startswith("this race of 'a' and 'b' runs outside of a step:")


@pytest.mark.parametrize(
    "rest",
    ["print(one)", "for part in one:\n        break", "if one:\n        break", "if one:\n        continue\n    break"],
)
def test_all_completed_tasks_are_not_a_race(rest: str) -> None:
    assert (
        flagged_in_run("SG307", f"for each in asyncio.as_completed([a(), b()]):\n    one = await each\n    {rest}")
        == []
    )


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.wait_for(asyncio.gather(a(), b()), 30)",
        "t = asyncio.create_task(a())\nawait asyncio.wait_for(t, 30)",
        "async with asyncio.timeout(30):\n    for _ in range(3):\n        await a()",
        "async def both():\n    await a()\n    await b()\nawait asyncio.wait_for(both(), 30)",
    ],
)
def test_steps_behind_tasks_and_functions(use: str) -> None:
    assert len(flagged_in_run("SG213", use)) == 1


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.wait_for(a(), None)",
        "async with asyncio.timeout(None):\n    await a()",
        "await asyncio.wait_for(asyncio.shield(a()), 30)",
        "inner = asyncio.shield(asyncio.create_task(a()))\nawait asyncio.wait_for(inner, 30)\nawait inner",
        'await asyncio.wait_for(step.sleep("s", 1000), 30)',
        "await asyncio.wait_for(fetch(), 30)\nawait a()",
        "async with asyncio.timeout(30):\n    await fetch()\nawait a()",
    ],
)
def test_timeouts_without_steps_or_around_shielded_ones(use: str) -> None:
    assert flagged_in_run("SG213", use) == []


@pytest.mark.parametrize(
    "use",
    [
        (
            "ts = [asyncio.create_task(a()), asyncio.create_task(b())]\n"
            "await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
        "await asyncio.wait({asyncio.create_task(f()) for f in (a, b)}, return_when=asyncio.FIRST_COMPLETED)",
        "from js import Promise\nfrom pyodide.ffi import to_js\nawait Promise.any(to_js([a(), b()]))",
        (
            'ts = [asyncio.ensure_future(a()), asyncio.ensure_future(step.sleep("s", "1 hour"))]\n'
            "for _ in range(3):\n    await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
        (
            "ts = [asyncio.create_task(a()), asyncio.create_task(b())]\n"
            "done, ts = await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
    ],
)
def test_race_outside_of_a_step(use: str) -> None:
    assert len(flagged_in_run("SG307", use)) == 1


@pytest.mark.parametrize(
    "use",
    [
        (
            "ts = [asyncio.create_task(a()), asyncio.create_task(b())]\n"
            "while ts:\n    done, ts = await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
        (
            "self.ts = {asyncio.create_task(a()), asyncio.create_task(b())}\nwhile True:\n"
            "    done, self.ts = await asyncio.wait(self.ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
        (
            "ts = {asyncio.create_task(a()), asyncio.create_task(b())}\nwhile ts:\n"
            "    done, _ = await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)\n    ts -= done"
        ),
        "await asyncio.wait([asyncio.create_task(a())], return_when=asyncio.FIRST_COMPLETED)",
        "ts = [asyncio.create_task(a()), asyncio.create_task(b())]\nawait asyncio.wait(ts)",
        (
            "ts = [asyncio.create_task(warm()), asyncio.create_task(up())]\n"
            "await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)"
        ),
        (
            '@step.do("c")\nasync def c():\n    ts = [asyncio.create_task(a()), asyncio.create_task(b())]\n'
            "    await asyncio.wait(ts, return_when=asyncio.FIRST_COMPLETED)\n\nawait c()"
        ),
    ],
)
def test_waits_for_all_and_races_without_steps(use: str) -> None:
    assert flagged_in_run("SG307", use) == []


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        ("await a()", "a()"),
        ("await asyncio.gather(a(), other())", "a()"),
        ('await step.sleep("s", 1000)', 'step.sleep("s", 1000)'),
        ('await step.wait_for_event("w", "t")', 'step.wait_for_event("w", "t")'),
    ],
)
def test_nested_step_is_flagged_at_its_call(inner: str, place: str) -> None:
    assert flagged_in_run("SG308", f'@step.do("c")\nasync def c():\n    {inner}\n\nawait c()') == [place]


@pytest.mark.parametrize(
    "inner",
    [
        "await fetch()",
        "return a",
        '@step.do("d")\n    async def d():\n        return 1\n    return d',
        "await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())], return_when=asyncio.FIRST_COMPLETED)",
    ],
)
def test_steps_without_nested_steps_or_with_races(inner: str) -> None:
    assert flagged_in_run("SG308", f'@step.do("c")\nasync def c():\n    {inner}\n\nawait c()') == []


def test_message_on_nested_steps() -> None:
    (finding,) = findings_in_run("SG308", '@step.do("c")\nasync def c():\n    await a()\n\nawait c()')

    assert finding.message == (
        "the step 'a' runs inside the step 'c': each retry of 'c' renumbers 'a', so it runs again even if it has"
        " succeeded."
    )
