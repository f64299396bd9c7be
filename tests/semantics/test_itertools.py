"""Functions of itertools, heapq and functools that combine, repeat, group or choose steps."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

IMPORTS = "import functools\nimport heapq\nimport itertools\n"
ANY_OF_TWO = text("""
    loop
      switch fn
      | case a
        a
      | case b
        b
""")


@pytest.mark.parametrize(
    ("iterable", "graph"),
    [
        ("itertools.pairwise([a, b, c])", "a\nb\nb\nc"),
        ("itertools.product([a, b], [c])", "a\nc\nb\nc"),
        ("itertools.combinations([a, b, c], 2)", "a\nb\na\nc\nb\nc"),
        ("itertools.permutations([a, b])", "a\nb\nb\na"),
        ("itertools.batched([a, b, c, d], 2)", "a\nb\nc\nd"),
    ],
)
def test_rows_in_order(iterable: str, graph: str) -> None:
    assert graph_of(f"{IMPORTS}for x, y in {iterable}:\n    await x()\n    await y()") == graph


@pytest.mark.parametrize("call", ["pairwise(fns)", "product(fns, fns)", "combinations(fns, 2)", "batched(fns, 2)"])
def test_rows_of_elements_in_an_unknown_order(call: str) -> None:
    body = f"fns = [a]\nfor row in rows: fns.append(b)\nfor row in itertools.{call}:\n    for fn in row: await fn()"
    graph = graph_of(IMPORTS + body)
    assert graph.startswith("loop\n")
    assert {"a", "b"} <= set(graph.split())


def test_a_product_has_the_elements_at_its_call() -> None:
    body = "fns = [a]\nrows = itertools.product(fns)\nfns.append(b)\nfor (fn,) in rows: await fn()"
    assert graph_of(IMPORTS + body) == "a"


def test_starmap_calls_its_function_on_iteration() -> None:
    body = "async def go(fn, n): await fn()\ncalls = itertools.starmap(go, [(a, 1), (b, 2)])\nawait c()\n"
    graph = graph_of(f"{IMPORTS}{body}await asyncio.gather(*calls)")
    assert graph.split()[:3] == ["c", "parallel", "all"]
    assert {"a", "b"} <= set(graph.split())


def test_starmap_calls_its_function_for_unknown_rows() -> None:
    body = "async def go(n, row): await a()\nawait asyncio.gather(*itertools.starmap(go, enumerate(rows)))"
    assert graph_of(IMPORTS + body) == text("""
        parallel all
          loop
            call go [1>2]
        def go
          a
    """)


@pytest.mark.parametrize(
    "iterable",
    [
        "itertools.cycle([a, b])",
        "itertools.islice(itertools.cycle([a, b]), 5)",
        "itertools.compress([a, b], rows)",
        "(fn for _, fn in zip(rows, itertools.cycle([a, b])))",
        "(fn for _, group in itertools.groupby([a, b]) for fn in group)",
    ],
)
def test_any_of_the_elements(iterable: str) -> None:
    graph = graph_of(f"{IMPORTS}for fn in {iterable}:\n    await fn()\n    if rows: break\nawait c()")
    assert {"loop", "a", "b", "c"} <= set(graph.split())


def test_an_element_of_a_cycle_in_each_iteration() -> None:
    assert graph_of(f"{IMPORTS}fns = itertools.cycle([a, b])\nfor row in rows: await next(fns)()") == text("""
        loop
          switch next(fns)
          | case a
            a
          | case b
            b
    """)


def test_an_await_of_some_tasks_of_a_cycle_ends_none_for_certain() -> None:
    body = "tasks = [asyncio.create_task(a()), asyncio.create_task(b())]\nfor task in itertools.cycle(tasks):\n"
    graph = graph_of(f"{IMPORTS}{body}    await task\n    if rows: break\nawait c()")
    assert {"[1>]"} <= set(graph.split())


@pytest.mark.parametrize(("times", "graph"), [("2", "a\na"), ("rows", "loop\n  a"), ("times=2", "a\na")])
def test_repetitions(times: str, graph: str) -> None:
    assert graph_of(f"{IMPORTS}for fn in itertools.repeat(a, {times}): await fn()") == graph


COMPOSE = "def compose(f, g):\n    async def both():\n        await f()\n        await g()\n    return both\n"


@pytest.mark.parametrize("arguments", ["[a, b]", "[b], a"])
def test_reduce_composes_functions(arguments: str) -> None:
    graph = graph_of(f"{IMPORTS}{COMPOSE}await functools.reduce(compose, {arguments})()")
    assert graph.split()[-2:] == ["a", "b"]


def test_reduce_of_an_unknown_number_of_functions_is_noted() -> None:
    assert not workflow_of(f"{IMPORTS}{COMPOSE}await functools.reduce(compose, [a for row in rows])()").complete


@pytest.mark.parametrize("fill", ["heap = [(1, a), (2, b)]\nheapq.heapify(heap)", "heap = []\nPUSHES"])
def test_a_heap_yields_its_elements_in_any_order(fill: str) -> None:
    pushes = "heapq.heappush(heap, (1, a))\nheapq.heappush(heap, (2, b))"
    body = f"{IMPORTS}{fill.replace('PUSHES', pushes)}\nwhile heap:\n    _, fn = heapq.heappop(heap)\n    await fn()"
    graph = graph_of(body)
    assert graph.startswith("loop\n  switch")
    assert {"a", "b"} <= set(graph.split())


def test_the_smallest_elements_are_any() -> None:
    assert graph_of(f"{IMPORTS}for fn in heapq.nsmallest(1, [a, b], key=len): await fn()") == ANY_OF_TWO


def test_a_heap_compares_its_elements() -> None:
    graph = graph_of(f"""
        {IMPORTS.replace(chr(10), "; ")}
        class Job:
            def __lt__(self, other):
                asyncio.create_task(a())
                return True
        heap = [Job()]
        heapq.heappush(heap, Job())
    """)
    assert "a" in graph.split()


JOBS = """\
import operator
class Job:
    def __init__(self, fn):
        self.fn = fn
    @property
    def kind(self):
        return self.renew()
    def renew(self):
        self.fn = c
        return 1
job = Job(a)
"""


@pytest.mark.parametrize("key", ["lambda j: j.renew()", "Job.renew", "operator.attrgetter('kind')"])
@pytest.mark.parametrize(
    "loop",
    [
        "for _, group in itertools.groupby([job], {}):\n    for j in group: await j.fn()",
        "list(filter({}, [job]))\nawait job.fn()",
        "list(itertools.takewhile({}, [job]))\nawait job.fn()",
        "list(itertools.dropwhile({}, [job]))\nawait job.fn()",
    ],
)
def test_function_that_selects_elements_may_change_them(loop: str, key: str) -> None:
    workflow = workflow_of(f"{IMPORTS}{JOBS}{loop.format(key)}")
    assert workflow.complete
    assert workflow.graph is not None
    assert "'c'" in str(workflow.graph["workflow"])


@pytest.mark.parametrize("insert", ["bisect.insort(jobs, a)", "bisect.insort_left(jobs, a, key=len)"])
def test_insertion_in_order_adds_an_element_anywhere(insert: str) -> None:
    body = f"import bisect\njobs = [b]\n{insert}\nfor fn in jobs:\n    await fn()"
    assert graph_of(body) == text("""
        loop
          switch fn
          | case b
            b
          | case a
            a
    """)
