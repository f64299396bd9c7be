"""Context managers: classes of the project, generators, exit stacks and unknown managers."""

from __future__ import annotations

import pytest

from tests.semantics.contexts import graph_of, notes_of
from tests.semantics.notation import text


def test_the_exit_of_a_block_without_steps() -> None:
    assert graph_of("""
        async with Session(step):
            await notify()
    """) == text("""
        call __aenter__
        finally
          call __aexit__
    """)


def test_both_exits_of_two_managers_without_steps() -> None:
    assert graph_of("""
        async with Session(step), Guard(step):
            await notify()
    """) == text("""
        call __aenter__
        try
          finally
            call Guard.__aexit__
        finally
          call Session.__aexit__
    """)


@pytest.mark.parametrize("body", ["pass", "return", "raise ValueError", "print(1)", "x = 1"])
def test_an_exit_runs_however_its_block_ends(body: str) -> None:
    assert graph_of(f"""
        async with Guard(step):
            {body}
    """) == text("""
        finally
          call __aexit__
    """)


def test_a_return_in_a_block_skips_steps_after_its_exit() -> None:
    assert graph_of("""
        async with Guard(step):
            if event:
                return
        await step.sleep("after", 1)
    """) == text("""
        try
          if event
            return
        finally
          call __aexit__
        sleep 'after' 1
    """)


@pytest.mark.slow
def test_a_block_that_returns_is_followed_by_nothing() -> None:
    assert graph_of("""
        async with Guard(step) if event else Guard(step):
            return
        await step.sleep("after", 1)
    """) == text("""
        finally
          if event
            call __aexit__
          else
            call __aexit__
    """)


def test_an_exit_in_a_loop_that_its_block_leaves() -> None:
    assert graph_of("""
        for item in event:
            async with Guard(step):
                if item:
                    break
            await step.sleep("next", 1)
    """) == text("""
        loop
          try
            if item
              break
          finally
            call __aexit__
          sleep 'next' 1
    """)


def test_an_exit_reads_assignments_of_its_block() -> None:
    assert graph_of(
        """
        async with Holder() as holder:
            holder.last, holder.step = self.undo, step
            if event:
                return
            holder.last = None
        """,
        """
        class Holder:
            last = None
            async def __aenter__(self):
                return self
            async def __aexit__(self, *error):
                if self.last:
                    await self.last(self.step)
        """,
    ) == text("""
        finally
          call __aexit__
    """)


BOTH = """
    class Both:
        def __init__(self, step):
            self.step = step
        def __enter__(self):
            return self
        def __exit__(self, *error):
            pass
        async def __aenter__(self):
            await self.step.sleep("open", 1)
            return self
        async def __aexit__(self, *error):
            await self.step.sleep("close", 1)
"""


def test_a_plain_with_runs_no_asynchronous_methods() -> None:
    body = 'with Both(step):\n    await step.sleep("body", 1)'
    assert graph_of(body, BOTH) == "sleep 'body' 1"


def test_an_async_with_runs_no_plain_methods() -> None:
    body = 'async with Both(step):\n    await step.sleep("body", 1)'
    assert graph_of(body, BOTH) == text("""
        call __aenter__
        try
          sleep 'body' 1
        finally
          call __aexit__
    """)


def test_the_result_of_enter_is_bound() -> None:
    body = "with Opener() as opened:\n    await opened(self, step)"
    head = """
        class Opener:
            def __enter__(self):
                return W.undo
            def __exit__(self, *error):
                pass
    """
    assert graph_of(body, head) == "call undo"


def test_a_manager_with_an_inherited_enter_is_bound_itself() -> None:
    body = "with Opener() as opened:\n    await opened.go(step)"
    head = """
        class Opener(contextlib.AbstractContextManager):
            async def go(self, step):
                await step.sleep("go", 1)
            def __exit__(self, *error):
                pass
    """
    assert graph_of(body, head) == "call go"


def test_a_generator_that_returns_after_a_yield() -> None:
    head = """
        @asynccontextmanager
        async def lease(step):
            if await step.do("try")(lambda: 1)() is None:
                yield False
                return
            yield True
            await step.sleep("release", 1)
    """
    assert graph_of(
        """
        async with lease(step) as leased:
            if not leased:
                return
            await step.sleep("work", 1)
        await step.sleep("end", 1)
        """,
        head,
    ) == text("""
        try
        if await step.do("try")(lambda: 1)() is None
          if not leased
          else
            sleep 'work' 1
        else
          if not leased
          else
            sleep 'work' 1
          sleep 'release' 1
        if not leased
          return
        sleep 'end' 1
    """)


