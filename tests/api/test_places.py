"""The source locations of nodes."""

from __future__ import annotations

from stepgraph import WorkflowAnalysis, analyze_source
from stepgraph.model.payload import Node
from stepgraph.model.walk import walk

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load")
        async def load():
            pass

        await load()
        for order in event["payload"]["orders"]:
            if order:
                await self.pay(step)
        try:
            await load()
            await step.sleep("rest", "1 day")
        except ValueError:
            return
        await step.wait_for_event("paid", "paid")

    async def pay(self, step):
        await step.do("pay")(charge)()


async def charge():
    pass
"""


def analyze() -> WorkflowAnalysis:
    (workflow,) = analyze_source(SOURCE, "orders.py").workflows
    return workflow


def places(workflow: WorkflowAnalysis, nodes: list[Node]) -> list[tuple[str, str]]:
    return [(node["type"], str(workflow.span_of(node))) for node in walk(nodes) if workflow.span_of(node)]


def test_nodes_have_the_locations_of_their_code() -> None:
    workflow = analyze()
    assert workflow.graph is not None
    assert places(workflow, workflow.graph["workflow"]["nodes"]) == [
        ("step_do", "orders.py:6:10"),
        ("loop", "orders.py:11:9"),
        ("if", "orders.py:12:13"),
        ("function_call", "orders.py:13:23"),
        ("try", "orders.py:14:9"),
        ("step_do", "orders.py:6:10"),
        ("step_sleep", "orders.py:16:19"),
        ("break", "orders.py:18:13"),
        ("break", "orders.py:14:9"),
        ("step_wait_for_event", "orders.py:19:15"),
    ]


def test_functions_and_their_steps_have_locations() -> None:
    workflow = analyze()
    assert workflow.graph is not None
    pay = workflow.graph["workflow"]["functions"]["pay"]
    assert str(workflow.span_of(pay)) == "orders.py:21:5"
    assert places(workflow, pay["nodes"]) == [("step_do", "orders.py:22:15")]


def test_an_equal_foreign_node_has_no_location() -> None:
    first, second = analyze(), analyze()
    assert first.graph is not None
    assert second.span_of(first.graph["workflow"]["nodes"][0]) is None
