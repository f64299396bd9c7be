"""Collections that functions of the standard library create."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of


@pytest.mark.parametrize(
    "table",
    [
        'dict([("x", a), ("y", b)])',
        'dict(zip(("x", "y"), (a, b)))',
        'dict({"x": a}, y=b)',
        'collections.OrderedDict([("x", a), ("y", b)])',
        'types.MappingProxyType({"x": a, "y": b})',
        "dict(x=a, y=b)",
    ],
)
def test_a_dictionary_copy_has_the_same_entries(table: str) -> None:
    body = f'import collections, types\ntable = {table}\nawait table["x"]()\nawait table["y"]()\n'
    assert graph_of(body).splitlines() == ["a", "b"]


@pytest.mark.parametrize("keys", ["names", "(name for name in names)"])
def test_the_entries_of_unknown_keys_are_followed(keys: str) -> None:
    assert graph_of(f"""
        async def f():
            await a()

        async def g():
            await b()

        for fn in dict(zip({keys}, [f, g])).values():
            await fn()
    """) == text("""
        loop
          switch fn
          | case f
            call f
          | case g
            call g
        def f
          a
        def g
          b
    """)


def test_indistinguishable_pairs_are_reported() -> None:
    workflow = workflow_of("""
        async def f():
            await a()

        table = dict(pair for pair in [x, (f, f, f)])
        await table["x"]()
    """)
    assert [note.code for note in workflow.notes] == ["escapes", "unresolved-call"]


def test_keys_of_one_value() -> None:
    assert graph_of('table = dict.fromkeys(["x", "y"], a)\nawait table["x"]()') == "a"


def test_a_missing_key_of_a_defaultdict_is_made() -> None:
    assert graph_of("""
        from collections import defaultdict
        hooks = defaultdict(list)
        hooks["before"].append(a)
        hooks["after"].append(b)
        for hook in hooks["before"]:
            await hook()
        await c()
        for hook in hooks["after"]:
            await hook()
    """).splitlines() == ["a", "c", "b"]


@pytest.mark.parametrize(
    "emit", ["for hook in hooks[topic]:\n    await hook()", "await asyncio.gather(*(hook() for hook in hooks[topic]))"]
)
def test_lookups_in_a_defaultdict_add_no_cases(emit: str) -> None:
    graph = graph_of(f"""
from collections import defaultdict
hooks = defaultdict(list)
hooks["x"].append(a)
for hook in hooks[topic]:
    await hook()
{emit}
""")
    cases = [line.strip() for line in graph.splitlines() if "|" in line]
    assert cases == ['| case "x"', "| default"] * 2


@pytest.mark.parametrize("chained", ["chain([a], (b, c))", "chain.from_iterable([[a], (b, c)])"])
def test_a_chain_is_one_after_another(chained: str) -> None:
    body = f"from itertools import chain\nfor fn in {chained}:\n    await fn()\n"
    assert graph_of(body).splitlines() == ["a", "b", "c"]


@pytest.mark.parametrize("call", ["filter(wanted, [a, b])", "itertools.islice([a, b], n)"])
def test_a_possibly_omitted_element_is_any_element(call: str) -> None:
    assert graph_of(f"import itertools\nfor fn in {call}:\n    await fn()\n") == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)


@pytest.mark.parametrize("call", ["max([a, b], key=rank)", "min(a, b, key=lambda f: 1)", "random.choice([a, b])"])
def test_one_of_the_elements(call: str) -> None:
    lines = graph_of(f"import random\nfn = {call}\nawait fn()\n").splitlines()
    assert [line for line in lines if not line.startswith(("|", "switch"))] == ["  a", "  b"]


def test_a_key_that_starts_a_step_is_called_for_each_element() -> None:
    graph = graph_of('await max([a, b], key=lambda f: step.sleep("x", 1))()')
    assert graph.startswith("loop\n  parallel all\n    sleep 'x' 1 [1>]\nswitch max(")


def test_a_field_with_a_factory_is_made_for_each_object() -> None:
    graph = graph_of("""
        import dataclasses
        from dataclasses import dataclass

        @dataclass
        class Plan:
            name: str
            steps: list = dataclasses.field(default_factory=list)

        one, other = Plan("x"), Plan("y")
        one.steps.append(a)
        other.steps.append(b)
        for fn in other.steps:
            await fn()
        for fn in one.steps:
            await fn()
    """)
    assert graph.splitlines() == ["b", "a"]


def test_a_replaced_object_keeps_its_other_fields() -> None:
    assert graph_of("""
        from dataclasses import dataclass, replace

        @dataclass(frozen=True)
        class Plan:
            first: object
            second: object

        plan = replace(Plan(a, b), second=c)
        await plan.first()
        await plan.second()
    """).splitlines() == ["a", "c"]


def test_a_generic_class_is_the_class() -> None:
    assert (
        graph_of("""
        from typing import Generic, TypeVar
        T = TypeVar("T")

        class Repo(Generic[T]):
            def __init__(self, fn):
                self.fn = fn

        await Repo[int](a).fn()
    """)
        == "a"
    )


@pytest.mark.parametrize(
    "body",
    [
        "todo = []\nif todo: await todo.pop()(step)",
        "todo = []\nwhile len(todo) > 0: await todo[-1](step)",
        "todo = collections.deque()\nwhile todo: await todo.popleft()(step)",
        "hooks = {}\nhook = hooks.get('x')\nif hook: await hook(step)",
        "hooks = {}\nif 'x' in hooks: await hooks['x']['run'](step)",
    ],
)
def test_nothing_is_called_from_an_empty_collection(body: str) -> None:
    workflow = workflow_of(f"import collections\n{body}\nawait a()")
    assert (notation(workflow.graph), workflow.complete) == ("a", True)


def test_elements_of_earlier_passes_are_taken_from_a_collection() -> None:
    workflow = workflow_of("""
        async def undo(step):
            await a()

        history = []
        for row in rows:
            while history:
                await history.pop()(step)
            history.append(undo)
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          loop
            call undo
        def undo
          a
    """)
