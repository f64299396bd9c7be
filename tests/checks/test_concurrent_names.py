from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_run, flagged_in_run

_SAME_NAME = """
@step.do("same")
async def one():
    return 1

@step.do("same")
async def two():
    return 2

"""

_PROCESS = """
async def process(x):
    @step.do("first")
    async def first():
        return x

    @step.do("second")
    async def second():
        return x

    await first()
    await second()

"""


_LOCKED_CALLS = """
async def process(x):
    async with lock:
        @step.do("first")
        async def first():
            return x

        @step.do("second")
        async def second():
            return x

        await first()
        await second()

await asyncio.gather(*[process(x) for x in event["payload"]["orders"]])
"""


@pytest.mark.parametrize(
    "lock",
    [
        "lock = asyncio.Lock()",
        "from other import lock",
        "import random\nfrom other import locks\nlock = random.choices(locks)[0]",
    ],
)
def test_lock_keeps_steps_in_order(lock: str) -> None:
    assert flagged_in_run("SG207", lock + _LOCKED_CALLS) == []


def test_lock_after_an_await_is_acquired_in_varying_order() -> None:
    body = _LOCKED_CALLS.replace(
        "    async with lock", "    await step.sleep(f'{x}', '1 hour')\n    async with lock", 1
    )

    assert flagged_in_run("SG207", "lock = asyncio.Lock()" + body) == ['"first"', '"second"']


def test_semaphore_of_two_keeps_no_order() -> None:
    assert flagged_in_run("SG207", "lock = asyncio.Semaphore(2)" + _LOCKED_CALLS) == ['"second"']


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.gather(one(), two())",
        "t = asyncio.create_task(one())\nawait two()\nawait t",
        "async with asyncio.TaskGroup() as tg:\n    tg.create_task(one())\n    tg.create_task(two())",
        "await asyncio.wait([asyncio.create_task(one()), asyncio.create_task(two())])",
        "t = asyncio.create_task(one())\nif event:\n    await two()\nawait t",
    ],
)
def test_concurrent_declarations_with_equal_names(use: str) -> None:
    (finding,) = findings_in_run("SG207", _SAME_NAME + use)

    assert finding.message == (
        "the step 'same' runs concurrently with another step named 'same' (line 16): the engine distinguishes them"
        " only by start order."
    )
    assert flagged_in_run("SG207", _SAME_NAME + use) == ['"same"']


def test_each_concurrent_step_with_an_equal_name_is_flagged_once() -> None:
    third = _SAME_NAME.replace("one", "three", 1).split("@step", 2)
    body = f"{_SAME_NAME}@step{third[1]}await asyncio.gather(one(), two(), three())"

    assert [finding.span.line for finding in findings_in_run("SG207", body)] == [20, 24]


@pytest.mark.parametrize(
    "use",
    [
        "await one()\nawait two()",
        "t = asyncio.create_task(one())\nawait t\nawait two()",
        "await asyncio.gather(one(), one())",
        "await asyncio.gather(*[one() for _ in range(3)])",
        "await asyncio.gather(one() if event else two(), a())",
        "if event:\n    t = asyncio.create_task(one())\nelse:\n    t = asyncio.create_task(two())\nawait t",
        'await asyncio.gather(step.sleep("s", 1), step.sleep("s", 2))',
        "t = asyncio.create_task(one())\nkeep(t)\nawait wait_for_all()\nawait two()",
        "for _ in range(3):\n    await asyncio.gather(one(), a())\n    await asyncio.gather(two(), b())",
    ],
)
def test_sequential_steps_with_equal_names(use: str) -> None:
    assert flagged_in_run("SG207", _SAME_NAME + use) == []


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.gather(*[process(x) for x in xs])",
        "await asyncio.gather(process(1), process(2))",
        "tasks = []\nfor x in xs:\n    tasks.append(asyncio.create_task(process(x)))\nawait asyncio.gather(*tasks)",
        "async with asyncio.TaskGroup() as tg:\n    for x in xs:\n        tg.create_task(process(x))",
    ],
)
def test_later_step_of_concurrent_calls(use: str) -> None:
    (finding,) = findings_in_run("SG207", _PROCESS + use)

    assert finding.message == (
        "the step 'second' runs concurrently with itself: the engine numbers the runs by start order, which depends"
        " on timing, so a run may get the result of another one at replay."
    )


