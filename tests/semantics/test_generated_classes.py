"""Objects of classes that functions of the standard library create, and methods that `types.MethodType` binds."""

from __future__ import annotations

import pytest

from tests.semantics.notation import text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

HEAD = """
    import collections, operator, types
    from typing import NamedTuple

    async def first(step):
        await step.sleep("first", 1)

    async def second(step):
        await step.sleep("second", 1)
"""
FIRST = text("""
    call first
    def first
      sleep 'first' 1
""")


@pytest.mark.parametrize(
    "body",
    [
        "jobs = types.SimpleNamespace(run=first)\nawait jobs.run(step)",
        "jobs = types.SimpleNamespace(**{'run': first, 'retries': 1})\nawait jobs.run(step)",
        "jobs = types.SimpleNamespace()\njobs.run = first\nawait jobs.run(step)",
        "context = types.SimpleNamespace(step=step, order=event)\nawait first(context.step)",
    ],
)
def test_a_namespace_has_its_attributes(body: str) -> None:
    assert graph_of(HEAD, body) == FIRST


def test_a_namespace_with_unknown_attributes_is_noted() -> None:
    assert notes_of(HEAD, "jobs = types.SimpleNamespace(**find(), run=first)\nawait jobs.run(step)")


@pytest.mark.parametrize(
    "definition",
    [
        "Job = collections.namedtuple('Job', 'run retries')",
        "Job = collections.namedtuple('Job', ('run', 'retries'))",
        "Job = collections.namedtuple('Job', 'run, retries', defaults=[3])",
        "Job = NamedTuple('Job', [('run', object), ('retries', int)])",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "await Job(first, 3).run(step)",
        "await Job(retries=3, run=first).run(step)",
        "run, retries = Job(first, 3)\nawait run(step)",
        "await Job(second, 3)._replace(run=first).run(step)",
    ],
)
def test_a_named_tuple_has_its_fields(definition: str, body: str) -> None:
    assert graph_of(HEAD, f"{definition}\n{body}") == FIRST


def test_a_loop_unpacks_named_tuples() -> None:
    loop = "for run, n in [Job(first, 1), Job(second, 2)]:\n    await run(step)"
    assert graph_of(HEAD, f"Job = collections.namedtuple('Job', 'run n')\n{loop}").splitlines()[:5] == [
        "loop",
        "  switch run",
        "  | case first",
        "    call first",
        "  | case second",
    ]


@pytest.mark.parametrize("test", ["job.retries", "not job.retries", "job.retries is None"])
def test_a_default_of_a_named_tuple_is_unknown(test: str) -> None:
    definition = "Job = collections.namedtuple('Job', 'run retries', defaults=[0])\njob = Job(first)"
    graph = graph_of(HEAD, f"{definition}\nif {test}:\n    await job.run(step)")
    assert graph.splitlines()[:2] == [f"if {test}", "  call first"]


def test_a_default_of_none_is_known() -> None:
    definition = "Job = collections.namedtuple('Job', 'run undo', defaults=[None])"
    loop = "for job in [Job(first), Job(first, first)]:\n    if job.undo:\n        await job.undo(step)"
    assert graph_of(HEAD, f"{definition}\n{loop}").splitlines()[:3] == ["loop", "  if job.undo", "    switch job"]


@pytest.mark.parametrize("change", ["namespace.run = second", "setattr(namespace, 'run', second)"])
def test_a_branch_changes_a_namespace(change: str) -> None:
    namespace = "namespace = types.SimpleNamespace(run=first)"
    graph = graph_of(HEAD, f"{namespace}\nif event:\n    {change}\nawait namespace.run(step)")
    assert graph.splitlines()[:4] == ["if event", "  call second", "else", "  call first"]


@pytest.mark.parametrize(
    "arguments",
    [
        "'Job', fields",
        "'Job', 'run class'",
        "'Job', 'run run'",
        "'Job', 'run', rename=True",
        "'Job', 'run', defaults=[first]",
    ],
)
def test_other_named_tuples_are_noted(arguments: str) -> None:
    assert notes_of(HEAD, f"Job = collections.namedtuple({arguments})\nawait Job(first).run(step)")


def test_a_bound_function_receives_its_object() -> None:
    body = "service = types.SimpleNamespace()\nservice.run = types.MethodType(first, step)\nawait service.run()"
    assert graph_of(HEAD, body) == FIRST


def test_one_of_several_functions_is_bound() -> None:
    body = "run = types.MethodType(first if urgent else second, step)\nawait run()"
    assert graph_of(HEAD, body) == text("""
        if urgent
          call first
        else
          call second
        def first
          sleep 'first' 1
        def second
          sleep 'second' 1
    """)


def test_an_operator_calls_its_first_argument() -> None:
    assert graph_of(HEAD, "await operator.call(first, step)") == FIRST
