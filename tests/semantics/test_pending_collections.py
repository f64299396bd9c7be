"""Pending work in collections that may be empty or lack tasks."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize(
    "awaiting",
    [
        "if tasks:\n    await asyncio.gather(*tasks)",
        "if len(tasks) > 0:\n    await asyncio.gather(*tasks)",
        "if x and not tasks:\n    pass\nelif tasks:\n    await asyncio.gather(*tasks)",
        "if not len(tasks):\n    pass\nelse:\n    await asyncio.wait(tasks)",
        "done = await asyncio.gather(*tasks) if tasks else []",
    ],
)
def test_an_empty_collection_leaves_no_task_pending(awaiting: str) -> None:
    assert graph_of("tasks = [asyncio.create_task(a()) for row in rows]\n" + awaiting + "\nawait b()").endswith("\nb")


@pytest.mark.parametrize("test", ["tasks and x", "tasks[:1]", "len(tasks) > 1", "x"])
def test_a_test_of_more_than_emptiness_leaves_tasks_pending(test: str) -> None:
    body = (
        f"tasks = [asyncio.create_task(a()) for row in rows]\nif {test}:\n    await asyncio.gather(*tasks)\nawait b()"
    )
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_an_empty_collection_has_no_task_added_on_some_paths() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        tasks = [t] if x else []
        if tasks:
            await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          a [1>]
          b [2>3]
    """)


@pytest.mark.parametrize(
    "awaiting",
    [
        "if task:\n    await task",
        "if task is not None:\n    await task",
        "if not task:\n    pass\nelse:\n    await task",
        "result = await task if task else None",
        "if task is None:\n    return\nawait task",
    ],
)
def test_a_variable_without_a_task_leaves_none_pending(awaiting: str) -> None:
    body = "task = None\nif x:\n    task = asyncio.create_task(a())\nawait b()\n" + awaiting + "\nawait c()"
    graph = graph_of(body)
    assert "a [1>3]" in graph
    assert graph.endswith("\nc")


@pytest.mark.parametrize(
    "starting",
    [
        "t = asyncio.create_task(a())\ntask = t if x else None",
        "task = asyncio.create_task(a())\nif x:\n    task = None",
        "task = None\nif x:\n    task = asyncio.create_task(a())\nif y:\n    task = None",
        "t = asyncio.create_task(a())\ntask = asyncio.gather(t) if x else None",
    ],
)
def test_a_variable_that_loses_its_task_may_leave_it_pending(starting: str) -> None:
    graph = graph_of(starting + "\nif task:\n    await task\nawait b()")
    assert "a [1>]" in graph
    assert graph.endswith("\n  b [2>3]")


def test_an_unknown_repetition_of_a_collection_may_be_empty() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a())] * n
        await asyncio.gather(*tasks)
        await b()
    """) == text("""
        parallel all
          a [1>]
          b [2>3]
    """)


def test_a_name_awaits_only_the_last_task_of_a_loop() -> None:
    assert graph_of("""
        for row in rows:
            t = asyncio.create_task(a())
        await t
        await b()
    """) == text("""
        parallel all
          loop
            a [1>]
          b [2>3]
    """)


def test_a_nonempty_loop_with_an_await_has_awaited() -> None:
    assert graph_of("""
        t = asyncio.create_task(a())
        while True:
            await b()
            await t
            if done:
                break
        await c()
    """) == text("""
        parallel all
          a [1>3]
          loop
            b [1>2]
            if done
              break
        c
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "[t for k in rows]",
        "[(k, t) for k in rows]",
        "{i: t for i, k in enumerate(rows)}.values()",
        "[asyncio.shield(t) for k in rows]",
        "list(map(lambda k: t, rows))",
        "itertools.chain.from_iterable([[t] for k in rows])",
        "[pair[1] for pair in itertools.product(rows, [t])]",
        "yielded(t)",
    ],
)
def test_an_empty_comprehension_awaits_no_outer_task(tasks: str) -> None:
    awaiting = "for _, task in tasks: await task" if "(k, t)" in tasks else "await asyncio.gather(*tasks)"
    generator = "import itertools\ndef yielded(task):\n    for row in rows: yield task\n\n"
    assert graph_of(f"{generator}t = asyncio.create_task(a())\ntasks = {tasks}\n{awaiting}\nawait d()") == text("""
        parallel all
          a [1>]
          d [2>3]
    """)


def test_a_list_of_lists_may_be_empty() -> None:
    body = "t = asyncio.create_task(a())\nlists = [[t] for row in rows]\nfor tasks in lists: await tasks[0]\nawait d()"
    assert "a [1>]" in graph_of(body)


