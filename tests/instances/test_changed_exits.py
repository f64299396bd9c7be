"""Exits of functions that become a `raise`, on instances that may have taken them."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from tests.instances.short_logs import ended, log_of, opened
from tests.instances.test_raising_code import replay

FUNCTION = """async def pay():
    if order["paid"]:
        {}
    <b>
<a>
await pay()
<c>"""
HANDLED = FUNCTION.replace("await pay()", "try:\n    await pay()\nexcept ValueError:\n    pass")
RAISED = 'The new code may raise an exception if `order["paid"]`, at a point that the instance has passed.'


@pytest.mark.parametrize(
    ("code", "entries", "effect"),
    [(FUNCTION, "ac", "unknown"), (FUNCTION, "abc", "resumes"), (FUNCTION, "a", "resumes"), (HANDLED, "ac", "resumes")],
)
def test_return_of_a_function_to_raise(code: str, entries: str, effect: InstanceEffect) -> None:
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    result = replay(code.format("return"), code.format('raise ValueError("paid")'), log)
    assert result.effect == effect
    assert (RAISED in result.reasons) == (effect == "unknown")
