"""The `__dict__` of objects whose classes have properties and descriptors."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of_module, workflow_of_module

HEAD = """\
from workers import WorkflowEntrypoint


async def a(step):
    await step.sleep("a", 1)


async def b(step):
    await step.sleep("b", 1)


class Stored:
    def __set__(self, owner, value):
        owner.__dict__["stored"] = value

    def __get__(self, owner, cls=None):
        return owner.__dict__["stored"]


class Logged:
    def __set__(self, owner, value):
        owner.log.append(value)

    def __get__(self, owner, cls=None):
        return owner.log[0]


class Job:
    stored = Stored()
    logged = Logged()

    def __init__(self):
        self.log = []

    @property
    def fn(self):
        return self.__dict__.get("fn", a)

    @fn.setter
    def fn(self, value):
        self.__dict__["fn"] = value


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        job = Job()
"""


def lines_of(body: str) -> list[str]:
    """Return the graph of `run` with this body, which can use the object `job`."""
    source = HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)
    return graph_of_module(source).split("\ndef ")[0].splitlines()


def test_a_descriptor_keeps_its_value_in_the_dictionary() -> None:
    assert lines_of("job.stored = a\nawait job.stored(step)\njob.stored = b\nawait job.stored(step)") == [
        "call a",
        "call b",
    ]


def test_a_property_keeps_its_value_in_the_dictionary() -> None:
    assert lines_of("await job.fn(step)\njob.fn = b\nawait job.fn(step)") == ["call a", "call b"]


@pytest.mark.parametrize(
    "write",
    [
        'job.__dict__["logged"] = b',
        "job.__dict__.update(logged=b)",
        'vars(job).setdefault("logged", b)',
        'job.__dict__ |= {"logged": b}',
    ],
)
def test_writes_to_the_dictionary_call_no_descriptor(write: str) -> None:
    body = f'job.logged = a\n{write}\nawait job.logged(step)\nawait job.__dict__["logged"](step)'
    assert lines_of(body) == ["call a", "call b"]


def test_deletion_of_an_item_keeps_the_value_of_a_descriptor() -> None:
    body = 'job.logged = a\njob.__dict__["logged"] = b\ndel job.__dict__["logged"]\nawait job.logged(step)'
    assert lines_of(body) == ["call a"]


def test_the_values_of_a_dictionary_include_hidden_items() -> None:
    body = """
        job.__dict__["logged"] = b
        items = {**job.__dict__}
        await items["logged"](step)
    """
    assert lines_of(body) == ["call b"]


def test_an_item_is_read_by_name() -> None:
    assert lines_of('job.act = b\nawait vars(job)["act"](step)') == ["call b"]


@pytest.mark.parametrize("other", ["", "\n    else:\n        logged = a"])
def test_an_item_that_is_hidden_on_some_paths_is_reported(other: str) -> None:
    body = f"class Local:\n    log = [a]\n    if event:\n        logged = Logged(){other}\njob = Local()\n"
    source = HEAD + textwrap.indent(f"{body}job.__dict__['logged'] = b\nawait job.logged(step)", " " * 8)
    assert [note.code for note in workflow_of_module(source).notes] == ["escapes"]
