"""Dependencies of steps after exceptions and in finally blocks."""

from __future__ import annotations

import pytest

from tests.semantics.notation import (
    dependent_graph_of,
    dependent_workflow_of,
    text,
)


def test_steps_in_a_finally_have_run_after_each_exit() -> None:
    body = """
        async def first():
            try:
                return await c()
            finally:
                await a()

        await first()
        await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        call first
        b
        def first
          try
            c
          finally
            a
    """)


def test_paths_that_have_left_do_not_continue_after_a_finally() -> None:
    assert dependent_graph_of(
        "a b(a) c", "try:\n    if x: return\n    await a()\nfinally:\n    await c()\nawait b()"
    ) == text("""
        try
          if x
            return
          a
        finally
          c
        b
    """)


def test_an_endless_finally_ends_all_paths_through_it() -> None:
    body = """
        for row in rows:
            try:
                if x:
                    break
                await a()
            finally:
                await b()
                return
        await c()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        loop
          try
            if x
              break
            a
          finally
            if a has not run
              a
            b
            return
        c
    """)


@pytest.mark.parametrize("leaving", ["return", "raise ValueError"])
def test_finally_runs_the_dependency_that_an_exit_skips(leaving: str) -> None:
    body = f"""
        try:
            if event["x"]:
                {leaving}
            await a()
        finally:
            await b()
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        try
          if event["x"]
            return
          a
        finally
          if a has not run
            a
          b
    """)


@pytest.mark.parametrize("leaving", ["break", "raise ValueError"])
def test_finally_in_a_loop_runs_a_skipped_dependency(leaving: str) -> None:
    body = f"""
        while True:
            try:
                if event["x"]:
                    {leaving}
                await a()
            finally:
                await b()
    """
    assert dependent_graph_of("a b(a)", body) == text(f"""
        loop
          try
            if event["x"]
              {"break" if leaving == "break" else "return"}
            a
          finally
            if a has not run
              a
            b
    """)


def test_outer_finally_runs_the_dependency_that_a_raise_skips() -> None:
    body = """
        try:
            try:
                if event["x"]:
                    raise ValueError
                await a()
            finally:
                await c()
        finally:
            await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        try
          try
            if event["x"]
              return
            a
          finally
            c
        finally
          if a has not run
            a
          b
    """)


def test_a_finally_knows_the_steps_before_its_try() -> None:
    body = """
        await a()
        try:
            if event["x"]:
                raise ValueError
            await c()
        finally:
            await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        a
        try
          if event["x"]
            return
          c
        finally
          b
    """)


@pytest.mark.parametrize("handlers", ["", "except ValueError:\n    raise\n"])
def test_dependency_that_failed_before_a_finally_is_reported(handlers: str) -> None:
    workflow = dependent_workflow_of("a b(a)", f"try:\n    await a()\n{handlers}finally:\n    await b()\n")
    assert [note.code for note in workflow.notes] == ["dependency-after-failure"]


def test_an_exception_in_a_handler_is_not_counted() -> None:
    body = """
        try:
            await c()
        except Exception:
            try:
                await a()
            except Exception:
                pass
            await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        try
          c
        catch
          try
            a
          catch
          b
    """)
