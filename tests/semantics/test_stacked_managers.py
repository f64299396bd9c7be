"""Exit stacks: managers that they enter, and callbacks."""

from __future__ import annotations

import pytest

from tests.semantics.contexts import graph_of, notes_of
from tests.semantics.notation import text


@pytest.mark.parametrize(
    "entering",
    ["await stack.enter_async_context(lock(step))", "inner = await stack.enter_async_context(lock(step))"],
)
def test_a_stack_enters_a_generator(entering: str) -> None:
    assert graph_of(f"""
        async with AsyncExitStack() as stack:
            {entering}
            await step.sleep("body", 1)
    """) == text("""
        sleep 'acquire' 1
        try
          sleep 'body' 1
        finally
          sleep 'release' 1
    """)


def test_a_stack_enters_an_object() -> None:
    assert graph_of("""
        async with contextlib.AsyncExitStack() as stack:
            await step.sleep("before", 1)
            session = await stack.enter_async_context(Session(step))
            await session.step.sleep("body", 1)
        await step.sleep("after", 1)
    """) == text("""
        sleep 'before' 1
        call __aenter__
        try
          sleep 'body' 1
        finally
          call __aexit__
        sleep 'after' 1
    """)


def test_a_stack_leaves_in_reverse_order() -> None:
    assert graph_of("""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(lock(step))
            stack.push_async_callback(self.undo, step)
            await step.sleep("body", 1)
    """) == text("""
        sleep 'acquire' 1
        try
          try
            sleep 'body' 1
          finally
            call undo
        finally
          sleep 'release' 1
    """)


def test_a_stack_exits_a_manager_it_has_not_entered() -> None:
    assert graph_of("""
        async with AsyncExitStack() as stack:
            await step.sleep("before", 1)
            stack.push_async_exit(Session(step))
            await step.sleep("body", 1)
    """) == text("""
        sleep 'before' 1
        try
          sleep 'body' 1
        finally
          call __aexit__
    """)


def test_a_stack_enters_a_manager_that_swallows() -> None:
    assert graph_of("""
        with ExitStack() as stack:
            stack.enter_context(Swallow())
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
    """) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


def test_a_stack_callback_starts_a_sleep() -> None:
    assert (
        graph_of("""
        with ExitStack() as stack:
            stack.callback(print, "over")
            await step.sleep("a", 1)
    """)
        == "sleep 'a' 1"
    )


@pytest.mark.parametrize(
    "use",
    [
        "for x in event:\n        entering = stack.enter_async_context(lock(step))\n        await entering",
        "for x in event:\n        entering = stack.enter_async_context(Session(step))\n        await entering",
        "stack.push_async_exit(lock(step))",
        "stack.push_async_callback(self.undo, step)\n    rest = stack.pop_all()",
        "await enter(stack, swallow(step))",
    ],
)
def test_other_uses_of_a_stack_are_reported(use: str) -> None:
    head = (
        "async def enter(stack, manager):\n    await stack.enter_async_context(manager)\n\n"
        "@asynccontextmanager\nasync def swallow(step):\n    await step.sleep('s', 1)\n"
        "    try:\n        yield\n    except ValueError:\n        pass\n"
    )
    assert notes_of(f'async with AsyncExitStack() as stack:\n    {use}\n    await step.sleep("a", 1)', head)


@pytest.mark.slow
def test_a_stack_that_is_closed_by_hand_is_reported() -> None:
    assert notes_of("""
        stack = AsyncExitStack()
        await stack.enter_async_context(Session(step))
        await step.sleep("a", 1)
        await stack.aclose()
    """)
