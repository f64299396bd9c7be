"""Steps that run because another step needs them."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import (
    HEADER,
    codes_of,
    dependent_graph_of,
    dependent_workflow_of,
    graph_of,
    graph_of_module,
    module_of,
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


def test_a_task_begins_after_the_start_of_the_next_await() -> None:
    assert dependent_graph_of("a b(a)", "t = asyncio.create_task(a())\nawait b()\nawait t") == text("""
        parallel all
          a [1>4]
          a [1>2]
          b [2>3]
    """)


def test_a_task_begins_at_an_await_of_anything() -> None:
    body = "t = asyncio.create_task(a())\nawait asyncio.sleep(0)\nawait b()\nawait t"
    assert dependent_graph_of("a b(a)", body).splitlines() == ["a", "b"]


def test_a_step_waits_for_a_pending_task_it_needs() -> None:
    body = "t = asyncio.create_task(a())\nu = asyncio.create_task(d())\nawait c()\nawait b()\nawait u"
    assert dependent_graph_of("a b(a) c d", body) == text("""
        parallel all
          a [1>3]
          d [1>5]
          c [1>2]
          b [3>4]
    """)


def test_a_task_with_dependencies_is_a_block() -> None:
    assert dependent_graph_of("a b(a) c", "t = asyncio.create_task(b())\nawait c()\nawait t") == text("""
        parallel all
          block
            a
            b
          c [1>2]
    """)


def test_a_task_group_runs_shared_dependencies_first() -> None:
    body = """
        async with asyncio.TaskGroup() as group:
            group.create_task(b())
            group.create_task(c())
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        a
        parallel all
          b [1>2]
          c [1>2]
        d
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


def test_work_started_on_some_paths_may_not_have_run() -> None:
    body = "await asyncio.gather(b() if ready else c(), d())"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          if ready
            block
              a
              b
          else
            c [1>2]
          block
            if a has not run
              a
            d
    """)


def test_a_task_has_run_nothing_before_its_possible_awaits() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await c()\nawait t\nawait d()"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            c [1>2]
        d
    """)


def test_a_task_has_run_its_dependencies_after_all_awaits() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await c()\nawait c()\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            c [1>2]
          c [2>3]
          d [3>4]
    """)


def test_dependencies_run_only_where_a_task_has_begun() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    await a()\nawait t"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          block
            if a has not run
              a
            b
          if x
            a [1>2]
    """)


