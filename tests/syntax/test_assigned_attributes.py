"""Attributes that a module assigns to."""

from __future__ import annotations

import pytest

from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.unparsed_assignments import may_assigned_names


def _names(source: str) -> set[str]:
    assigned = assigned_attributes(parse_module(source.encode(), "entry.py"))
    return {name for name in assigned.all() if assigned.assigns(name)}


@pytest.mark.parametrize(
    "statement",
    [
        "self.x = 1",
        "self.x: int = 1",
        "self.x += 1",
        "self.x <<= 1",
        "self.x, y = 1, 2",
        "y, self.x = 1, 2",
        "for self.x in y: pass",
        "with y as self.x: pass",
        "del self.x",
        "(\n    self.x\n) = 1",
        'setattr(self, "x", 1)',
    ],
)
def test_an_assigned_attribute(statement: str) -> None:
    assert _names(f"{statement}\n") == {"x"}


@pytest.mark.parametrize("statement", ["self.x == 1", "f(self.x, y=1)", "y = self.x", "if self.x >= 1: pass"])
def test_an_attribute_that_is_only_read(statement: str) -> None:
    assert _names(f"{statement}\n") == set()


def test_an_owner_has_its_name_before_import_aliases() -> None:
    source = b"import app.settings as conf\nfrom app import other\nconf.X = 1\nother.part.Y = 2\nself.Z = 3\n"
    assigned = assigned_attributes(parse_module(source, "entry.py"))
    owners = {name: [change.owner for change in assigned.of(name)] for name in ("X", "Y", "Z")}
    assert owners == {"X": ["settings"], "Y": ["part"], "Z": [""]}


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("class A:\n    def set(self): self.x = 1\n    def reset(self): self.x = 0", {"A.set", "A.reset"}),
        ("if y:\n    class A:\n        def set(self):\n            for self.x in y: pass", {"A.set"}),
        ("class A:\n    def set(self):\n        def inner(): self.x = 1", {"A.set"}),
        ("class A:\n    def set(self):\n        def inner(self): self.x = 1", None),
        ("class A:\n    def set(self, other): other.x = 1", None),
        ("class A:\n    def set(other): self.x = 1", None),
        ("class A:\n    class B:\n        def set(self): self.x = 1", None),
        ("def make():\n    class A:\n        def set(self): self.x = 1", None),
        ("class A:\n    def set(self): self.x = 1\nA.x = 2", None),
        ("class A:\n    def set(self): setattr(self, 'x', 1)", None),
        ("class A:\n    def set(self): self.y = 1", set()),
    ],
)
def test_methods_that_assign_an_attribute_of_self(source: str, methods: set[str] | None) -> None:
    assert assigned_attributes(parse_module(source.encode(), "entry.py")).methods_assigning("x") == methods


@pytest.mark.slow
@pytest.mark.parametrize("comment", ["for ...." * 50_000, ".x, " * 50_000, "as .x " * 50_000, "x[" * 50_000 + "] = 1"])
def test_long_comments_are_scanned_in_linear_time(comment: str) -> None:
    module = parse_module(f"# {comment}\n".encode(), "shop.py")

    assert not assigned_attributes(module).all()
    assert may_assigned_names(module.source) <= {"x"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("settings.debug = True", {"debug"}),
        ("settings.debug += 1", {"debug"}),
        ("settings.table['a']['b'] = 1", {"table"}),
        ("from shop import table\ntable[key[0]] = 1", {"table"}),
        ("from shop import (  # tables\n  x,\n  table,\n)\ntable[0] = 1", {"table"}),
        ("from shop import *\ntable[0] = 1", {"table"}),
        ("table[0] = 1", set()),
        ("import shop\ntable.append(1)\ndel table[0]", set()),
        ("(shop.table)[0] = 1", {"table"}),
        ("from shop import queue\nqueue.append(1)", {"queue"}),
        ("shop.queue.append(1)", {"queue"}),
        ("shop \\\n  .queue[0] = 1", {"queue"}),
        ("from shop import queue\n(queue\n  .append(1))", {"queue"}),
        ("setattr(settings, 'debug', True)", {"debug"}),
        ("from shop import table as rows\nrows[0] = 1", {"rows", "table"}),
        ("del settings.table[0]", {"table"}),
        ("settings. \\\n  debug \\\n  = True", {"debug"}),
        ("(settings.  # first\n  debug  # second\n) = True", {"debug"}),
        ("x = '#', (settings.debug  # second\n); (settings.debug\n) = True", {"debug"}),
        ("[settings.debug,  # first\n  x] = 1, 2", {"debug"}),
        ("for (settings\n  .debug) in x: pass", {"debug"}),
        ("settings.größe = 1", {"größe"}),
        ("from shop import é\né.append(1)", {"é"}),
        ("settings.ﬁeld = 1", {"field"}),
        ("from shop import été\ndel été[0]", {"été"}),
        ("self.debug = True", set()),
        ("settings.debug == True", set()),
        ("print(table[0])", set()),
    ],
)
def test_names_that_may_be_assigned(source: str, names: set[str]) -> None:
    assert may_assigned_names(source.encode()) == names


@pytest.mark.parametrize(
    "statement",
    ["y. \\\n  x \\\n  = 1", "[y.x,\n  z] = 1, 2", "for (y\n  .x) in z: pass", "(y.  # first\n  x  # second\n) = 1"],
)
def test_an_assigned_attribute_in_several_lines(statement: str) -> None:
    assert _names(f"{statement}\n") == {"x"}


@pytest.mark.parametrize("statement", ["x.größe = 1", "x.größe: int = 1", "x.größe, y = 1, 2"])
def test_an_assigned_attribute_with_a_name_outside_of_ascii(statement: str) -> None:
    assert _names(f"{statement}\n") == {"größe"}