@pytest.mark.parametrize("loop", ["for row, (n, t) in pairs", "for i, (row, (n, t)) in enumerate(pairs)"])
def test_a_loop_unpacks_nested_tuples_with_tasks(loop: str) -> None:
    assert graph_of(f"""
        pairs = [(row, (1, asyncio.create_task(a()))) for row in rows]
        {loop}:
            await t
        await d()
    """) == text("""
        parallel all
          loop
            a [1>2]
        d
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "tasks = [[asyncio.create_task(a()) for j in k][-1] for k in rows]",
        "tasks = []\nfor k in rows:\n    for j in k: t = asyncio.create_task(a())\n    tasks.append(t)",
        "all_tasks = [asyncio.create_task(a()) for k in rows]\ntasks = [[t for t in all_tasks][0] for j in k]",
    ],
)
def test_a_collection_may_lack_tasks_of_an_inner_loop(tasks: str) -> None:
    assert "a [1>]" in graph_of(f"{tasks}\nawait asyncio.gather(*tasks)\nawait d()")


def test_an_inner_loop_may_omit_the_tasks_of_an_outer_collection() -> None:
    assert graph_of("""
        tasks = [asyncio.create_task(a()) for row in rows]
        await asyncio.gather(*[task for row in rows for task in tasks])
        await d()
    """) == text("""
        parallel all
          loop
            a [1>]
          d [2>3]
    """)


@pytest.mark.parametrize(
    "tasks",
    [
        "[asyncio.create_task(a()) for row in rows]",
        "[asyncio.create_task(a()) for row in rows if row]",
        "[asyncio.create_task(a()) for row in rows for item in row]",
        "[task for task in [asyncio.create_task(a()) for row in rows]]",
    ],
)
def test_a_comprehension_contains_the_tasks_that_it_starts(tasks: str) -> None:
    lines = graph_of(f"tasks = {tasks}\nawait asyncio.gather(*tasks)\nawait d()").split("\n")
    assert [line.strip() for line in lines if line.strip() != "loop"] == ["parallel all", "a [1>2]", "d"]


@pytest.mark.parametrize("argument", ["return_when=asyncio.FIRST_COMPLETED", "timeout=5"])
def test_a_loop_that_waits_until_no_task_is_pending(argument: str) -> None:
    assert graph_of(f"""
        pending = [asyncio.create_task(a()) for x in xs]
        while pending:
            done, pending = await asyncio.wait(pending, {argument})
            await b()
        await c()
    """) == text("""
        parallel all
          loop
            a [1>3]
          loop
            b [1>2]
        c
    """)


@pytest.mark.parametrize("change", ["pending = set()", "pending.clear()", "break"])
def test_a_loop_that_drops_pending_tasks(change: str) -> None:
    graph = graph_of(f"""
        pending = {{asyncio.create_task(a())}}
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if x:
                {change}
            await b()
        await c()
    """)
    assert "a [1>]" in graph


LISTED = "[asyncio.create_task(a()) for x in xs]"
KEYED = "{asyncio.create_task(a()): x for x in xs}"


@pytest.mark.parametrize(
    ("tasks", "test", "removal"),
    [
        ("set()", "tasks", "for t in done:\n        tasks.discard(t)"),
        ("set()", "tasks", "for t in done:\n        print(t.result())\n        tasks.remove(t)"),
        ("set()", "len(tasks) > 0", "tasks -= done"),
        (LISTED, "tasks", "tasks = [t for t in tasks if t not in done]"),
        (LISTED, "tasks", "tasks = [t for t in tasks if not t.done()]"),
        (KEYED, "tasks", "for t in done:\n        print(tasks.pop(t))"),
        (KEYED, "len(tasks)", "for t in done:\n        print(tasks[t], len(tasks))\n        del tasks[t]"),
    ],
)
def test_a_loop_that_removes_only_done_tasks(tasks: str, test: str, removal: str) -> None:
    filling = "for x in xs:\n    tasks.add(asyncio.create_task(a()))\n" if tasks == "set()" else ""
    assert graph_of(
        f"tasks = {tasks}\n{filling}while {test}:\n"
        f"    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)\n    {removal}\nawait b()"
    ) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.parametrize(
    ("before", "removal"),
    [
        ("", "tasks -= rest"),
        ("", "done |= rest\n    tasks -= done"),
        ("", "done.update(rest)\n    tasks -= done"),
        ("", "merge(done, rest)\n    tasks -= done"),
        ("", "for t in done:\n        for t in rest:\n            tasks.discard(t)"),
        ("", "for t in done:\n        t = rest.pop()\n        tasks.discard(t)"),
        ("", "for t in rest:\n        tasks.discard(t)"),
        ("", "tasks -= done\n    if x:\n        break"),
        ("", "tasks = {t for t in tasks if t not in done if x}"),
        ("", "tasks = {t for t in tasks if t not in rest}"),
        ("other = tasks", "other.clear()\n    tasks -= done"),
        ("def drop():\n    tasks.clear()", "drop()\n    tasks -= done"),
    ],
)
def test_a_loop_that_may_remove_pending_tasks(before: str, removal: str) -> None:
    graph = graph_of(
        f"tasks = {{asyncio.create_task(a()) for x in xs}}\n{before}\nwhile tasks:\n"
        f"    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)\n    {removal}\nawait b()"
    )
    assert "a [1>]" in graph


SLIDING_WINDOW = """
    pending = set()
    for x in xs:
        if len(pending) >= 2:
            {wait}
        pending.add(asyncio.create_task(a()))
    {rest}
    await b()
"""
WAIT = "done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)"


@pytest.mark.parametrize("rest", ["await asyncio.wait(pending)", f"while pending: {WAIT}", "for t in pending: await t"])
def test_a_window_of_tasks_contains_all_pending_tasks(rest: str) -> None:
    rest = rest.replace(": ", ":\n        ")
    assert graph_of(SLIDING_WINDOW.format(wait=WAIT, rest=rest)) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.parametrize(
    ("wait", "rest"),
    [
        (WAIT.replace("done, pending", "pending, done"), "await asyncio.wait(pending)"),
        (f"{WAIT}\n            kept = pending", "await asyncio.wait(kept)"),
        (f"{WAIT}\n            pending = set()", "await asyncio.wait(pending)"),
    ],
)
def test_other_variables_may_lack_pending_tasks(wait: str, rest: str) -> None:
    assert "a [1>]" in graph_of(SLIDING_WINDOW.format(wait=wait, rest=rest))


def test_a_window_whose_variable_is_none_first() -> None:
    rest = f"while pending:\n        {WAIT}"
    assert graph_of("pending = None\n" + textwrap.dedent(SLIDING_WINDOW.format(wait=WAIT, rest=rest))) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)


@pytest.mark.parametrize(
    "awaiting",
    [
        'if "mail" in tasks:\n    await tasks["mail"]',
        'if "mail" not in tasks:\n    pass\nelse:\n    await tasks["mail"]',
        'if not ("mail" in tasks):\n    pass\nelse:\n    await tasks.pop("mail")',
    ],
)
def test_a_task_awaited_if_its_key_is_present_is_completed(awaiting: str) -> None:
    start = 'tasks = {}\nif x:\n    tasks["mail"] = asyncio.create_task(a())\nawait b()'
    assert graph_of(f"{start}\n{awaiting}\nawait c()") == text("""
        parallel all
          if x
            a [1>3]
          b [1>2]
        c
    """)


@pytest.mark.parametrize("change", ['tasks.pop("mail", None)', 'tasks["mail"] = asyncio.create_task(d())'])
def test_a_task_that_may_have_lost_its_key_stays_pending(change: str) -> None:
    start = f'tasks = {{"mail": asyncio.create_task(a())}}\nif x:\n    {change}'
    graph = graph_of(f'{start}\nif "mail" in tasks:\n    await tasks["mail"]\nawait c()')
    assert "  a [1>]" in graph.splitlines()


@pytest.mark.parametrize(
    ("tasks", "test", "first"),
    [
        (LISTED, "tasks", "await tasks.pop()"),
        (LISTED, "len(tasks) > 0", "result = await tasks.pop(0)"),
        (LISTED, "tasks", "task = tasks.pop()\n    result = await task"),
        ("{asyncio.create_task(a()) for x in xs}", "tasks", "await tasks.pop()"),
    ],
)
def test_a_loop_that_awaits_each_task_it_removes(tasks: str, test: str, first: str) -> None:
    graph = graph_of(f"tasks = {tasks}\nwhile {test}:\n    {first}\n    await b()\nawait c()")
    assert re.sub(r"\d+", "n", graph) == text("""
        parallel all
          loop
            a [n>n]
          loop
            b [n>n]
        c
    """)


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        ("lost = tasks.pop()", ""),
        ("", "\n    if x:\n        break"),
        ("", "\n    tasks = tasks[1:]"),
        ("other = tasks", "\n    other.clear()"),
        ("def drop():\n    tasks.clear()", "\n    drop()"),
    ],
)
def test_a_loop_that_may_remove_other_tasks(before: str, rest: str) -> None:
    assert "a [1>]" in graph_of(f"tasks = {LISTED}\n{before}\nwhile tasks:\n    await tasks.pop(){rest}\nawait b()")


@pytest.mark.parametrize(
    ("tasks", "test"),
    [("tasks", "len(tasks)"), ("tasks", "len(tasks) > 0"), ("self.tasks", "self.tasks"), ("self.tasks", "tasks")],
)
def test_a_loop_until_a_collection_is_empty_awaits_all_tasks(tasks: str, test: str) -> None:
    body = f"tasks = {tasks} = {LISTED}\nwhile {test}:\n    await {tasks}.pop()\nawait b()"
    assert graph_of(body) == text("""
        parallel all
          loop
            a [1>2]
        b
    """)
