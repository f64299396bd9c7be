"""Special methods of operators: methods that return `NotImplemented`, overriding methods, comparisons."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text

STAGES = """
class Stage:
    def __init__(self, job):
        self.job = job
    def __rshift__(self, other):
        if event:
            return Stage(c)
        return NotImplemented
class Flow:
    def __init__(self, job):
        self.job = job
    def __rrshift__(self, other):
        return Flow(b)
"""


def test_reflected_method_runs_if_the_first_is_not_implemented() -> None:
    assert graph_of(f"{STAGES}stage = Stage(a) >> Flow(b)\nawait stage.job()") == text("""
        if NotImplemented
          b
        else
          if event
            c
          else
    """)


def test_augmented_assignment_uses_the_reflected_method() -> None:
    assert graph_of(f"{STAGES}stage = Stage(a)\nstage >>= Flow(b)\nawait stage.job()") == text("""
        if NotImplemented
          b
        else
          if event
            c
          else
    """)


def test_reflected_method_of_a_subclass_has_priority() -> None:
    assert graph_of("""
class Base:
    def __add__(self, other): return a
    def __radd__(self, other): return b
class Sub(Base):
    def __radd__(self, other): return c
await (Base() + Sub())()
""") == text("c")


@pytest.mark.parametrize("use", ["1 > item", "(1, item) < (1, 2)", "max([1, 2], key=lambda x: item)", "sorted([item])"])
def test_comparison_with_effects_is_reported(use: str) -> None:
    assert codes_of(f"""
jobs = []
class Item:
    def __lt__(self, other):
        jobs.append(a)
        return True
item = Item()
{use}
for job in jobs:
    await job()
await a()
""") == ["escapes"]