@pytest.mark.parametrize("end", ["\n        return\n    yield second", "\n    else:\n        yield second"])
def test_a_generator_that_yields_one_of_two_functions(end: str) -> None:
    head = f"""
@contextmanager
def choose(first, second):
    if first.is_enabled:
        yield first{end}
"""
    assert graph_of("with choose(self.undo, self.redo) as chosen:\n    await chosen(step)", head) == text("""
        switch choose(self.undo, self.redo)
        | case undo
          call undo
        | case redo
          call redo
    """)


def test_the_value_of_a_recursive_generator_is_unresolved() -> None:
    head = """
        @contextmanager
        def nested(function, depth):
            if depth:
                with nested(function, depth - 1) as inner:
                    yield inner
            else:
                yield function
    """
    assert "unresolved-call" in notes_of("with nested(self.undo, event) as function:\n    await function()", head)


@pytest.mark.parametrize("leaving", ["break", "continue"])
def test_a_block_leaves_a_generator_that_ends_at_its_yield(leaving: str) -> None:
    head = """
        @asynccontextmanager
        async def compensated(step):
            try:
                yield
            except Exception:
                await step.sleep("undo", 1)
    """
    graph = graph_of(
        f"""
        for item in event:
            async with compensated(step):
                await step.sleep("a", 1)
                if item:
                    {leaving}
                await step.sleep("b", 1)
        """,
        head,
    )
    assert graph.startswith("loop\n  try\n    sleep 'a' 1")
    assert graph.endswith("  catch\n    sleep 'undo' 1")


@pytest.mark.parametrize("manager", ["Raises(ValueError)", "self.assertRaises(ValueError)", "event.expected"])
def test_code_after_an_unknown_manager_is_reached(manager: str) -> None:
    head = "from somewhere import Raises"
    assert graph_of(
        f"""
        with {manager}:
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


def test_an_unknown_manager_is_its_block() -> None:
    head = "from tracing import span"
    assert graph_of(
        """
        with span("x"):
            await step.sleep("a", 1)
            if event:
                raise ValueError
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        sleep 'a' 1
        if event
          return
        sleep 'c' 1
    """)


@pytest.mark.parametrize("manager", ["self.undo(step)", "getattr(self, event.name)()"])
def test_a_manager_that_is_not_followed_is_reported(manager: str) -> None:
    assert notes_of(f'async with {manager}:\n    await step.sleep("a", 1)')


def test_a_generator_or_another_manager() -> None:
    assert graph_of("""
        async with lock(step) if event else contextlib.nullcontext():
            await step.sleep("body", 1)
        await step.sleep("after", 1)
    """) == text("""
        if event
          sleep 'acquire' 1
          try
            sleep 'body' 1
          finally
            sleep 'release' 1
        else
          sleep 'body' 1
        sleep 'after' 1
    """)


@pytest.mark.parametrize(
    ("manager", "end"), [("nullcontext", ""), ("closing", "call close"), ("aclosing", "call aclose")]
)
def test_managers_of_contextlib_return_their_argument(manager: str, end: str) -> None:
    head = """
        class Jobs:
            def __init__(self, step):
                self.step = step
            async def go(self):
                await self.step.sleep("go", 1)
            def close(self):
                self.step.sleep("close", 1)
            async def aclose(self):
                await self.step.sleep("close", 1)
    """
    kind = "with" if manager == "closing" else "async with"
    graph = graph_of(f"{kind} contextlib.{manager}(Jobs(step)) as jobs:\n    await jobs.go()", head)
    assert graph == (f"try\n  call go\nfinally\n  {end}" if end else "call go")


def test_a_plain_manager_swallows_no_error_of_a_coroutine() -> None:
    head = """
        class Quiet(contextlib.ContextDecorator):
            def __enter__(self):
                return self
            def __exit__(self, *error):
                return True
    """
    body = '@Quiet()\nasync def job():\n    await step.sleep("job", 1)\nawait job()'
    assert graph_of(body, head) == "call job"
    assert notes_of(body, head) == []


def test_a_task_group_whose_tasks_are_created_in_a_loop() -> None:
    assert graph_of("""
        async def one(item):
            await step.sleep("one", 1)

        async with asyncio.TaskGroup() as group:
            for item in event:
                group.create_task(one(item))
        await step.sleep("after", 1)
    """) == text("""
        parallel all
          loop
            call one [1>2]
        sleep 'after' 1
    """)
