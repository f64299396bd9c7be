"""Collections to which concurrent tasks, or calls in loops, append functions."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize(
    "element",
    ["(name, undo)", "[undo]", "{'undo': undo}", "lambda: undo()", "functools.partial(undo)"],
    ids=["tuple", "list", "dict", "lambda", "partial"],
)
def test_concurrent_calls_append_to_one_list(element: str) -> None:
    assert graph_of(f"""
        undone = []

        async def book(name, undo):
            await a()
            undone.append({element})

        await asyncio.gather(book("car", b), book("hotel", b), *(book(x, b) for x in event["payload"]))
        await d()
    """) == text("""
        parallel all
          call book [1>2]
          call book [1>2]
          loop
            call book [1>2]
        d
        def book
          a
    """)


def test_loop_over_elements_of_concurrent_calls() -> None:
    assert graph_of("""
        undone = []

        async def book(undo):
            await a()
            undone.append((1, undo))

        await asyncio.gather(book(b), book(b))
        for _, undo in undone:
            await undo()
    """) == text("""
        parallel all
          call book [1>2]
          call book [1>2]
        loop
          b
        def book
          a
    """)


def test_an_appended_closure_reads_names_of_the_task() -> None:
    assert graph_of("""
        plan = a
        undone = []

        async def book():
            async def cancel():
                await step.sleep("cancel", 1)

            await plan()
            undone.append(lambda: cancel())

        task = asyncio.create_task(book())
        await c()
        undone = []
        plan = b
        await d()
        await task
        for undo in undone:
            await undo()
    """) == text("""
        parallel all
          call book [1>4]
          c [1>2]
          d [2>3]
        loop
          call cancel
        def book
          switch plan
          | case b
            b
          | case a
            a
        def cancel
          sleep 'cancel' 1
    """)


@pytest.mark.parametrize(
    ("element", "call"),
    [("lambda: undo()", "undo()"), ("(1, undo)", "undo[1]()"), ("{'undo': undo}", "undo['undo']()")],
    ids=["lambda", "tuple", "dict"],
)
def test_calls_in_two_loops_append_different_functions(element: str, call: str) -> None:
    graph = graph_of(f"""
        undone = []

        def book(undo):
            undone.append({element})

        for x in xs:
            book(a)
        for x in xs:
            book(b)
        for undo in undone:
            await {call}
    """)
    assert [line.strip() for line in graph.splitlines() if line.strip() in ("a", "b")] == ["a", "b"]


def test_concurrent_calls_append_closures_of_recursive_scopes() -> None:
    assert graph_of("""
        undone = []

        async def book(undo):
            async def again():
                await again()

            undone.append(lambda: undo())

        await asyncio.gather(book(a), *(book(a) for x in xs))
        await b()
    """) == text("""
        b
    """)
