"""Definitions of conditions that read attributes of objects: only the code that decides the attributes counts."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.syntax.test_variable_definitions import definitions_in

CART = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Cart:
    price: int
    kind: str = "a"

    @classmethod
    def parse(cls, data):
        return cls(price=data["price"])

    @property
    def is_large(self):
        return self.price > 500

    def is_open(self):
        return self.kind == "open"

    def items(self):
        return [self.price] * 2

    def __iter__(self):
        return iter(self.items())

    def __str__(self):
        return self.label()

    def label(self):
        return f"{self.price + 7}"

class Box:
    def __init__(self, cart):
        self.cart = cart

    @property
    def is_full(self):
        return self.cart.is_large

def decide(cart):
    return cart.is_large

"""
RUNNER = """
from workers import WorkflowEntrypoint

class Runner:
    limit = 3

    def __init__(self, step, price):
        self.step = step
        self.price = price

    @property
    def is_large(self):
        return self.price > 500

    def is_free(self):
        return self.price == 0

    def rounded(self):
        return round(self.price)

    async def charge(self):
        await self.step.sleep("charge", 1)

"""


def source_of(module: str, body: str, value: str, members: str = "") -> str:
    """Return a workflow that tests a value after the statements in `run`."""
    statements = indent(f'{body}\nawait step.sleep("x", 1)\nif {value}:\n    await step.sleep("nap", 1)', " " * 8)
    methods = indent(members, "    ")
    return (
        f"{module}\nclass Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n{statements}\n{methods}"
    )


def changes(source: str, old: str, new: str) -> bool:
    """Return whether an edit changes a definition."""
    assert old in source
    return definitions_in(source) != definitions_in(source.replace(old, new))


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        ("cart.is_large", "> 500", "> 900"),
        ("decide(cart)", "> 500", "> 900"),
        ("Box(cart).is_full", "> 500", "> 900"),
        ("Box(cart).cart.is_large", "> 500", "> 900"),
        ("any(each.is_large for each in [cart])", "> 500", "> 900"),
        ("getattr(cart, 'is_large')", "> 500", "> 900"),
        ("cart.is_open()", '"open"', '"new"'),
        ("any(map(Cart.is_open, [cart]))", '"open"', '"new"'),
        ("list(cart)", "* 2", "* 3"),
        ("str(cart)", "+ 7", "+ 8"),
        ("cart.price", 'data["price"]', 'data["cost"]'),
        ("cart.kind", '"a"', '"b"'),
    ],
)
def test_the_code_of_an_attribute_counts(value: str, old: str, new: str) -> None:
    assert changes(source_of(CART, 'cart = Cart.parse(event["payload"])', value), old, new)


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        ("cart.is_large", '"open"', '"new"'),
        ("cart.price", "> 500", "> 900"),
        ("cart.is_open()", "> 500", "> 900"),
        ("decide(cart)", '"open"', '"new"'),
        ("Box(cart).is_full", '"open"', '"new"'),
    ],
)
def test_other_methods_of_the_class_do_not_count(value: str, old: str, new: str) -> None:
    assert not changes(source_of(CART, 'cart = Cart.parse(event["payload"])', value), old, new)


def test_other_methods_of_a_derived_class_do_not_count() -> None:
    module = CART.replace("@dataclass\nclass Cart:", "class Model:\n    pass\n\n@dataclass\nclass Cart(Model):")
    source = source_of(module, 'cart = Cart.parse(event["payload"])', "cart.is_large")
    assert not changes(source, '"open"', '"new"')


@pytest.mark.slow
def test_field_replaces_the_class_method_that_passes_it() -> None:
    source = source_of(CART, 'cart = Cart.parse(event["payload"])', "cart.price").replace(
        'price=data["price"]', 'price=data["price"], kind=data["kind"]'
    )
    assert not changes(source, 'data["kind"]', 'data["sort"]')


