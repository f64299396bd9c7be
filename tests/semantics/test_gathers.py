"""The members of gathers: nested and stored gathers, and members that some paths add."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


def test_a_gather_of_pending_tasks_creates_no_parallel() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        u = asyncio.create_task(b())
        v = asyncio.create_task(c())
        await asyncio.gather(t, u, return_exceptions=True)
        await v
        await d()
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
          c [1>3]
        d
    """)


def test_a_group_joined_as_a_whole_has_the_kind_of_the_join() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a())]
        if x:
            tasks.append(asyncio.create_task(b()))
        await asyncio.wait(tasks)
    """) == text("""
        parallel all_settled
          a [1>2]
          if x
            b [1>2]
    """)


def test_a_stored_gather_of_another_kind_is_a_nested_parallel() -> None:
    assert graph_of("""
        both = asyncio.gather(a(), b(), return_exceptions=True)
        await c()
        await both
        await d()
    """) == text("""
        parallel all
          parallel all_settled
            a [1>3]
            b [1>3]
          c [1>2]
        d
    """)


def test_members_of_stored_gathers_are_members_of_the_group() -> None:
    assert graph_of("""
        one, other = asyncio.gather(a(), b()), asyncio.gather(c(), d())
        await asyncio.gather(one, other)
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
          c [1>2]
          d [1>2]
    """)


def test_gathers_in_a_comprehension_are_parallels_in_its_loop() -> None:
    assert graph_of("""
        await asyncio.gather(*[asyncio.gather(a(), b(), return_exceptions=True) for row in rows])
    """) == text("""
        parallel all
          loop
            parallel all_settled
              a [1>2]
              b [1>2]
    """)


@pytest.mark.parametrize(
    "awaited",
    [
        "await asyncio.gather(a(), return_exceptions=True)",
        "await asyncio.wait([asyncio.create_task(a())])",
        "async with asyncio.TaskGroup() as group: group.create_task(a())",
        "await asyncio.shield(a())",
        "await asyncio.create_task(a())",
    ],
)
def test_a_group_of_one_member_is_the_member(awaited: str) -> None:
    assert graph_of(f"{awaited}\nawait asyncio.gather(b(), c())\n") == text("""
        a
        parallel all
          b [1>2]
          c [1>2]
    """)


@pytest.mark.parametrize(
    "options", ["return_exceptions=True", "**options", "**{'return_exceptions': True}"], ids=["keyword", "name", "dict"]
)
def test_exceptions_returned_make_a_gather_all_settled(options: str) -> None:
    assert graph_of(f"options = {{'return_exceptions': True}}\nawait asyncio.gather(a(), b(), {options})\n") == text("""
        parallel all_settled
          a [1>2]
          b [1>2]
    """)


def test_a_coroutine_that_each_branch_appends_is_a_choice() -> None:
    assert graph_of("""
        jobs = [c()]
        if x:
            jobs.append(a())
        else:
            jobs.append(b())
        await asyncio.gather(*jobs)
    """) == text("""
        parallel all
          c [1>2]
          if x
            a [1>2]
          else
            b [1>2]
    """)


def test_coroutines_appended_in_branches_of_a_loop_are_a_choice() -> None:
    assert graph_of("""
        jobs = []
        for row in event:
            match row.kind:
                case "x":
                    jobs.append(a())
                case _:
                    jobs.append(b())
        await asyncio.gather(*jobs)
    """) == text("""
        parallel all
          loop
            switch row.kind
            | case "x"
              a [1>2]
            | default
              b [1>2]
    """)


def test_coroutines_of_some_branches_are_loops_in_source_order() -> None:
    assert graph_of("""
        jobs = []
        for row in event:
            if row.x:
                jobs.append(a())
            elif row.y:
                jobs.append(b())
        await asyncio.gather(*jobs)
    """) == text("""
        parallel all
          loop
            a [1>2]
          loop
            b [1>2]
    """)


def test_members_of_a_gather_that_are_chosen_are_a_branch_each() -> None:
    assert graph_of("""
        work = [a(), b()] if x else [c()]
        await asyncio.gather(*work)
    """) == text("""
        parallel all
          if x
            a [1>2]
            b [1>2]
          else
            c [1>2]
    """)


@pytest.mark.parametrize("members", ["[a(), b()]", "(a(), b())"])
def test_an_unconverted_collection_for_javascript_is_reported_and_shown_as_an_array(members: str) -> None:
    workflow = workflow_of(f"from js import Promise\nawait Promise.allSettled({members})\nawait c()")
    assert notation(workflow.graph) == text("""
        parallel all_settled
          a [1>2]
          b [1>2]
        c
    """)
    assert [note.code for note in workflow.notes] == ["collection-unconverted"]


@pytest.mark.parametrize("members", ["{a(), b()}", "[a() for x in xs]"])
def test_sets_and_comprehensions_for_javascript_are_reported(members: str) -> None:
    workflow = workflow_of(f"from js import Promise\nawait Promise.all({members})")
    assert [note.code for note in workflow.notes] == ["collection-unconverted"]


@pytest.mark.parametrize("members", ["to_js([a(), b()])", "(step() for step in (a, b))", "iter([a(), b()])"])
def test_javascript_runs_the_calls_of_arrays_and_iterators(members: str) -> None:
    assert graph_of(f"from js import Promise\nfrom pyodide.ffi import to_js\nawait Promise.all({members})") == text("""
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_a_variable_with_a_python_collection_for_javascript_is_reported() -> None:
    workflow = workflow_of("from js import Promise\ncalls = [a(), b()]\nawait Promise.all(calls)")
    assert [note.code for note in workflow.notes] == ["collection-unconverted"]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("self.join = asyncio.gather", "self.join"),
        ("class Loop:\n    def __init__(self):\n        self.join = asyncio.gather\nloop = Loop()", "loop.join"),
        (
            "import dataclasses\n@dataclasses.dataclass\nclass Loop:\n    join: object = asyncio.gather\nloop = Loop()",
            "loop.join",
        ),
        ("import types\nloop = types.SimpleNamespace(join=asyncio.gather, step=step)", "loop.join"),
    ],
)
def test_an_attribute_holds_the_function_that_gathers(code: str, call: str) -> None:
    assert graph_of(f"{code}\nawait {call}(a(), b())") == text("""
        parallel all
          a [1>2]
          b [1>2]
    """)


