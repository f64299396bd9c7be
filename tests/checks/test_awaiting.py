from __future__ import annotations

import pytest

from stepgraph.syntax.edits import AddedAwait
from tests.checks.excerpts import found_in_module, found_in_run, places_in_module, places_in_run


def test_a_step_that_is_not_awaited_is_said_not_to_run() -> None:
    (finding,) = found_in_run("SG201", "a()\nawait b()")

    assert finding.message == "`a()` is never awaited, so the step 'a' never runs."
    assert finding.advice == "Write `await` before it."
    assert [type(edit) for edit in finding.edits] == [AddedAwait]


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ('receipt = a()\nreturn {"id": receipt["id"]}', "a()"),
        ('print(f"charged {a()}")', "a()"),
        ("if a():\n    await b()", "a()"),
        ("_ = a()", "a()"),
        ("return a()", "a()"),
        ('return {"receipt": a(), "id": 1}', "a()"),
        ("x = a() if event else b()\nprint(x.id)", "a()"),
        ("results = [a() for _ in range(3)]\nprint(len(results))", "a()"),
        ("everything = []\neverything.append(a())", "a()"),
        ('step.wait_for_event("w", "t")', 'step.wait_for_event("w", "t")'),
        ("asyncio.wait_for(a(), 5)", "asyncio.wait_for(a(), 5)"),
        ("total = a() + 1", "a()"),
        ("async def load():\n    return a()\nrows = await load()\nprint(rows[0])", "a()"),
        ("async def load():\n    return a()\nawait load()", "a()"),
        ("import logging\nlogger = logging.getLogger()\nresult = a()\nlogger.info('%s', result)", "a()"),
        ("if not a():\n    await b()", "a()"),
        ("if a() == 1:\n    await b()", "a()"),
        ("receipt: object = a()\nprint(receipt)", "a()"),
        ("receipt = a()\norder.receipt = 1\nprint(order.receipt)", "a()"),
        ("receipt = a()\nsend(receipt=1)", "a()"),
        ("receipt: object\nreceipt = a()", "a()"),
        ("async def load(n):\n    if n:\n        return await load(n - 1)\n    return a()\nawait load(3)", "a()"),
    ],
)
def test_a_coroutine_is_lost_where_its_result_is_used_as_if_it_were_there(use: str, place: str) -> None:
    assert place in places_in_run("SG201", use)


@pytest.mark.parametrize(
    "use",
    [
        "await a()",
        "coro = a()\nawait coro",
        "await asyncio.gather(*[f() for f in (a, b)])",
        "self.later = a()",
        'self.table["x"] = a()',
        "schedule(a())",
        "unknown.append(a())",
        "def later():\n    return a()\nawait later()",
        "coro = a()\ncoro.close()",
        "both = [a()] + unknown\nawait asyncio.gather(*both)",
        "queue = asyncio.Queue()\nqueue.put_nowait(a())",
        "pending = []\nfor _ in range(3):\n    pending.append(a())\nfor coro in pending:\n    await coro",
        "pending = dict(zip(names, [a(), b()]))\nawait asyncio.gather(*pending.values())",
        "coro = a()\nawait eval('coro')",
        "async def load():\n    return a()\nawait (await load())",
        "async def load():\n    return a()\ncoro = await load()\nawait coro",
        "async def load():\n    return a()\nawait wrapped(load)",
        "both = a() + unknown\nawait both",
        "if [a()] == unknown:\n    await b()",
        "async def load(n):\n    if n:\n        return await load(n - 1)\n    return a()\nkeep(await load(3))",
    ],
)
def test_a_coroutine_that_something_may_await_is_not_lost(use: str) -> None:
    assert places_in_run("SG201", use) == []


def test_a_function_is_lost_only_if_it_runs_steps() -> None:
    source = """
    from workers import WorkflowEntrypoint

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            self.pay(step)
            self.warm_up()
            await step.sleep("s", "1 minute")

        async def pay(self, step):
            @step.do("charge")
            async def charge():
                return 1
            await charge()

        async def warm_up(self):
            return None
    """

    assert places_in_module("SG201", source) == ["self.pay(step)"]
    (finding,) = found_in_module("SG201", source)
    assert finding.message == "`self.pay(step)` is never awaited, so `pay` never runs, and no step in it."


def test_an_await_is_not_offered_where_it_cannot_stand() -> None:
    (finding,) = found_in_module(
        "SG201",
        """
        from workers import WorkflowEntrypoint

        def notify(step):
            @step.do("mail")
            async def mail():
                return 1
            mail()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                notify(step)
                await step.sleep("s", "1 minute")
        """,
    )

    assert finding.edits == ()
    assert finding.advice == "Await it: without, this is a coroutine that has not begun, and not the result."


def test_what_run_returns_is_lost_and_what_a_helper_returns_is_not() -> None:
    source = """
    from workers import WorkflowEntrypoint

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("charge")
            async def charge():
                return 1

            async def helper():
                return charge()

            await (await helper())
            return charge()
    """

    assert [finding.span.line for finding in found_in_module("SG201", source)] == [13]


def test_a_sleep_that_nothing_awaits_can_be_given_its_await() -> None:
    (finding,) = found_in_run("SG203", 'step.sleep("pause", "1 day")\nawait a()')

    assert finding.message == "the sleep 'pause' is never awaited: it starts here, and the workflow goes on at once."
    assert [type(edit) for edit in finding.edits] == [AddedAwait]


