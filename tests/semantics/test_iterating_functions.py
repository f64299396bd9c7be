"""Functions that iterate: `map`, `zip`, `reversed`, `filter`, and searches."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, notation, text, workflow_of


@pytest.mark.parametrize(
    ("iterator", "awaited"),
    [("map(list, [[a()], [b()]])", "part[0]"), ("map(asyncio.wait_for, [a(), b()], [5, 5])", "part")],
)
def test_a_library_function_that_is_mapped_passes_on_awaitables(iterator: str, awaited: str) -> None:
    assert graph_of(f"for part in {iterator}: await {awaited}") == "a\nb"


def test_map_calls_its_function_where_the_results_are_used() -> None:
    assert (
        graph_of("""
        act = [a]
        results = map(lambda x: act[0], [1])
        act.clear()
        act.append(b)
        for fn in results:
            await fn()
    """)
        == "b"
    )


def test_map_passes_an_element_of_each_iterable() -> None:
    assert (
        graph_of("""
        for fn in map(lambda x, y: y, [a, b], [c, d]):
            await fn()
    """)
        == "c\nd"
    )


def test_map_over_an_optional_element_may_lack_its_result() -> None:
    assert graph_of("""
        fns = []
        if x:
            fns.append(a)
        for fn in map(lambda fn: fn, fns):
            await fn()
    """) == text("""
        loop
          a
    """)


def test_reversed_starts_at_the_last_element_of_its_call() -> None:
    assert graph_of("""
        fns = [a]
        back = reversed(fns)
        fns.append(b)
        for fn in back:
            await fn()
    """) == text("""
        loop
          switch fn
          | case b
            b
          | case a
            a
    """)


def test_zip_of_sorted_steps_has_any_of_them_in_each_row() -> None:
    assert graph_of("""
        for fn, row in zip(sorted([a, b]), [1, 2]):
            await fn()
    """) == text("""
        loop
          switch zip(sorted([a, b]), [1, 2])
          | case a
            a
          | case b
            b
    """)


def test_elements_remain_after_islice() -> None:
    assert graph_of("""
        import itertools
        it = iter([a, b])
        list(itertools.islice(it, 1))
        for fn in it:
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)


def test_steps_that_map_starts_one_by_one_are_reported() -> None:
    assert not workflow_of("""
        for task in map(asyncio.create_task, [a(), b()]):
            await task
    """).complete


def test_zip_longest_ends_shorter_columns_with_none() -> None:
    loop = "for do, undo in zip_longest([a, b], [c]):\n    await do()\n    undo and await undo()"
    body = f"from itertools import zip_longest\n{loop}"
    assert graph_of(body) == text("""
        a
        if undo
          c
        b
    """)


@pytest.mark.parametrize("columns", ["[a, b], [c]", "(step_ for step_ in (a, b)), [c]"])
def test_zip_longest_ends_shorter_columns_with_its_fill_value(columns: str) -> None:
    body = f"""
        from itertools import zip_longest
        for first, second in zip_longest({columns}, fillvalue=d):
            await first()
            await second()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        a
        c
        b
        d
    """)


def test_zip_longest_of_data_may_fill_up_with_a_step() -> None:
    body = """
        from itertools import zip_longest
        for name, job in zip_longest(event["payload"]["names"], [a], fillvalue=b):
            await job()
    """
    assert workflow_of(body).complete
    assert {"a", "b"} <= set(graph_of(body).split())


def test_zip_may_leave_tasks_that_are_not_awaited() -> None:
    tasks = "tasks = [asyncio.create_task(a()) for _ in range(3)]\n"
    assert graph_of(tasks + 'for task, name in zip(tasks, ("x",)):\n    await task\nawait b()') == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_a_strict_zip_awaits_all_tasks() -> None:
    tasks = "tasks = [asyncio.create_task(a()) for _ in range(3)]\n"
    assert graph_of(tasks + "for task, n in zip(tasks, range(3), strict=True):\n    await task\nawait b()") == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.parametrize(
    "search",
    ["a in it", "found = a not in it", "if a in it: pass", "print(c in (it if event else [a]))"],
)
def test_a_search_takes_elements(search: str) -> None:
    graph = graph_of(f"it = iter([a, b])\n{search}\nawait next(it)()")
    assert {"a", "b"} <= {line.strip() for line in graph.split("\n")}


def test_a_search_of_a_list_takes_nothing() -> None:
    assert graph_of("fns = [a, b]\na in fns\nawait next(iter(fns))()") == "a"


def test_a_search_of_an_object_runs_its_iterator() -> None:
    assert graph_of("""
        fns = [a]

        class Names:
            def __iter__(self):
                fns.append(b)
                return iter(())

        "x" in Names()
        await fns[-1]()
    """) == text("b")


@pytest.mark.slow
def test_a_search_in_a_test_of_a_module_takes_elements() -> None:
    graph = graph_of_module("""
from workers import WorkflowEntrypoint

async def one(step): await step.sleep("one", 1)
async def two(step): await step.sleep("two", 1)

found = reversed([two, one])
if one in found:
    act = next(found)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await act(step)
""")
    assert "sleep 'two'" in graph


@pytest.mark.parametrize(
    ("loop", "last"),
    [
        ("for name, task in zip(names, tasks): await task", "b"),
        ("for number, name, task in zip((1, 2), names, tasks): await task", "b"),
        ("names.append('z')\nfor name, task in zip(names, tasks): await task", "  b [2>3]"),
        ("for number, task in zip((1,), tasks): await task", "  b [2>3]"),
        ("it = iter(tasks)\nfor first, second in zip(it, it): await first", "  b [2>3]"),
    ],
)
def test_zip_with_as_many_names_as_tasks_awaits_each_task(loop: str, last: str) -> None:
    body = f"names = ['x', 'y']\ntasks = [asyncio.create_task(a()) for name in names]\n{loop}\nawait b()"
    assert graph_of(body).splitlines()[-1] == last


@pytest.mark.parametrize(
    "iterable",
    [
        *("reversed(done)", "done[::-1]", "done[1:]", "list(done)[::-1]", "done.copy()", "[*done]", "iter(done)"),
        *("map(lambda fn: fn, done)", "filter(None, done)", "[fn for fn, _ in zip(done, rows)]"),
    ],
)
def test_a_list_that_is_empty_in_the_first_pass(iterable: str) -> None:
    workflow = workflow_of(f"""
        done = []
        for row in rows:
            for fn in {iterable}:
                await fn()
            done.append(a)
    """)
    assert workflow.complete
    assert notation(workflow.graph) == "loop\n  loop\n    a"
