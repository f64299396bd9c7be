"""Test SG134: calls of functions of the project with wrong arguments."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Finding

MODULE = """\
import functools
from workers import WorkflowEntrypoint


async def helper(event, step, pause="1 hour"):
    await step.sleep("rest", pause)


async def slow(step, *, pause):
    await step.sleep("rest", pause)


class Payments:
    def __init__(self, step, currency="EUR"):
        self.step, self.currency = step, currency

    async def charge(self, amount):
        await self.step.sleep(f"charge {{amount}}", 1000)


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        {use}

    async def charge(self, step):
        await step.sleep("settle", "1 hour")

    async def forgotten(step):
        await step.sleep("settle", "1 hour")

    @staticmethod
    async def fixed(step, *, pause):
        await step.sleep("settle", pause)

    @classmethod
    async def many(cls, step, *rest, **others):
        await step.sleep("settle", "1 hour")
"""


def findings(use: str) -> list[Finding]:
    return [each for each in check_analysis(analyze_source(MODULE.format(use=use))) if each.code == "SG134"]


@pytest.mark.parametrize(
    ("use", "problem", "advice"),
    [
        (
            "await self.charge()",
            "missing argument for the parameter `step` of `charge`",
            "Pass it, as in `step=step`.",
        ),
        ("await helper(step)", "missing argument for the parameter `step` of `helper`", "Pass it, as in `step=step`."),
        (
            "await slow(step)",
            "missing argument for the parameter `pause` of `slow`",
            "Pass it, as in `pause=...`.",
        ),
        ("await self.charge(event, step)", "too many arguments for `charge`", "Remove an argument."),
        (
            "await self.forgotten(step)",
            "too many arguments for `forgotten`",
            "Remove an argument, or add the parameter `self` to `forgotten`, which gets the instance.",
        ),
        (
            "await slow(step, pause=1, delay=2)",
            "unexpected argument `delay=` for `slow`",
            "Correct the keyword, or remove the argument.",
        ),
        (
            "await Payments().charge(1)",
            "missing argument for the parameter `step` of `Payments`",
            "Pass it, as in `step=step`.",
        ),
        ("await Payments(step, 'EUR', 1).charge(1)", "too many arguments for `Payments`", "Remove an argument."),
        (
            "await Payments(step).charge()",
            "missing argument for the parameter `amount` of `charge`",
            "Pass it, as in `amount=...`.",
        ),
        ("await helper(self, event, step, 1000)", "too many arguments for `helper`", "Remove an argument."),
    ],
)
def test_wrong_arguments(use: str, problem: str, advice: str) -> None:
    (finding,) = findings(use)
    assert finding.message == f"{problem}: this call fails with a TypeError."
    assert finding.advice == advice
    assert [str(related.message) for related in finding.related] == ["the function is defined here"]


@pytest.mark.parametrize(
    "use",
    [
        "await self.charge(step)",
        "await Orders.charge(self, step=step)",
        "await helper(event, step, pause=1000)",
        "await helper(*(event, step))",
        'await helper(**{"event": event, "step": step})',
        "await functools.partial(helper, event)(step)",
        "await self.fixed(step, pause=1000)",
        "await self.many(step, 1, 2, x=3)",
        "await Payments(step, currency='USD').charge(amount=1)",
        "await Payments.charge(Payments(step), 1)",
        "try:\n            await helper(step)\n        except TypeError:\n            await helper(event, step)",
    ],
)
def test_right_arguments(use: str) -> None:
    assert findings(use) == []


def test_decorated_function() -> None:
    text = MODULE.format(use="await helper(step)").replace("async def helper", "@with_event\nasync def helper")
    text = text.replace("import functools", "from elsewhere import with_event")
    assert [each for each in check_analysis(analyze_source(text)) if each.code == "SG134"] == []


BODY = """\
import contextlib
from workers import WorkflowEntrypoint


