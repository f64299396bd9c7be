"""Keys and indices that may be equal: a later assignment may replace an earlier one."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, notation, text, workflow_of, workflow_of_module

EITHER = text("""
    loop
      switch fn
      | case a
        a
      | case b
        b
""")


@pytest.mark.parametrize(
    "statements",
    [
        "table = {x: a, y: b}",
        'table = {x: a, "k": b}',
        'table = {"k": a, y: b}',
        "table = {}\ntable[x] = a\ntable[y] = b",
        "table = {x: a}\ntable.update({y: b})",
        "table = {**{x: a}, y: b}",
        "table = dict([(x, a), (y, b)])",
    ],
)
@pytest.mark.parametrize("view", ["table.values()", "[fn for _, fn in table.items()]", "list(table.values())"])
def test_an_unknown_key_may_replace_another(statements: str, view: str) -> None:
    assert graph_of(f"{statements}\nfor fn in {view}: await fn()") == EITHER


def test_keys_of_different_members_are_different() -> None:
    body = """
        from enum import Enum
        class Kind(Enum):
            A = "a"
            B = "b"
        table = {Kind.A: a, Kind.B: b}
        for fn in table.values(): await fn()
    """
    assert graph_of(body) == "a\nb"


def test_different_classes_are_different_keys() -> None:
    body = "class Low: pass\nclass High: pass\ntable = {Low: a, High: b}\nfor fn in table.values(): await fn()"
    assert graph_of(body) == "a\nb"


def test_a_task_whose_key_may_be_set_again_has_no_certain_end() -> None:
    assert graph_of("""
        tasks = {x: asyncio.create_task(a()), y: asyncio.create_task(b())}
        await asyncio.gather(*tasks.values())
        await c()
    """) == text("""
        parallel all
          a [1>]
          b [1>2]
          c [2>3]
    """)


IN_LOOP = """
    tasks = {}
    for LOOP:
        tasks[KEY] = asyncio.create_task(a())
    await asyncio.gather(*tasks.values())
    await b()
"""
ENDS = "parallel all\n  loop\n    a [1>2]\nb"
MAY_LAST = "parallel all\n  loop\n    a [1>]\n  b [2>3]"


@pytest.mark.parametrize(
    ("loop", "key"),
    [
        ("n in range(3)", "n"),
        ("n in range(x)", "n"),
        ("n, row in enumerate(rows)", "n"),
        ('n in ["x", "y"]', "n"),
        ("n in {k: 1 for k in rows}", "n"),
        ("n, row in {k: 1 for k in rows}.items()", "n"),
    ],
)
def test_positions_and_keys_differ_in_each_iteration(loop: str, key: str) -> None:
    assert graph_of(IN_LOOP.replace("LOOP", loop).replace("KEY", key)) == ENDS


@pytest.mark.parametrize(
    ("loop", "key"),
    [
        ("n in range(3)", "n % 2"),
        ("n in rows", "n"),
        ('n in ["x", "x"]', "n"),
        ("n, row in enumerate(rows)", "row"),
        ("row in {k: 1 for k in rows}.values()", "row"),
    ],
)
def test_other_keys_may_be_equal_in_two_iterations(loop: str, key: str) -> None:
    assert graph_of(IN_LOOP.replace("LOOP", loop).replace("KEY", key)) == MAY_LAST


@pytest.mark.parametrize(
    "passes",
    [
        "for row in rows:\n    for n in range(2):\n        tasks[n] = asyncio.create_task(a())",
        "for n in range(2): pass\nfor row in rows:\n    tasks[n] = asyncio.create_task(a())",
        "for n in range(2):\n    n = x\n    tasks[n] = asyncio.create_task(a())",
    ],
)
def test_a_position_only_differs_in_its_own_loop(passes: str) -> None:
    graph = graph_of(f"tasks = {{}}\n{passes}\nawait asyncio.gather(*tasks.values())\nawait b()")
    assert "a [1>]" in graph


@pytest.mark.parametrize(("key", "graph"), [("n", ENDS), ("n % 2", MAY_LAST)])
def test_keys_of_a_comprehension(key: str, graph: str) -> None:
    body = f"tasks = {{{key}: asyncio.create_task(a()) for n in range(3)}}\n"
    assert graph_of(f"{body}await asyncio.gather(*tasks.values())\nawait b()") == graph


def test_an_unrolled_loop_sets_constant_keys() -> None:
    assert graph_of("""
        tasks = {}
        for name, fn in {"x": a, "y": b}.items():
            tasks[name] = asyncio.create_task(fn())
        await asyncio.gather(*tasks.values())
        await c()
    """) == text("""
        parallel all
          a [1>2]
          b [1>2]
        c
    """)


def test_an_assignment_to_a_constant_index_replaces_the_element() -> None:
    assert graph_of("fns = [a, b]\nfns[0] = c\nfor fn in fns: await fn()") == "c\nb"


def test_an_assignment_to_all_elements_replaces_them() -> None:
    assert graph_of("fns = [a]\nfns[:] = [b, c]\nfor fn in fns: await fn()\nawait a()") == "b\nc\na"


@pytest.mark.parametrize(("index", "graph"), [("n", ENDS), ("n % 2", MAY_LAST)])
def test_an_index_that_may_be_set_again_drops_a_task(index: str, graph: str) -> None:
    assert (
        graph_of(f"""
        tasks = [None] * 3
        for n in range(3):
            tasks[{index}] = asyncio.create_task(a())
        await asyncio.gather(*tasks)
        await b()
    """)
        == graph
    )


def test_setdefault_drops_a_task_for_a_key_that_is_set() -> None:
    graph = graph_of("""
        tasks = {}
        for row in rows:
            tasks.setdefault(row, asyncio.create_task(a()))
        await asyncio.gather(*tasks.values())
        await b()
    """)
    assert graph == MAY_LAST


@pytest.mark.parametrize("add", ["groups.setdefault(k, []).append(fn)", "groups[k].append(fn)"])
def test_lists_by_unknown_keys(add: str) -> None:
    definition = "groups = {}" if "setdefault" in add else "groups = defaultdict(list)"
    body = f"from collections import defaultdict\n{definition}\nfor k, fn in [(x, a), (y, b)]:\n    {add}\n"
    assert graph_of(f"{body}for fns in groups.values():\n    for fn in fns: await fn()") == text("""
        loop
          loop
            switch fn
            | case a
              a
            | case b
              b
    """)


def test_a_default_dictionary_of_handlers() -> None:
    assert graph_of("""
        from collections import defaultdict
        await defaultdict(lambda: c, {"a": a, "b": b})[x]()
    """) == text("""
        switch x
        | case "a"
          a
        | case "b"
          b
        | default
          c
    """)


def test_a_loop_variable_rebound_in_the_body_is_not_constant() -> None:
    workflow = workflow_of("""
        class Actions:
            async def x(self): await a()
            async def y(self): await b()
        for name in ["x", "x"]:
            if rows:
                name = "y"
            await getattr(Actions(), name)()
    """)
    assert workflow.graph is not None
    assert {"x", "y"} <= set(workflow.graph["workflow"]["functions"])


SERVICES = """
from workers import WorkflowEntrypoint

