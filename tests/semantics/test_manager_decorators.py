"""Context managers as decorators, which surround each call of the decorated function."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

OBJECT = """
class Timed(contextlib.AsyncContextDecorator):
    async def __aenter__(self):
        {enter}
    async def __aexit__(self, *error):
        {leave}
"""
GENERATOR = """
@contextlib.{kind}contextmanager
{a}def Timed():
    {enter}
    {around}
"""
USE = """
@Timed()
async def go():
    await a()

await go()
"""
ANY_ERROR = """\
try
    a
  catch
    switch exception
    | case ValueError
    | default
      return"""
TRY = "try:\n        yield\n    except ValueError:\n        pass"


@pytest.mark.parametrize(
    "manager",
    [
        OBJECT.format(enter="log()", leave="return False"),
        GENERATOR.format(kind="async", a="async ", enter="log()", around="yield"),
        GENERATOR.format(kind="", a="", enter="log()", around="yield"),
        GENERATOR.format(kind="", a="", enter="log()", around=TRY),
    ],
    ids=["object", "async generator", "generator", "generator left before the coroutine begins"],
)
def test_a_manager_without_steps_leaves_the_function_as_it_is(manager: str) -> None:
    assert workflow_of(manager + USE).complete
    assert graph_of(manager + USE) == text("""
        call go
        def go
          a
    """)


@pytest.mark.parametrize(
    ("manager", "body"),
    [
        (OBJECT.format(enter="await b()", leave="return False"), "call __aenter__\n  a"),
        (OBJECT.format(enter="log()", leave="await b()"), "try\n    a\n  finally\n    call __aexit__"),
        (OBJECT.format(enter="log()", leave="return True"), "try\n    a\n  catch"),
        (GENERATOR.format(kind="async", a="async ", enter="await b()", around="yield"), "b\n  a"),
        (GENERATOR.format(kind="async", a="async ", enter="log()", around=TRY), ANY_ERROR),
    ],
)
def test_a_manager_surrounds_each_call_of_the_function(manager: str, body: str) -> None:
    workflow = workflow_of(manager + USE)
    assert workflow.complete
    assert notation(workflow.graph).split("def ")[1].rstrip() == f"go\n  {body}"


def test_managers_surround_a_function_in_decorator_order() -> None:
    assert graph_of("""
        @contextlib.asynccontextmanager
        async def inside(action):
            try:
                yield
            finally:
                await action()

        @inside(c)
        @inside(b)
        async def go():
            await a()

        await go()
        await go()
    """) == text("""
        call go
        call go
        def go
          try
            try
              a
            finally
              b
          finally
            c
    """)


def test_a_manager_around_an_async_generator_is_reported() -> None:
    manager = GENERATOR.format(kind="async", a="async ", enter="await b()", around="yield")
    body = f"{manager}\n@Timed()\nasync def go():\n    await a()\n    yield 1\n\nasync for x in go():\n    await c()"
    assert "unknown-decorator" in [note.code for note in workflow_of(body).notes]


def test_a_manager_that_exits_before_the_coroutine_begins() -> None:
    assert graph_of("""
        started = []

        @contextlib.contextmanager
        def hooked():
            yield
            started.append(asyncio.create_task(b()))

        @hooked()
        async def go():
            await a()

        await go()
        await started[0]
    """) == text("""
        parallel all
          b [1>3]
          call go [1>2]
        def go
          a
    """)


def test_async_manager_around_a_plain_one_is_reported() -> None:
    manager = GENERATOR.format(kind="async", a="async ", enter="await b()", around="yield")
    body = f"""{manager}
@contextlib.contextmanager
def inner():
    yield

@Timed()
@inner()
async def go():
    await a()

await go()
"""
    assert [note.code for note in workflow_of(body).notes] == ["unknown-decorator"]
