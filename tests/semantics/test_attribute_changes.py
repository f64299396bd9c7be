"""Deletion of attributes, `setattr` and `delattr`, and writes to the dictionary of an object."""

from __future__ import annotations

import textwrap

import pytest

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import graph_of_module, module_of

HEAD = """\
from workers import WorkflowEntrypoint


async def a(step):
    await step.sleep("a", 1)


async def b(step):
    await step.sleep("b", 1)


class Base:
    kind = staticmethod(a)


class Job(Base):
    kind = staticmethod(b)

    def __init__(self, **options):
        self.hidden = a
        self.__dict__.update(options)

    async def act(self, step):
        await step.sleep("act", 1)

    @property
    def fn(self):
        return self.hidden

    @fn.deleter
    def fn(self):
        self.hidden = b

    def put(self, name, value):
        super().__setattr__("act", value)


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        job = Job()
"""


def source_of(body: str) -> str:
    """Return a module with this body of `run`, which can use the object `job`."""
    return HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)


def workflow_of(body: str) -> WorkflowAnalysis:
    """Return the analysis of the workflow."""
    (workflow,) = (w for w in module_of(source_of(body)).workflows if w.class_name == "W")
    return workflow


def calls_of(body: str) -> list[str]:
    """Return the lines of the graph of `run`. The graph must be complete."""
    assert workflow_of(body).complete, workflow_of(body).notes
    return graph_of_module(source_of(body)).split("\ndef ")[0].splitlines()


@pytest.mark.parametrize(
    "delete",
    [
        "del job.act",
        "x = 1\ndel x, job.act",
        'delattr(job, "act")',
        'object.__delattr__(job, "act")',
        'del job.__dict__["act"]',
        'vars(job).pop("act")',
        "job.__dict__.clear()",
    ],
)
def test_a_deleted_attribute_falls_back_to_the_class(delete: str) -> None:
    assert calls_of(f"job.act = b\nawait job.act(step)\n{delete}\nawait job.act(step)") == ["call b", "call act"]


def test_a_branch_deletes_an_attribute() -> None:
    assert calls_of("job.act = b\nif event:\n    del job.act\nawait job.act(step)") == [
        "if event",
        "  call act",
        "else",
        "  call b",
    ]


def test_a_property_runs_its_deleter() -> None:
    assert calls_of("del job.fn\nawait job.fn(step)") == ["call b"]


def test_delattr_may_delete_any_attribute() -> None:
    lines = calls_of('job.act = b\ndelattr(job, event["name"])\nawait job.act(step)')
    assert lines == ["switch act", "| case b", "  call b", "| case act 2", "  call act"]


@pytest.mark.parametrize(
    "write",
    [
        'setattr(job, "act", b)',
        'object.__setattr__(job, "act", b)',
        'job.put("act", b)',
        'job.__dict__["act"] = b',
        'vars(job)["act"] = b',
        "job.__dict__.update(act=b)",
        'job.__dict__.update({"act": b})',
        'job.__dict__ |= {"act": b}',
        'job.__dict__.setdefault("act", b)',
        "job = Job(act=b)",
    ],
)
def test_an_indirect_write_sets_an_attribute(write: str) -> None:
    assert calls_of(f"{write}\nawait job.act(step)") == ["call b"]


def test_setdefault_keeps_an_attribute() -> None:
    assert calls_of('job.act = a\njob.__dict__.setdefault("act", b)\nawait job.act(step)') == ["call a"]


def test_setattr_with_a_pattern_may_set_matching_attributes() -> None:
    body = 'setattr(job, f"ac{event}", b)\nawait job.act(step)\nawait job.hidden(step)\nawait job.actor(step)'
    assert calls_of(body) == [
        'if f"ac{event}" == "act"',
        "  call b",
        "else",
        "  call act",
        "call a",
        "call b",
    ]


def test_setattr_with_values_of_a_payload_replaces_no_method() -> None:
    body = 'for key, value in event["payload"].items():\n    setattr(job, key, value)\nawait job.act(step)'
    assert calls_of(body) == ["call act"]


@pytest.mark.parametrize(
    "statement",
    [
        'setattr(job, "".join(event["names"]), b)',
        'job.__dict__[event["name"]] = b',
        "job.__class__ = Base",
        "job.__dict__ = {'act': b}",
    ],
)
def test_changes_that_are_not_followed(statement: str) -> None:
    assert [note.code for note in workflow_of(f"{statement}\nawait job.act(step)").notes] == ["unknown-member"]


def test_a_deleted_member_falls_back_to_the_base() -> None:
    body = "await Job.kind(step)\ndel Job.kind\nawait Job.kind(step)"
    assert graph_of_module(source_of(body)).split("\ndef ")[0].splitlines() == ["call b", "call a"]
