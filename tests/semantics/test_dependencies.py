"""Steps that run because another step needs them."""

from __future__ import annotations

import pytest

from tests.semantics.notation import (
    codes_of,
    dependent_graph_of,
    dependent_workflow_of,
    notation,
    text,
)


def test_dependencies_run_before_a_step_in_turn() -> None:
    steps = "a b(a) c d(c) e(b, d)"
    assert dependent_graph_of(steps, "await e()").splitlines() == ["a", "b", "c", "d", "e"]


def test_dependencies_of_a_concurrent_step_run_concurrently() -> None:
    assert dependent_graph_of("a b *c(a, b)", "await c()") == text("""
        parallel all
          a [1>2]
          b [1>2]
        c
    """)


def test_a_dependency_runs_once_for_all_that_need_it() -> None:
    assert dependent_graph_of("a b(a) c(a)", "await b()\nawait c()").splitlines() == ["a", "b", "c"]


def test_a_direct_call_always_runs_the_step() -> None:
    assert dependent_graph_of("a b(a)", "await b()\nawait a()\nawait b()").splitlines() == ["a", "b", "a", "b"]


def test_ctx_is_not_a_dependency_in_any_position() -> None:
    assert dependent_graph_of("a b(ctx, a, ctx)", "await b()").splitlines() == ["a", "b"]


def test_independent_chains_are_blocks_side_by_side() -> None:
    assert dependent_graph_of("p q(p) x y(x) *end(q, y)", "await end()") == text("""
        parallel all
          block
            p
            q
          block
            x
            y
        end
    """)


def test_a_diamond_is_its_source_then_both_sides_then_its_end() -> None:
    workflow = dependent_workflow_of("z a(z) b(a) c(a) *d(b, c)", "await d()")
    assert dependent_graph_of("z a(z) b(a) c(a) *d(b, c)", "await d()") == text("""
        z
        a
        parallel all
          b [1>2]
          c [1>2]
        d
    """)
    assert [note.code for note in workflow.notes] == ["dependency-runs-twice"]
    assert workflow.complete


def test_the_n_shape_is_one_parallel_with_clocks() -> None:
    assert dependent_graph_of("a b c(a) *d(a, b) *end(c, d)", "await end()") == text("""
        parallel all
          a [1>2]
          c [2>4]
          b [1>3]
          d [3>4]
        end
    """)


def test_an_order_that_a_payload_cannot_express_is_partial() -> None:
    """The order is an N with chains at two ends. The payload orders fewer pairs, but none of them wrongly."""
    steps = "a b c(a) *d(a, b) e(c) f(d) *end(e, f)"
    assert dependent_graph_of(steps, "await end()") == text("""
        parallel all
          a [1>2]
          c [2>5]
          e [2>5]
          b [1>3]
          d [3>4]
          f [4>5]
        end
    """)


def test_gather_members_follow_a_shared_dependency() -> None:
    assert dependent_graph_of("a b(a) c(a)", "await asyncio.gather(b(), c())") == text("""
        a
        parallel all
          b [1>2]
          c [1>2]
    """)


def test_a_member_waits_for_an_earlier_member_it_needs() -> None:
    assert dependent_graph_of("a b(a)", "await asyncio.gather(a(), b())").splitlines() == ["a", "b"]


def test_a_member_runs_a_dependency_that_is_called_later() -> None:
    assert dependent_graph_of("a b(a)", "await asyncio.gather(b(), a())") == text("""
        parallel all
          block
            a
            b
          a [1>2]
    """)


def test_a_repeated_step_does_not_wait_for_saved_results() -> None:
    assert dependent_graph_of("a b(a)", "await a()\nawait asyncio.gather(a(), b())") == text("""
        a
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_a_step_that_ran_on_some_paths_runs_conditionally() -> None:
    assert dependent_graph_of("a b(a)", "if ready:\n    await a()\nawait b()") == text("""
        if ready
          a
        if a has not run
          a
        b
    """)


def test_a_step_that_ran_on_all_paths_does_not_run_again() -> None:
    assert dependent_graph_of("a b(a) c(a)", "if ready:\n    await b()\nelse:\n    await a()\nawait c()") == text("""
        if ready
          a
          b
        else
          a
        c
    """)


def test_in_a_loop_a_dependency_runs_in_the_first_iteration() -> None:
    assert dependent_graph_of("a b(a)", "for row in rows:\n    await b()\nawait a()") == text("""
        loop
          if a has not run
            a
          b
        a
    """)


def test_steps_in_the_body_of_a_nonempty_loop_have_run() -> None:
    assert dependent_graph_of("a b(a)", "for number in [1, 2]:\n    await a()\nawait b()") == text("""
        loop
          a
        b
    """)


def test_redeclared_steps_have_not_run() -> None:
    body = """
        for row in rows:
            @step.do()
            async def a(): ...

            @step.do()
            async def b(a): ...

            await b()
    """
    assert dependent_graph_of("c", body).splitlines() == ["loop", "  a", "  b"]


def test_iterations_share_dependencies() -> None:
    assert dependent_graph_of("a b(a)", "await asyncio.gather(*[b() for row in rows])\nawait b()") == text("""
        parallel all
          loop
            block
              if a has not run
                a
              b
        if a has not run
          a
        b
    """)


def test_a_step_argument_runs_with_its_dependencies() -> None:
    body = """
        async def attempt(fn):
            try:
                return await fn()
            except ValueError:
                return None

        await attempt(b)
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        call attempt(b)
        def attempt(b)
          try
            a
            b
          catch
            switch exception
            | case ValueError
            | default
              return
    """)


def test_dependencies_have_run_in_the_body_of_a_step() -> None:
    body = """
        @step.do()
        async def outer(a):
            @step.do()
            async def inner(a): ...

            await inner()

        await outer()
    """
    assert dependent_graph_of("a", body).splitlines() == ["a", "outer", "  inner"]


WITH_A_BODY = """
    @step.do()
    async def c():
        await b()

    @step.do()
    async def d(a, c):
        pass

"""


def test_earlier_steps_have_run_in_the_body_of_a_step() -> None:
    assert dependent_graph_of("a b(a)", f"{WITH_A_BODY}    await d()") == text("""
        a
        c
          b
        d
    """)


def test_the_body_of_a_pending_step_sees_concurrent_steps() -> None:
    body = f"{WITH_A_BODY}    task = asyncio.create_task(c())\n    await a()\n    await task"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          c [1>3]
            if a has not run
              a
            b
          a [1>2]
    """)


