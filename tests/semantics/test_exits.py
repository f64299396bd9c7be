"""`raise`, `continue` and handlers that do not catch every exception."""

from __future__ import annotations

import pytest

from tests.semantics.notation import HEADER, graph_of, graph_of_module, text


def test_the_rest_moves_into_the_only_open_branch() -> None:
    assert graph_of("""
        for row in rows:
            if x:
                continue
            elif y:
                await a()
            else:
                break
            await b()
    """) == text("""
        loop
          if x
          if y
            a
            b
          else
            break
    """)


def test_the_rest_after_several_open_branches_is_conditional() -> None:
    assert graph_of("""
        for row in rows:
            if x:
                await a()
            elif y:
                continue
            await b()
            if z:
                continue
            await c()
    """) == text("""
        loop
          if x
            a
          if y
          if no continue
            b
            if z
            else
              c
    """)


@pytest.mark.parametrize("pattern", ["other", "(other)", "2 | _", "_ as other"])
def test_a_pattern_that_matches_every_value_leaves_no_default(pattern: str) -> None:
    assert graph_of(f"""
        for row in rows:
            match row:
                case 1:
                    continue
                case {pattern}:
                    await a()
            await b()
    """) == text(f"""
        loop
          switch row
          | case 1
          | case {pattern}
            a
            b
    """)


def test_a_wildcard_in_parentheses_is_the_default() -> None:
    assert graph_of("""
        match row:
            case 1:
                await a()
            case (_):
                return
        await b()
    """) == text("""
        switch row
        | case 1
          a
        | default
          return
        b
    """)


def test_a_pattern_with_a_guard_leaves_a_default() -> None:
    assert graph_of("""
        match row:
            case 1:
                return
            case other if other:
                return
        await b()
    """) == text("""
        switch row
        | case 1
          return
        | case other if other
          return
        b
    """)


def test_a_try_that_may_continue_is_followed_under_a_condition() -> None:
    assert graph_of("""
        for row in rows:
            if row:
                try:
                    await a()
                except Exception:
                    continue
                await b()
            await c()
    """) == text("""
        loop
          if row
            try
              a
            catch
            if no continue
              b
          if no continue
            c
    """)


def test_a_return_that_skips_nothing_makes_no_else() -> None:
    assert graph_of("""
        try:
            await a()
            if event:
                await b()
                raise ValueError("declined")
            return True
        except ValueError:
            await c()
    """) == text("""
        try
          a
          if event
            b
        catch
          switch exception
          | case ValueError
            c
          | default
            return
    """)


def test_a_raise_out_of_a_loop_is_a_break() -> None:
    assert graph_of("""
        try:
            for row in rows:
                if bad(row):
                    raise ValueError
                await a()
            await b()
        except Exception:
            await c()
    """) == text("""
        try
          loop
            if bad(row)
              break
            a
          if no exception
            b
        catch
          c
    """)


def test_a_raise_out_of_a_loop_skips_the_else_of_the_loop() -> None:
    assert graph_of("""
        try:
            for row in rows:
                await a()
                if bad(row):
                    raise ValueError
            else:
                await b()
            await c()
        except Exception:
            await d()
    """) == text("""
        try
          loop
            a
            if bad(row)
              break
          if no exception
            b
            c
        catch
          d
    """)


def test_a_raise_and_a_break_out_of_a_loop_skip_its_else() -> None:
    assert graph_of("""
        try:
            for row in rows:
                if bad(row):
                    raise ValueError
                if await a():
                    break
            else:
                await b()
            await c()
        except Exception:
            await d()
    """) == text("""
        try
          loop
            if bad(row)
              break
            a
            if await a()
              break
          if no exception
            if no break
              b
            c
        catch
          d
    """)


@pytest.mark.parametrize(
    "statements",
    [
        "    for row in event:\n        if x:\n            raise KeyError(row)\n    return",
        "    while True:\n        if x:\n            raise KeyError(1)\n        if y:\n            return",
    ],
)
def test_a_raise_out_of_a_loop_may_skip_a_return(statements: str) -> None:
    graph = graph_of(f"try:\n    await a()\n{statements}\nexcept KeyError:\n    pass\nawait b()")
    assert "loop\n    if x\n      break" in graph


