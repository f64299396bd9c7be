"""State after an error in a block, as `finally` blocks, exits and later code read it."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

EITHER_UNDO = """
    switch undo
    | case b
      b
    | case c
      c
"""


CHANGE = "def change():\n    nonlocal undo\n    undo = c\n\n"


@pytest.mark.parametrize(
    "leaving",
    [
        "undo = b\ntry:\n    await a()\n    undo = c\nfinally:\n    await undo()",
        "undo = b\ntry:\n    undo = c\n    await a()\nfinally:\n    await undo()",
        "try:\n    undo = b\n    await a()\n    undo = c\nfinally:\n    await undo()",
        f"{CHANGE}undo = b\ntry:\n    await a()\n    change()\nfinally:\n    await undo()",
        "undo = b\ntry:\n    await a()\n    if x:\n        undo = c\n        undo = d\nfinally:\n    await undo()",
    ],
)
def test_a_finally_block_reads_the_state_after_an_error(leaving: str) -> None:
    lines = graph_of(leaving).split("\n")
    calls = {line.strip() for line in lines[lines.index("finally") :]}
    assert {"b", "c"} <= calls


@pytest.mark.slow
def test_a_finally_block_may_run_before_an_element_is_added() -> None:
    assert graph_of("""
        undo = []
        try:
            await a()
            undo.append(b)
            await c()
        finally:
            for do in undo:
                await do()
    """) == text("""
        try
          a
          c
        finally
          loop
            b
    """)


def test_a_finally_block_may_run_before_an_entry_is_removed() -> None:
    assert graph_of("""
        undo = {"lock": b, "draft": c}
        try:
            await a()
            del undo["draft"]
        finally:
            if "draft" in undo:
                await undo["draft"]()
        await d()
    """) == text("""
        try
          a
        finally
          if "draft" in undo
            c
        d
    """)


def test_after_a_finally_block_names_are_as_without_errors() -> None:
    assert graph_of("""
        then = b
        try:
            await a()
            then = c
        finally:
            await then()
        await then()
    """) == text("""
        try
          a
        finally
          switch then
          | case b
            b
          | case c
            c
        c
    """)


@pytest.mark.parametrize("write", ["then = d", "then = (lambda: d)()", "then = b if x else d"])
def test_writes_of_a_finally_block_persist(write: str) -> None:
    graph = graph_of(f"then = b\ntry:\n    await a()\n    then = c\nfinally:\n    {write}\nawait then()")
    assert "d" in {line.strip() for line in graph.split("\n")[2:]}


def test_a_return_skips_writes_before_the_finally_block() -> None:
    assert graph_of("""
        async def choose():
            nonlocal then
            try:
                await a()
                if x:
                    return
                then = c
            finally:
                await d()

        then = b
        await choose()
        await then()
    """) == text("""
        call choose
        switch then
        | case b
          b
        | case c
          c
        def choose
          try
            a
          finally
            d
    """)


def test_an_error_in_a_handler_leads_to_the_finally_block() -> None:
    assert graph_of("""
        undo = b
        try:
            await a()
        except ValueError:
            await d()
            undo = c
        finally:
            await undo()
    """) == text("""
        try
          a
        catch
          switch exception
          | case ValueError
            d
          | default
            return
        finally
          switch undo
          | case b
            b
          | case c
            c
    """)


EXITS = [
    """
    class Undo:
        async def __aenter__(self): pass
        async def __aexit__(self, *error): await undo()

    async with Undo():
    """,
    """
    class Undo:
        async def __aenter__(self): pass
        async def __aexit__(self, *error):
            await undo()
            return True

    async with Undo():
    """,
    """
    @contextlib.asynccontextmanager
    async def undoing():
        try:
            yield
        finally:
            await undo()

    async with undoing():
    """,
]


@pytest.mark.parametrize("manager", EXITS)
def test_an_exit_method_reads_the_state_after_an_error(manager: str) -> None:
    source = "undo = b\n" + text(manager) + "\n    await a()\n    undo = c\n"
    lines = [line.strip() for line in graph_of(source).split("\n")]
    assert {"b", "c"} <= set(lines)


CHECK = "def check():\n    nonlocal undo\n    undo = c\n    raise ValueError\n\n"
GENERATOR = "@contextlib.asynccontextmanager\nasync def undoing():\n    try: yield\n    {}: await undo()\n\n"
FINALLY = GENERATOR.format("finally")
HANDLER = GENERATOR.format("except ValueError")
OBJECT = "class undoing:\n    async def __aenter__(self): pass\n    async def __aexit__(self, *error): await undo()\n\n"


@pytest.mark.parametrize(
    ("manager", "leaving"),
    [
        (FINALLY, "undo = c; raise ValueError"),
        (HANDLER, "undo = c; raise ValueError"),
        (OBJECT, "undo = c; raise ValueError"),
        (FINALLY, "undo = c; return"),
        (OBJECT, "undo = c; return"),
        (FINALLY, "check()"),
        (HANDLER, "check()"),
        (OBJECT, "check()"),
    ],
)
def test_an_exit_method_reads_the_state_after_a_jump(manager: str, leaving: str) -> None:
    body = f"undo = b\nasync with undoing():\n    await a()\n    if x: {leaving}\n"
    calls = {line.strip() for line in graph_of(CHECK + manager + body).split("\n")}
    assert {"b", "c"} <= calls


def test_a_stack_callback_reads_the_state_after_an_error() -> None:
    assert graph_of("""
        async def finish():
            await undo()

        undo = b
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(finish)
            await a()
            undo = c
    """) == text("""
        try
          a
        finally
          call finish
        def finish
          switch undo
          | case b
            b
          | case c
            c
    """)


@pytest.mark.parametrize(
    "join",
    [
        "await asyncio.gather(first(), d(), return_exceptions=True)",
        "await asyncio.wait([asyncio.create_task(first()), asyncio.create_task(d())])",
        "await asyncio.gather(d(), asyncio.gather(first(), return_exceptions=True))",
    ],
)
def test_code_after_a_failed_member_reads_the_old_value(join: str) -> None:
    graph = graph_of(f"""
        async def first():
            nonlocal then
            await a()
            then = c

        then = b
        {join}
        await then()
    """)
    assert text(EITHER_UNDO).replace("undo", "then") in graph


def test_all_members_have_written_after_a_gather_that_raises() -> None:
    assert graph_of("""
        async def first():
            nonlocal then
            await a()
            then = c

        then = b
        await asyncio.gather(first(), d())
        await then()
    """) == text("""
        parallel all
          call first [1>2]
          d [1>2]
        c
        def first
          a
    """)


def test_a_member_may_write_after_the_first_error() -> None:
    graph = graph_of("""
        async def first():
            nonlocal then
            await a()
            then = c

        then = b
        tasks = [asyncio.create_task(first()), asyncio.create_task(d())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        await then()
    """)
    assert text(EITHER_UNDO).replace("undo", "then") in graph
