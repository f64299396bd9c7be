"""Iterators, generator expressions and views, which are evaluated when they are used (iterators only once)."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of, workflow_of_module


@pytest.mark.parametrize(
    ("body", "graph"),
    [
        ("it = iter([a, b])\nnext(it)\nfor fn in it: await fn()", "b"),
        ("it = iter([a, b, c])\nawait next(it)()\nawait next(it)()", "a\nb"),
        ("it = iter([a, b])\nx, y = it\nawait y()\nfor fn in list(it): await fn()", "b"),
        ("it = enumerate([a, b])\nnext(it)\nfor i, fn in it: await fn()", "b"),
        ("it = iter([a, b])\nlist(it)\nawait next(it, c)()", "c"),
        ("it = iter([a, b, a, c])\nfor x, y in zip(it, it):\n    await y()\n    await x()", "b\na\nc\na"),
        ("it = iter([a, b])\nagain = iter(it)\nnext(again)\nfor fn in it: await fn()", "b"),
        ("it = zip([a, b], [c, d])\nnext(it)\nfor x, y in it: await y()", "d"),
    ],
)
def test_an_iterator_yields_each_element_once(body: str, graph: str) -> None:
    assert graph_of(body) == graph


def test_reversed_calls_the_special_method() -> None:
    assert (
        graph_of("""
        class Steps:
            def __len__(self): return 1
            def __getitem__(self, index): return c
            def __reversed__(self): return iter([b, a])

        for fn in reversed(Steps()):
            await fn()
    """)
        == "b\na"
    )


def test_the_next_element_of_an_object_is_unknown() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        async def work(step): await step.sleep("work", 1)

        class Steps:
            def __next__(self): return work

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                first = next(Steps(), None)
                if first:
                    await first(step)
    """)
    assert [note.message for note in workflow.notes] == [
        "the step object is passed to `first`, which stepgraph does not model."
    ]


