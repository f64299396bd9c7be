"""Generators that other generators iterate over, and the first value of a generator."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, notation, text, workflow_of
from tests.semantics.wrapped_generators import PAGES


def test_a_generator_over_a_generator_is_inlined() -> None:
    assert graph_of(PAGES + "async for number, page in numbered(pages()):\n    await b()") == text("""
        loop
          a
          b
    """)


def test_a_generator_over_one_of_its_function_is_inlined() -> None:
    mapped = """
async def mapped(source, step):
    async for item in source:
        yield await step()

"""
    workflow = workflow_of(f"{PAGES}{mapped}async for item in mapped(mapped(pages(), b), c):\n    await d()")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          a
          b
          c
          d
    """)


def test_a_recursive_generator_is_reported() -> None:
    tree = """
async def tree(node):
    yield await a()
    async for item in tree(node.child):
        yield item

"""
    assert codes_of(f"{tree}async for item in tree(rows):\n    await b()") == ["generator"]


def test_a_generator_that_returns_early_is_inlined() -> None:
    workflow = workflow_of(PAGES + "async for page in limited(pages(), 2):\n    await b()")
    assert workflow.complete


CLOSED_PAGES = """
async def pages():
    await a()
    try:
        while more():
            await b()
            yield 1
    finally:
        await c()

"""


def test_a_finally_of_a_generator_runs_at_the_end_of_the_loop() -> None:
    workflow = workflow_of(CLOSED_PAGES + "async for page in pages():\n    await d()")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        a
        try
          loop
            b
            d
        finally
          c
    """)


def test_a_manager_in_a_generator_exits_at_the_end_of_the_loop() -> None:
    assert graph_of("""
        class Session:
            async def __aenter__(self):
                await a()
            async def __aexit__(self, *error):
                await b()

        async def pages():
            async with Session():
                for row in rows:
                    yield row

        async for page in pages():
            await c()
    """) == text("""
        call __aenter__
        try
          loop
            c
        finally
          call __aexit__
        def __aenter__
          a
        def __aexit__
          b
    """)


@pytest.mark.parametrize(
    "loop",
    [
        "async for page in pages():\n    if page: break",
        "async for page in pages():\n    if page: return",
        "async for page in pages():\n    if page: raise ValueError",
        "try:\n    async for page in pages():\n        await d()\nexcept Exception:\n    pass",
        "async for page in pages():\n    for row in page:\n        if row: return",
    ],
)
def test_leaving_a_generator_with_a_finally_is_reported(loop: str) -> None:
    """Python runs the `finally` when it collects the generator, at an unknown time."""
    assert codes_of(CLOSED_PAGES + loop) == ["generator"]


@pytest.mark.parametrize("end", ["break", "return", "raise ValueError"])
def test_aclosing_runs_the_finally_when_the_loop_is_left(end: str) -> None:
    workflow = workflow_of(
        f"{CLOSED_PAGES}async with contextlib.aclosing(pages()) as found:\n"
        f"    async for page in found:\n        if page: {end}\n        await d()"
    )
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""
        a
        try
          loop
            b
            if page
              {"break" if end == "break" else "return"}
            d
        finally
          c
    """)


def test_aclosing_around_more_than_the_loop_is_reported() -> None:
    loop = "async for page in found:\n        if page: break\n    await d()"
    assert codes_of(f"{CLOSED_PAGES}async with contextlib.aclosing(pages()) as found:\n    {loop}") == ["generator"]


def test_a_finally_without_steps_may_run_at_any_time() -> None:
    workflow = workflow_of("""
        async def pages():
            connection = connect()
            try:
                while more():
                    yield await a()
            finally:
                await connection.close()

        async for page in pages():
            if page: break
            await b()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        try
          loop
            a
            if page
              break
            b
    """)


@pytest.mark.parametrize("manager", ["Session()", "connect()", "opened()"])
def test_a_manager_without_steps_may_exit_at_any_time(manager: str) -> None:
    workflow = workflow_of(f"""
        class Session:
            async def __aenter__(self): ...
            async def __aexit__(self, *error):
                print(error)

        @contextlib.asynccontextmanager
        async def opened():
            yield 1

        async def pages():
            async with {manager}:
                while more():
                    yield await a()

        async for page in pages():
            if page: break
            await b()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          a
          if page
            break
          b
    """)


def test_a_manager_that_replaces_a_step_is_reported() -> None:
    assert codes_of("""
        class Planning:
            def __enter__(self):
                w.plan = a
            def __exit__(self, *error):
                w.plan = c

        w = self
        w.plan = b

        async def pages():
            with Planning():
                while more():
                    yield 1

        async for page in pages():
            if page: break
            await w.plan()
    """) == ["generator"]


