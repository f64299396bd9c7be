"""Changed code that decides whether the `else` of a loop without steps runs."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from tests.diff.test_raising_functions import changes
from tests.instances.short_logs import ended, log_of, opened
from tests.instances.test_raising_code import replay

LOOP = "<a>\nfor item in order['items']:\n    if item > 1:\n        break\nelse:\n    <b>\n<c>"


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("item > 1", "item > 4", "unknown"),
        ("'items'", "'others'", "unknown"),
        ("for item in order['items']:\n    if item", "for each in order['items']:\n    if each", "resumes"),
    ],
)
def test_other_jumps_of_a_loop_on_instances(old: str, new: str, effect: InstanceEffect) -> None:
    log = log_of("running", *map(ended, "ab"), opened("c"))
    assert replay(LOOP, LOOP.replace(old, new), log).effect == effect


METHOD = """
async def run(self, event, step):
    for item in event["payload"]["items"]:
        if item > LIMIT:
            break
    else:
        await step.do("close")(self.work)()
    await step.sleep("nap", 1000)

LIMIT = {}
"""


def test_another_constant_in_the_jump_of_a_loop() -> None:
    code = METHOD.replace("LIMIT:", "self.LIMIT:")
    titles = [
        "condition `item > self.LIMIT`: value 1 changed to 2",
        "condition `no break`: the code or values behind it changed",
    ]
    assert [title for title, _ in changes(code.format(1), code.format(2))] == titles
