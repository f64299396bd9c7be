"""Values that reach the engine through attributes of objects and elements of dictionaries."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_module

_RUN = "\n\nclass W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
_POLICY = "from dataclasses import dataclass\n\n@dataclass\nclass Policy:\n    pause: str = '1 hour'\n"
_NAPPER = """
class Napper:
    def __init__(self, step, pause='1 hour'):
        self.step = step
        self.pause = pause

    async def nap(self):
        await self.step.sleep('wait', self.pause)
"""
_CONVERTING = "\n        self.pause = self.pause.replace('h', ' hours')\n"


def _flagged(definitions: str, *statements: str) -> list[str]:
    return flagged_in_module("SG109", definitions + _RUN + "".join(f"        {each}\n" for each in statements))


@pytest.mark.parametrize(
    ("definitions", "statements"),
    [
        (_POLICY, ["policy = Policy('1h')", "await step.sleep('wait', policy.pause)"]),
        (_POLICY, ["await step.sleep('wait', Policy(pause='1h').pause)"]),
        (_POLICY + "\nPOLICY = Policy(pause='1h')", ["await step.sleep('wait', POLICY.pause)"]),
        (
            _POLICY + "\nPOLICIES = [Policy('1 day'), Policy('1h')]",
            ["for policy in POLICIES:", "    await step.sleep('wait', policy.pause)"],
        ),
        (_NAPPER, ["await Napper(step, '1h').nap()"]),
        (_NAPPER, ["await Napper(step).nap()", "await Napper(step, pause='1h').nap()"]),
        (_NAPPER.replace("1 hour", "1h"), ["await Napper(step).nap()"]),
        ("", ["self.pause = '1h'", "await step.sleep('wait', self.pause)"]),
        (
            _NAPPER + "\nclass Fast(Napper):\n    def __init__(self, step):\n        super().__init__(step, '1h')",
            ["await Fast(step).nap()"],
        ),
        (
            _NAPPER.replace("self.pause)", "self.pause.pause)") + _POLICY,
            ["await Napper(step, Policy('1h')).nap()", "await Napper(step, Policy('1 hour')).nap()"],
        ),
        (
            "STAGES = [{'pause': '1 day'}, {'pause': '1h'}]",
            ["for stage in STAGES:", "    await step.sleep('wait', stage['pause'])"],
        ),
        (
            "async def nap(step, options):\n    await step.sleep('wait', options['pause'])",
            ["await nap(step, {'pause': '1h'})", "await nap(step, {'pause': '1 hour'})"],
        ),
    ],
)
def test_duration_in_a_member(definitions: str, statements: list[str]) -> None:
    assert _flagged(definitions, *statements) == ["'1h'"]


@pytest.mark.parametrize(
    ("definitions", "statements"),
    [
        (
            _POLICY.replace("pause", "value"),
            ["title = Policy('hello')", "pause = Policy('1 day')", "await step.sleep('wait', pause.value)"],
        ),
        (_POLICY, ["policy = Policy('1h')", "policy.pause = '1 day'", "await step.sleep('wait', policy.pause)"]),
        (_POLICY, ["policy = Policy('1h')", "if policy.pause != '1h':", "    await step.sleep('wait', policy.pause)"]),
        (_POLICY, ["policy = Policy(None)", "await step.sleep('wait', policy.pause)"]),
        (
            _POLICY + "    def __post_init__(self):" + _CONVERTING,
            ["policy = Policy('1h')", "await step.sleep('wait', policy.pause)"],
        ),
        (
            _POLICY + "    def __post_init__(self):\n        object.__setattr__(self, 'pause', '1 hour')\n",
            ["policy = Policy('1h')", "await step.sleep('wait', policy.pause)"],
        ),
        (
            _POLICY,
            ["policy = Policy('1h')", "setattr(policy, event['name'], 1)", "await step.sleep('wait', policy.pause)"],
        ),
        (
            _NAPPER + "\n    def __setattr__(self, name, value):\n        object.__setattr__(self, name, fix(value))\n",
            ["await Napper(step, '1h').nap()"],
        ),
        (
            _NAPPER + "\n    @property\n    def pause(self):\n        return fix(self._pause)\n\n"
            "    @pause.setter\n    def pause(self, value):\n        self._pause = value\n",
            ["await Napper(step, '1h').nap()"],
        ),
        (
            "import attrs\n\n@attrs.define\nclass Policy:\n    pause: str = attrs.field(converter=fix)\n",
            ["policy = Policy('1h')", "await step.sleep('wait', policy.pause)"],
        ),
        (
            "from pydantic import BaseModel\n\nclass Policy(BaseModel):\n    pause: str\n",
            ["policy = Policy(pause='1h')", "await step.sleep('wait', policy.pause)"],
        ),
        (
            "async def nap(step, options):\n    await step.sleep('wait', options['pause'])",
            ["options = {'pause': '1h'}", "options['pause'] = '1 hour'", "await nap(step, options)"],
        ),
    ],
)
def test_members_that_do_not_reach_the_engine(definitions: str, statements: list[str]) -> None:
    assert _flagged(definitions, *statements) == []


_CART = """
import enum
import uuid
from decimal import Decimal

class State(enum.Enum):
    OPEN = 'open'

class Cart:
    def __init__(self, total):
        self.total = total
        self.id = uuid.uuid4()
        self.state = State.OPEN

    def convert(self):
        self.total = float(self.total)

class Basket(Cart):
    pass
"""


@pytest.mark.parametrize(
    ("statement", "result", "flagged"),
    [
        ("cart = Cart(Decimal(1))", "cart.total", ["cart.total"]),
        ("cart = Basket(Decimal(1))", "{'total': cart.total}", ["cart.total"]),
        ("cart = Cart(1)", "[cart.id, cart.state]", ["cart.id", "cart.state"]),
        ("cart = Cart(1)", "{'total': cart.total, 'state': cart.state.value}", []),
        ("cart = Cart(Decimal(1)); cart.convert()", "cart.total", []),
        ("cart = Cart(Decimal(1)); setattr(cart, 'total', 1.0)", "cart.total", []),
        ("cart = Cart(Decimal(1)); cart.__dict__['total'] = 1.0", "cart.total", []),
        ("cart = Cart(Decimal(1))", "str(cart.total) if isinstance(cart.total, Decimal) else cart.total", []),
    ],
)
def test_result_in_an_attribute(statement: str, result: str, flagged: list[str]) -> None:
    step = ["@step.do('total')", "async def total():", f"    return {result}", "", "await total()"]
    run = "".join(f"        {each}\n" for each in (statement, *step))
    assert flagged_in_module("SG121", _CART + _RUN + run) == flagged
