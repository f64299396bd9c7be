"""`getattr` with the name of the class of an object, as in visitors."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module, text

VISITOR = """
from workers import WorkflowEntrypoint

class Wait: pass
class Fetch: pass
class Other: pass

class W(WorkflowEntrypoint):
    async def visit(self, node, step):
        {read}
        await visitor(step)

    async def visit_wait(self, step):
        await step.sleep("wait", 1)

    async def visit_Wait(self, step):
        await step.sleep("wait", 1)

    async def visit_Fetch(self, step):
        await step.sleep("fetch", 1)

    async def generic(self, step):
        await step.sleep("generic", 1)

    async def run(self, event, step):
        {run}
"""


@pytest.mark.parametrize(
    "read",
    [
        'visitor = getattr(self, "visit_" + type(node).__name__)',
        'visitor = getattr(self, f"visit_{node.__class__.__name__}", self.generic)',
        'method = f"visit_{type(node).__name__}"\n        visitor = getattr(self, method)',
    ],
)
def test_the_class_of_an_object_selects_a_method(read: str) -> None:
    graph = graph_of_module(VISITOR.format(read=read, run="await self.visit(Wait(), step)"))
    assert graph == text("""
        call visit
        def visit
          call visit_Wait
        def visit_Wait
          sleep 'wait' 1
    """)


def test_a_class_name_in_lower_case() -> None:
    read = 'visitor = getattr(self, f"visit_{type(node).__name__.lower()}")'
    assert "call visit_wait" in graph_of_module(VISITOR.format(read=read, run="await self.visit(Wait(), step)"))


def test_several_classes_are_a_switch_with_the_default() -> None:
    read = 'visitor = getattr(self, f"visit_{type(node).__name__}", self.generic)'
    run = 'await self.visit(Wait() if event["payload"]["late"] else Other(), step)'
    assert graph_of_module(VISITOR.format(read=read, run=run)) == text("""
        call visit
        def visit
          switch f"visit_{type(node).__name__}"
          | case "visit_Wait"
            call visit_Wait
          | case "visit_Other"
            call generic
        def visit_Wait
          sleep 'wait' 1
        def generic
          sleep 'generic' 1
    """)


def test_a_name_of_a_class_that_the_variable_no_longer_holds() -> None:
    read = """method = f"visit_{type(node).__name__}"
        node = Fetch()
        visitor = getattr(self, method)"""
    graph = graph_of_module(VISITOR.format(read=read, run="await self.visit(Wait(), step)"))
    assert '| case "visit_Fetch"' in [line.strip() for line in graph.splitlines()]


def test_visitors_of_a_tree_in_a_loop() -> None:
    graph = graph_of_module("""
from workers import WorkflowEntrypoint

class Leaf:
    pass

class Pair:
    def __init__(self, left, right):
        self.left, self.right = left, right

class Group:
    def __init__(self, nodes):
        self.nodes = nodes

class W(WorkflowEntrypoint):
    async def visit(self, node, step):
        await getattr(self, f"visit_{type(node).__name__}")(node, step)

    async def visit_Leaf(self, node, step):
        await step.sleep("leaf", 1)

    async def visit_Pair(self, node, step):
        await self.visit(node.left, step)
        await self.visit(node.right, step)

    async def visit_Group(self, node, step):
        for each in node.nodes:
            await self.visit(each, step)

    async def visit_Other(self, node, step):
        await step.sleep("other", 1)

    async def run(self, event, step):
        for _ in event["payload"]["times"]:
            await self.visit(Group([Leaf(), Pair(Leaf(), Leaf())]), step)
""")
    assert '"visit_Other"' not in graph