def test_steps_that_have_run_are_tracked_through_two_calls() -> None:
    body = """
        async def inner():
            await b()

        async def outer():
            await inner()

        await a()
        await outer()
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        a
        call outer
        def outer
          call inner
        def inner
          b
    """)


def test_all_entries_of_a_dictionary_share_a_dependency() -> None:
    body = "table = {'b': b, 'c': c}\nawait table[key]()\nawait d()"
    assert dependent_graph_of("a b(a) c(a) d(a)", body) == text("""
        switch key
        | case 'b'
          a
          b
        | case 'c'
          a
          c
        d
    """)


@pytest.mark.slow
def test_a_function_without_return_runs_dependencies() -> None:
    body = """
        async def forever():
            while True:
                await b()

        await forever()
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        call forever
        def forever
          loop
            if a has not run
              a
            b
    """)


# Exits through a `finally`


def test_dependencies_of_a_dependency_are_resolved_at_its_start() -> None:
    declared = "async def one():\n" + "".join(
        f'    @step.do("{name}")\n    async def {name}({needs}): ...\n'
        for name, needs in (("side", ""), ("raw", ""), ("check", "raw"), ("store", "side, check"))
    )
    body = declared + "    await store()\n\nawait asyncio.gather(one(), one())"
    assert notation(dependent_workflow_of("", body).graph) == text("""
        parallel all
          call one [1>2]
          call one [1>2]
        def one
          side
          if raw has not run
            raw
          check
          store
    """)


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    await c()\n    await a()\nfinally:\n    await b()",
        "try:\n    await a()\n    return\nfinally:\n    await b()",
        "t = asyncio.create_task(a())\ntry:\n    await t\nexcept Exception:\n    pass\nawait b()",
        "t = asyncio.create_task(m())\ntry:\n    await t\nexcept Exception:\n    pass\nawait b()",
        "await asyncio.gather(m(), c(), return_exceptions=True)\nawait b()",
        "t = asyncio.create_task(a())\nawait c()\nawait b()\nawait t",
    ],
)
def test_a_dependency_that_may_have_failed_before_is_reported(body: str) -> None:
    workflow = dependent_workflow_of("a b(a) c", "async def m():\n    await a()\n\n" + body)
    assert [note.code for note in workflow.notes] == ["dependency-after-failure"]


@pytest.mark.parametrize(
    "body",
    [
        "await a()\ntry:\n    await c()\nfinally:\n    await b()",
        "t = asyncio.create_task(a())\nawait t\nawait b()",
        "try:\n    await a()\nfinally:\n    await c()\nawait b()",
        "await asyncio.gather(a(), b())",
    ],
)
def test_a_dependency_that_has_run_before_is_not_reported(body: str) -> None:
    assert dependent_workflow_of("a b(a) c", body).notes == ()


def test_a_chain_of_dependencies_that_a_loop_builds_is_reported() -> None:
    body = """
        previous = a
        for n in event["payload"]["items"]:
            @step.do("next", depends=[previous])
            async def chained(result): ...
            previous = chained
        await previous()
    """
    assert codes_of(body) == ["unresolved-dependency"]


def test_a_redeclared_dependency_runs_after_a_step_that_ran() -> None:
    body = """
        if x:
            await b()

        @step.do("a")
        async def again(): ...

        await c()
    """
    assert dependent_graph_of("a b(a) c(b, a)", body) == text("""
        if x
          a
          b
        if b has not run
          if a has not run
            a
          b
        if a has not run
          a
        c
    """)


def test_a_loop_redeclares_a_dependency_of_a_step_that_ran() -> None:
    body = """
        for row in rows:
            @step.do("a")
            async def again(): ...

            await c()
    """
    assert dependent_graph_of("b(a) c(b, a)", body) == text("""
        loop
          if b has not run
            if a has not run
              a
            b
          if a has not run
            a
          c
    """)
