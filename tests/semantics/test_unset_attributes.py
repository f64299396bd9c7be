"""Attributes that only some paths set. On other paths, the class or the default of `getattr` applies."""

from __future__ import annotations

import textwrap

from stepgraph.interpreter.objects.union import with_fallback
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import UNKNOWN, UNSET
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.parse import parse_module
from tests.semantics.notation import graph_of_module, module_of, text

HEAD = """\
from workers import WorkflowEntrypoint


class Base:
    async def act(self, step):
        await step.sleep("base", 1)


class Box(Base):
    hook = None

    async def send(self, step):
        await step.sleep("method", 1)

    def __init__(self, debug=False):
        if debug:
            self.send = replacement


async def replacement(step):
    await step.sleep("new", 1)


async def default(step):
    await step.sleep("default", 1)


class W(WorkflowEntrypoint):
    fns = [default]

    async def act(self, step):
        await step.sleep("method", 1)

    async def run(self, event, step):
"""


def source_of(body: str) -> str:
    """Return the module with this body of `run`."""
    return HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)


def graph_of(body: str) -> str:
    """Return the graph of `run`. It must be complete."""
    (workflow,) = (w for w in module_of(source_of(body)).workflows if w.class_name == "W")
    assert workflow.complete, workflow.notes
    return _graph_of_run(body)


def _graph_of_run(body: str) -> str:
    return graph_of_module(source_of(body)).split("\ndef ")[0]


def test_a_method_remains_where_no_branch_replaces_it() -> None:
    assert graph_of("""
        if event:
            self.act = replacement
        await self.act(step)
    """) == text("""
        if event
          call replacement
        else
          call act
    """)


def test_an_initializer_replaces_a_method_in_a_branch() -> None:
    assert graph_of("await Box(event).send(step)") == text("""
        if debug
          call replacement
        else
          call send
    """)


def test_a_loop_may_not_replace_a_method() -> None:
    assert graph_of("""
        for x in event:
            self.act = replacement
        await self.act(step)
    """) == text("""
        switch act
        | case act 1
          call act
        | case replacement
          call replacement
    """)


def test_a_loop_reads_a_method_before_replacing_it() -> None:
    assert graph_of("""
        for x in event:
            await self.act(step)
            self.act = replacement
    """) == text("""
        loop
          switch act
          | case act 1
            call act
          | case replacement
            call replacement
    """)


def test_a_handler_may_not_see_an_assignment() -> None:
    assert graph_of("""
        try:
            unknown()
            self.act = replacement
        except ValueError:
            pass
        await self.act(step)
    """) == text("""
        switch exception
        | case no exception
          call replacement
        | case ValueError
          switch act
          | case act 1
            call act
          | case replacement
            call replacement
    """)


def test_a_list_of_the_class_remains() -> None:
    assert graph_of("""
        if event:
            self.fns = [replacement]
        for fn in self.fns:
            await fn(step)
    """) == text("""
        if event
          call replacement
        else
          call default
    """)


def test_a_tested_default_of_none_calls_nothing() -> None:
    assert graph_of("""
        box = Box()
        if event:
            box.hook = replacement
        if box.hook:
            await box.hook(step)
    """) == text("""
        if box.hook
          call replacement
    """)


def test_getattr_has_its_default_on_other_paths() -> None:
    assert graph_of("""
        if event:
            self.hook = replacement
        await getattr(self, "hook", default)(step)
    """) == text("""
        if event
          call replacement
        else
          call default
    """)


def test_a_base_decides_where_no_branch_sets_a_member() -> None:
    body = "if event:\n    Box.act = staticmethod(replacement)\nawait Box().act(step)"
    (workflow,) = (w for w in module_of(source_of(body)).workflows if w.class_name == "W")
    assert [note.code for note in workflow.notes] == ["assigned-elsewhere"]
    assert _graph_of_run(body) == text("""
        if event
          call replacement
        else
          call act
    """)


def test_a_global_keeps_its_definition_on_other_paths() -> None:
    body = "global default\nif event:\n    default = replacement\nawait default(step)"
    assert _graph_of_run(body) == text("""
        if event
          call replacement
        else
          call default
    """)


def test_attribute_that_every_path_deletes() -> None:
    module = parse_module(b"box.hook", "entry.py")
    cases = (Case("a", UNSET), Case("b", UNSET))
    assert with_fallback(Union(cases, None, SourcePlace(module, module.tree)), None) is UNKNOWN
