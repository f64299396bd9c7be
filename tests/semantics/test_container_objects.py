"""Objects of classes that derive from a list, a dictionary or another built-in collection."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of


def graph_with(cls: str, body: str) -> str:
    """Return the graph of a body after the definition of a class."""
    imports = "from collections import OrderedDict, UserDict, UserList, defaultdict, deque\nfrom typing import List\n"
    return graph_of(f"{imports}{cls}\n{body}")


LISTS = ["list", "deque", "UserList", "List[int]", "list[int]"]
DICTIONARIES = ["dict", "OrderedDict", "UserDict", "dict[str, int]"]


@pytest.mark.parametrize("base", LISTS)
@pytest.mark.parametrize("add", ["self.append(fn)", "super().append(fn)", "self += [fn]", "self.extend([fn])"])
def test_a_method_appends_to_its_list(base: str, add: str) -> None:
    cls = f"class Plan({base}):\n    def add(self, fn):\n        {add}"
    assert graph_with(cls, "plan = Plan()\nplan.add(a)\nplan.add(b)\nfor fn in plan: await fn()") == "a\nb"


@pytest.mark.parametrize("base", LISTS)
@pytest.mark.parametrize(
    "body",
    [
        "for fn in plan: await fn()",
        "for fn in list(plan): await fn()",
        "for fn in [*plan]: await fn()",
        "await plan[0]()\nawait plan[-1]()",
        "x, y = plan\nawait x()\nawait y()",
        "for n, fn in enumerate(plan): await fn()",
        "for fn in [fn for fn in plan]: await fn()",
    ],
)
def test_elements_of_a_list_object(base: str, body: str) -> None:
    assert graph_with(f"class Plan({base}): ...", f"plan = Plan([a, b])\n{body}") == "a\nb"


@pytest.mark.parametrize("base", DICTIONARIES)
@pytest.mark.parametrize(
    "body",
    [
        "for fn in table.values(): await fn()",
        "for name, fn in table.items(): await fn()",
        'await table["x"]()\nawait table.get("y", c)()',
        'await table.pop("x")()\nfor fn in table.values(): await fn()',
        "for fn in {**table}.values(): await fn()",
        "for fn in dict(table).values(): await fn()",
    ],
)
def test_entries_of_a_dictionary_object(base: str, body: str) -> None:
    definition = 'table = Table(x=a)\ntable["y"] = b\n'
    assert graph_with(f"class Table({base}): ...", definition + body) == "a\nb"


def test_a_set_and_a_tuple_object() -> None:
    assert graph_with("class Bag(set): ...", "bag = Bag()\nbag.add(a)\nfor fn in bag: await fn()") == "loop\n  a"
    assert graph_with("class Pair(tuple): ...", "for fn in Pair((a, b)): await fn()") == "a\nb"


def test_an_initializer_forwards_elements() -> None:
    cls = "class Stage(list):\n    def __init__(self, name, *fns):\n        super().__init__(fns)"
    assert graph_with(cls, 'for fn in Stage("first", a, b): await fn()') == "a\nb"


def test_an_initializer_of_a_default_dictionary() -> None:
    cls = "class Groups(defaultdict):\n    def __init__(self):\n        super().__init__(list)"
    body = 'groups = Groups()\ngroups["k"].append(a)\nfor fn in groups["k"]: await fn()'
    assert graph_with(cls, body) == "a"


def test_overrides_that_call_the_base() -> None:
    cls = """
class Table(dict):
    def __setitem__(self, name, fn):
        super().__setitem__(name, fn)
    def __getitem__(self, name):
        async def logged():
            await c()
            await super(Table, self).__getitem__(name)()
        return logged
"""
    graph = graph_with(cls, 'table = Table()\ntable["x"] = a\nawait table["x"]()')
    assert [line.strip() for line in graph.splitlines()][2:] == ["c", "switch name", "| case name", "a"]


def test_a_dictionary_ignores_overrides_in_its_methods() -> None:
    cls = "class Table(dict):\n    def __setitem__(self, name, fn): ...\n"
    assert graph_with(cls, "table = Table()\ntable.update(x=a)\nfor fn in table.values(): await fn()") == "a"


@pytest.mark.parametrize("use", ["table.update(x=a)", "Table({'x': a})", "table.setdefault('x', a)"])
def test_a_user_dictionary_that_calls_overrides_is_noted(use: str) -> None:
    body = f"""
        from collections import UserDict
        class Table(UserDict):
            def __setitem__(self, name, fn):
                self.data[name] = b
        table = Table()
        {use}
    """
    assert not workflow_of(body).complete


def test_missing_makes_the_value_of_a_key_that_is_not_set() -> None:
    cls = """
class Handlers(dict):
    def __missing__(self, kind):
        return c
"""
    assert graph_with(cls, 'table = Handlers(x=a)\nawait table["x"]()\nawait table["y"]()') == "a\nc"
    assert graph_with(cls, "table = Handlers(x=a)\nawait table[kind]()") == text("""
        switch kind
        | case "x"
          a
        | default
          c
    """)


def test_missing_may_set_the_key() -> None:
    cls = """
class Steps(dict):
    def __missing__(self, name):
        self[name] = a
        return a