def test_tasks_begin_at_the_first_await_of_a_loop() -> None:
    body = "t = asyncio.create_task(b())\nu = asyncio.create_task(c())\nfor task in [t, u]:\n    await task\nawait d()"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        parallel all
          block
            a
            b
          c [1>2]
        d
    """)


def test_a_step_started_in_a_task_or_run_before_has_run() -> None:
    body = "if x:\n    t = asyncio.create_task(a())\nelse:\n    await a()\nawait c()\nawait b()"
    assert dependent_graph_of("a b(a) c", body) == text("""
        if x
          parallel all
            a [1>]
        else
          a
        c
        b
    """)


def test_a_step_started_in_a_task_on_one_path_may_not_have_run() -> None:
    body = "if x:\n    t = asyncio.create_task(a())\nawait c()\nawait b()"
    assert dependent_graph_of("a b(a) c", body) == text("""
        if x
          parallel all
            a [1>]
        c
        if a has not run
          a
        b
    """)


def test_an_exception_does_not_skip_a_started_task() -> None:
    body = "t = asyncio.create_task(b())\ntry:\n    await c()\nexcept ValueError:\n    pass\nawait t\nawait d()"
    assert dependent_workflow_of("a b(a) c d(a)", body).notes == ()


def test_dependencies_of_a_started_task_have_run() -> None:
    body = "if x:\n    await a()\nt = asyncio.create_task(b())\nawait c()\nawait d()\nawait t"
    assert dependent_graph_of("a b(a) c d(a)", body) == text("""
        if x
          a
        parallel all
          block
            if a has not run
              a
            b
          c [1>2]
          d [2>3]
    """)


@pytest.mark.parametrize(
    "body", ["if x:\n    await b()", "if x:\n    return\nawait b()", "for row in rows:\n    await b()"]
)
def test_a_task_may_not_have_run_a_conditional_step(body: str) -> None:
    calling = (
        "async def first():\n"
        + textwrap.indent(body, "    ")
        + "\nt = asyncio.create_task(first())\nawait t\nawait d()"
    )
    assert dependent_graph_of("a b(a) d(a)", calling).splitlines()[:4] == [
        "call first",
        "if a has not run",
        "  a",
        "d",
    ]


def test_a_task_has_run_a_step_of_all_its_paths() -> None:
    body = """
        async def first():
            if x:
                await b()
            else:
                await c()

        t = asyncio.create_task(first())
        await t
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d(a)", body) == text("""
        call first
        d
        def first
          if x
            a
            b
          else
            a
            c
    """)


def test_no_dependency_runs_after_run_ends() -> None:
    body = "t = asyncio.create_task(b())\nif x:\n    return\nawait t\nawait d()"
    assert dependent_graph_of("a b(a) d(a)", body) == text("""
        parallel all
          block
            a
            b
          if x
            return
        d
    """)


def test_a_path_through_an_exception_is_not_counted() -> None:
    workflow = dependent_workflow_of(
        "a b(a) c(a)",
        """
        async def first():
            try:
                return await b()
            except ValueError:
                return None

        await first()
        await c()
        """,
    )
    assert [note.code for note in workflow.notes] == ["dependency-after-failure"]
    assert dependent_graph_of("a b(a)", "try:\n    await a()\nexcept ValueError:\n    pass\nawait b()") == text("""
        try
          a
        catch
          switch exception
          | case ValueError
          | default
            return
        b
    """)


@pytest.mark.parametrize(("between", "over"), [("", 3), ("await d()\n", 4)])
def test_tasks_awaited_in_turn_begin_after_shared_dependencies(between: str, over: int) -> None:
    graph = dependent_graph_of(
        "load left(load) right(load) d",
        f"t = asyncio.create_task(left())\nu = asyncio.create_task(right())\nawait t\n{between}await u",
    )
    step_between = "\n          d [2>3]" if between else ""
    assert graph == text(f"""
        load
        parallel all
          left [1>2]
          right [1>{over}]{step_between}
    """)


def test_steps_run_in_a_function_count_for_its_caller() -> None:
    body = """
        async def first():
            await b()

        async def second():
            await c()

        await first()
        await second()
        await d()
    """
    assert dependent_graph_of("a b(a) c(a) d(a)", body) == text("""
        call first
        call second
        d
        def first
          a
          b
        def second
          c
    """)


def test_tasks_pending_after_a_function_may_run_later() -> None:
    body = """
        async def start():
            task = asyncio.create_task(b())

        await start()
        await c()
        await b()
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        call start
        c
        if a has not run
          a
        b
        def start
          parallel all
            if a has not run
              a [1>]
            b [1>]
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


LEGACY = """
        @step.do("first")
        async def a(): ...

        @step.do("second", depends=[a], concurrent=True)
        async def b(result, ctx): ...

        @step.do("third", [a, b], True)
        async def c(one, other): ...

        await c()
"""


def test_legacy_dependencies_are_lists_of_functions() -> None:
    assert graph_of_module(HEADER + LEGACY).splitlines() == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("steps", "body", "code"),
    [
        ("a b(missing)", "await b()", "unknown-parameter"),
        ("a(b) b(a)", "await b()", "dependency-cycle"),
    ],
)
def test_dependencies_that_the_sdk_rejects_are_reported(steps: str, body: str, code: str) -> None:
    assert code in [note.code for note in dependent_workflow_of(steps, body).notes]


@pytest.mark.parametrize(
    ("steps", "body", "codes"),
    [
        ("a(c) b(a) c(b)", "await b()", ["dependency-cycle"]),
        ("*a(b) b(a) *c(a, b)", "await c()", ["dependency-cycle"]),
        ("a(b) b(a) e(a) f(e) g(e) *h(f, g)", "await h()", ["dependency-cycle"]),
        (
            "a(b) b(a) z e(z) f(e) g(e) *h(f, g)",
            "if x:\n    await h()\nelse:\n    await a()",
            ["dependency-cycle", "dependency-runs-twice"],
        ),
    ],
)
def test_a_step_that_needs_itself_runs_once(steps: str, body: str, codes: list[str]) -> None:
    assert sorted(note.code for note in dependent_workflow_of(steps, body).notes) == codes


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


