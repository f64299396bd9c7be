"""Jumps out of the block of a generator-based context manager, which run after the code that follows its `yield`."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

TRANSACTION = """
@contextlib.asynccontextmanager
async def transaction():
    try:
        yield
    except Exception:
        await d()
        raise
    else:
        await b()
    finally:
        await c()
"""
COMMIT = """
@contextlib.asynccontextmanager
async def transaction():
    yield
    await b()
"""


def function(block: str, after: str = "", manager: str = COMMIT) -> str:
    """Return a body that calls a function with a block in a transaction."""
    block = textwrap.indent(textwrap.dedent(block).strip(), " " * 8)
    return f"{manager}\nasync def go():\n    async with transaction():\n{block}\n    {after}\n\nawait go()\n"


def test_a_return_runs_the_else_clause_around_the_yield() -> None:
    assert graph_of(function("return await a()", manager=TRANSACTION)) == text("""
        call go
        def go
          try
            a
            b
          catch
            d
          finally
            c
    """)


def test_a_return_on_some_paths() -> None:
    assert graph_of(function("await a()\nif event:\n    return", "await c()")) == text("""
        call go
        def go
          a
          b
          if event
            return
          c
    """)


def test_jumps_of_a_loop() -> None:
    body = """
        for x in event:
            async with transaction():
                await a()
                if x:
                    continue
                break
    """
    assert graph_of(COMMIT + textwrap.dedent(body)) == text("""
        loop
          a
          b
          if x
          else
            break
    """)


def test_a_manager_that_swallows_an_error_does_not_return() -> None:
    manager = COMMIT.replace("    yield\n", "    try:\n        yield\n    except Exception:\n        pass\n")
    assert graph_of(function("return await a()", "await c()", manager)) == text("""
        call go
        def go
          try
            a
          catch
          b
          if no exception
            return
          c
    """)


def test_jumps_of_two_managers() -> None:
    block = "async with transaction():\n    return await a()"
    assert graph_of(function(block)) == text("""
        call go
        def go
          a
          b
          b
    """)


def test_a_return_out_of_a_loop_in_the_block_is_reported() -> None:
    notes = workflow_of(function("for x in event:\n    await a()\n    return x")).notes
    assert [note.code for note in notes] == ["context-manager"]


@pytest.mark.parametrize(
    ("block", "graph"),
    [
        ("for x in event:\n    await a()\n    break", "call go\ndef go\n  loop\n    a\n    break\n  b"),
        ("await a()", "call go\ndef go\n  a\n  b"),
        ("raise ValueError", "no graph"),
    ],
)
def test_blocks_without_jumps_need_no_note(block: str, graph: str) -> None:
    workflow = workflow_of(function(block))
    assert workflow.complete
    assert notation(workflow.graph) == graph


def test_a_finally_block_before_the_exit_keeps_its_changes() -> None:
    body = """
        class Job: act = None
        job = Job()
        job.act = a

        @contextlib.contextmanager
        def transaction():
            yield
            job.last = job.act

        def go():
            with transaction():
                try:
                    return 1
                finally:
                    job.act = b

        go()
        await job.last()
    """
    assert "b" in graph_of(body).split()