class Mail:
    async def send(self, step):
        await step.sleep("mail", 1)

class Phone:
    async def send(self, step):
        await step.sleep("phone", 1)

class Container:
    def __init__(self):
        self.factories = {}
        self.services = {}

    def register(self, key, factory):
        self.factories[key] = factory

    def resolve(self, key):
        if key not in self.services:
            self.services[key] = self.factories[key]()
        return self.services[key]

"""


def test_a_class_is_a_known_key() -> None:
    source = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        table = {Mail: Mail(), Phone: Phone()}
        await table[Phone].send(step)
"""
    assert graph_of_module(SERVICES + source) == text("""
        call send
        def send
          sleep 'phone' 1
    """)


def test_a_container_creates_the_service_of_a_class() -> None:
    source = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        container = Container()
        container.register(Mail, Phone)
        container.register(Phone, lambda: Mail())
        await container.resolve(Mail).send(step)
"""
    workflow = workflow_of_module(SERVICES + source)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call send
        def send
          sleep 'phone' 1
    """)


def test_an_unknown_key_selects_among_named_classes() -> None:
    source = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        container = Container()
        container.register(Mail, Mail)
        container.register(Phone, Phone)
        await container.factories[event["payload"]["kind"]]().send(step)
"""
    assert graph_of_module(SERVICES + source) == text("""
        switch event["payload"]["kind"]
        | case Mail
          call Mail.send
        | case Phone
          call Phone.send
        def Mail.send
          sleep 'mail' 1
        def Phone.send
          sleep 'phone' 1
    """)


def test_classes_of_a_function_may_be_different() -> None:
    body = """
        def make():
            class Kind: ...
            return Kind
        table = {make(): a}
        table[make()] = b
        for fn in table.values(): await fn()
    """
    assert graph_of(body) == EITHER


@pytest.mark.parametrize("key", ['("eu", 1)', '"eu", 1', "KEY", '("eu", 1,)'])
def test_a_tuple_of_constants_selects_its_entry(key: str) -> None:
    table = 'KEY = ("eu", 1)\ntable = {("eu", 1): a, ("us", 2): b, (("eu",), 1): c}\n'
    assert graph_of(f"{table}await table[{key}]()") == "a"


def test_a_tuple_with_an_unknown_element_may_select_any_entry() -> None:
    assert graph_of('table = {("eu", 1): a, ("us", 2): b}\nawait table[region, 1]()') == text("""
        switch region, 1
        | case ("eu", 1)
          a
        | case ("us", 2)
          b
    """)


def test_an_entry_at_an_equal_tuple_is_replaced() -> None:
    assert graph_of('table = {("eu", 1): a}\ntable["eu", 1] = b\nawait table[("eu", 1)]()') == "b"