@pytest.mark.parametrize(
    "use",
    [
        'await step.sleep("s", 1000)',
        't = step.sleep("s", 1000)\nawait t',
        'await asyncio.gather(a(), step.sleep("s", 1000))',
        't = asyncio.ensure_future(step.sleep("s", 1000))\nawait asyncio.wait([t])',
        'self.timer = step.sleep("s", 1000)\nawait self.timer',
        'schedule(step.sleep("s", 1000))',
        'timer = step.sleep("s", 1000)\ntimer.then(done)',
        'timers = [step.sleep(f"s{i}", 1000) for i in range(3)]\nawait asyncio.gather(*timers)',
        'pause = lambda: step.sleep("s", 1000)\nawait pause()',
    ],
)
def test_a_sleep_that_something_may_await_is_no_mistake(use: str) -> None:
    assert places_in_run("SG203", use) == []


@pytest.mark.parametrize(
    "use",
    [
        "asyncio.create_task(a())",
        "asyncio.ensure_future(a())",
        "asyncio.get_running_loop().create_task(a())",
        "asyncio.gather(a(), b())",
        "asyncio.shield(a())",
    ],
)
def test_a_task_of_steps_that_nothing_can_await_is_left_to_itself(use: str) -> None:
    assert places_in_run("SG204", use) == [use]


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.create_task(a())",
        "t = asyncio.create_task(a())\nawait t",
        "t = asyncio.create_task(a())\nt.add_done_callback(done)",
        "t = asyncio.create_task(a())\nwhile not t.done():\n    await asyncio.sleep(1)",
        "self.tasks = set()\nself.tasks.add(asyncio.create_task(a()))",
        "keep(asyncio.create_task(a()))",
        "asyncio.create_task(a())\nawait asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))",
        "async with asyncio.TaskGroup() as tg:\n    tg.create_task(a())",
        "tasks = [asyncio.create_task(f()) for f in (a, b)]\nfor t in asyncio.as_completed(tasks):\n    await t",
        "asyncio.create_task(warm_up())",
    ],
)
def test_a_task_that_something_may_await_or_without_steps_is_no_mistake(use: str) -> None:
    assert places_in_run("SG204", use) == []


def test_the_message_names_what_is_left_unfinished() -> None:
    (finding,) = found_in_run("SG204", "asyncio.create_task(a())\nawait b()")

    assert finding.message == (
        "nothing awaits `asyncio.create_task(a())`: `run` may return before it is done, and if it fails, the error"
        " is lost."
    )


def test_a_step_that_is_never_called_is_found_at_its_declaration() -> None:
    assert places_in_run("SG202", "await a()") == ['step.do("b")']


@pytest.mark.parametrize(
    "use",
    [
        "await a()\nawait b()",
        "await a()\nif event:\n    await b()",
        "for f in (a, b):\n    await f()",
        "await a()\nschedule(b)",
        "await a()\nself.b = b",
        "await a()\nreturn b",
        "await a()\n\nasync def later():\n    await b()\n\nregister(later)",
        '@step.do("c")\nasync def c(b):\n    return b\n\nawait a()\nawait c()',
        "await a()\nawait locals()['b']()",
        "await a()\ntable = {'b': b}\nawait table[event['payload']['k']]()",
        "b()\nawait a()",
    ],
)
def test_a_step_that_something_may_call_is_not_said_to_be_left(use: str) -> None:
    assert places_in_run("SG202", use) == []


@pytest.mark.parametrize(
    "declaration",
    [
        '@register\n@step.do("c")\nasync def c():\n    return 1',
        'register(step.do("c")(send))',
        'self.c = step.do("c")(send)',
    ],
)
def test_a_step_that_is_handed_on_where_it_is_declared_is_not_left(declaration: str) -> None:
    assert places_in_run("SG202", f"await a()\nawait b()\n\n{declaration}") == []


def test_a_step_may_be_needed_by_one_whose_function_is_not_known() -> None:
    assert places_in_run("SG202", 'await step.do("c")(unknown)()') == []


def test_of_steps_that_need_each_other_the_one_that_nobody_calls_is_found() -> None:
    body = '@step.do("c")\nasync def c(a):\n    return a\n\nawait b()'

    assert places_in_run("SG202", body) == ['step.do("c")']


def test_a_sleep_in_a_step_is_out_of_place_whether_or_not_it_is_awaited() -> None:
    body = '@step.do("c")\nasync def c():\n    step.sleep("x", "1 hour")\nawait c()'

    assert places_in_run("SG203", body) == []
    assert places_in_run("SG308", body) == ['step.sleep("x", "1 hour")']


@pytest.mark.parametrize("signal", ["asyncio.Event()", "asyncio.Queue()", "asyncio.get_running_loop().create_future()"])
def test_a_task_that_may_tell_otherwise_that_it_is_over_is_not_left_to_itself(signal: str) -> None:
    start = "async def work():\n    await a()\n    tell(over)\nasyncio.create_task(work())\nawait over.wait()"

    assert places_in_run("SG204", f"over = {signal}\n{start}") == []
    assert places_in_run("SG204", f"over = unknown\n{start}") == ["asyncio.create_task(work())"]


@pytest.mark.parametrize(
    ("wait", "flagged"), [("", ["asyncio.create_task(a())"]), ("await asyncio.gather(*tasks)", [])]
)
def test_a_set_that_tasks_are_taken_out_of_when_they_are_done_waits_for_nothing(wait: str, flagged: list[str]) -> None:
    keep = "tasks = set()\ntask = asyncio.create_task(a())\ntasks.add(task)\ntask.add_done_callback(tasks.discard)\n"

    assert places_in_run("SG204", f"{keep}await b()\n{wait}") == flagged
