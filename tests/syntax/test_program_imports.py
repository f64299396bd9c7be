"""The imports of a module, and searches of its text for writes and functions."""

from __future__ import annotations

import pytest

from stepgraph.syntax.definitions.program_imports import may_define, may_define_hooks, may_write, program_imports
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, CLASS_MEMBER, PART_OF, SUBCLASSES, write_index
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module
from tests.syntax.deferred.deferred_modules import parse_deferred

SOURCE = """\
import shop.rules
from . import prices as costs

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        if event:
            from shop import checks

        @step.do("charge")
        async def charge():
            import payments

        await charge()

def total(lines):
    from ..taxes import *
    return sum(lines)

def rate(line):
    amount = line["price"] * line["count"] + line["tax"]
    return amount / 100
"""
IMPORTS = [
    (0, "shop.rules"),
    (1, ""),
    (1, "prices"),
    (2, "taxes"),
    (0, "shop"),
    (0, "shop.checks"),
]


def test_imports_outside_of_steps() -> None:
    module = parse_module(SOURCE.encode(), "entry.py")
    assert [*program_imports(module)] == IMPORTS


def test_imports_parse_no_bodies() -> None:
    module = parse_deferred(SOURCE)
    assert module is not None
    assert [*program_imports(module)] == IMPORTS
    assert module.deferred is not None
    assert not module.deferred.bodies.parsed


@pytest.mark.parametrize(
    "source", ["def total(lines): ...", "class A:\n  async def \\\n\ttotal(self): ...", "class total: ..."]
)
def test_defined_names(source: str) -> None:
    module = parse_module(source.encode(), "entry.py")
    assert may_define(module, "total")
    assert not may_define(module, "lines")


def module_of(source: str) -> SourceModule:
    return parse_module(source.encode(), "entry.py")


@pytest.mark.parametrize(
    ("source", "location"),
    [
        ("def f(a):\n  a.rate = 1", ".rate"),
        ("def f(a):\n  a.rate[0] = 1", f"{PART_OF}rate"),
        ("def f():\n  global rate\n  rate = 1", "rate"),
        ("class A:\n  rate = 1", f"{CLASS_MEMBER}rate"),
        ('def f(a):\n  setattr(a, "ra" "te", 1)', ".rate"),
        ('def f(a):\n  setattr(a, "r\\x61te", 1)', ".rate"),
        ("def f(a):\n  a.__dict__.update(b)", ANY_ATTRIBUTE),
        ("def f(a):\n  vars(a).clear()", ANY_ATTRIBUTE),
        ("def f(a, b):\n  object.__setattr__(a, b, 1)", ANY_ATTRIBUTE),
        ("def f(a, b):\n  delattr(a, b)", ANY_ATTRIBUTE),
        ("class A(B): ...", SUBCLASSES),
    ],
)
def test_written_locations(source: str, location: str) -> None:
    module = module_of(source)
    assert location in write_index(module).writes
    assert may_write(module, location)


def test_locations_that_are_not_written() -> None:
    module = module_of("def f(a):\n  a.rate = 1")
    assert not may_write(module, ".price")
    assert not may_write(module, ANY_ATTRIBUTE)


@pytest.mark.parametrize(
    "source", ["class A:\n  @rate.setter\n  def rate(self): ...", "class A:\n  def __set__(self): ..."]
)
def test_hooks_of_assignments(source: str) -> None:
    module = module_of(source)
    assert write_index(module).has_assignment_hooks
    assert may_define_hooks(module)
    assert not may_define_hooks(module_of("class A:\n  def rate(self): ..."))