@pytest.mark.parametrize(
    ("statements", "needed"),
    [
        ("", "[make(name) for name in NAMES]"),
        ("", "list(make(name) for name in NAMES)"),
        ("steps = [make(name) for name in NAMES]", "[*steps]"),
        ("steps = []\nfor name in NAMES: steps.append(make(name))", "steps"),
        ("steps = []\nfor name in NAMES:\n    @step.do(name)\n    def load(): ...\n    steps.append(load)", "steps"),
    ],
)
def test_a_loop_over_constants_declares_each_dependency(statements: str, needed: str) -> None:
    body = f"""
NAMES = ("x", "y")

def make(name):
    @step.do(name)
    async def load(): ...
    return load

{statements}
@step.do(depends={needed})
async def last(x, y): ...

await last()
"""
    assert dependent_graph_of("", body).splitlines() == ["{name}", "{name}", "last"]
    assert dependent_workflow_of("", body).complete


@pytest.mark.parametrize("item", ["await load(name)", "make_task(load(name))"])
def test_a_loop_that_runs_steps_is_not_unrolled(item: str) -> None:
    body = f"""
async def load(name):
    return await a()

loaded = [{item.replace("make_task", "asyncio.create_task")} for name in ("x", "y")]

@step.do(depends=[b])
async def last(b): ...

await last()
"""
    assert "loop" in dependent_graph_of("a b", body)


@pytest.mark.parametrize(
    ("steps", "body", "twice"),
    [
        ("z a(z) b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", ["a"]),
        ("z a(z) b(a) c(a)", "t = asyncio.create_task(b())\nawait c()\nawait t", ["a"]),
        ("z a(z) b(a) c(a)", "t = asyncio.create_task(b())\nu = asyncio.create_task(c())\nawait t\nawait u", ["a"]),
        ("*a(ctx) b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", ["a"]),
        ("z a(z) c(a) d", "t = asyncio.create_task(a())\nawait asyncio.gather(c(), d())\nawait t", ["a"]),
        ("z a(z) c(a) d", "t = asyncio.create_task(a())\nawait d()\nawait c()\nawait t", ["a"]),
        ("z a(z) *b(a) d", "t = asyncio.create_task(b())\nawait d()\nawait b()\nawait t", ["a"]),
        ("z a(z) b(z, a)", "if x:\n    await z()\nt = asyncio.create_task(a())\nawait b()\nawait t", ["a"]),
        # The step has started when the task needs it: no dependency is pending, or it is the first to continue.
        ("a b(a)", "t = asyncio.create_task(b())\nawait a()\nawait t", []),
        ("z a(z) b(a)", "await z()\nt = asyncio.create_task(b())\nawait a()\nawait t", []),
        ("z a(z) c(a) d", "await z()\nt = asyncio.create_task(a())\nawait d()\nawait c()\nawait t", []),
        ("z a(z) *b(a) d", "await z()\nt = asyncio.create_task(b())\nawait d()\nawait b()\nawait t", []),
        ("z a(z) *b(a) d", "t = asyncio.create_task(b())\nawait d()\nawait t\nawait b()", []),
        ("z a(z) b(z, a)", "t = asyncio.create_task(b())\nawait a()\nawait t", []),
        # Only one of them is called.
        (
            "z a(z) b(a) c(a) d",
            "if x:\n    t = asyncio.create_task(b())\nelse:\n    t = asyncio.create_task(c())\nawait d()\nawait t",
            [],
        ),
    ],
)
def test_a_step_needed_by_a_task_before_its_start_runs_twice(steps: str, body: str, twice: list[str]) -> None:
    notes = dependent_workflow_of(steps, body).notes
    assert [note.message.split("'")[1] for note in notes if note.code == "dependency-runs-twice"] == twice


