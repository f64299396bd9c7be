"""`except*` clauses."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_handlers_of_an_exception_group_are_separate_branches() -> None:
    assert graph_of("""
        try:
            await a()
        except* KeyError:
            await b()
        except* OSError:
            await c()
    """) == text("""
        try
          a
        catch
          if KeyError
            b
          if OSError
            c
    """)


def test_a_clause_runs_after_an_earlier_clause_raises() -> None:
    assert graph_of("""
        try:
            await a()
        except* KeyError:
            if x:
                raise ValueError
            await b()
        except* OSError:
            await c()
        await d()
    """) == text("""
        try
          a
        catch
          try
            if KeyError
              if x
                return
              b
          finally
            if OSError
              c
        d
    """)


def test_a_clause_runs_after_a_step_of_an_earlier_clause_fails() -> None:
    assert graph_of("""
        try:
            try:
                await a()
            except* KeyError:
                await b()
            except* OSError:
                await c()
        except Exception:
            await d()
    """) == text("""
        try
          try
            a
          catch
            try
              if KeyError
                b
            finally
              if OSError
                c
        catch
          d
    """)


def test_a_clause_runs_after_a_raise_in_an_earlier_clause() -> None:
    graph = graph_of("""
        async def check():
            await b()
            if x:
                raise ValueError

        try:
            await a()
        except* KeyError:
            await check()
        except* OSError:
            await c()
    """)
    assert graph.startswith(
        text("""
        try
          a
        catch
          try
            if KeyError
              call check
          finally
            if OSError
              c
    """)
    )


def test_a_clause_sees_the_changes_before_an_earlier_raise() -> None:
    assert graph_of("""
        act = b
        try:
            await a()
        except* KeyError:
            if x:
                act = c
                raise ValueError
        except* OSError:
            await act()
    """) == text("""
        try
          a
        catch
          if OSError
            switch act
            | case b
              b
            | case c
              c
    """)


def test_a_clause_catches_members_of_a_raised_group() -> None:
    """The members of the group may have any types, so the clause may catch some of them."""
    assert graph_of("""
        try:
            await a()
            if x:
                raise ExceptionGroup("invalid", [ValueError(x)])
            await b()
        except* ValueError:
            await c()
        await d()
    """) == text("""
        try
          a
          if x
          else
            b
        catch
          if ValueError
            c
        d
    """)


def test_a_plain_handler_does_not_catch_members_of_a_raised_group() -> None:
    assert graph_of("""
        try:
            await a()
            if x:
                raise ExceptionGroup("invalid", [ValueError(x)])
            await b()
        except ValueError:
            await c()
    """) == text("""
        try
          a
          if x
            return
          b
        catch
          switch exception
          | case ValueError
            c
          | default
            return
    """)


IN_TASK_GROUP = """
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(a())
            if x:
                raise ValueError
            await b()
    {handler}:
        await c()
"""
CAUGHT = """
    try
      parallel all
        a [1>3]
        if x
        else
          b [1>2]
"""
NOT_CAUGHT = """
    try
      parallel all
        a [1>3]
        if x
          return
        b [1>2]
"""


@pytest.mark.parametrize(
    ("handler", "try_block"),
    [
        ("except ExceptionGroup", CAUGHT),
        ("except Exception", CAUGHT),
        ("except ValueError", NOT_CAUGHT),
        ("except* ValueError", CAUGHT),
        ("except* KeyError", NOT_CAUGHT),
    ],
)
def test_a_task_group_wraps_an_error_of_its_block_in_a_group(handler: str, try_block: str) -> None:
    graph = graph_of(IN_TASK_GROUP.format(handler=handler))
    assert graph[: graph.index("catch")].rstrip() == text(try_block)


def test_a_handler_in_a_task_group_catches_the_error_itself() -> None:
    assert graph_of("""
        async with asyncio.TaskGroup() as group:
            group.create_task(a())
            try:
                if x:
                    raise ValueError
                await b()
            except ExceptionGroup:
                await c()
    """) == text("""
        parallel all
          a [1>3]
          try
            if x
              return
            b [1>2]
          catch
            switch exception
            | case ExceptionGroup
              c [1>2]
            | default
              return
    """)
