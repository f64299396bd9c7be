"""`getattr` with a default, for class attributes that functions of the workflow assign."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module

SOURCE = """\
from workers import WorkflowEntrypoint


class Base:
    pass


class Hooks(Base):
    pass


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        async def a():
            await step.sleep("a", 1)

        async def b():
            await step.sleep("b", 1)

        def put(owner, act):
            owner.act = act

"""


def lines_of(body: str) -> list[str]:
    """Return the graph of `run` after the definitions of `a`, `b` and `put`."""
    source = SOURCE + "".join(f"        {line}\n" for line in body.splitlines())
    return graph_of_module(source).split("\ndef ")[0].splitlines()


@pytest.mark.parametrize("assignment", ["put(Hooks, a)", "put(Base, a)", "Hooks.act = a", "setattr(Hooks, 'act', a)"])
def test_an_assigned_class_attribute_replaces_the_default(assignment: str) -> None:
    assert lines_of(f"{assignment}\nact = getattr(Hooks, 'act', b)\nawait act()") == ["call a"]


def test_the_default_applies_on_paths_without_the_assignment() -> None:
    lines = lines_of("if event:\n    put(Hooks, a)\nact = getattr(Hooks, 'act', b)\nawait act()")
    assert [line.strip() for line in lines if "call" in line] == ["call a", "call b"]


def test_the_default_applies_after_a_deletion() -> None:
    assert lines_of("put(Hooks, a)\ndel Hooks.act\nact = getattr(Hooks, 'act', b)\nawait act()") == ["call b"]
