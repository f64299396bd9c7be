"""Changed code between steps that raises exceptions outside of handlers."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from tests.diff.test_raising_functions import changes
from tests.instances.short_logs import ended, log_of, opened
from tests.instances.test_raising_code import replay

RUN = """
async def run(self, event, step):
    seat = await step.do("book")(self.work)()
    {}
    await step.sleep("nap", 1000)

async def pay(self, step, seat):
    await step.do("pay")(self.work)()
    {}
"""
FULL = 'if seat["free"] < {}: raise ValueError("{}")'


def version(code: str, paid: str = "pass") -> str:
    return RUN.format(code, paid)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (version("pass"), version('assert seat["free"]'), "book"),
        (version('assert seat["free"] > 1'), version('assert seat["free"] > 2'), "book"),
        (
            version("await self.pay(step, seat)", paid=FULL.format(1, "full")),
            version("await self.pay(step, seat)", paid=FULL.format(2, "full")),
            "pay",
        ),
    ],
)
def test_other_exceptions_outside_of_handlers(old: str, new: str, place: str) -> None:
    assert changes(old, new) == [(f"code after step '{place}' may raise other exceptions", "breaking")]
    assert changes(old, old) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (version('assert seat["free"]'), version('free = seat["free"]; assert free')),
        (
            version("await self.pay(step, seat)", FULL.format(1, "full")),
            version("await self.pay(step, seat)", FULL.format(1, "taken")),
        ),
        (version('int(seat["row"])'), version('int(seat["column"])')),
    ],
)
def test_equal_exceptions_outside_of_handlers(old: str, new: str) -> None:
    assert changes(old, new) == []


@pytest.mark.parametrize(
    ("entries", "old", "new", "effect"),
    [
        ("ab", "pass", "assert order['free']", "unknown"),
        ("a", "pass", "assert order['free']", "resumes"),
        ("ab", "assert order['free']", "pass", "resumes"),
        ("ab", "if order['vip']: assert order['free']", "if order['vip']: assert order['paid']", "unknown"),
        ("ab", "pass", "try: assert order['free']\nexcept AssertionError: pass", "resumes"),
    ],
)
def test_exceptions_outside_of_handlers_on_instances(entries: str, old: str, new: str, effect: InstanceEffect) -> None:
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    assert replay(f"<a>\n{old}\n<b>", f"<a>\n{new}\n<b>", log).effect == effect
