"""The imports and functions of a module that are known without its index."""

from __future__ import annotations

import pytest

from stepgraph.syntax.definitions.program_imports import may_define, program_imports
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


@pytest.mark.parametrize("source", ["def total(lines): ...", "class A:\n  async def \\\n\ttotal(self): ..."])
def test_defined_functions(source: str) -> None:
    module = parse_module(source.encode(), "entry.py")
    assert may_define(module, "total")
    assert not may_define(module, "lines")
