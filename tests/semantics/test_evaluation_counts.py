"""How often and in which order Python evaluates expressions that change values."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

TAKE = """
jobs = []
def add(job, result=1):
    jobs.append(job)
    return result
class Holder:
    @property
    def item(self):
        return add(a)
holder = Holder()
"""


@pytest.mark.parametrize(
    "use",
    [
        "if holder.item: pass",
        "x = holder.item or 1",
        "x = 1 if holder.item else 2",
        "def go(x=holder.item): pass\ngo()",
        "match holder.item:\n    case 1: pass",
    ],
)
def test_property_is_evaluated_once(use: str) -> None:
    assert graph_of(f"{TAKE}{use}\nfor job in jobs:\n    await job()") == text("a")


def test_failed_assertion_evaluates_its_message() -> None:
    assert graph_of(f"""{TAKE}
try:
    assert event, add(a)
except AssertionError:
    pass
for job in jobs:
    await job()
""") == text("""
        loop
          a
    """)


def test_keywords_of_a_class_are_evaluated_before_its_body() -> None:
    assert graph_of(f"""{TAKE}
class Base:
    def __init_subclass__(cls, key=None): pass
class Sub(Base, key=add(a)):
    x = add(b)
for job in jobs:
    await job()
""") == text("""
        a
        b
    """)


def test_generator_expression_calls_iter_when_it_is_created() -> None:
    assert graph_of("""
class Jobs:
    def __iter__(self):
        nonlocal job
        job = b
        return iter([1])
job = a
numbers = (number for number in Jobs())
await job()
""") == text("b")
