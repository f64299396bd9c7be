"""Definitions of conditions and names whose values depend on the side effects of other code."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.syntax.test_variable_definitions import definitions_in

COUNTER = "    def bump(self, k):\n        self.n += k"
FILL = "def fill(items, n):\n    items.extend([0] * n)"
PUT = "class Box:\n    n = 0\n    def put(self, n):\n        self.n = n"
ONE_OR_THREE = (
    "    def set(self, is_small):\n        if is_small:\n            self.n = 1\n        else:\n            self.n = 3"
)


def source_of(body: str, value: str, members: str = "", module: str = "") -> str:
    """Return a workflow that tests a value after the statements in `run`."""
    statements = indent(f'{body}\nif {value} > 2:\n    await step.sleep("nap", 1)', " " * 8)
    head = f"{module}\nfrom workers import WorkflowEntrypoint\nclass Orders(WorkflowEntrypoint):\n{members}\n"
    return f"{head}    async def run(self, event, step):\n{statements}\n"


@pytest.mark.parametrize(
    ("body", "value", "members", "module", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "bump(1)", "bump(3)"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "+= k", "-= k"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "self.bump(1)", "self.bump(1); self.bump(1)"),
        ("self.n = 3; self.n = 1", "self.n", "", "", "self.n = 3; self.n = 1", "self.n = 1; self.n = 3"),
        ("self.set(True)", "self.n", ONE_OR_THREE, "", "set(True)", "set(False)"),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "(items, 1)", "(items, 3)"),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "[0] * n", "[0, 1] * n"),
        ("items = []\nother = items\nother.append(1)", "len(items)", "", "", "append(1)", "extend([1, 2])"),
        ("box = Box()\nx = box.put(1)", "box.n", "", PUT, "put(1)", "put(3)"),
        ("self.box = Box()\nself.box.put(1)", "self.box.n", "", PUT, "put(1)", "put(3)"),
        ("setattr(self, 'n', 1)", "self.n", "", "", "'n', 1", "'n', 3"),
        ("self.n = 1", "getattr(self, 'n')", "", "", "= 1", "= 3"),
        ("vars(self)['n'] = 1", "self.n", "", "", "] = 1", "] = 3"),
        ("pass", "type(self).n", "    n = 1", "", "n = 1", "n = 3"),
        ("put(1)", "n", "", "n = 0\ndef put(k):\n    global n\n    n = k", "put(1)", "put(3)"),
        ("n = 0\ndef put(k):\n    nonlocal n\n    n = k\nput(1)", "n", "", "", "put(1)", "put(3)"),
        ("for self.n in [1]:\n    pass", "self.n", "", "", "[1]", "[3]"),
        ("for x in [0, 1, 2]:\n    if x > 0:\n        break\nn = x", "n", "", "", "x > 0", "x > 1"),
        ("try:\n    raise ValueError(1)\nexcept ValueError as e:\n    n = e.args[0]", "n", "", "", "(1)", "(3)"),
        ("n = 3\ntry:\n    int('x')\nexcept ValueError:\n    n = 1", "n", "", "", "int('x')", "int('0')"),
        ("n = 1\nmatch event:\n    case 5:\n        n = 3", "n", "", "", "case 5", "case 6"),
        ("k = iter(event); next(k)", "next(k)", "", "", "; next(k)", "; next(k); next(k)"),
    ],
)
def test_side_effects_are_part_of_definitions(
    body: str, value: str, members: str, module: str, old: str, new: str
) -> None:
    source = source_of(body, value, members, module)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


@pytest.mark.parametrize(
    ("body", "value", "members", "module", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "self.bump(1)", "self.bump(k=1)"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER.replace("k", "amount"), "", "amount", "number"),
        ("self.n = 0\nself.m = 1", "self.n", "", "", "self.m = 1", "self.m = 3"),
        ("self.n = 1", "self.n", "", "", "self.n = 1", "self.n: int = 1"),
        ("self.n = 1", "self.n", "", "", "self.n = 1", "self.n = 1; print(self)"),
        (
            "items = []\nfill(items, 1)",
            "len(items)",
            "",
            FILL,
            "items.extend([0] * n)",
            "items.extend([0]*n)  # x",
        ),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "fill", "add_zeros"),
    ],
)
def test_equal_side_effects_do_not_change_definitions(
    body: str, value: str, members: str, module: str, old: str, new: str
) -> None:
    source = source_of(body, value, members, module)
    assert definitions_in(source.replace(old, new)) == definitions_in(source)


def test_extracting_a_method_does_not_change_definitions() -> None:
    extracted = source_of("self.n = 0\nself.bump(1)", "self.n", COUNTER)
    assert definitions_in(extracted) == definitions_in(source_of("self.n = 0\nself.n += 1", "self.n"))


def test_bodies_of_steps_have_no_side_effects() -> None:
    ship = "    async def ship(self):\n        self.n = 2"
    source = source_of("self.n = 1\nawait step.do('ship')(self.ship)()", "self.n", ship)
    assert definitions_in(source.replace("self.n = 2", "self.n = 3")) == definitions_in(source)


def test_unknown_names_have_digests() -> None:
    source = source_of("with event as n:\n    pass\nawait step.sleep(f'nap {n}', 1)", "1")
    assert definitions_in(source.replace("with event", "with event['a']")) != definitions_in(source)


def test_settings_of_waits_do_not_matter() -> None:
    wait = "try:\n    x = await step.wait_for_event('go', 'go', timeout='1 hour')\nexcept Exception:\n    x = None"
    source = source_of(f"n = 0\n{wait}\nmatch x:\n    case 1:\n        n = 1", "n")
    assert definitions_in(source.replace("1 hour", "2 days")) == definitions_in(source)
