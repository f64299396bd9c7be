"""Properties, descriptors, and copies of objects with changed attributes."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("job.name = 'x'", "sleep 'set' 1"),
        ("job.name: str = 'x'", "sleep 'set' 1"),
        ("job.name, other = 'x', 1", "sleep 'set' 1"),
        ("for job.name in names:\n    pass", "loop\n  sleep 'set' 1"),
        ("job.other = 'x'", "no graph"),
        ("setattr(job, 'name', 'x')", "sleep 'set' 1"),
    ],
)
def test_setter_of_a_property_runs(assignment: str, expected: str) -> None:
    graph = graph_of(
        """
class Job:
    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        step.sleep("set", 1)
        self._name = value

job = Job()
"""
        + assignment
    )
    assert graph.replace(" [1>]", "").replace("call Job.name", "call name").split("def ")[0].strip() in (
        expected,
        expected.replace("sleep 'set' 1", "call name"),
    )


@pytest.mark.parametrize(
    "definition",
    [
        "handler = property(get, put)",
        "@property\n    def handler(self): return self._h\n    @handler.setter\n    def handler(self, h): self._h = h",
    ],
)
def test_setter_keeps_a_function_for_its_getter(definition: str) -> None:
    assert (
        graph_of(f"""
def get(self): return self._h
def put(self, h): self._h = h
class Job:
    {definition}

job = Job()
job.handler = a
await job.handler()
""")
        == "a"
    )


@pytest.mark.parametrize(
    "accessors",
    [
        "def __set__(self, job, value): job.kept = value\n    def __get__(self, job, of): return job.kept",
        "def __get__(self, job, of): return a",
        "def __get__(self, job, of=None):\n        return lambda: a()",
    ],
)
def test_descriptor(accessors: str) -> None:
    assert (
        graph_of(f"""
class Kept:
    {accessors}

class Job:
    go = Kept()

job = Job()
job.go = a
await job.go()
""")
        == "a"
    )


@pytest.mark.parametrize(
    "result",
    [
        "return self if job is None else lambda: self.function(job)",
        "if job is not None:\n            return lambda: self.function(job)\n        return self",
    ],
)
def test_a_descriptor_returns_itself_to_its_class_only(result: str) -> None:
    assert graph_of(f"""
class Bound:
    def __init__(self, function):
        self.function = function
    def __get__(self, job, owner=None):
        {result}
    async def __call__(self, job):
        await b()

async def act(job):
    await a()

class Job:
    go = Bound(act)

await Job().go()
await Job.go(None)
""") == text("""
            call act
            call __call__
            def act
              a
            def __call__
              b
        """)


@pytest.mark.parametrize(
    "change",
    [
        "job = job._replace(n=5)",
        "job = dataclasses.replace(job, n=5)",
        "job = copy.copy(job)",
        "job = copy.deepcopy(job)",
        "job = Job(**job._asdict())",
        "job = copy.replace(job, n=5)",
    ],
)
def test_changed_copy_of_an_object(change: str) -> None:
    assert (
        graph_of(f"""
import copy, dataclasses
from typing import NamedTuple

class Job(NamedTuple):
    fn: object
    n: int = 0

job = Job(a)
{change}
await job.fn()
""")
        == "a"
    )


def test_changed_copy_of_an_object_with_another_step() -> None:
    assert (
        graph_of("""
from typing import NamedTuple

class Job(NamedTuple):
    fn: object
    n: int = 0

job = Job(a)
other = job._replace(fn=b)
await other.fn()
await job.fn()
""")
        == "b\na"
    )
