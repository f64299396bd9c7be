"""Dictionaries of steps: the positions of keys, and entries that may be missing."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, notation, text, workflow_of

MAYBE = 'maybe = {}\nif x:\n    maybe["k"] = b\n'


@pytest.mark.parametrize(
    "change",
    [
        'table["x"] = c',
        'table |= {"x": c}',
        'table.update({"x": c})',
        "table.update(x=c)",
        'table.update([("x", c)])',
        'table = table | {"x": c}',
        'table = {**table, "x": c}',
        "table = dict(table, x=c)",
    ],
)
def test_a_key_keeps_its_position_when_it_is_set_again(change: str) -> None:
    assert graph_of(f'table = {{"x": a, "y": b}}\n{change}\nfor fn in table.values(): await fn()') == "c\nb"


def test_a_key_that_was_removed_gets_the_last_position() -> None:
    assert (
        graph_of("""
        table = {"x": a, "y": b}
        del table["x"]
        table["x"] = c
        for fn in table.values():
            await fn()
    """)
        == "b\nc"
    )


def test_a_key_that_may_be_set_already_has_an_uncertain_position() -> None:
    assert graph_of("""
        table = {}
        if x:
            table["x"] = a
        table["y"] = b
        table["x"] = c
        for fn in table.values():
            await fn()
    """) == text("""
        loop
          switch fn
          | case b
            b
          | case c
            c
    """)


def test_the_last_of_equal_keys_of_a_comprehension_counts() -> None:
    assert (
        graph_of("""
        table = {k: fn for k, fn in (("x", a), ("y", b), ("x", c))}
        for fn in table.values():
            await fn()
        await table["x"]()
    """)
        == "c\nb\nc"
    )


@pytest.mark.parametrize(
    "statement",
    [
        'table = {"k": a}\ntable.update(maybe)',
        'table = {"k": a}\ntable |= maybe',
        'table = {"k": a} | maybe',
        'table = {"k": a, **maybe}',
        'table = dict({"k": a}, **maybe)',
        'table = maybe\ntable.setdefault("k", a)',
    ],
)
def test_an_entry_that_may_be_missing_replaces_none(statement: str) -> None:
    assert graph_of(f'{MAYBE}{statement}\nawait table["k"]()') == text("""
        switch table["k"]
        | case a
          a
        | case b
          b
    """)


def test_setdefault_returns_a_value_that_may_be_set() -> None:
    assert graph_of(f'{MAYBE}await maybe.setdefault("k", a)()') == text("""
        switch maybe.setdefault("k", a)
        | case b
          b
        | case a
          a
    """)


def test_setdefault_keeps_a_value_that_is_set() -> None:
    assert graph_of('table = {"k": a}\ntable.setdefault("k", b)\nawait table["k"]()\nawait b()') == "a\nb"


def test_setdefault_with_unknown_keys_keeps_all_values() -> None:
    assert graph_of("""
        table = {}
        table.setdefault(x, a)
        table.setdefault(y, b)
        for fn in table.values():
            await fn()
    """) == text("""
        loop
          switch fn
          | case a
            a
          | case b
            b
    """)


def test_popitem_removes_the_last_entry() -> None:
    assert graph_of('table = {"x": a, "y": b}\nawait table.popitem()[1]()\nawait table.get("y", c)()') == "b\nc"


def test_popitem_in_a_loop_removes_any_entry() -> None:
    assert graph_of("""
        table = {"x": a, "y": b}
        for row in rows:
            table.popitem()
        await table.get("x", c)()
    """) == text("""
        switch table.get("x", c)
        | case a
          a
        | case c
          c
    """)


def test_a_defaultdict_creates_a_possibly_missing_value() -> None:
    workflow = workflow_of("""
        from collections import defaultdict
        table = defaultdict(list)
        if x:
            table["k"].append(a)
        table["k"].append(b)
        for fn in table["k"]:
            await fn()
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          switch fn
          | case b
            b
          | case a
            a
    """)


def test_positional_arguments_of_a_dictionary_are_unpacked() -> None:
    assert graph_of('args = [{"x": a}]\nfor fn in dict(*args).values(): await fn()') == "a"
    assert not workflow_of('args = [{"x": a} for row in rows]\nfor fn in dict(*args).values(): await fn()').complete


@pytest.mark.parametrize(
    "creation",
    ["Entry(fn=a, more=[])", "Entry({'fn': a, 'more': []})", "Entry(**{'fn': a}, more=[])", "Special(fn=a, more=[])"],
)
def test_a_typed_dictionary_is_a_dictionary(creation: str) -> None:
    assert graph_of(f"""
        import typing

        class Entry(typing.TypedDict, total=False):
            fn: object
            more: list
        class Special(Entry):
            extra: object

        entry = {creation}
        entry["more"].append(b)
        await entry["fn"]()
        for fn in entry["more"]:
            await fn()
        await entry.get("extra", c)()
    """) == text("""
        a
        b
        c
    """)


def test_new_keys_of_a_try_may_be_missing_in_its_handler() -> None:
    assert graph_of("""
        table = {"x": a}
        try:
            table["y"] = b
            await c()
            table["z"] = c
        except BaseException:
            await table["y"]()
            await table.get("z", d)()
    """) == text("""
        try
          c
        catch
          b
          switch table.get("z", d)
          | case c
            c
          | case d
            d
    """)


@pytest.mark.parametrize(
    ("comprehension", "cases"),
    [
        ("{each.kind: each for each in (First, Second)}", ['| case "1"', "  a", '| case "2"', "  b"]),
        ("{each.kind: each for each in [First(), Second()]}", ['| case "1"', "  a", '| case "2"', "  b"]),
        ("{each.kind: each() for each in (First, Second)}", ['| case "1"', "  a", '| case "2"', "  b"]),
        (
            "{each.kind: each for each in (First, Second) if each.kind != event}",
            ["| case each.kind", "  switch each", "  | case First", "    a", "  | case Second", "    b"],
        ),
    ],
)
def test_constant_attributes_are_the_keys_of_a_comprehension(comprehension: str, cases: list[str]) -> None:
    classes = "".join(
        f"class {name}:\n    kind = '{kind}'\n    go = staticmethod({step})\n\n"
        for name, kind, step in [("First", 1, "a"), ("Second", 2, "b")]
    )
    assert graph_of(f"{classes}table = {comprehension}\nawait table[x].go()").splitlines() == ["switch x", *cases]


@pytest.mark.parametrize("read", ['op["undo"]', 'op.get("undo")'])
def test_a_missing_key_runs_nothing(read: str) -> None:
    assert (
        codes_of(f"""
        done = [{{"act": a, "undo": b}}, {{"act": c}}]
        for op in reversed(done):
            if "undo" in op:
                await {read}()
    """)
        == []
    )


def test_a_changed_dictionary_may_have_other_keys() -> None:
    assert codes_of("""
        table = {}
        table["act"] = a
        await table["undo"](step)
    """) == ["escapes"]


def _registry(method: str, calls: str) -> str:
    """Return the graph of a body that creates a `Registry` with one method and the dictionary `table`."""
    cls = f"class Registry:\n    def __init__(self): self.table = {{}}\n    {method}\n"
    return graph_of(f"{cls}registry = Registry()\n{calls}")


@pytest.mark.parametrize(
    "method",
    [
        "def add(self, key, fn): self.table[key] = fn",
        "def add(self, key, fn): self.table.setdefault(key, fn)",
        "def add(self, key, fn): self.table.update({key: fn})",
        "def add(self, key, fn): self.table = {**self.table, key: fn}",
    ],
)
def test_functions_receive_keys(method: str) -> None:
    assert _registry(method, 'registry.add("x", a)\nregistry.add("y", b)\nawait registry.table[kind]()') == text("""
        switch kind
        | case "x"
          a
        | case "y"
          b
    """)


def test_nested_functions_read_the_key_of_a_call() -> None:
    method = "def add(self, key):\n        def register(fn): self.table[key] = fn\n        return register"
    assert _registry(method, 'registry.add("x")(a)\nregistry.add("y")(b)\nawait registry.table["y"]()') == "b"


def test_the_name_of_a_function_is_a_key() -> None:
    method = "def add(self, fn): self.table[fn.__name__] = fn"
    calls = "async def f(): await a()\nasync def g(): await b()\nregistry.add(f)\nregistry.add(g)\n"
    graph = _registry(method, f"{calls}await registry.table[kind]()")
    assert graph.startswith('switch kind\n| case "f"\n  call f\n| case "g"\n  call g\n')


@pytest.mark.parametrize("read", ["self.table[key]", "self.table.get(key)", "self.table.pop(key)"])
def test_a_function_returns_the_entry_of_its_key(read: str) -> None:
    calls = 'registry.table = {"x": a, "y": b}\nawait registry.take("y")()'
    assert _registry(f"def take(self, key): return {read}", calls) == "b"


@pytest.mark.parametrize("change", ["key = key.lower()", "key = key or default", "for key in (key, default): pass"])
def test_a_key_that_the_function_changes_is_unknown(change: str) -> None:
    method = f"def take(self, key, default='x'):\n        {change}\n        return self.table[key]"
    assert _registry(method, 'registry.table = {"x": a, "y": b}\nawait registry.take("y")()').startswith("switch key\n")


def test_an_async_function_has_one_graph_for_all_keys() -> None:
    method = "async def call(self, key): await self.table[key]()"
    graph = _registry(method, 'registry.table = {"x": a, "y": b}\nawait registry.call("x")\nawait registry.call("y")')
    assert graph.splitlines()[:3] == ["call call", "call call", "def call"]


FILLED_TABLES = [
    "table = {key: a for key in rows}",
    "table = {}\nfor key in rows:\n    table[key] = a",
]


@pytest.mark.parametrize("make", FILLED_TABLES)
def test_entries_with_equal_values_from_a_loop_are_no_choice(make: str) -> None:
    assert graph_of(f"{make}\nawait table[event]()") == "a"


def test_entries_from_a_loop_are_a_choice_beside_another_entry() -> None:
    body = 'table = {"b": b}\nfor key in rows:\n    table[key] = a\nawait table[event]()'
    assert graph_of(body) == text("""
        switch event
        | case "b"
          b
        | case key
          a
    """)
