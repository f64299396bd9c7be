"""`try`, `raise` and `with`."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


def test_the_else_ends_the_body() -> None:
    assert graph_of("""
        try:
            await a()
        except ValueError:
            log()
        else:
            await b()
        finally:
            await c()
    """) == text("""
        try
          a
          b
        catch
          switch exception
          | case ValueError
          | default
            return
        finally
          c
    """)


def test_several_handlers_are_a_switch_on_the_exception() -> None:
    assert graph_of("""
        try:
            await a()
        except (KeyError, OSError):
            await b()
        except:
            pass
    """) == text("""
        try
          a
        catch
          switch exception
          | case (KeyError, OSError)
            b
          | default
    """)


def test_a_continue_in_a_finally_swallows_other_errors() -> None:
    assert graph_of("""
        for x in xs:
            try:
                await a()
            except KeyError:
                await b()
            finally:
                if x:
                    continue
            await c()
    """) == text("""
        loop
          try
            try
              a
            catch
              switch exception
              | case KeyError
                b
              | default
                return
          catch
          if no continue
            c
    """)


def test_a_continue_in_a_finally_discards_a_return() -> None:
    assert graph_of("""
        for x in xs:
            try:
                await a()
                if x:
                    return
            finally:
                if y:
                    continue
            await b()
    """) == text("""
        loop
          try
            a
            if x
              return
          catch
          if no continue
            b
    """)


def test_a_return_in_a_finally_swallows_errors_for_callers() -> None:
    assert graph_of("""
        async def act():
            try:
                await a()
            finally:
                if x:
                    return
        await act()
        await b()
    """) == text("""
        call act
        b
        def act
          try
            a
          finally
            if x
              return
    """)


def test_suppress_is_a_try_that_continues() -> None:
    assert graph_of("""
        with contextlib.suppress(ValueError):
            await a()
        await b()
    """) == text("""
        try
          a
        catch
          switch exception
          | case ValueError
          | default
            return
        b
    """)


def test_a_raise_that_nothing_catches_is_a_return() -> None:
    assert graph_of("""
        if x:
            raise ValueError
        if y:
            await a()
            raise ValueError
        await b()
    """) == text("""
        if x
          return
        if y
          a
          return
        b
    """)


def test_a_caught_raise_does_not_leave_the_function() -> None:
    assert graph_of("""
        try:
            if x:
                await a()
                raise ValueError
            await b()
        except ValueError:
            await c()
        await d()
    """) == text("""
        try
          if x
            a
          else
            b
        catch
          switch exception
          | case ValueError
            c
          | default
            return
        d
    """)


def test_a_handler_that_raises_again_leaves() -> None:
    assert graph_of("""
        try:
            await a()
        except ValueError:
            await b()
            raise
        await c()
    """) == text("""
        try
          a
        catch
          switch exception
          | case ValueError
            b
            return
          | default
            return
        c
    """)


def test_a_return_in_a_try_is_shown_if_it_skips_steps() -> None:
    assert graph_of("""
        try:
            await a()
            return
        except ValueError:
            await b()
        finally:
            await c()
        await d()
    """) == text("""
        try
          a
          return
        catch
          switch exception
          | case ValueError
            b
          | default
            return
        finally
          c
        d
    """)


def test_a_with_is_its_items_and_its_body() -> None:
    assert graph_of("""
        async with timer(await a()), lock:
            await b()
        await c()
    """).splitlines() == ["a", "b", "c"]


def test_a_raise_in_the_else_is_not_caught_by_its_try() -> None:
    assert graph_of("""
        try:
            await a()
        except ValueError:
            await b()
        else:
            if bad:
                await c()
                raise KeyError
        await d()
    """) == text("""
        try
          a
          if bad
            c
            return
        catch
          switch exception
          | case ValueError
            b
          | default
            return
        d
    """)


def test_a_raise_after_all_tries_have_failed_leaves() -> None:
    assert graph_of("""
        for attempt in range(3):
            try:
                await a()
                break
            except ValueError:
                continue
        else:
            await b()
            raise TimeoutError
        await c()
    """) == text("""
        loop
          try
            a
            break
          catch
            switch exception
            | case ValueError
            | default
              return
        if no break
          b
          return
        c
    """)


def test_a_handler_starts_with_any_value_in_the_try() -> None:
    assert graph_of("""
        fn = a
        try:
            fn = b
            await d()
            fn = c
        except ValueError:
            await fn()
    """) == text("""
        try
          d
        catch
          switch exception
          | case ValueError
            switch fn
            | case a
              a
            | case c
              c
            | case b
              b
          | default
            return
    """)


def test_a_finally_starts_with_the_state_of_any_exit() -> None:
    assert graph_of("""
        undo = None
        try:
            if event:
                undo = a
            return await c()
        finally:
            if undo:
                await undo()
    """) == text("""
        try
          c
        finally
          if undo
            a
    """)


def test_a_finally_awaits_a_coroutine_made_before_a_return() -> None:
    assert graph_of("""
        try:
            made = a()
            return await c()
        finally:
            await made
    """) == text("""
        try
          c
        finally
          a
    """)


def test_a_name_bound_in_a_finally_is_resolved_after_the_loop() -> None:
    assert graph_of("""
        while True:
            try:
                await b()
                break
            finally:
                fn = a
        await fn()
    """) == text("""
        loop
          try
            b
            break
        a
    """)


def test_a_handler_starts_with_changes_before_a_raise() -> None:
    assert graph_of("""
        undo = None
        try:
            if bad:
                undo = a
                raise ValueError
            await b()
        except ValueError:
            if undo:
                await undo()
    """) == text("""
        try
          if bad
          else
            b
        catch
          switch exception
          | case ValueError
            if undo
              a
          | default
            return
    """)


def test_a_task_awaited_in_a_try_may_fail() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        try:
            await task
        except Exception:
            pass
        await b()
    """) == text("""
        try
          a
        b
    """)


def test_a_task_awaited_outside_of_its_try_is_not_protected() -> None:
    assert graph_of("""
        task = asyncio.create_task(a())
        try:
            await task
        finally:
            log()
        await b()
    """) == text("""
        a
        b
    """)


def test_a_try_with_only_a_continue() -> None:
    assert (
        graph_of("""
        for row in rows:
            try:
                continue
            finally:
                pass
            await a()
        await b()
    """)
        == "b"
    )


@pytest.mark.slow
def test_a_break_in_nested_tries_runs_each_finally() -> None:
    assert graph_of("""
        for row in rows:
            try:
                try:
                    raise Failed
                except Failed:
                    if x:
                        break
                finally:
                    await a()
            finally:
                await b()
        await c()
    """) == text("""
        loop
          try
            catch
              switch exception
              | case Failed
                if x
                  break
              | default
                return
            finally
              a
          finally
            b
        c
    """)


def test_an_endless_try_has_its_handlers() -> None:
    assert graph_of("""
        try:
            while True:
                pass
        except Stopped:
            await a()
    """) == text("""
        catch
          switch exception
          | case Stopped
            a
          | default
            return
    """)
