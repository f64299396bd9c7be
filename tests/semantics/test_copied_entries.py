"""Dictionaries that copy the entries of other dictionaries."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text, workflow_of_module

MODULE = """
import functools

from workers import WorkflowEntrypoint

async def a(step):
    await step.sleep("a", 1)

async def b(step):
    await step.sleep("b", 1)

def updated(table, other):
    table.update(other)
    return table

def as_keywords(**table):
    return table

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        table = {table}
        copied = {copied}
        for function in copied.values():
            await function(step)
"""
TABLES = {
    "unknown entries": '{"a": a, **event["payload"]["more"]}',
    "updated": 'updated({"a": a}, event["payload"]["more"])',
    "one of two": '{"a": a} if event["payload"]["flag"] else {}',
    "not None": '{"a": a} if event["payload"]["flag"] else None',
}
COPIES = [
    '{"b": b, **table}',
    '{**table, "b": b}',
    "dict(table, b=b)",
    'dict({"b": b}, **table)',
    '{"b": b} | table',
    'updated({"b": b}, table)',
    "as_keywords(**table, b=b)",
    "functools.partial(as_keywords, **table)(b=b)",
]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("copied", COPIES)
def test_entries_of_incomplete_dictionaries_are_copied(table: str, copied: str) -> None:
    workflow = workflow_of_module(MODULE.replace("{table}", table).replace("{copied}", copied))
    assert workflow.graph is not None
    assert sorted(workflow.graph["workflow"]["functions"]) == ["a", "b"]


def test_functions_under_unknown_keys_are_reported() -> None:
    table = "zip(event['payload']['names'], sorted([a]))"
    workflow = workflow_of_module(MODULE.replace("{table}", f"map(pair, {table})").replace("{copied}", "dict(table)"))
    assert not workflow.complete


def test_one_of_several_lists_is_unpacked_into_a_partial() -> None:
    module = MODULE.replace("**table):", "*table):").replace(".values()", "")
    module = module.replace("{copied}", "functools.partial(as_keywords, *table)(b)")
    workflow = workflow_of_module(module.replace("{table}", '[a] if event["payload"]["flag"] else []'))
    assert workflow.graph is not None
    assert sorted(workflow.graph["workflow"]["functions"]) == ["a", "b"]


def test_a_dictionary_replaced_by_its_copy_in_a_loop() -> None:
    assert (
        graph_of("""
        table = {"a": a}
        for x in xs:
            table = {**table}
        await table["a"]()
    """)
        == "a"
    )


PAIRS = """
import json

pairs = [[name, [], *event["payload"]["more"]] for name in event["payload"]["names"]]
table = dict(pairs)
"""


def test_pairs_of_unknown_length_are_data() -> None:
    read = 'json.dumps([table, table.get(event["payload"]["key"])])\nawait a()\n'
    assert codes_of(f"{PAIRS}\n{read}") == []


def test_lists_in_pairs_of_unknown_length_may_get_steps() -> None:
    change = "for pair in pairs:\n    pair[1].append(a)\n"
    call = 'for function in table[event["payload"]["key"]]:\n    await function()\n'
    assert codes_of(f"{PAIRS}\n{change}{call}") != []


@pytest.mark.parametrize(
    "copy", ["{**table}", "dict(**table)", "dict(table)", "table | {}", "{} | table", "dict(table.items())"]
)
def test_copies_of_one_of_two_orders_have_no_order(copy: str) -> None:
    assert graph_of(f"""
        table = {{"x": a, "y": b}}
        if swapped:
            table = dict(reversed(table.items()))
        copy = {copy}
        for f in copy.values():
            await f()
    """) == text("""
        loop
          switch f
          | case b
            b
          | case a
            a
    """)


@pytest.mark.parametrize("copy", ["{**table}", "dict(**table)", "as_keywords(**table)"])
def test_copies_of_unordered_dictionaries_have_no_order(copy: str) -> None:
    assert graph_of(f"""
        def as_keywords(**keywords):
            return keywords

        table = {{}}
        if early:
            table["y"] = b
        table["x"] = a
        table["y"] = b
        copy = {copy}
        for f in copy.values():
            await f()
    """) == text("""
        loop
          switch f
          | case a
            a
          | case b
            b
    """)


def test_unpacked_keywords_have_the_values_of_all_branches() -> None:
    assert graph_of("""
        async def call(f):
            await f()

        options = {"f": a}
        if swapped:
            options["f"] = b
        await call(**options)
    """) == text("""
        call call
        def call
          switch f
          | case b
            b
          | case a
            a
    """)


@pytest.mark.parametrize("copy", ["{**vars(obj)}", "dict(vars(obj))", "obj.__dict__.copy()"])
@pytest.mark.parametrize(
    "change", ["if early:\n    obj.y = b\nobj.x = a\nobj.y = b", "obj.y = b\nobj.x = a\ndel obj.y\nobj.y = b"]
)
def test_copies_of_attributes_in_an_unknown_order(copy: str, change: str) -> None:
    source = f"""
class Object:
    pass

obj = Object()
{change}
for f in {copy}.values():
    await f()
"""
    assert graph_of(source) == text("""
        loop
          switch f
          | case b
            b
          | case a
            a
    """)


def test_attributes_of_one_of_two_objects() -> None:
    assert graph_of("""
        class Jobs:
            def __init__(self, job):
                self.job = job

        jobs = Jobs(a) if early else Jobs(b)
        for f in {**vars(jobs)}.values():
            await f()
    """) == text("""
        loop
          switch f
          | case a
            a
          | case b
            b
    """)


def test_views_of_the_attributes_of_an_object() -> None:
    source = """
class Object:
    pass

obj = Object()
obj.x = a
view = vars(obj).values()
obj.x = b
for f in view:
    await f()
for name, f in obj.__dict__.items():
    await f()
    obj.x = c
"""
    assert graph_of(source) == text("""
        b
        loop
          switch x
          | case b
            b
          | case c
            c
    """)


@pytest.mark.parametrize("attributes", ["vars(obj).values()", "{**vars(obj)}.values()"])
def test_function_that_lists_the_attributes_of_an_object_twice(attributes: str) -> None:
    assert graph_of(f"""
        class Object:
            pass

        async def run_all():
            for f in {attributes}:
                await f()

        obj = Object()
        obj.x = a
        await run_all()
        obj.y = b
        await run_all()
    """) == text("""
        call run_all
        call run_all #2
        def run_all
          a
        def run_all #2
          a
          b
    """)


@pytest.mark.parametrize("update", ["data.update(await a())", "data |= await a()", "data = {**data, **await a()}"])
def test_unknown_dictionary_added_to_event_data_is_data(update: str) -> None:
    data = 'data = {"seat": event["payload"]["seat"], "tries": 0}'
    assert codes_of(f'{data}\nfor row in rows:\n    plugin(data["seat"])\n    {update}') == []


def test_an_unknown_dictionary_added_to_steps_may_replace_them() -> None:
    body = 'table = {"seat": event["payload"]["seat"], "b": b}\ntable.update(await a())\nawait table["b"]()'
    assert codes_of(body) == ["unresolved-call"]