def test_a_method_after_a_change_of_the_function_that_joins() -> None:
    assert graph_of("""
        async def in_order(*coroutines):
            for coroutine in coroutines:
                await coroutine
        async def both():
            await self.join(a(), b())
        self.join = asyncio.gather
        await both()
        self.join = in_order
        await both()
    """) == text("""
        call both
        call both #2
        def both
          parallel all
            a [1>2]
            b [1>2]
        def both #2
          call in_order(a, b)
        def in_order(a, b)
          a
          b
    """)


def test_an_attribute_with_one_of_two_functions_is_reported() -> None:
    workflow = workflow_of("self.join = asyncio.gather if x else asyncio.wait\nawait self.join(a(), b())")
    assert [note.code for note in workflow.notes][:1] == ["escapes"]


@pytest.mark.parametrize("calls", ["(f() for f in chosen)", "[f() for f in chosen]"])
def test_calls_of_chosen_functions_stay_in_their_branches(calls: str) -> None:
    assert graph_of(f"""
        chosen = [a] if x else [a, b]
        await asyncio.gather(*{calls})
    """) == text("""
        parallel all
          if x
            a [1>2]
          else
            a [1>2]
            b [1>2]
    """)


@pytest.mark.slow
def test_an_append_to_calls_of_chosen_functions_is_awaited() -> None:
    assert graph_of("""
        chosen = [a] if x else [b]
        calls = [f() for f in chosen]
        calls.append(c())
        await asyncio.gather(*calls)
    """) == text("""
        parallel all
          if f() in calls
            a [1>2]
          if f() in calls
            b [1>2]
          c [1>2]
    """)