def test_a_raise_in_a_loop_may_skip_later_steps() -> None:
    assert graph_of("""
        try:
            for row in rows:
                if bad(row):
                    raise ValueError
            await b()
        except Exception:
            await c()
    """) == text("""
        try
          loop
            if bad(row)
              break
          if no exception
            b
        catch
          c
    """)


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        ("ValueError", "Exception"),
        ("UnicodeError('x')", "ValueError"),
        ("KeyError", "(OSError, LookupError)"),
        ("problem", "ValueError"),
        ("Declined", "Refused"),
        ("Declined()", "ValueError"),
        ("library.Problem", "ValueError"),
        ("ValueError", "library.Problem"),
    ],
)
def test_an_exception_that_a_handler_may_catch(raised: str, caught: str) -> None:
    assert _skips(raised, caught) == ["if x", "else", "  a"]


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        ("ValueError", "KeyError"),
        ("Refused", "Declined"),
        ("BaseException", "ValueError"),
        ("TimeoutError", "(KeyError, ValueError)"),
    ],
)
def test_an_exception_that_no_handler_catches(raised: str, caught: str) -> None:
    assert _skips(raised, caught) == ["if x", "  return", "a"]


def _skips(raised: str, caught: str) -> list[str]:
    """Return the lines of the `try` block of a workflow that raises one type and handles another."""
    errors = "import library\nclass Refused(ValueError): ...\nclass Declined(Refused): ...\n"
    graph = graph_of_module(f"""{errors}{HEADER}
        try:
            if x:
                raise {raised}
            await step.sleep("a", 1)
        except {caught}:
            pass
        await step.sleep("b", 1)
    """)
    lines = graph.splitlines()
    block = lines[lines.index("try") + 1 : lines.index("catch")]
    return [line.removeprefix("  ").replace("sleep 'a' 1", "a") for line in block]


def test_a_handler_that_raises_again_is_caught_outside() -> None:
    assert graph_of("""
        try:
            try:
                await a()
            except ValueError:
                raise
            await b()
        except Exception:
            await c()
    """) == text("""
        try
          try
            a
          catch
            switch exception
            | case ValueError
            | default
              return
          if no exception
            b
        catch
          c
    """)


def test_a_guard_without_steps_is_a_return() -> None:
    assert graph_of("""
        if not ok:
            raise ValueError
        for row in rows:
            if row:
                return
        await a()
    """) == text("""
        if not ok
          return
        loop
          if row
            return
        a
    """)


def test_a_raise_that_skips_nothing_is_left_out() -> None:
    assert graph_of("""
        await a()
        if x:
            raise ValueError
    """).splitlines() == ["a"]


def test_swallowed_errors_have_an_empty_catch() -> None:
    assert graph_of("""
        try:
            await a()
        except ValueError:
            pass
        except Exception:
            log()
        with contextlib.suppress(Exception):
            await b()
        await c()
    """) == text("""
        try
          a
        catch
        try
          b
        catch
        c
    """)


def test_a_try_whose_body_runs_no_step_is_left_out() -> None:
    assert graph_of("""
        try:
            load()
        except ValueError:
            raise Bad()
        await a()
    """).splitlines() == ["a"]


def test_a_handler_that_returns_before_steps_is_shown() -> None:
    assert graph_of("""
        try:
            load()
        except Exception:
            return
        await a()
        try:
            load()
        except Exception:
            return
    """) == text("""
        catch
          return
        a
    """)


def test_a_handler_that_breaks_before_steps_is_shown() -> None:
    assert graph_of("""
        for row in rows:
            try:
                load(row)
            except Exception:
                break
            await a()
        for row in rows:
            try:
                load(row)
            except Exception:
                break
        await b()
    """) == text("""
        loop
          catch
            break
          a
        b
    """)


@pytest.mark.parametrize("raised", ["KeyboardInterrupt()", "SystemExit", "BaseException()", "Stop()"])
def test_a_handler_of_exception_does_not_catch_other_exceptions(raised: str) -> None:
    assert graph_of(f"""
        class Stop(BaseException): ...
        try:
            if x:
                raise {raised}
            await a()
        except Exception:
            await b()
        await c()
    """) == text("""
        try
          if x
            return
          a
        catch
          b
        c
    """)


@pytest.mark.parametrize("caught", ["BaseException", "(Exception, KeyboardInterrupt)", "lib.Error"])
def test_a_handler_that_may_catch_an_exception_beyond_exception(caught: str) -> None:
    assert graph_of(f"""
        import lib
        try:
            if x:
                raise KeyboardInterrupt()
            await a()
        except {caught}:
            return
    """).startswith("try\n  if x\n  else\n    a\ncatch")


def test_a_handler_with_steps_is_shown() -> None:
    assert graph_of("""
        try:
            load()
        except Exception:
            await b()
        await a()
    """) == text("""
        catch
          b
        a
    """)


def test_continue_in_a_loop_else_in_finally_discards_errors() -> None:
    body = """
        for x in xs:
            try: await a()
            finally:
                for y in x: await b()
                else: continue
    """
    assert graph_of(body) == "loop\n  try\n    a\n  catch\n  finally\n    loop\n      b"