def test_a_parameter_with_the_name_of_a_function_has_a_hint() -> None:
    body = """
        @step.do("load rows")
        async def load(): ...

        @step.do()
        async def use(load): ...

        await use()
    """
    (note,) = dependent_workflow_of("a", body).notes
    assert note.code == "unknown-parameter"
    assert note.advice == "The step of that function is named 'load rows', and parameter names must match step names."


def test_a_default_captures_a_variable_of_a_loop() -> None:
    body = """
        node, state = event["payload"]["first"], {}
        while node:
            @step.do(node["kind"])
            async def execute(node=node): ...

            state[node["key"]] = await execute()
            node = state.get("next")
    """
    (note,) = dependent_workflow_of("a", body).notes
    assert note.code == "unknown-parameter"
    assert note.advice == "The SDK ignores its default. Read a variable of the enclosing function instead."


def test_a_parameter_may_name_the_step_of_an_earlier_pass() -> None:
    body = """
        node, state = event["payload"]["first"], {}
        while node:
            @step.do(node["kind"])
            async def execute(previous): ...

            state[node["key"]] = await execute()
            node = state.get("next")
    """
    assert [note.code for note in dependent_workflow_of("a", body).notes] == ["unresolved-dependency"]


def test_the_last_declaration_of_a_name_is_the_dependency() -> None:
    source = HEADER + textwrap.indent(
        textwrap.dedent("""
            @step.do("a", config={"retries": {"limit": 1, "delay": 1}})
            async def one(): ...

            @step.do("a", config={"retries": {"limit": 2, "delay": 1}})
            async def other(): ...

            @step.do()
            async def b(a): ...

            await b()
        """),
        " " * 8,
    )
    graph = module_of(source).workflows[0].graph
    assert graph is not None
    first = graph["workflow"]["nodes"][0]
    assert first["type"] == "step_do"
    assert first["config"]["retries"]["limit"] == 2


def test_a_step_declared_between_declaration_and_call_counts() -> None:
    body = """
        @step.do()
        async def b(late): ...

        @step.do()
        async def late(): ...

        await b()
    """
    assert dependent_graph_of("a", body).splitlines() == ["late", "b"]


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


def test_the_first_concurrent_function_runs_shared_dependencies() -> None:
    body = """
        async def first():
            await b()

        async def second():
            await c()

        await asyncio.gather(first(), second())
    """
    assert dependent_graph_of("a b(a) c(a)", body) == text("""
        parallel all
          call first [1>2]
          call second [1>2]
        def first
          a
          b
        def second
          c
    """)


def test_a_task_waits_for_dependencies_started_by_a_function() -> None:
    body = """
        async def first():
            await a()

        task = asyncio.create_task(first())
        other = asyncio.create_task(b())
        await c()
        await task
        await other
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        parallel all
          call first [1>3]
          b [1>4]
          c [1>2]
        def first
          a
    """)


def test_a_later_dependency_of_a_function_may_have_run() -> None:
    body = """
        async def first():
            await d()
            await b()

        await asyncio.gather(first(), c())
    """
    assert dependent_graph_of("a b(a) c(a) d", body) == text("""
        parallel all
          call first [1>2]
          block
            a
            c
        def first
          d
          if a has not run
            a
          b
    """)


def test_an_awaited_step_starts_before_concurrent_functions() -> None:
    body = """
        async def first():
            await c()

        task = asyncio.create_task(first())
        await d()
        await task
    """
    assert dependent_graph_of("a b c(a, b) d(a, b)", body) == text("""
        parallel all
          call first [1>5]
          a [1>2]
          if b has not run
            b [2>3]
          d [3>4]
        def first
          if b has not run
            b
          c
    """)


def test_an_await_that_may_be_of_nothing_may_begin_nothing() -> None:
    body = """
        task = asyncio.create_task(b())
        await asyncio.gather(*[c() for x in xs])
        await a()
        await task
    """
    assert dependent_graph_of("a b(a) c", body) == text("""
        parallel all
          block
            if a has not run
              a
            b
          loop
            c [1>2]
          a [2>3]
    """)


