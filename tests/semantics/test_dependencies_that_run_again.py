"""Steps that run once for each concurrent call, and dependencies that run while another step waits for them."""

from __future__ import annotations

import pytest

from tests.semantics.notation import (
    dependent_workflow_of,
    notation,
    text,
)


@pytest.mark.parametrize(
    ("steps", "body", "twice"),
    [
        ("z a(z) b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", ["a"]),
        ("z a(z) b(a) c(a)", "t = asyncio.create_task(b())\nawait c()\nawait t", ["a"]),
        ("z a(z) b(a) c(a)", "t = asyncio.create_task(b())\nu = asyncio.create_task(c())\nawait t\nawait u", ["a"]),
        ("*a(ctx) b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", ["a"]),
        ("z a(z) c(a) d", "t = asyncio.create_task(a())\nawait asyncio.gather(c(), d())\nawait t", ["a"]),
        ("z a(z) c(a) d", "t = asyncio.create_task(a())\nawait d()\nawait c()\nawait t", ["a"]),
        ("z a(z) *b(a) d", "t = asyncio.create_task(b())\nawait d()\nawait b()\nawait t", ["a"]),
        ("z a(z) b(z, a)", "if x:\n    await z()\nt = asyncio.create_task(a())\nawait b()\nawait t", ["a"]),
        # The step has started when the task needs it: no dependency is pending, or it is the first to continue.
        ("a b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", []),
        ("z a(z) b(a)", "await z()\nt = asyncio.create_task(b())\nawait a()\nawait t", []),
        ("z a(z) c(a) d", "await z()\nt = asyncio.create_task(a())\nawait d()\nawait c()\nawait t", []),
        ("z a(z) *b(a) d", "await z()\nt = asyncio.create_task(b())\nawait d()\nawait b()\nawait t", []),
        ("z a(z) *b(a) d", "t = asyncio.create_task(b())\nawait d()\nawait t\nawait b()", []),
        ("z a(z) b(z, a)", "t = asyncio.create_task(b())\nawait a()\nawait t", []),
        # Only one of them is called.
        (
            "z a(z) b(a) c(a) d",
            "if x:\n    t = asyncio.create_task(b())\nelse:\n    t = asyncio.create_task(c())\nawait d()\nawait t",
            [],
        ),
    ],
)
def test_a_step_needed_by_a_task_before_its_start_runs_twice(steps: str, body: str, twice: list[str]) -> None:
    notes = dependent_workflow_of(steps, body).notes
    assert [note.message.split("'")[1] for note in notes if note.code == "dependency-runs-twice"] == twice


ONE = """
async def one(i):
    @step.do(f"load {i}")
    async def load(): ...

    @step.do("check")
    async def check(): ...

    @step.do(f"store {i}")
    async def store(check): ...

    await load()
    await store()

"""


@pytest.mark.parametrize(
    "calls",
    [
        "await asyncio.gather(*[one(i) for i in xs])",
        "await asyncio.gather(one(1), one(2))",
        "task = asyncio.create_task(one(1))\nawait one(2)\nawait task",
        "async def outer(i):\n    await one(i)\n\nawait asyncio.gather(outer(1), outer(2))",
        "for i in xs:\n    tasks.append(asyncio.create_task(one(i)))",
    ],
)
def test_a_dependency_may_be_the_step_of_a_concurrent_call(calls: str) -> None:
    assert notation(dependent_workflow_of("", "tasks = []\n" + ONE + calls).graph).endswith(
        text("""
            def one
              load {i}
              if check has not run
                check
              store {i}
        """)
    )


@pytest.mark.parametrize(
    "calls",
    [
        "for i in xs:\n    await one(i)",
        "await one(1)\nawait one(2)",
        'for i in xs:\n    await asyncio.gather(one(i), step.do("z")(f)())',
        "await asyncio.gather(one(1), asyncio.sleep(1))",
    ],
)
def test_calls_that_do_not_overlap_have_steps_of_their_own(calls: str) -> None:
    assert notation(dependent_workflow_of("", ONE + calls).graph).endswith(
        text("""
            def one
              load {i}
              check
              store {i}
        """)
    )


def test_a_step_of_the_first_call_is_its_dependency() -> None:
    body = ONE.replace("    await load()\n", "") + "await asyncio.gather(one(1), one(2))"
    assert notation(dependent_workflow_of("", body).graph) == text("""
        parallel all
          call one [1>2]
          call one [1>2]
        def one
          check
          store {i}
    """)


_HELPERS = "async def first():\n    await b()\n\nasync def second():\n    await c()\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(first(), second())",
        "await asyncio.gather(d(), second())",
        "await asyncio.gather(first(), c())",
        "await asyncio.gather(second(), second())",
        "task = asyncio.create_task(first())\nawait step.sleep('wait', 1)\nawait c()\nawait task",
        "async def outer():\n    await second()\nawait asyncio.gather(first(), outer())",
    ],
)
def test_a_step_that_functions_need_while_it_waits_runs_twice(body: str) -> None:
    workflow = dependent_workflow_of("a b(a) c(b) d(b)", _HELPERS + body)
    assert [note.code for note in workflow.notes] == ["dependency-runs-twice"]


@pytest.mark.parametrize(
    "body",
    [
        "await a()\nawait asyncio.gather(first(), second())",
        "await b()\nawait asyncio.gather(first(), second())",
        "await b()\nawait asyncio.gather(second(), second())",
        "task = asyncio.create_task(first())\nawait task\nawait c()",
        "await first()\nawait asyncio.gather(second(), d())",
    ],
)
def test_a_step_whose_dependencies_have_run_runs_once(body: str) -> None:
    assert dependent_workflow_of("a b(a) c(b) d(b)", _HELPERS + body).notes == ()


@pytest.mark.parametrize(
    ("members", "notes"),
    [
        ("step.sleep('n', 1), d(), d()", ["dependency-runs-twice"]),
        ("step.wait_for_event('e', 'e'), asyncio.shield(d()), d()", ["dependency-runs-twice"]),
        ("step.sleep('n', 1), d()", []),
        ("step.sleep('n', 1), c(), c()", []),
    ],
)
def test_a_step_that_members_of_a_promise_need_while_it_waits(members: str, notes: list[str]) -> None:
    workflow = dependent_workflow_of(
        "a b c(a) d(a, e) e(a, b)",
        f"from js import Promise\nfrom pyodide.ffi import to_js\nawait Promise.all(to_js([{members}]))",
    )
    assert [note.code for note in workflow.notes if note.code != "lost-step"] == notes