@pytest.mark.parametrize(
    "use",
    [
        "for x in xs:\n    await process(x)",
        "await asyncio.gather(process(1), a())",
        "for x in xs:\n    t = asyncio.create_task(process(x))\n    await t",
    ],
)
def test_function_called_once_at_a_time(use: str) -> None:
    assert flagged_in_run("SG207", _PROCESS + use) == []


def test_exclusive_branch_begins_with_the_function() -> None:
    body = """
    async def process(x):
        if x:
            await a()
        else:
            @step.do("other")
            async def other():
                return x

            await other()

    await asyncio.gather(*[process(x) for x in xs])
    """

    assert flagged_in_run("SG207", body) == []


def test_waits_for_events_with_equal_names() -> None:
    use = 'await asyncio.gather(step.wait_for_event("w", "paid"), step.wait_for_event("w", "signed"))'

    assert flagged_in_run("SG207", use) == ['"w"']


@pytest.mark.parametrize(
    "use",
    [
        """
while True:
    t = asyncio.create_task(one())
    if event:
        break
    await t
await two()
await t
""",
        "for x in xs:\n    t = asyncio.create_task(one())\n    if x:\n        break\n    await t\nawait two()\nawait t",
        """
t = None
for x in xs:
    if t is not None:
        await two()
        await t
    t = asyncio.create_task(one())
    if x:
        continue
    await t
""",
        """
t = asyncio.create_task(one())
try:
    if event:
        return
    await t
finally:
    await two()
    await t
""",
        """
try:
    t = asyncio.create_task(one())
    if event:
        raise KeyError
    await t
except KeyError:
    await two()
    await t
""",
        """
while True:
    t = asyncio.create_task(one())
    try:
        if event:
            break
    finally:
        await a()
    await t
await two()
await t
""",
    ],
)
def test_tasks_stay_pending_over_exits(use: str) -> None:
    assert flagged_in_run("SG207", _SAME_NAME + use) == ['"same"']


@pytest.mark.parametrize(
    "use",
    [
        """
while True:
    t = asyncio.create_task(one())
    if event:
        await t
        break
    await t
await two()
""",
        "t = asyncio.create_task(one())\nif event:\n    return\nawait t\nawait two()",
        """
while True:
    t = asyncio.create_task(one())
    try:
        if event:
            break
    finally:
        await t
await two()
""",
    ],
)
def test_tasks_that_end_before_an_exit(use: str) -> None:
    assert flagged_in_run("SG207", _SAME_NAME + use) == []


@pytest.mark.parametrize(
    "use",
    [
        """
async def begin():
    return asyncio.create_task(one())

async def prepare():
    return await begin()

t = await prepare()
await two()
await t
""",
        """
tasks = []

async def begin(x):
    tasks.append(asyncio.create_task(one()))
    if x:
        return
    await a()

await begin(event)
await two()
await asyncio.gather(*tasks)
""",
    ],
)
def test_tasks_stay_pending_over_the_return_of_a_function(use: str) -> None:
    assert flagged_in_run("SG207", _SAME_NAME + use) == ['"same"']


@pytest.mark.parametrize(
    "use",
    [
        "for x in xs:\n    await (await begin())\n    await two()",
        "t = await begin()\nawait t\nawait two()",
        "async def finish():\n    t = await begin()\n    await t\n\nawait finish()\nawait two()",
    ],
)
def test_tasks_of_a_function_end_before_the_next_step(use: str) -> None:
    begin = "async def begin():\n    return asyncio.create_task(one())\n\n"
    assert flagged_in_run("SG207", _SAME_NAME + begin + use) == []


_TASKS = _SAME_NAME + "tasks = [asyncio.create_task(one()) for x in xs]\n"


