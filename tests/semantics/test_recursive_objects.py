"""Recursive functions that create objects: for the next level of the recursion, or for their own variables."""

from __future__ import annotations

import textwrap

import pytest

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import notation, text, workflow_of, workflow_of_module

MODULE = """
import asyncio
from dataclasses import dataclass, field

from workers import WorkflowEntrypoint


@dataclass
class Level:
    depth: object
    parent: object = None
    cleanup: object = None
    names: list = field(default_factory=list)


class W(WorkflowEntrypoint):
    async def run(self, event, step):
        async def clean():
            await step.do("clean")(lambda: 1)()

        async def visit(level, node):
            await step.do("visit")(lambda: 1)()
{body}

        await visit(Level(0), event["payload"])
"""


def workflow_with(body: str) -> WorkflowAnalysis:
    indented = "".join(f"            {line}\n" for line in body.splitlines())
    return workflow_of_module(MODULE.format(body=indented))


def test_levels_with_equal_objects_are_one_function() -> None:
    workflow = workflow_with("for child in node:\n    await visit(Level(level.depth + 1), child)")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call visit
        def visit
          visit
          loop
            call visit
    """)


@pytest.mark.slow
def test_attribute_of_the_next_level_that_the_recursion_sets() -> None:
    """The step `clean` runs on the object that the recursive call receives."""
    workflow = workflow_with(
        "for each in node:\n"
        "    child = Level(level.depth + 1)\n"
        "    await visit(child, each)\n"
        "    if child.cleanup:\n"
        "        await child.cleanup()\n"
        "level.cleanup = clean"
    )
    assert "clean" in notation(workflow.graph).split()


def test_levels_with_different_constants_are_different_functions() -> None:
    workflow = workflow_with("if level.parent is None:\n    await visit(Level(1, 'x'), node)\nelse:\n    await clean()")
    assert workflow.complete
    assert "clean" in notation(workflow.graph).split()


def test_task_groups_of_the_levels_of_a_recursion() -> None:
    workflow = workflow_with("""\
async with asyncio.TaskGroup() as tasks:
    for child in node["children"]:
        tasks.create_task(visit(level, child))""")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call visit
        def visit
          visit
          parallel all
            loop
              call visit [1>2]
    """)


def test_path_of_payload_parts_that_grows_with_each_level() -> None:
    workflow = workflow_of("""
        async def visit(node, path=()):
            await step.do("/".join((*path, node["name"])))(lambda: 1)()
            for child in node["children"]:
                await visit(child, (*path, node["name"]))
            if path:
                await a()

        await visit(event["payload"]["tree"])
    """)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call visit
        def visit
          {"/".join((*path, node["name"]))}
          loop
            call visit
          if path
            a
    """)


def test_tree_that_grows_with_each_level() -> None:
    workflow = workflow_with("""\
if level.depth < 2:
    for name in node:
        level.names.append(Level(level.depth + 1))
    for child in level.names:
        await visit(child, node)""")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call visit
        def visit
          visit
          if level.depth < 2
            loop
              call visit
    """)


TREE = """
async def visit(node):
    await step.do(f"visit {node.path}")(lambda: 1)()
    for name in event["payload"]:
        node.children.append(Node((*node.path, name)))
    for child in node.children:
        await visit(child)
        for each in child.children:
            await a()
    if node.children:
        await b()
"""


@pytest.mark.slow
def test_tree_whose_nodes_have_paths() -> None:
    workflow = workflow_of_module(f"""
from dataclasses import dataclass, field
from workers import WorkflowEntrypoint

@dataclass
class Node:
    path: tuple = ()
    children: list = field(default_factory=list)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        a = step.do("a")(lambda: 1)
        b = step.do("b")(lambda: 1)
{textwrap.indent(TREE, " " * 8)}
        root = Node()
        await visit(root)
        for child in root.children:
            await a()
""")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call visit
        loop
          a
        def visit
          visit {node.path}
          loop
            call visit
            loop
              a
          if node.children
            b
    """)
