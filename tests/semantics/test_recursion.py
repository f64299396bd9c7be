"""Functions, lambdas and generators that call themselves."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, notation, text, workflow_of


def test_recursion_is_a_call_like_any_other() -> None:
    assert graph_of("""
        async def even(n):
            await a()
            await odd(n - 1)

        async def odd(n):
            if n:
                await even(n - 1)

        await odd(3)
    """) == text("""
        call odd
        def odd
          if n
            call even
        def even
          a
          call odd
    """)


def test_mutually_recursive_functions_without_steps_are_omitted() -> None:
    assert (
        graph_of("""
        async def one():
            await two()

        async def two():
            await one()

        await one()
        await a()
    """)
        == "a"
    )


def test_call_of_itself_before_another_recursion() -> None:
    """`two`, which calls itself too, runs the first step of the recursion."""
    assert graph_of("""
        async def one(n):
            if n:
                await one(n)
            await two(n)

        async def two(n):
            await a()
            if n == 1:
                await one(n)
            elif n:
                await two(n)

        await one(3)
    """) == text("""
        call one
        def one
          if n
            call one
          call two
        def two
          a
          if n == 1
            call one
          if n
            call two
    """)


def test_a_function_that_walks_down_the_payload_calls_itself() -> None:
    assert graph_of("""
        async def walk(part):
            await a()
            for child in part["children"]:
                await walk(child)

        await walk(event["payload"])
    """) == text("""
        call walk
        def walk
          a
          loop
            call walk
    """)


def test_a_function_that_calls_itself_with_ever_more_is_reported() -> None:
    workflow = workflow_of("""
        async def again(fn):
            await fn()
            await again(functools.partial(again, fn))

        await again(a)
    """)
    assert [note.code for note in workflow.notes] == ["too-many-variants"]
    assert not workflow.complete


def test_a_list_that_contains_itself_is_an_argument() -> None:
    assert graph_of("""
        async def function(steps):
            await a()

        steps = [[[[[[a]]]]]]
        steps.append(steps)
        await function(steps)
    """) == text("""
        call function
        def function
          a
    """)


def test_a_recursive_function_over_the_payload_calls_itself() -> None:
    assert graph_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await walk(event["payload"], step)

        async def walk(part, step):
            await step.sleep("x", 1)
            await walk(part["next"], step)
    """) == text("""
        call walk
        def walk
          sleep 'x' 1
          call walk
    """)


def test_a_function_over_the_limit_of_reads_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.interpreter.summaries.MAX_INTERPRETED_BODIES", 4)
    workflow = workflow_of("""
        async def call(fn):
            await fn()

        await call(a)
        await call(b)
        await call(c)
    """)
    assert [line for line in notation(workflow.graph).splitlines() if line.startswith("call")] == [
        "call call(a)",
        "call call(b)",
        "call call(b)",
    ]
    assert "too-many-variants" in [note.code for note in workflow.notes]


@pytest.mark.parametrize(
    "helpers",
    [
        "async def walk(node):\n    for child in node['children']:\n        await walk(child)",
        """
async def walk(n):
    return n == 0 or await odd(n - 1)
async def odd(n):
    return n != 0 and await walk(n - 1)
""",
    ],
)
def test_recursion_without_steps_runs_none(helpers: str) -> None:
    body = helpers + "\nfor one in [await walk(event)]:\n    await a()"
    assert workflow_of(body).complete
    assert graph_of(body) == graph_of("for one in [event]:\n    await a()")


def test_recursive_generator_without_steps() -> None:
    body = """
    def walk(tree):
        yield tree
        for child in tree["children"]:
            yield from walk(child)
    for one in walk(event):
        await a()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == "loop\n  a"


def test_recursion_that_starts_before_its_steps() -> None:
    body = """
    async def down(n):
        if n:
            await up(n - 1)
    async def up(n):
        if n:
            await down(n - 1)
        await a()
    await down(5)
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        call down
        def down
          if n
            call up
        def up
          if n
            call down
          a
    """)


RECURSIVE_STEP = """\
@step.do("x")
async def x():
    if event["payload"]:
        await x()

"""


def test_a_step_that_its_body_runs_again_calls_its_function() -> None:
    assert graph_of(f"{RECURSIVE_STEP}await x()") == text("""
        x
          if event["payload"]
            x
              call x
        def x
          if event["payload"]
            x
              call x
    """)
