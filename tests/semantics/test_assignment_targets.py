"""Targets of assignments, whose objects and keys are evaluated in Python's order and only once."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of

LOG = """
class Log:
    calls = [c]
    def __iadd__(self, call):
        self.calls = [call]
        return self
"""


@pytest.mark.parametrize(
    "statement",
    [
        "rows[await a() : await b()] = []",
        "rows[: await a() : await b()] = []",
        "rows[await a(), : await b()] = []",
        "del rows[await a() : await b()]",
        "del rows[await a(), await b()]",
        "rows[await a() : await b()] += []",
        "rows[await a(), : await b()]",
        "rows[await a()][await b()]: int",
        "(await a())[await b()].count: int",
    ],
)
def test_keys_are_evaluated_in_their_order(statement: str) -> None:
    assert graph_of(f"rows = event['payload']\n{statement}").split() == ["a", "b"]


def test_the_key_of_an_object_is_evaluated_once() -> None:
    body = f"{LOG}log = Log()\nlogs = {{1: log}}\nlogs[await a()] += b\nawait log.calls[0]()"
    assert graph_of(body).split() == ["a", "b"]


def test_the_owner_of_an_object_is_evaluated_once() -> None:
    classes = f"{LOG}class Job:\n    log = Log()\nasync def find():\n    await a()\n    return Job()\n"
    assert graph_of(f"{classes}(await find()).log += b\nawait Job.log.calls[0]()").split() == [
        "call",
        "find",
        "b",
        "def",
        "find",
        "a",
    ]


@pytest.mark.parametrize(
    ("members", "target"),
    [
        ("n = property(lambda self: 0, lambda self, value: add())", "job.n"),
        ("def __getitem__(self, key): return 0\n    def __setitem__(self, key, value): add()", "job[1]"),
        ("def __getitem__(self, key): return []\n    def __setitem__(self, key, value): add()", "job[1]"),
    ],
    ids=["a property", "an element", "a list as an element"],
)
def test_a_setter_starts_a_task(members: str, target: str) -> None:
    value = "[]" if "return []" in members else "1"
    added = "tasks = []\ndef add(): tasks.append(asyncio.create_task(a()))\n"
    job = f"class Job:\n    {members}\njob = Job()\n"
    assert "a" in graph_of(f"{added}{job}{target} += {value}\nawait tasks[0]").split()


def test_the_list_of_a_class_becomes_that_of_the_object() -> None:
    body = "class Job:\n    todo = [a]\njob = Job()\njob.todo += [b]\nJob.todo = [c]\n"
    assert graph_of(f"{body}for one in job.todo:\n    await one()").split() == ["a", "b"]


def test_added_elements_replace_a_slice() -> None:
    body = "todo = [a, b]\ntodo[:1] += [c]\nfor one in todo:\n    await one()"
    assert {"loop", "a", "b", "c"} <= set(graph_of(body).split())


@pytest.mark.slow
def test_a_slice_calls_the_special_method() -> None:
    assert graph_of("class Jobs:\n    def __getitem__(self, key): return a\nawait Jobs()[1:]()").split() == ["a"]


def test_elements_at_several_indices_are_distinct() -> None:
    assert graph_of("jobs = {}\njobs[1, 2] = a\njobs[3, 2] = b\nawait jobs[1, 2]()").split() == ["a"]


@pytest.mark.parametrize(
    ("method", "use"),
    [
        ("def __getitem__(cls, key): return a", "await Jobs['x']()"),
        ("def __rshift__(cls, other): return a", "await (Jobs >> 1)()"),
        ("def __delitem__(cls, key): cls.jobs.append(a)", "del Jobs['x']\nfor job in Jobs.jobs:\n    await job()"),
    ],
)
def test_a_metaclass_defines_the_operators_of_a_class(method: str, use: str) -> None:
    classes = f"class Meta(type):\n    {method}\nclass Jobs(metaclass=Meta):\n    jobs = []\n"
    assert "a" in graph_of(f"{classes}{use}").split()
