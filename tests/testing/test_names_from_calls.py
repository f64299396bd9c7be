"""Steps of functions under the names that the arguments of calls give them."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from stepgraph import analyze_source
from stepgraph.testing import StepNotFoundError, WorkflowGraph

HEAD = """
import asyncio
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def do(self, step, name, work=None):
        @step.do(name)
        async def execute(): ...

        return await execute()
"""


def graph_of(run: str, *, methods: str = "") -> WorkflowGraph:
    """Return the graph of a workflow with the body of `run`."""
    body = f"async def run(self, event, step):\n{indent(dedent(run).strip(), '    ')}\n{dedent(methods)}"
    return WorkflowGraph.of(analyze_source(HEAD + indent(body, "    ")).workflows[0])


def test_each_call_names_a_step() -> None:
    graph = graph_of("""
        await self.do(step, "charge")
        await self.do(step, "ship")
    """)
    assert graph.steps() == ["charge", "ship"]
    assert graph.step("ship").name == "ship"
    assert [graph.runs_before(*pair) for pair in (("charge", "ship"), ("ship", "charge"))] == [True, False]


def test_concurrent_calls() -> None:
    graph = graph_of("""
        await asyncio.gather(self.do(step, "charge"), self.do(step, "ship"))
        await self.do(step, "close")
    """)
    assert graph.concurrent("charge", "ship")
    assert not graph.runs_before("charge", "ship")
    assert graph.runs_before("ship", "close")


def test_functions_pass_names_on() -> None:
    graph = graph_of(
        """
        await self.notify(step, "mail")
        await self.notify(step, "phone")
        """,
        methods="""
        async def notify(self, step, channel):
            await self.do(step, f"look up {channel}")
            await self.do(step, f"call {channel}")
        """,
    )
    assert graph.steps() == ["look up mail", "call mail", "look up phone", "call phone"]
    assert graph.runs_before("call mail", "look up phone")


def test_names_that_only_the_run_decides_remain() -> None:
    graph = graph_of("""
        await self.do(step, event["payload"]["name"])
        await self.do(step, f"pack {event['payload']['item']}")
    """)
    assert graph.steps() == ["{name}", "pack {…}"]


def test_recursive_calls_keep_the_name_of_the_graph() -> None:
    graph = graph_of(
        'await self.retry(step, "first")',
        methods="""
        async def retry(self, step, name):
            if not await self.do(step, name):
                await self.retry(step, f"{name} again")
        """,
    )
    assert graph.steps() == ["first", "{name}"]


@pytest.mark.slow
def test_too_many_calls_keep_the_names_of_the_graph() -> None:
    methods = [
        f"async def f{number}(self, step, name):\n    await self.f{number + 1}(step, name + 'a')\n"
        f"    await self.f{number + 1}(step, name + 'b')\n"
        for number in range(20)
    ]
    end = "async def f20(self, step, name): await self.do(step, name)\n"
    assert graph_of('await self.f0(step, "")', methods="\n".join([*methods, end])).steps() == ["{name}"]


def test_advice_on_a_name_lists_those_of_calls() -> None:
    graph = graph_of('await self.do(step, "charge")')
    with pytest.raises(StepNotFoundError, match="Did you mean `charge`"):
        graph.step("charges")