def test_arguments_of_as_completed_begin_in_any_order() -> None:
    body = "for done in asyncio.as_completed([a(), b()]):\n    await done"
    assert dependent_graph_of("a b(a)", body) == text("""
        parallel all
          a [1>2]
          block
            if a has not run
              a
            b
    """)


def test_a_finished_function_does_not_overlap_later_steps() -> None:
    body = """
        async def first():
            await b()

        task = asyncio.create_task(first())
        await task
        await a()
    """
    assert dependent_graph_of("a b(a)", body) == text("""
        call first
        a
        def first
          a
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


def test_conditional_dependencies_nest_at_most_four_levels() -> None:
    steps = "s0 s1 " + " ".join(f"s{n}(s{n - 1}, s{n - 2})" for n in range(2, 30))
    body = "\n".join(f"if x: await s{n}()" for n in range(29)) + "\nawait s29()"
    assert dependent_workflow_of(steps, body).step_count < 2_000


def test_a_dependency_on_one_of_several_steps_is_a_branch() -> None:
    body = """
        await a()
        either = a if x else (b if y else c)

        @step.do(depends=[either])
        async def last(given): ...

        await last()
    """
    assert dependent_graph_of("a b c", body) == text("""
        a
        if x
        else
          if y
            b
          else
            c
        last
    """)


def depends_built_by(statements: str, parameters: str) -> str:
    """Return the graph of a step whose `depends` is a list that statements build from the steps a, b and c."""
    body = f"needed = [c]\n{statements}\n@step.do(depends=needed)\nasync def last({parameters}): ...\n\nawait last()"
    return dependent_graph_of("a b c", body)


def test_one_of_two_appended_dependencies_is_a_branch() -> None:
    statements = "if x: needed.append(a)\nelse: needed.append(b)"
    assert depends_built_by(statements, "first, second") == text("""
        c
        if x
          a
        else
          b
        last
    """)


def test_one_of_two_lists_of_dependencies_is_a_switch() -> None:
    assert depends_built_by("needed = [*([a] if x else [b]), c]", "first, second") == text("""
        switch first
        | case a
          a
        | case b
          b
        c
        last
    """)


def test_a_dependency_without_a_parameter_is_missing() -> None:
    assert depends_built_by("if x: needed.append(a)", "only").splitlines() == ["c", "last"]


def test_unmatched_conditional_dependencies_are_reported() -> None:
    statements = "if x: needed.append(a)\nif y: needed.append(b)\nneeded.append(c)\nif z: needed.append(a)"
    body = f"needed = [c]\n{statements}\n@step.do(depends=needed)\nasync def last(p, q, r): ...\n\nawait last()"
    assert "unresolved-dependency" in [note.code for note in dependent_workflow_of("a b c", body).notes]


def test_alternative_dependencies_nest_at_most_four_levels() -> None:
    declared = "".join(
        f"{keyword}:\n    @step.do()\n    async def s2({needs}): ...\n\n"
        for keyword, needs in (("if x", "s0"), ("else", "s1"))
    )
    declared += "".join(f"@step.do()\nasync def s{n}(s{n - 1}, s{n - 2}): ...\n\n" for n in range(3, 12))
    body = declared + "\n".join(f"if y: await s{n}()" for n in range(11)) + "\nawait s11()"
    assert dependent_workflow_of("s0 s1", body).step_count < 1_000


def test_work_started_in_a_branch_of_a_group_is_concurrent() -> None:
    body = """
        task = asyncio.create_task(a())
        if x:
            one = asyncio.create_task(c())
            other = asyncio.create_task(e())
            await one
            await other
        await task
    """
    assert dependent_graph_of("a b c(b) d e(d)", body) == text("""
        parallel all
          a [1>4]
          if x
            parallel all
              block
                b
                c
              block
                d
                e
    """)


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("await d()", "d [1>2]"),
        ("if y: await d()", "if y\n  d [1>2]"),
        ("for row in rows: await d()", "loop\n  d [1>2]"),
        ("try: await d()\nexcept Exception: pass", "try\n  d [1>2]\ncatch"),
    ],
    ids=["a step", "a branch", "a loop", "a try"],
)
def test_clocks_of_work_started_in_a_branch_overlap_other_work(statement: str, shown: str) -> None:
    body = (
        "task = asyncio.create_task(a())\n"
        "if x:\n    one = asyncio.create_task(c())\n"
        + textwrap.indent(statement, "    ")
        + "\n    await one\nawait task"
    )
    expected = "parallel all\n  a [1>4]\n  if x\n    block\n      b\n      c\n" + textwrap.indent(shown, "    ")
    assert dependent_graph_of("a b c(b) d", body) == expected


def test_a_gather_of_another_kind_is_a_nested_parallel() -> None:
    body = """
        task = asyncio.create_task(d())
        await asyncio.gather(b(), c(), return_exceptions=True)
        await task
    """
    assert dependent_graph_of("a b(a) c d", body) == text("""
        parallel all
          d [1>4]
          parallel all_settled
            a [1>2]
            b [2>3]
            c [1>3]
    """)


def test_each_part_of_pending_work_begins_at_its_clock() -> None:
    body = "task = asyncio.create_task(c())"
    assert dependent_graph_of("*a *b *c(a, b)", body) == text("""
        parallel all
          parallel all
            a [1>]
            b [1>]
          c [1>]
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


def test_a_parameter_without_a_step_is_reported() -> None:
    body = """
        if x:
            @step.do()
            async def z(): ...
        else:
            @step.do()
            async def z(): ...

        @step.do()
        async def last(nothing): ...

        await last()
    """
    assert "unknown-parameter" in [note.code for note in dependent_workflow_of("", body).notes]


def test_a_step_with_a_computed_name_may_have_any_name() -> None:
    body = """
        @step.do(f"{{{name}")
        async def c(): ...

        await b()
    """
    assert [note.code for note in dependent_workflow_of("a b(c)", body).notes if note.incomplete] == [
        "unresolved-dependency"
    ]


@pytest.mark.parametrize("parameters", ["name", "*names"])
def test_a_parameter_names_a_step_of_a_factory(parameters: str) -> None:
    body = f"""
        def declare({parameters}):
            return step.do({parameters})

        @declare("load")
        async def first(): ...

        @declare("use")
        async def second(load): ...

        await second()
    """
    name = f"{{{parameters.strip('*')}}}"
    assert dependent_graph_of("", body).splitlines() == [name, name]
    assert dependent_workflow_of("", body).complete


def test_a_step_of_a_repeated_declaration_may_have_any_name() -> None:
    body = """
        async def go(name, function):
            await step.do(name)(function)()

        async def use(load): ...

        await go("load", lambda: 1)
        await go("use", use)
    """
    assert [note.code for note in dependent_workflow_of("", body).notes] == ["unresolved-dependency"]


def test_a_task_awaited_twice_follows_its_dependencies() -> None:
    body = """
        task = asyncio.create_task(c())
        if x:
            await task
        await task
    """
    assert dependent_graph_of("*a *b(a) *c(a, b)", body).splitlines() == ["a", "b", "c"]


# Exits through a `finally`


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


ONE = """
async def one(i):
    @step.do(f"load {i}")
    async def load(): ...

    @step.do("check")
    async def check(): ...

    @step.do(f"store {i}")
    async def store(check): ...

    await load()
    await store()

"""


@pytest.mark.parametrize(
    "calls",
    [
        "await asyncio.gather(*[one(i) for i in xs])",
        "await asyncio.gather(one(1), one(2))",
        "task = asyncio.create_task(one(1))\nawait one(2)\nawait task",
        "async def outer(i):\n    await one(i)\n\nawait asyncio.gather(outer(1), outer(2))",
        "for i in xs:\n    tasks.append(asyncio.create_task(one(i)))",
    ],
)
def test_a_dependency_may_be_the_step_of_a_concurrent_call(calls: str) -> None:
    assert notation(dependent_workflow_of("", "tasks = []\n" + ONE + calls).graph).endswith(
        text("""
            def one
              load {i}
              if check has not run
                check
              store {i}
        """)
    )


@pytest.mark.parametrize(
    "calls",
    [
        "for i in xs:\n    await one(i)",
        "await one(1)\nawait one(2)",
        'for i in xs:\n    await asyncio.gather(one(i), step.do("z")(f)())',
        "await asyncio.gather(one(1), asyncio.sleep(1))",
    ],
)
def test_calls_that_do_not_overlap_have_steps_of_their_own(calls: str) -> None:
    assert notation(dependent_workflow_of("", ONE + calls).graph).endswith(
        text("""
            def one
              load {i}
              check
              store {i}
        """)
    )


def test_a_step_of_the_first_call_is_its_dependency() -> None:
    body = ONE.replace("    await load()\n", "") + "await asyncio.gather(one(1), one(2))"
    assert notation(dependent_workflow_of("", body).graph) == text("""
        parallel all
          call one [1>2]
          call one [1>2]
        def one
          check
          store {i}
    """)


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


_HELPERS = "async def first():\n    await b()\n\nasync def second():\n    await c()\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(first(), second())",
        "await asyncio.gather(d(), second())",
        "await asyncio.gather(first(), c())",
        "await asyncio.gather(second(), second())",
        "task = asyncio.create_task(first())\nawait step.sleep('wait', 1)\nawait c()\nawait task",
        "async def outer():\n    await second()\nawait asyncio.gather(first(), outer())",
    ],
)
def test_a_step_that_functions_need_while_it_waits_runs_twice(body: str) -> None:
    workflow = dependent_workflow_of("a b(a) c(b) d(b)", _HELPERS + body)
    assert [note.code for note in workflow.notes] == ["dependency-runs-twice"]