def total(prices, tax_rate):
    return sum(prices) * (1 + tax_rate)


class Cash:
    def pay(self):
        return 1


class Card:
    def pay(self, number):
        return number


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            {use}

        await charge()
"""


def messages_in_step(use: str) -> list[str]:
    findings = check_analysis(analyze_source(BODY.format(use=use)))
    return [each.message for each in findings if each.code == "SG134"]


def test_call_of_plain_function() -> None:
    assert messages_in_step("return total([1])") == [
        "missing argument for the parameter `tax_rate` of `total`: this call fails with a TypeError."
    ]


def test_one_of_two_objects() -> None:
    use = "payment = Cash() if event else Card(); return payment.pay() if event else payment.pay(1)"
    assert messages_in_step(use) == []


@pytest.mark.slow
def test_each_of_two_objects() -> None:
    assert messages_in_step("payment = Cash() if event else Card(); return payment.pay(1, 2)") == [
        "too many arguments for `pay`: this call fails with a TypeError."
    ]


def test_object_of_the_project_or_another() -> None:
    assert messages_in_step("payment = Card() if event else self.env.PAYMENT; return payment.pay()") == []


def test_suppressed_type_error() -> None:
    assert messages_in_step("with contextlib.suppress(TypeError): return total([1])") == []


def test_function_of_a_fallback() -> None:
    text = BODY.format(use="return total([1], 2)").replace(
        "def total(prices, tax_rate):\n",
        "try:\n    from taxes import total\nexcept ImportError:\n  def total():\n",
    )
    assert [each for each in check_analysis(analyze_source(text)) if each.code == "SG134"] == []


def test_replaced_function() -> None:
    text = BODY.format(use="return total([1])").replace("class Cash", "globals()['total'] = sum\n\n\nclass Cash")
    assert [each for each in check_analysis(analyze_source(text)) if each.code == "SG134"] == []


OBJECTS_OF_TWO_WORKFLOWS = """\
import inspect
from array import array
from functools import partial, wraps
from workers import WorkflowEntrypoint


class Cash:
    kind = "cash"

    def pay(self):
        return 1

    def index(self):
        return 2


class Card:
    kind = "card"

    def pay(self, number):
        return number


def total(price):
    return price


def pay(payment):
    {use}


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return pay(Cash())

        await charge()
"""


@pytest.mark.parametrize(
    "use",
    [
        "return payment.pay(1) if payment.kind in ('card', 'check') else payment.pay()",
        "return payment.index(1) if isinstance(payment, array) else payment.index()",
        "return total(1, tax=2) if 'tax' in inspect.signature(total).parameters else total(1)",
    ],
)
def test_call_for_another_type(use: str) -> None:
    findings = check_analysis(analyze_source(OBJECTS_OF_TWO_WORKFLOWS.format(use=use)))
    assert [each.message for each in findings if each.code == "SG134"] == []


@pytest.mark.parametrize(
    "definition",
    [
        "def add(a, *, b): return a\n    add = partial(add, b=1)",
        "def add(a, *, b): return a\n    add = partial(add, **{'b': 1})",
        "def other(b, c): return b\n    def add(a): return a\n    add = wraps(other)(add)",
    ],
)
def test_partial_or_wrapped_function(definition: str) -> None:
    findings = check_analysis(analyze_source(OBJECTS_OF_TWO_WORKFLOWS.format(use=f"{definition}\n    add(1)")))
    assert [each.message for each in findings if each.code == "SG134"] == []


def test_fallback_for_a_function_of_the_project() -> None:
    text = OBJECTS_OF_TWO_WORKFLOWS.format(use="return total(1, 2)").replace(
        "def total(price):\n    return price\n",
        "try:\n    import taxes\n    def total(price): return price\n"
        "except ImportError:\n    from operator import add as total\n",
    )
    assert [each for each in check_analysis(analyze_source(text)) if each.code == "SG134"] == []
