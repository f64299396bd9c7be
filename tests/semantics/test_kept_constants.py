"""Collections of constants that change through an alias or through external code."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, text, workflow_of_module

HEAD = """
import contextlib, functools, operator, types
from collections import namedtuple
from dataclasses import dataclass
from workers import WorkflowEntrypoint

TABLE = {"key": "old", "other": "same"}
"""
RUN = """
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.do(TABLE["key"])(lambda: 1)()
"""


@pytest.mark.parametrize(
    "code",
    [
        'def change(table=TABLE):\n    table["key"] = "new"\nchange()',
        'def change(table):\n    table["key"] = "new"\n    return lambda fn: fn\n@change(TABLE)\ndef fn(): ...',
        'change = TABLE.update\nchange(key="new")',
        'functools.partial(TABLE.update, key="new")()',
        '@dataclass\nclass Box:\n    table: dict\nBox(TABLE).table["key"] = "new"',
        'Box = namedtuple("Box", "table")\nBox(TABLE).table["key"] = "new"',
        'box = types.SimpleNamespace(table=TABLE)\nbox.table["key"] = "new"',
        'class Box:\n    def __getitem__(self, key):\n        return TABLE\nBox()[0]["key"] = "new"',
        'with contextlib.nullcontext(TABLE) as table:\n    table["key"] = "new"',
        'list(map(lambda table: table.update(key="new"), [TABLE]))',
        'next(iter([TABLE]))["key"] = "new"',
        'getattr(TABLE, "update")(key="new")',
        'globals()["TABLE"]["key"] = "new"',
    ],
)
def test_a_constant_that_other_code_may_change_is_hidden(code: str) -> None:
    assert graph_of_module(f"{HEAD}{code}\n{RUN}") == '{TABLE["key"]}'


@pytest.mark.parametrize(
    "code",
    [
        "import json\njson.dumps(TABLE)",
        "print(TABLE, len(TABLE), sorted(TABLE))",
        'def read(table=TABLE):\n    return table["key"]\nread()',
        "box = types.SimpleNamespace(table=TABLE)",
        'results = []\nresults.append("x")\nbox = types.SimpleNamespace(table=TABLE)',
    ],
)
def test_a_constant_that_is_only_read_is_shown(code: str) -> None:
    assert graph_of_module(f"{HEAD}{code}\n{RUN}") == "old"


@pytest.mark.parametrize(
    "code",
    [
        'box = types.SimpleNamespace(table=table)\nbox.table["key"] = "new"',
        'operator.setitem(table, "key", "new")',
        'table.__setitem__("key", "new")',
        'dict.update(table, key="new")',
        'type("Box", (), {"table": table}).table["key"] = "new"',
        'box = type("Box", (), {"table": table}).table\nbox["key"] = "new"',
        'box = collections.ChainMap({"table": table})["table"]\nbox["key"] = "new"',
    ],
)
def test_a_local_constant_that_other_code_may_change_is_hidden(code: str) -> None:
    imports, read = "import collections, operator, types", 'await step.do(table["key"])(lambda: 1)()'
    body = f'{imports}\ntable = {{"key": "old"}}\n{code}\n{read}'
    assert graph_of(body) == '{table["key"]}'


def test_a_function_called_before_and_after_a_change() -> None:
    assert graph_of("""
        table = {"key": "old"}
        async def go():
            await step.do(table["key"])(lambda: 1)()
        await go()
        table["key"] = "new"
        await go()
    """) == text("""
        call go
        call go #2
        def go
          old
        def go #2
          {table["key"]}
    """)


def test_deep_data_that_a_package_receives_needs_no_note() -> None:
    source = """
import jsonschema
from workers import WorkflowEntrypoint

TABLE = {"states": {"first": {"catch": [{"errors": {"names": ["late"]}}], "next": "second"}}}
jsonschema.validate(TABLE)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for state in TABLE["states"]:
            await step.sleep("wait", 1)
"""
    assert [note.code for note in workflow_of_module(source).notes] == []