"""
    assert graph_with(cls, 'steps = Steps()\nawait steps["x"]()') == "a"


def test_a_copy_of_a_list_object_has_separate_elements() -> None:
    body = "import copy\nplan = Plan([a])\nother = copy.copy(plan)\nother.append(b)\nfor fn in plan: await fn()"
    assert graph_with("class Plan(list): ...", body) == "a"


def test_registries_of_a_module() -> None:
    workflow = workflow_of("""
        class Registry(dict):
            def register(self, name):
                def add(fn):
                    self[name] = fn
                    return fn
                return add
        registry = Registry()
        @registry.register("x")
        async def one(): await a()
        await registry["x"]()
    """)
    assert workflow.complete


@pytest.mark.parametrize("use", ["deques + deques", "deques * 2", "deques.__add__(deques)"])
def test_an_operator_that_makes_another_object_is_noted(use: str) -> None:
    body = f"from collections import deque\nclass Deques(deque): ...\ndeques = Deques([a])\nfor fn in {use}: await fn()"
    assert not workflow_of(body).complete


def test_an_operator_of_a_list_object_makes_a_list() -> None:
    assert graph_with("class Plan(list): ...", "for fn in Plan([a]) + [b]: await fn()") == "a\nb"


def test_methods_of_abstract_base_classes_are_noted() -> None:
    body = """
        from collections.abc import MutableMapping
        class Table(MutableMapping):
            def __init__(self):
                self.entries = {}
            def __getitem__(self, name):
                return self.entries[name]
        table = Table()
        table.entries["x"] = a
        for name, fn in table.items():
            await fn()
    """
    assert not workflow_of(body).complete


@pytest.mark.parametrize(
    ("cls", "use"),
    [
        ("class Plan(list):\n    def add(self, fn): list.append(self, fn)", "plan.add(a)\nfor fn in plan: await fn()"),
        (
            "class Plan(dict):\n    def __setitem__(self, k, fn): dict.__setitem__(self, k, fn)",
            'plan["x"] = a\nfor fn in plan.values(): await fn()',
        ),
        (
            "class Plan(dict):\n    def __init__(self, *args, **kw): super().__init__(*args, **kw)",
            'for fn in Plan({"x": a}).values(): await fn()',
        ),
        (
            "class Plan(list):\n    def __iter__(self): return reversed(self)",
            "plan.append(a)\nfor fn in plan: await fn()",
        ),
    ],
)
def test_methods_that_call_the_base_by_name(cls: str, use: str) -> None:
    assert graph_with(cls, f"plan = Plan()\n{use}") == "a"


def test_an_iterator_that_iterates_over_its_object_is_noted() -> None:
    assert not workflow_of("""
        class Plan(list):
            def __iter__(self):
                return map(lambda fn: fn, self)
        plan = Plan()
        plan.append(a)
        for fn in plan:
            await fn()
    """).complete


SEQUENCE = """
class Sequence:
    def __init__(self, *fns):
        self.fns = fns
    def __getitem__(self, index):
        return self.fns[index]
"""


@pytest.mark.parametrize("iterable", ["Sequence(a, b)", "list(Sequence(a, b))", "[fn for fn in Sequence(a, b)]"])
def test_getitem_iterates_an_object_without_iter(iterable: str) -> None:
    graph = graph_of(f"{SEQUENCE}\nfor fn in {iterable}: await fn()")
    assert graph.split()[0] == "loop"
    assert {"a", "b"} <= set(graph.split())


def test_an_item_that_starts_work() -> None:
    graph = graph_of("""
        class Pages:
            def __getitem__(self, index):
                asyncio.create_task(a())
                return b
        for page in Pages():
            await page()
    """)
    assert {"loop", "a", "b"} <= set(graph.split())


@pytest.mark.parametrize(
    "body",
    [
        "for fn in pair: await fn()",
        "await pair[0]()\nawait pair[-1]()",
        "for fn in pair[0:]: await fn()",
        "for fn in pair + (): await fn()",
        "for fn in [fn for fn in pair]: await fn()",
        "tasks = [fn for n, fn in enumerate(pair)]\nfor fn in tasks: await fn()",
        "match Pair(pair, ()):\n    case ((x, y), []):\n        await x()\n        await y()",
    ],
)
def test_fields_of_a_named_tuple_are_its_elements(body: str) -> None:
    classes = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    x: object\n    y: object = None\n"
    graph = graph_of(f"{classes}class Named(Pair):\n    name: str = ''\npair = Named(y=b, x=a)\n{body}")
    assert [line.strip() for line in graph.splitlines() if line.strip() in "abc"] == ["a", "b"]


def test_list_in_a_named_tuple_is_not_a_copy() -> None:
    cls = "from typing import NamedTuple\nclass Row(NamedTuple):\n    fns: list\n"
    assert graph_of(f"{cls}fns = [a]\nRow(fns)[0].append(b)\nfor fn in fns: await fn()") == "a\nb"


def test_named_tuple_with_its_own_iterator() -> None:
    cls = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    x: object\n    y: object\n"
    cls += "    def __iter__(self): return iter((self.y,))\n"
    assert graph_of(f"{cls}for fn in Pair(a, b): await fn()") == "b"


def test_sequence_pattern_matches_a_list_object() -> None:
    body = "match Plan([a, b]):\n    case [x, *rest]:\n        await x()\n        for fn in rest: await fn()"
    assert graph_with("class Plan(list): ...", body) == text("""
        switch Plan([a, b])
        | case [x, *rest]
          a
          b
    """)