@pytest.mark.parametrize(
    "body",
    [
        "await a()\nawait asyncio.gather(first(), second())",
        "await b()\nawait asyncio.gather(first(), second())",
        "await b()\nawait asyncio.gather(second(), second())",
        "task = asyncio.create_task(first())\nawait task\nawait c()",
        "await first()\nawait asyncio.gather(second(), d())",
    ],
)
def test_a_step_whose_dependencies_have_run_runs_once(body: str) -> None:
    assert dependent_workflow_of("a b(a) c(b) d(b)", _HELPERS + body).notes == ()


@pytest.mark.parametrize(
    ("members", "notes"),
    [
        ("step.sleep('n', 1), d(), d()", ["dependency-runs-twice"]),
        ("step.wait_for_event('e', 'e'), asyncio.shield(d()), d()", ["dependency-runs-twice"]),
        ("step.sleep('n', 1), d()", []),
        ("step.sleep('n', 1), c(), c()", []),
    ],
)
def test_a_step_that_members_of_a_promise_need_while_it_waits(members: str, notes: list[str]) -> None:
    workflow = dependent_workflow_of(
        "a b c(a) d(a, e) e(a, b)", f"from js import Promise\nawait Promise.all([{members}])"
    )
    assert [note.code for note in workflow.notes if note.code != "lost-step"] == notes


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


