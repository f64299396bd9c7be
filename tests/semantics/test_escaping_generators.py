"""Generators that escape, that generate pages, or that are left early."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text, workflow_of

GENERATOR = """
async def pages():
    yield await a()
    yield await b()
"""


# Steps without a declaration that a `lost-step` note could report.
NAPS = """
async def pages():
    yield await step.sleep("one", 1)
    yield await step.sleep("two", 1)
"""


MANAGER = """
@contextlib.asynccontextmanager
async def lock():
    await step.sleep("lock", 1)
    yield
"""


@pytest.mark.parametrize(
    "use",
    [
        "g = pages()\nawait anext(g)\nawait anext(g)",
        "await pages().__anext__()",
        "g = pages()\nawait g.asend(None)",
        "g = pages()\nawait g.athrow(ValueError)",
        "await plugin(pages())",
        "await plugin(source=pages())",
        "await plugin([pages()])",
        "plugin.source = pages()",
        "plugin['source'] = pages()",
        "feeds = {'a': pages()}\nawait plugin(feeds)",
        "async for x in aiostream.merge(pages(), other()):\n    await c()",
        "first = anext(pages())\nawait first",
        "asyncio.create_task(anext(pages()))",
    ],
)
def test_async_generator_that_escapes(use: str) -> None:
    assert codes_of(NAPS + use)


@pytest.mark.parametrize(
    "use",
    [
        "cm = lock()\nawait cm.__aenter__()",
        "await plugin(lock())",
        "await plugin(cm=lock())",
        "stack = plugin()\nawait stack.use(lock())",
        "holder = [lock()]\nawait holder[0].__aenter__()",
    ],
)
def test_generator_manager_that_escapes(use: str) -> None:
    assert codes_of(MANAGER + use)


@pytest.mark.parametrize("use", ["next(g)", "g.send(None)", "g.throw(ValueError)", "plugin(g)", "list(map(str, g))"])
def test_plain_generator_with_sleeps_that_escapes(use: str) -> None:
    assert codes_of(f"def naps():\n    step.sleep('n', 1)\n    yield 1\n\ng = naps()\n{use}")


def test_generator_that_is_not_made_runs_nothing() -> None:
    assert codes_of(NAPS + "await a()") == []


@pytest.mark.parametrize("use", ["pages()", "g = pages()", "g = pages()\nawait g.aclose()", "[pages() for x in xs]"])
def test_generator_that_nothing_iterates_over(use: str) -> None:
    assert codes_of(NAPS + use) == ["generator"]


PAGINATION = """
async def pages():
    cursor = None
    while True:
        page = await a()
        yield page
        cursor = page["next"]
        if not cursor:
            {leave}
"""


@pytest.mark.parametrize("leave", ["break", "return"])
def test_pagination(leave: str) -> None:
    assert graph_of(PAGINATION.format(leave=leave) + "async for page in pages():\n    await b()\nawait c()") == text("""
        loop
          a
          b
          if not cursor
            break
        c
    """)


@pytest.mark.parametrize(
    "head",
    [
        "async for page in contextlib.aclosing(pages()):\n    await b()",
        "async with contextlib.aclosing(pages()) as found:\n    async for page in found:\n        await b()",
        "found = pages()\nasync for page in found:\n    await b()",
        "rows = [await b() async for page in pages()]",
        "async for page in pages():\n    if skip(page):\n        continue\n    await b()",
    ],
)
def test_pagination_under_other_loops(head: str) -> None:
    if head.startswith("async for page in contextlib"):
        assert codes_of(PAGINATION.format(leave="return") + head)
        return
    lines = graph_of(PAGINATION.format(leave="return") + head + "\nawait c()").split("\n")
    assert lines[:2] == ["loop", "  a"]
    assert "    if not cursor" not in lines
    assert lines[-1] == "c"
    assert codes_of(PAGINATION.format(leave="return") + head) == []


def test_generator_with_several_yields_is_written_out() -> None:
    assert graph_of(GENERATOR + "async for page in pages():\n    await c()\nawait d()") == text("""
        a
        c
        b
        c
        d
    """)


def test_break_out_of_a_generator_with_one_loop() -> None:
    assert graph_of(
        PAGINATION.format(leave="return") + "async for page in pages():\n    if await b():\n        break\nawait c()"
    ) == text("""
        loop
          a
          b
          if await b()
            break
          if not cursor
            break
        c
    """)


def test_return_from_a_loop_over_a_generator() -> None:
    assert graph_of(
        PAGINATION.format(leave="return") + "async for page in pages():\n    if await b():\n        return\nawait c()"
    ) == text("""
        loop
          a
          b
          if await b()
            return
          if not cursor
            break
        c
    """)


@pytest.mark.parametrize(
    "body",
    [
        # A second loop over a generator continues where the first one ended.
        "g = pages()\nasync for x in g:\n    await c()\nasync for x in g:\n    await d()",
        "g = pages()\nfor row in rows:\n    async for x in g:\n        await c()",
    ],
)
def test_generator_that_is_not_run_to_its_end_is_reported(body: str) -> None:
    assert codes_of(GENERATOR.replace("a()", 'step.sleep("a", 1)') + body)


def test_generator_with_a_cleanup_left_by_a_break_is_reported() -> None:
    assert codes_of("""
        async def pages():
            try:
                while True:
                    yield await a()
            finally:
                await b()

        async for x in pages():
            await c()
            if x:
                break
        await d()
    """)


def test_generator_over_another_generator() -> None:
    assert graph_of("""
        async def pages():
            while True:
                page = await a()
                yield page
                if not page:
                    break

        async def rows():
            async for page in pages():
                for row in page:
                    yield row

        async for row in rows():
            await b()
    """) == text("""
        loop
          a
          loop
            b
          if not page
            break
    """)


@pytest.mark.parametrize(
    "iterable",
    [
        "iter(found)",
        "enumerate(reversed(found))",
        "(row for row in iter(found))",
        "itertools.chain.from_iterable(found)",
    ],
)
def test_an_escaping_generator_that_consumes_its_own_iterator(iterable: str) -> None:
    assert codes_of(f"found = [[await a()] for row in rows]\nplugin(row for row in {iterable})") == []


def test_escaping_generator_consumes_an_iterator_of_other_code() -> None:
    assert codes_of("fns = iter([a, b])\nplugin(fn.__name__ for fn in fns)\nfor fn in fns: await fn()") == ["escapes"]


def test_unmodeled_builtin_is_not_outside_the_project() -> None:
    (note,) = workflow_of(NAPS + "first = anext(pages())\nawait first").notes

    assert note.message == (
        "the generator `pages`, which runs steps, is passed to `anext`, which stepgraph does not model."
    )