@pytest.mark.parametrize(
    "use",
    [
        "for t in tasks:\n    await t\nawait two()",
        "for t in tasks:\n    try:\n        await t\n    except Exception:\n        pass\nawait two()",
        "for t in asyncio.as_completed(tasks):\n    await t\nawait two()",
        "try:\n    for t in tasks:\n        await t\nexcept TypeError:\n    raise\nawait two()",
        "while tasks:\n    await tasks.pop()\nawait two()",
        "results = [await t for t in tasks]\nawait two()",
        "for t in tasks[:1] + [tasks[-1]]:\n    await t\nawait asyncio.wait(tasks)\nawait two()",
    ],
)
def test_loop_that_awaits_each_task_ends_all_tasks(use: str) -> None:
    assert flagged_in_run("SG207", _TASKS + use) == []


@pytest.mark.parametrize(
    "use",
    [
        "for t in tasks:\n    await t\n    await two()",
        "for t in asyncio.as_completed(tasks):\n    await t\n    break\nawait two()",
        "for t in tasks:\n    if await t:\n        break\nawait two()\nawait asyncio.wait(tasks)",
    ],
)
def test_other_tasks_stay_pending_in_a_loop_that_awaits_each(use: str) -> None:
    assert flagged_in_run("SG207", _TASKS + use) == ['"same"']


def test_failed_await_ends_the_task() -> None:
    use = "t = asyncio.create_task(one())\ntry:\n    await t\nexcept TypeError:\n    pass\nawait two()"
    assert flagged_in_run("SG207", _SAME_NAME + use) == []


def test_loop_over_a_single_task_ends_it() -> None:
    use = "t = asyncio.create_task(one())\nfor each in [t]:\n    await each\n    await two()"
    assert flagged_in_run("SG207", _SAME_NAME + use) == []


_STEP_OTHER = """
    @step.do("other")
    async def other():
        return x

    await other()
"""


def test_recursive_call_begins_steps_after_an_await() -> None:
    body = f"async def process(x):{_STEP_OTHER}    if x:\n        await process(x - 1)\n\n"

    assert flagged_in_run("SG207", f"{body}await asyncio.gather(process(1), process(2))") == ['"other"']


@pytest.mark.parametrize(
    "before",
    [
        "    if x:\n        await step.sleep(f'{x}', 1)\n        return\n",
        "    try:\n        if x:\n            raise await step.sleep(f'{x}', 1)\n    finally:\n        pass\n",
        "    for _ in range(2):\n        if x:\n            break\n        return await step.sleep(f'{x}', 1)\n",
        "    t = asyncio.create_task(step.wait_for_event(f'{x}', 'paid'))\n",
    ],
)
def test_step_begins_before_awaits_on_other_paths(before: str) -> None:
    body = f"async def process(x):\n{before}{_STEP_OTHER}\nawait asyncio.gather(*[process(x) for x in xs])"

    assert flagged_in_run("SG207", body) == []


def test_handler_begins_after_the_awaits_of_its_body() -> None:
    body = f"""
async def process(x):
    try:
        await step.sleep(f"{{x}}", 1)
        return
    except Exception:
        pass
{_STEP_OTHER}
await asyncio.gather(*[process(x) for x in xs])
"""

    assert flagged_in_run("SG207", body) == ['"other"']


def test_task_does_not_hold_the_lock_of_its_creator() -> None:
    body = """
lock = asyncio.Lock()

async def start(x):
    async with lock:
        t = asyncio.create_task(process(x))
    await t

await asyncio.gather(*[start(x) for x in xs])
"""

    assert flagged_in_run("SG207", _PROCESS + body) == ['"second"']


def test_a_test_for_emptiness_leaves_no_task_pending() -> None:
    body = """
jobs = []
if event["payload"]["first"]:
    jobs.append(asyncio.create_task(process(2)))
if jobs:
    await asyncio.gather(*jobs)
await process(3)
"""
    assert flagged_in_run("SG207", _PROCESS + body) == []