def graph_after_load(body: str) -> str:
    """Return the graph of steps that follow the declaration of a step `load`, which changes a variable."""
    return graph_of(f"""
        act = a

        @step.do("load")
        async def load():
            nonlocal act
            act = b

{textwrap.indent(textwrap.dedent(body), "        ")}
    """)


def test_a_dependency_changes_variables_before_its_consumer() -> None:
    assert graph_after_load("""
        @step.do("use")
        async def use(load):
            await act()

        await use()
    """) == text("""
        load
        use
          b
    """)


def test_a_dependency_changes_variables_unless_it_has_run() -> None:
    assert graph_after_load("""
        @step.do("use")
        async def use(load):
            return 1

        if x:
            await use()
            return
        await use()
        await act()
    """) == text("""
        if x
          load
          use
          return
        load
        use
        switch act
        | case a
          a
        | case b
          b
    """)


def test_concurrent_dependencies_may_each_write_last() -> None:
    assert graph_after_load("""
        @step.do("store")
        async def store():
            nonlocal act
            act = c

        @step.do("use", concurrent=True)
        async def use(load, store):
            return 1

        await use()
        await act()
    """) == text("""
        parallel all
          load [1>2]
          store [1>2]
        use
        switch act
        | case c
          c
        | case b
          b
    """)
