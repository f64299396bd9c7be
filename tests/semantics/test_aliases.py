"""Constants in collections that change through an alias, and names that are bound dynamically."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import notation, workflow_of_module


def _graph(top: str, body: str, members: str = "") -> str:
    source = (
        "import asyncio\nfrom workers import WorkflowEntrypoint\n"
        + textwrap.dedent(top)
        + "\n\nclass W(WorkflowEntrypoint):\n"
        + textwrap.indent(textwrap.dedent(members), " " * 4)
        + "\n    async def run(self, event, step):\n"
        + textwrap.indent(textwrap.dedent(body), " " * 8)
    )
    return notation(workflow_of_module(source).graph)


TABLE = 'await step.do(TABLE["k"])(f)()'
NAMES = "await step.do(NAMES[0])(f)()"
NESTED = 'await step.do(TABLE["names"]["k"])(f)()'


@pytest.mark.parametrize(
    ("top", "body", "shown"),
    [
        ('TABLE = {"k": "a"}\nALIAS = TABLE\nALIAS["k"] = "b"', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\ndef patch(t):\n    t["k"] = "b"\npatch(TABLE)', TABLE, '{TABLE["k"]}'),
        (
            'TABLE = {"k": "a"}\ndef get():\n    return table()\ndef table():\n    return TABLE\nget()["k"] = "b"',
            TABLE,
            '{TABLE["k"]}',
        ),
        ('TABLE = {"k": "a"}\nfor t in (TABLE,):\n    t["k"] = "b"', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\nTABLES = [TABLE]\nTABLES[0].update(k="b")', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\nclass C:\n    table = TABLE\nC.table["k"] = "b"', TABLE, '{TABLE["k"]}'),
        (
            'TABLE = {"k": "a"}\nclass C:\n    def __init__(self, t):\n        t["k"] = "b"\nC(TABLE)',
            TABLE,
            '{TABLE["k"]}',
        ),
        ('TABLE = {"k": "a"}\ndef table():\n    return TABLE\ntable()["k"] = "b"', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\nfrom helpers import patch\npatch(TABLE)', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\ndef patch(t):\n    t["k"] = "b"\nlist(map(patch, [TABLE]))', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\ndef patch(**t):\n    t["x"]["k"] = "b"\npatch(x=TABLE)', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\ndef patch(a, *t, b=None):\n    t[0]["k"] = "b"\npatch(1, TABLE)', TABLE, '{TABLE["k"]}'),
        (
            'TABLE = {"k": "a"}\nclass C:\n    def m(self, t):\n        t["k"] = "b"\nC.m(C(), TABLE)',
            TABLE,
            '{TABLE["k"]}',
        ),
        (
            'TABLE = {"k": "a"}\ndef tables():\n    yield TABLE\nfor t in tables():\n    t["k"] = "b"',
            TABLE,
            '{TABLE["k"]}',
        ),
        (
            'TABLE = {"k": "a"}\ndef patch(t):\n    match t:\n        case u:\n            u["k"] = "b"\npatch(TABLE)',
            TABLE,
            '{TABLE["k"]}',
        ),
        ('TABLE = {"k": "a"}\nd = dict(a=TABLE)\nd["a"]["k"] = "b"', TABLE, '{TABLE["k"]}'),
        ('TABLE = {"k": "a"}\n(lambda: TABLE)()["k"] = "b"', TABLE, '{TABLE["k"]}'),
        ('NAMES = ["a", "b"]\nfor names in (NAMES,):\n    names.sort()', NAMES, "{NAMES[0]}"),
        ('NAMES = ["a", "b"]\nimport random\nrandom.shuffle(NAMES)', NAMES, "{NAMES[0]}"),
        ('NAMES = ["a", "b"]\nlist.sort(NAMES)', NAMES, "{NAMES[0]}"),
        ('TABLE = {"names": {"k": "a"}}\nnames = TABLE["names"]\nnames["k"] = "b"', NESTED, '{TABLE["names"]["k"]}'),
        ('TABLE = {"names": {"k": "a"}}\nfor n in TABLE.values():\n    n["k"] = "b"', NESTED, '{TABLE["names"]["k"]}'),
    ],
)
def test_a_collection_changed_through_an_alias_is_unknown(top: str, body: str, shown: str) -> None:
    assert _graph(top, body) == shown


@pytest.mark.parametrize(
    "top",
    [
        "OTHER = TABLE",
        "for t in (TABLE,):\n    print(t)",
        'def show(t):\n    return t["k"]\nshow(TABLE)',
        "out = []\nfor n in TABLE.values():\n    out.append(n)",
        "out = []\nout.append(TABLE)",
        'copy = dict(TABLE)\ncopy["k"] = "b"',
        "import json\njson.dumps(TABLE)",
        "def show(t, out):\n    out.append(t)\nshow(TABLE, [])",
    ],
)
def test_a_collection_that_is_only_read_is_constant(top: str) -> None:
    assert _graph('TABLE = {"k": "a"}\n' + top, TABLE) == "a"


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ('ALIAS = TABLE\nALIAS["k"] = two', ["two"]),
        ('def change(table):\n    table["k"] = two\nchange(TABLE)', ["two"]),
        ('for table in (TABLE,):\n    table["k"] = two', ["two"]),
        ('ALIAS = TABLE\nOLD = ALIAS["k"]\nALIAS["k"] = two\nTABLE = {"k": OLD}', ["one"]),
    ],
)
def test_a_table_of_steps_changed_under_another_name(change: str, calls: list[str]) -> None:
    workflow = workflow_of_module(_table_of_steps(change))
    assert workflow.complete
    assert workflow.graph is not None
    assert [node["name"] for node in workflow.graph["workflow"]["nodes"] if node["type"] == "function_call"] == calls


@pytest.mark.parametrize("more", ["", 'ALIAS = TABLE\nALIAS["k"] = two'])
def test_a_table_of_steps_that_a_library_may_change_is_reported(more: str) -> None:
    assert not workflow_of_module(_table_of_steps(f"import lib\nlib.change(TABLE)\n{more}")).complete


def _table_of_steps(change: str) -> str:
    """Return a module with a table of functions and a statement that changes it."""
    source = """
        from workers import WorkflowEntrypoint

        async def one(step):
            await step.do("one")(f)()

        async def two(step):
            await step.do("two")(f)()

        TABLE = {{"k": one}}
        {change}

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await TABLE["k"](step)
    """
    return textwrap.dedent(source).format(change=change)


@pytest.mark.parametrize(
    "statement",
    [
        'globals()["NAME"] = "b"',
        'globals().update(NAME="b")',
        'names = globals()\nnames["NAME"] = "b"',
        'exec("NAME = 1")',
        'import sys\nsetattr(sys.modules[__name__], "NAME", "b")',
    ],
)
def test_a_name_that_may_be_bound_dynamically_is_unknown(statement: str) -> None:
    assert _graph('NAME = "a"\n' + statement, "await step.do(NAME)(f)()") == "{NAME}"


def test_a_module_that_reads_names_dynamically_has_constants() -> None:
    assert _graph('NAME = "a"\ndef get(n):\n    return globals()[n]', "await step.do(NAME)(f)()") == "a"


@pytest.mark.parametrize(
    "statement",
    [
        'self.__dict__.update(NAME="b")',
        'self.__dict__["NAME"] = "b"',
        'vars(self)["NAME"] = "b"',
        'names = self.__dict__\nnames["NAME"] = "b"',
        'for key, value in event["payload"].items():\n    setattr(self, key, value)',
        'object.__setattr__(self, "NAME", "b")',
    ],
)
def test_an_attribute_that_may_be_set_dynamically_is_unknown(statement: str) -> None:
    assert _graph("", statement + "\nawait step.do(self.NAME)(f)()", 'NAME = "a"') == "{self.NAME}"


def test_a_class_that_reads_attributes_dynamically_has_constants() -> None:
    assert _graph("", 'x = self.__dict__["y"]\nawait step.do(self.NAME)(f)()', 'NAME = "a"') == "a"