def test_a_finally_that_replaces_a_step_is_reported() -> None:
    assert codes_of("""
        self.plan = a

        async def pages():
            try:
                while more():
                    yield await b()
            finally:
                self.plan = c

        async for page in pages():
            if page: break
        await self.plan()
    """) == ["generator"]


def test_a_loop_that_is_left_closes_its_generator() -> None:
    """Python collects a generator that is not async when the loop ends."""
    workflow = workflow_of("""
        self.plan = a

        def stages():
            try:
                yield b
                yield c
            finally:
                self.plan = d

        for stage in stages():
            await stage()
            if stop: break
        await self.plan()
    """)
    assert workflow.complete
    assert notation(workflow.graph).splitlines()[-2:] == ["| case d", "  d"]


def test_a_finally_that_leaves_the_generator_is_reported() -> None:
    """The `return` stops the end of the generator, but no error of the loop body."""
    assert codes_of("""
        async def pages():
            try:
                yield await a()
            finally:
                return

        async for page in pages():
            await b()
    """) == ["generator"]


@pytest.mark.parametrize("take", ["anext(pages())", "anext(aiter(pages()), None)", "anext(numbered(pages()))"])
def test_the_first_value_of_a_loop(take: str) -> None:
    assert graph_of(f"{PAGES}await {take}\nawait b()") == text("""
        loop
          a
          break
        b
    """)


def test_the_first_value_of_a_generator_without_a_loop() -> None:
    assert graph_of(f"{PAGES}await anext(jobs(1))\nawait c()") == "a\nc"


def test_a_function_that_takes_the_first_value() -> None:
    assert graph_of(f"{PAGES}await first(jobs(1))\nawait first(jobs(2))") == text("""
        call first
        call first
        def first
          a
    """)


@pytest.mark.parametrize(
    "body",
    [
        "source = jobs(1)\nawait anext(source)\nawait anext(source)",
        "source = jobs(1)\nawait first(source)\nawait first(source)",
        "sources = [jobs(1)]\nawait drain(sources[0])\nawait drain(sources[0])",
    ],
)
def test_a_generator_that_is_resumed_is_reported(body: str) -> None:
    assert not workflow_of(PAGES + body).complete


RESUMED = """
async def feed():
    cursor = 0
    while cursor is not None:
        page = await a()
        yield page
        cursor = page["next"]

feed_pages = feed()
"""


def test_a_loop_continues_after_the_first_value() -> None:
    body = "first = await anext(feed_pages, None)\nawait b()\nasync for page in feed_pages:\n    await c()"
    workflow = workflow_of(RESUMED + body)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          a
          break
        b
        loop
          a
          c
    """)


def test_a_second_loop_continues_where_the_first_one_ended() -> None:
    body = "async for _ in feed_pages:\n    if await b():\n        break\nasync for _ in feed_pages:\n    await c()"
    assert graph_of(RESUMED + body) == text("""
        loop
          a
          b
          if await b()
            break
        loop
          a
          c
    """)


def test_each_pass_takes_the_next_value() -> None:
    body = "for row in rows:\n    page = await anext(feed_pages)\n    await b()"
    assert graph_of(RESUMED + body) == text("""
        loop
          loop
            a
            break
          b
    """)


@pytest.mark.parametrize(
    "code",
    [
        "    for row in rows:\n        await a()\n        yield row\n        await b()",
        "    await b()\n    for row in rows:\n        await a()\n        yield row",
        "    for row in rows:\n        await a()\n        yield row\n    await b()",
        "    for row in rows:\n        await a()\n        for item in row:\n            yield item",
        "    for row in rows:\n        await a()\n        yield 1\n        await b()\n        yield 2",
        "    for row in rows:\n        await a()\n        yield row\n        async with LOCK:\n            await b()",
    ],
)
def test_other_generators_that_are_resumed_are_reported(code: str) -> None:
    body = "source = feed()\nawait anext(source, None)\nasync for _ in source: ..."
    assert not workflow_of(f"LOCK = asyncio.Lock()\nasync def feed():\n{code}\n\n{body}").complete


def test_resumed_generator_of_its_own_objects_is_reported() -> None:
    feed = "async def feed():\n    kept = [a]\n    for _ in range(3):\n        await c()\n        yield kept\n\n"
    first, second = (
        "async for item in source:\n    item[0] = b\n    break",
        "async for item in source:\n    await item[0]()",
    )
    assert not workflow_of(f"{feed}source = feed()\n{first}\n{second}").complete