def test_elements_may_remain_after_a_loop_over_an_iterator() -> None:
    assert graph_of("""
        it = iter([a, b])
        for fn in it:
            if x:
                break
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


def test_next_on_some_paths_leaves_the_first_element_uncertain() -> None:
    assert graph_of("""
        it = iter([a, b])
        if x:
            next(it)
        await next(it)()
    """) == text("""
        switch next(it)
        | case a
          a
        | case b
          b
    """)


def test_next_in_a_loop_returns_any_element() -> None:
    assert graph_of("""
        it = iter([a, b])
        for row in rows:
            await next(it)()
    """) == text("""
        loop
          switch next(it)
          | case a
            a
          | case b
            b
    """)


def test_an_iterator_used_by_a_function_is_used_for_its_caller() -> None:
    assert (
        graph_of("""
        def take(source):
            return next(source)
        it = iter([a, b])
        await take(it)()
        await take(it)()
    """)
        == "a\nb"
    )


def test_a_second_loop_over_a_generator_expression_may_be_empty() -> None:
    assert graph_of("""
        gen = (fn for fn in (a, b))
        for fn in gen:
            await fn()
        for fn in gen:
            await fn()
    """) == text("""
        a
        b
        loop
          switch (fn for fn in (a, b))
          | case a
            a
          | case b
            b
    """)


def test_break_in_a_loop_over_a_generator_expression() -> None:
    assert graph_of("""
        for fn in (fn for fn in (a, b)):
            if x:
                break
            await fn()
        await c()
    """) == text("""
        loop
          if x
            break
          switch (fn for fn in (a, b))
          | case a
            a
          | case b
            b
        c
    """)


def test_continue_skips_an_element_of_a_generator_expression() -> None:
    assert graph_of("""
        for row in rows:
            for fn in (fn for fn in (a, b)):
                if x:
                    continue
                await fn()
            await c()
    """) == text("""
        loop
          if x
          else
            a
          if x
          else
            b
          c
    """)


@pytest.mark.parametrize("iterator", ["iter(fns)", "(fn for fn in fns)", "map(lambda fn: fn, fns)"])
def test_next_in_a_loop_over_its_iterator_is_reported(iterator: str) -> None:
    assert not workflow_of(f"""
        fns = [a, b, c]
        it = {iterator}
        for fn in it:
            await fn()
            next(it)
    """).complete


def test_a_generator_expression_is_empty_after_list() -> None:
    assert (
        graph_of("""
        gen = (fn for fn in (a, b))
        fns = list(gen)
        await asyncio.gather(*[fn() for fn in gen])
        await fns[0]()
    """)
        == "a"
    )


def test_a_generator_expression_evaluates_one_iterable_at_once() -> None:
    assert (
        graph_of("""
        fns = [a, b]
        gen = (fn for fn in fns)
        fns = [c]
        for fn in gen:
            await fn()
    """)
        == "a\nb"
    )


@pytest.mark.parametrize("iterator", ["iter(fns)", "(fn for fn in fns)", "map(lambda fn: fn, fns)"])
def test_an_iterator_yields_elements_appended_after_its_creation(iterator: str) -> None:
    assert graph_of(f"fns = [a]\nit = {iterator}\nfns.append(b)\nfor fn in it: await fn()") == "a\nb"


@pytest.mark.parametrize(("method", "target"), [("values", "fn"), ("items", "key, fn")])
def test_a_view_shows_entries_added_after_its_creation(method: str, target: str) -> None:
    assert (
        graph_of(f"""
        table = {{"x": a}}
        view = table.{method}()
        table["y"] = b
        for {target} in view:
            await fn()
    """)
        == "a\nb"
    )


def test_a_view_is_used_any_number_of_times() -> None:
    assert (
        graph_of("""
        view = {"x": a}.values()
        for fn in view:
            await fn()
        for fn in view:
            await fn()
    """)
        == "a\na"
    )


def test_yield_from_has_the_result_of_its_generator() -> None:
    assert (
        graph_of("""
        def inner():
            yield 1
            return b
        def outer():
            yield (yield from inner())
        for fn in outer():
            await fn()
    """)
        == "loop\n  b"
    )


@pytest.mark.parametrize(
    ("head", "change"),
    [
        ("_, fn in enumerate(plan)", "plan[1] = c"),
        ("_, fn in enumerate(plan)", "plan.append(c)"),
        ("fn in reversed(plan)", "plan[0] = c"),
        ("fn in iter(plan)", "plan.append(c)"),
        ("fn in filter(bool, plan)", "plan.append(c)"),
        ("fn in map(lambda fn: fn, plan)", "plan.append(c)"),
        ("fn in itertools.chain(plan)", "plan.append(c)"),
        ("fn in itertools.chain.from_iterable([plan])", "plan.append(c)"),
        ('_, fn in zip("xy", plan)', "plan[1] = c"),
        ("_, fn in table.items()", 'table["y"] = c'),
        ("fn in table.values()", 'table["y"] = c'),
    ],
)
def test_a_loop_sees_changes_of_the_iterated_collection(head: str, change: str) -> None:
    graph = graph_of(f"""
        import itertools
        plan = [a, b]
        table = {{"x": a, "y": b}}
        for {head}:
            await fn()
            {change}
    """).splitlines()
    assert graph[0] == "loop"
    assert sorted(line.strip() for line in graph if line.startswith("    ")) == ["a", "b", "c"]


def test_a_loop_over_a_copy_does_not_see_changes() -> None:
    assert graph_of("""
        plan = [a, b]
        for _, fn in enumerate(list(plan)):
            await fn()
            plan.append(c)
    """) == text("""
        a
        b
    """)


def test_a_comprehension_that_changes_its_iterable_is_noted() -> None:
    workflow = workflow_of("""
        plan = [a, b]
        def use(fn):
            plan.append(c)
            return fn()
        calls = [use(fn) for fn in plan]
        for call in calls:
            await call
    """)
    assert [note.code for note in workflow.notes] == ["generator"]


FILLING = """
plan = []
def fill():
    plan.append(a)
    yield 1
    plan.append(b)
    yield 2
"""


@pytest.mark.parametrize(
    "consumer", ["list(fill())", "first, second = fill()", "print(*fill())", "[*fill()]", "sorted(enumerate(fill()))"]
)
def test_the_code_of_a_consumed_generator_runs_once(consumer: str) -> None:
    assert graph_of(f"{FILLING}{consumer}\nfor fn in plan:\n    await fn()") == "a\nb"


@pytest.mark.parametrize(
    "consumer",
    [
        "next(numbers)",
        "any(numbers)",
        "all(n for n in numbers)",
        "list(zip(range(1), numbers))",
        "list(itertools.islice(numbers, 1))",
        "if event: list(numbers)\nlist(numbers)",
        "''.join(map(str, numbers))",
        "elsewhere(n for n in numbers)",
    ],
)
def test_a_generator_that_changes_values_piece_by_piece_is_noted(consumer: str) -> None:
    body = f"import itertools{FILLING}numbers = fill()\n{consumer}\nfor fn in plan:\n    await fn()"
    assert not workflow_of(body).complete


def test_a_generator_without_effects_may_be_consumed_in_part() -> None:
    workflow = workflow_of("""
        def fill():
            yield 1
            yield 2

        numbers = fill()
        next(numbers)
        print(max(numbers))
        await a()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == "a"


@pytest.mark.parametrize(
    "comprehension",
    ["[await f() for f in (g for g in [a]) if x]", "{1: await f() for f in (g for g in [a]) if x}"],
)
def test_a_filter_on_a_generator_expression_is_a_branch(comprehension: str) -> None:
    assert graph_of(comprehension) == text("""
        if x
          a
    """)


def test_a_filter_on_a_generator_is_a_branch_at_each_yield() -> None:
    assert graph_of("""
        async def pages():
            await a()
            yield 1
            await b()
            yield 2

        [await c() async for page in pages() if page.ok if x]
    """) == text("""
        a
        if page.ok
          if x
            c
        b
        if page.ok
          if x
            c
    """)


def test_a_filter_on_a_generator_keeps_earlier_values() -> None:
    assert graph_of("""
        act = c
        [(act := f) for f in (g for g in [a]) if x]
        await act()
    """) == text("""
        if x
          a
        else
          c
    """)


def test_none_is_the_default_of_next_for_an_object_in_each_pass() -> None:
    """A loop that joins None from several objects still knows that it is None."""
    workflow = workflow_of("""
        class Agent:
            def __init__(self, tool, handoffs):
                self.tool, self.handoffs = tool, handoffs
            def handoff(self, name):
                return next((each for each in self.handoffs if each.name == name), None)

        agent = Agent(a, [Agent(b, [])])
        while event["payload"]["more"]:
            await agent.tool()
            agent = agent.handoff("x")
    """)
    assert workflow.complete
    assert "| default" not in notation(workflow.graph)


PAGES = """
class Pages:
    def __init__(self):
        self.number = 0
    def __aiter__(self):
        return self
    async def __anext__(self):
        self.number += 1
        if self.number > 3:
            raise StopAsyncIteration
        return await a()

pages = Pages()
"""
CYCLE = """
class Cycle:
    def __init__(self):
        self.number = 0
    def __next__(self):
        self.number += 1
        return (b, c)[self.number % 2]

cycle = Cycle()
"""


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (f"{PAGES}await anext(pages)", ["call __anext__"]),
        (f"{PAGES}one = anext(pages)\nawait d()\nawait one", ["d", "call __anext__"]),
        (
            f"{PAGES}await asyncio.gather(anext(pages), anext(pages))",
            ["parallel all", "  call __anext__ [1>2]", "  call __anext__ [1>2]"],
        ),
        (f"{CYCLE}await next(cycle)()", ["switch self.number % 2", "| case 0", "  b", "| case 1", "  c"]),
    ],
)
def test_next_of_an_object_is_its_method(use: str, expected: list[str]) -> None:
    assert workflow_of(use).complete
    assert graph_of(use).split("\ndef ")[0].splitlines() == expected


@pytest.mark.parametrize("call", [f"{PAGES}await anext(pages, None)", f"{CYCLE}await next(cycle, a)()"])
def test_a_default_of_next_of_an_object_is_reported(call: str) -> None:
    assert not workflow_of(call).complete


PLAN = "def plan():\n    ok = yield a\n    yield b if ok else c\n\njobs = plan()\n"


def test_send_returns_any_element_of_a_generator() -> None:
    loop = "job = jobs.send(None)\nfor _ in event:\n    job = jobs.send(await job())"
    assert graph_of(PLAN + loop) == text("""
        loop
          switch job
          | case a
            a
          | case b
            b
          | case c
            c
    """)


def test_a_step_that_is_sent_to_a_generator_is_noted() -> None:
    assert not workflow_of(f"{PLAN}next(jobs)\nawait jobs.send(d)()").complete
