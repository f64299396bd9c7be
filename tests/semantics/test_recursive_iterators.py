"""Generator expressions and iterators that use themselves, or equal ones that they create."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


@pytest.mark.parametrize(
    "body",
    [
        'def flatten(x): return (z for y in x for z in flatten(y))\nprint(list(flatten(event["x"])))',
        'def walk(x): return (sum(walk(y)) for y in x["children"])\nprint(list(walk(event["x"])))',
        'box = {}\nbox["f"] = (sum(box["f"]) for x in event["x"])\nprint(sum(box["f"]))',
        'from itertools import chain\ndef go(x): return chain.from_iterable(map(go, x))\nprint(list(go(event["x"])))',
        'box = []\nbox.append((sum(each) for each in box for x in event["x"]))\nprint(sum(box[0]))',
    ],
)
def test_a_recursion_over_data_is_complete(body: str) -> None:
    assert workflow_of(body).complete


def test_a_loop_over_a_recursion_over_data() -> None:
    body = 'def flatten(x): return (z for y in x for z in flatten(y))\nfor each in flatten(event["x"]): await a()'
    assert graph_of(body) == text("""
        loop
          loop
            a
    """)


@pytest.mark.parametrize(
    "body",
    [
        "await a()",
        "await step.sleep(f'a {each}', 5)",
        "@step.do(f'load {each}')\n    async def load(): pass\n    await load()",
        "task = asyncio.create_task(a())\n    await task",
    ],
)
def test_a_loop_that_runs_steps_over_a_recursion_over_data_is_complete(body: str) -> None:
    walk = 'def walk(x): return (z for y in x["children"] for z in walk(y))'
    assert workflow_of(f'{walk}\nfor each in walk(event["payload"]):\n    {body}').complete


def test_a_loop_over_a_recursion_that_runs_steps_is_reported() -> None:
    workflow = workflow_of("""
        def walk(x): return (await a() for y in x["children"] async for z in walk(y))
        async for each in walk(event["payload"]): await b()
    """)
    assert [note.code for note in workflow.notes] == ["generator"]


def test_a_loop_over_a_recursion_that_stores_steps_is_reported() -> None:
    workflow = workflow_of("""
        jobs = []
        def walk(x): return (jobs.append(a) for y in x["children"] for z in walk(y))
        for each in walk(event["payload"]): await b()
        for job in jobs: await job()
    """)
    assert "generator" in [note.code for note in workflow.notes]


def test_generators_that_escape_in_each_other_are_evaluated_once() -> None:
    workflow = workflow_of("""
        box = {}
        box["f"] = (print(box) for x in event["x"])
        box["g"] = (external(box) for x in event["y"])
        external(box)
    """)
    assert workflow.complete


def test_a_recursion_of_iterators_that_yields_steps_is_reported() -> None:
    workflow = workflow_of("""
        import itertools
        def walk(x): return itertools.chain([a], itertools.chain.from_iterable(map(walk, x)))
        for fn in walk(event["x"]): await fn()
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_a_recursion_that_yields_steps_is_reported() -> None:
    workflow = workflow_of("""
        def walk(x): return (fn for y in x["children"] for fn in [a, *walk(y)])
        for fn in walk(event["x"]): await fn()
    """)
    assert [note.message for note in workflow.notes] == [
        '`(fn for y in x["children"] for fn in [a, *walk(y)])` uses itself, as in a recursive function.'
    ]


def test_a_recursion_that_runs_steps_is_reported() -> None:
    workflow = workflow_of("""
        def walk(x): return (await a() for y in x["children"] async for z in walk(y))
        async for each in walk(event): pass
    """)
    assert [note.code for note in workflow.notes] == ["generator"]


def test_a_recursion_that_stores_steps_is_reported() -> None:
    workflow = workflow_of("""
        jobs = []
        def walk(x): return (jobs.append(a) for y in x["children"] for z in walk(y))
        list(walk(event))
        for job in jobs: await job()
    """)
    assert [note.code for note in workflow.notes] == ["generator"]


def test_inner_uses_with_other_arguments_are_evaluated() -> None:
    workflow = workflow_of("""
        def walk(x, fn): return (await fn() for y in x["children"] async for z in walk(y, b))
        async for each in walk(event, a): pass
    """)
    assert "b" in notation(workflow.graph).split()
    assert [note.code for note in workflow.notes] == ["generator"]


def test_arguments_that_change_in_each_use_are_unresolved() -> None:
    workflow = workflow_of("""
        def walk(x, fn): return (f for y in x for f in [fn, *walk(y, lambda: fn())])
        for fn in walk(event["x"], a): await fn()
    """)
    assert [note.code for note in workflow.notes] == ["unresolved-call"]


def test_an_iterator_over_one_of_the_same_code_is_no_recursion() -> None:
    body = "def clean(fns): return map(lambda fn: fn, fns)\nfor fn in clean(clean(clean([a, b]))): await fn()"
    assert graph_of(body) == "a\nb"


def test_a_generator_expression_over_one_of_the_same_code_is_no_recursion() -> None:
    body = "def clean(fns): return (fn for fn in fns)\nfor fn in clean(clean(clean([a, b]))): await fn()"
    assert graph_of(body) == "a\nb"
    assert workflow_of(body).complete