@pytest.mark.parametrize(
    ("value", "old", "new", "expected"),
    [
        ("runner.is_large", "> 500", "> 900", True),
        ("runner.is_free()", "== 0", "== 1", True),
        ("runner.is_large", "== 0", "== 1", False),
        ("runner.rounded() > runner.limit", "round(", "int(", True),
        ("runner.rounded() > runner.limit", "= 3", "= 4", True),
        ("runner.price", "> 500", "> 900", False),
    ],
)
def test_methods_of_a_class_with_steps_count_where_they_are_read(
    value: str, old: str, new: str, *, expected: bool
) -> None:
    body = 'runner = Runner(step, event["payload"])\nawait runner.charge()'
    assert changes(source_of(RUNNER, body, value), old, new) is expected


def test_methods_of_an_object_in_a_parameter_count() -> None:
    more = 'async def more(self, runner):\n    if runner.is_large:\n        await runner.step.sleep("more", 1)'
    body = 'runner = Runner(step, event["payload"])\nawait runner.charge()\nawait self.more(runner)'
    assert changes(source_of(RUNNER, body, "event", more), "> 500", "> 900")


STATE = "class State:\n    pass\n"
DECIDE = 'async def decide(self, step, state):\n    await step.sleep("d", 1)\n    return state.limit + 7'


@pytest.mark.parametrize(
    ("body", "value", "old", "new", "expected"),
    [
        ("s.a = 5\ns.b = 6", "s.a", "= 5", "= 7", True),
        ("s.a = 5\ns.b = 6", "s.a", "= 6", "= 7", False),
        ("s.a = 5\ns.b = 6", "str(s)", "= 6", "= 7", True),
        ("s.a, s.b = 5, 6", "s.a", "5, 6", "7, 6", True),
        ("for s.a in [5]:\n    s.b = 6", "s.a", "[5]", "[7]", True),
        ("for s.a in [5]:\n    s.b = 6", "s.a", "= 6", "= 7", False),
        ("if event:\n    s.a = 5\nif step:\n    s.b = 6", "s.a", "if step", "if not step", False),
        ("if event:\n    s.a = 5\nif step:\n    s.b = 6", "s.a", "if event", "if not event", True),
        ("other = s\nother.a = 5", "s.a", "= 5", "= 7", True),
        ("s.a = 5\nput(s)", "s.a", "= 6", "= 7", False),
        ("s.a = 5\nput(s)", "s.b", "= 6", "= 7", True),
        ("s.limit = 5\ns.a = await self.decide(step, s)\ns.b = 6", "s.a", "+ 7", "+ 8", True),
        ("s.limit = 5\ns.a = await self.decide(step, s)\ns.b = 6", "s.a", "= 5", "= 7", True),
        ("s.limit = 5\ns.a = await self.decide(step, s)\ns.b = 6", "s.b", "+ 7", "+ 8", False),
        ("s.__dict__ = {'a': 5}\ns.b = 6", "s.a", "5", "7", True),
    ],
)
def test_assignments_of_other_attributes_do_not_count(
    body: str, value: str, old: str, new: str, *, expected: bool
) -> None:
    module = f"from workers import WorkflowEntrypoint\n{STATE}\ndef put(state):\n    state.b = 6\n"
    if "s.b = 6" in body:
        module = module.replace("= 6", "= 4")
    source = source_of(module, f"s = State()\n{body}", value, DECIDE)
    assert changes(source, old, new) is expected


def test_assignments_of_other_attributes_count_with_a_hook() -> None:
    hook = 'class State:\n    def __setattr__(self, name, value):\n        vars(self)["all"] = value\n'
    source = source_of(f"from workers import WorkflowEntrypoint\n{hook}", "s = State()\ns.b = 6", "s.all")
    assert changes(source, "= 6", "= 7")


@pytest.mark.slow
def test_a_setter_may_decide_another_attribute() -> None:
    setter = (
        "class State:\n    all = 0\n    @property\n    def b(self):\n        return self.all\n"
        "    @b.setter\n    def b(self, value):\n        self.all = value + 7\n"
    )
    source = source_of(f"from workers import WorkflowEntrypoint\n{setter}", "s = State()\ns.b = 6", "s.all")
    assert changes(source, "= 6", "= 9")
    assert changes(source, "+ 7", "+ 8")
