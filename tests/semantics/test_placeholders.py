"""Collections of modules and classes whose placeholders other code replaces through an alias."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module

SOURCE = """\
from workers import WorkflowEntrypoint


async def go(step):
    await step.sleep("go", 1)

{module}

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await {act}(step)
"""


@pytest.mark.parametrize(
    ("module", "act"),
    [
        ("HOOKS = {'k': None}\nALIAS = HOOKS\nALIAS['k'] = go", "HOOKS['k']"),
        ("HOOKS = {'k': None}\nclass Config:\n    hooks = HOOKS\nConfig.hooks['k'] = go", "HOOKS['k']"),
        ("HOOKS = {'k': {'k': None}}\ndef fill(hooks=HOOKS):\n    hooks['k']['k'] = go\nfill()", "HOOKS['k']['k']"),
        ("HOOKS = [None, None]\ndef hooks():\n    return HOOKS\nhooks()[1] = go", "HOOKS[1]"),
        ("HOOKS = {'k': []}\nALL = [HOOKS]\nfor each in ALL:\n    each['k'].append(go)", "HOOKS['k'][0]"),
    ],
)
def test_a_placeholder_is_replaced_through_an_alias(module: str, act: str) -> None:
    assert graph_of_module(SOURCE.format(module=module, act=act)).splitlines()[0] == "call go"
