"""Results of awaits that lead to steps: results of work without steps, and of futures of several tasks."""

from __future__ import annotations

import pytest

from tests.semantics.notation import FUNCTIONS, codes_of, graph_of, graph_of_module, text, workflow_of

PICK = "async def pick():\n    return a\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "chosen, _ = await asyncio.gather(pick(), b())\nawait chosen()",
        "[chosen] = await asyncio.gather(pick())\nawait b()\nawait chosen()",
        "t = asyncio.create_task(pick())\nawait b()\nawait (await t)()",
        "t = asyncio.create_task(pick())\nawait b()\nawait t\nawait t.result()()",
        "async with asyncio.TaskGroup() as group:\n    t = group.create_task(pick())\nawait b()\nawait t.result()()",
        "chosen = await asyncio.shield(pick())\nawait b()\nawait chosen()",
    ],
)
def test_the_result_of_work_without_steps_is_followed(body: str) -> None:
    assert graph_of(PICK + body) == "b\na"


@pytest.mark.parametrize(
    "body",
    [
        "for chosen in await asyncio.gather(*[pick() for _ in range(n)]): await chosen()",
        "for each in asyncio.as_completed([pick()]):\n    chosen = await each\n    await chosen()",
        "tasks = [asyncio.create_task(pick()) for _ in xs]\nfor t in tasks:\n    do = await t\n    await do()",
        "done, _ = await asyncio.wait([asyncio.create_task(pick())])\nfor t in done: await t.result()()",
    ],
)
def test_results_of_several_tasks_are_followed(body: str) -> None:
    assert graph_of(PICK + body) == text("""
        loop
          a
    """)


def test_the_results_of_different_tasks_are_a_choice() -> None:
    assert graph_of("""
        async def pick(step):
            return step

        done, _ = await asyncio.wait([asyncio.create_task(pick(a)), asyncio.create_task(pick(b))])
        for t in done:
            await t.result()()
    """) == text("""
        loop
          switch t
          | case a
            a
          | case b
            b
    """)


RAISES = """
class Bad(Exception):
    def __init__(self, action):
        self.action = action

async def fail():
    raise Bad(a)

"""


@pytest.mark.parametrize(
    "body",
    [
        "t = asyncio.create_task(fail())\nawait asyncio.wait([t])\nawait t.exception().action()",
        "[error] = await asyncio.gather(fail(), return_exceptions=True)\nawait error.action()",
    ],
)
def test_the_exception_of_a_task_is_followed(body: str) -> None:
    assert graph_of(RAISES + body).split()[-1] == "a"


@pytest.mark.parametrize(
    "handler",
    ["except* Bad as e", "except ExceptionGroup as e", "except BaseExceptionGroup as e", "except Exception as e"],
)
def test_exceptions_of_a_group_are_reported(handler: str) -> None:
    body = f"try:\n    async with asyncio.TaskGroup() as group:\n        group.create_task(fail())\n{handler}:\n    "
    assert not workflow_of(f"{RAISES}{body}await e.exceptions[0].action()").complete


def test_a_group_of_exceptions_that_hold_no_step_is_not_reported() -> None:
    body = "try:\n    async with asyncio.TaskGroup() as group:\n        group.create_task(b())\n"
    assert workflow_of(f"{body}except* ValueError as e:\n    log(e.exceptions)").complete


def test_the_value_of_a_finished_generator_is_reported() -> None:
    workflow = workflow_of("""
        def plan():
            yield 1
            return a

        steps = plan()
        next(steps)
        try:
            next(steps)
        except StopIteration as stop:
            await stop.value()
    """)
    assert not workflow.complete


def test_yield_from_returns_the_value_of_the_generator() -> None:
    assert graph_of("""
        def rest():
            yield a
            return b

        def plan():
            last = yield from rest()
            yield last

        for do in plan():
            await do()
    """) == text("""
        loop
          switch do
          | case a
            a
          | case last
            b
    """)


@pytest.mark.parametrize("call", ["asyncio.to_thread(pick)", "library.run(pick)", "library.run(apick())"])
def test_a_function_that_returns_a_step_escapes(call: str) -> None:
    workflow = workflow_of(f"""
        import library

        def pick():
            return a

        async def apick():
            return a

        chosen = await {call}
        await chosen()
    """)
    assert [note.code for note in workflow.notes] == ["escapes"]


@pytest.mark.parametrize("argument", ["Log()", "Log"])
def test_an_object_of_a_class_with_outer_variables_escapes(argument: str) -> None:
    body = "import library\n\nclass Log:\n    async def write(self, line):\n        {}\n\nlibrary.run({})"
    assert [note.code for note in workflow_of(body.format("await a()", argument)).notes] == ["escapes"]
    assert workflow_of(body.format("print(line)", argument)).complete


OUTCOMES = """
class Outcome:
    def __init__(self, error=None):
        self.error = error

    async def then(self, step):
        await a(step)

class Failure(Outcome):
    async def then(self, step):
        await b(step)

async def attempt(x):
    if x:
        return Outcome()
    return Outcome("error")

async def decide(x):
    return {"one": Outcome(), "two": Failure()}[x]

"""


def test_results_of_one_class_are_no_choice() -> None:
    graph = graph_of_module(
        f"from workers import WorkflowEntrypoint\n{FUNCTIONS}{OUTCOMES}"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        "        outcome = await attempt(event)\n        await outcome.then(step)\n"
    )
    assert graph.splitlines()[:2] == ["call then", "def then"]


def test_a_result_of_several_classes_is_a_switch() -> None:
    graph = graph_of_module(
        f"from workers import WorkflowEntrypoint\n{FUNCTIONS}{OUTCOMES}"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        "        outcome = await decide(event)\n        await outcome.then(step)\n"
    )
    assert graph.splitlines()[:3] == ["switch outcome", '| case "one"', "  call Outcome.then"]


@pytest.mark.parametrize("call", ["a()", "both()"])
def test_a_closed_coroutine_runs_nothing(call: str) -> None:
    both = "async def both():\n    await a()\n    await b()\n"
    close = f"call = {call}\nif x:\n    await call\nelse:\n    call.close()"
    assert codes_of(both + close) == []
