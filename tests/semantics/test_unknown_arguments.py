"""Parameters and fields that unknown keyword arguments may set, as in `Order(**event["payload"])`."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module, text, workflow_of_module

MODULE = """
from dataclasses import dataclass, field
from workers import WorkflowEntrypoint

async def ship(step):
    await step.sleep("ship", 1)

@dataclass
class Fields:
    name: str
    lines: list = field(default_factory=list)
    act: object = ship

class Parameters:
    def __init__(self, name, lines=(), act=ship):
        self.lines = lines
        self.act = act

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        order = {create}
        for line in order.lines:
            await step.sleep("line", 1)
        await order.act(step)
"""


@pytest.mark.parametrize("payload", ['event["payload"]', 'dict(event["payload"])', '{**event["payload"], "name": "x"}'])
@pytest.mark.parametrize("name", ["Fields", "Parameters"])
def test_a_payload_may_set_data_but_no_function(name: str, payload: str) -> None:
    source = MODULE.format(create=f"{name}(**{payload})")
    assert workflow_of_module(source).complete
    assert graph_of_module(source) == text("""
        loop
          sleep 'line' 1
        call ship
        def ship
          sleep 'ship' 1
    """)


@pytest.mark.parametrize("name", ["Fields", "Parameters"])
def test_an_empty_default_that_nothing_sets(name: str) -> None:
    assert graph_of_module(MODULE.format(create=f'{name}(**{{"name": "x"}})')) == text("""
        call ship
        def ship
          sleep 'ship' 1
    """)
