"""Definitions of values whose collections change through other variables."""

from __future__ import annotations

import pytest

from tests.syntax.test_side_effects import source_of
from tests.syntax.test_variable_definitions import definitions_in

FILL = "def fill(target):\n    target += [0]"
BOX = "class Box:\n    def __init__(self):\n        self.items = []"


@pytest.mark.parametrize(
    ("body", "value", "module", "old", "new"),
    [
        ("items = []\ntodo = items\ntodo += [0]", "len(items)", "", "[0]", "[0, 1]"),
        ("items = []\ntodo = items\nitems += [0]", "len(todo)", "", "[0]", "[0, 1]"),
        ("state = {}\nview = state\nview |= {'a': 1}", "len(state)", "", "1}", "1, 'b': 2}"),
        ("items = todo = []\ntodo.append(0)", "len(items)", "", "append(0)", "extend([0, 1])"),
        ("items = todo = []\ntodo += [0]", "len(items)", "", "[0]", "[0, 1]"),
        ("items = []\ntodo, n = items, 1\ntodo.append(0)", "len(items)", "", "append(0)", "extend([0, 1])"),
        ("groups = {'a': []}\ngroup = groups['a']\ngroup += [0]", "len(groups['a'])", "", "[0]", "[0, 1]"),
        ("groups = {}\ngroup = groups.setdefault(1, [])\ngroup += [0]", "len(groups[1])", "", "[0]", "[0, 1]"),
        ("groups = [[], []]\nfor group in groups:\n    group += [0]", "len(groups[0])", "", "[0]", "[0, 1]"),
        ("a = []\nb = []\nfor each in (a, b):\n    each.append(0)", "len(a)", "", "append(0)", "extend([0, 1])"),
        ("a = []\nb = a if event else []\nb.append(0)", "len(a)", "", "append(0)", "extend([0, 1])"),
        ("items = []\nadd = items.append\nadd(0)", "len(items)", "", "add(0)", "add(0); add(1)"),
        ("items = []\nfill(items)", "len(items)", FILL, "[0]", "[0, 1]"),
        ("box = Box()\nitems = box.items\nitems += [0]", "len(box.items)", BOX, "[0]", "[0, 1]"),
        ("self.items = []\nitems = self.items\nitems += [0]", "len(self.items)", "", "[0]", "[0, 1]"),
    ],
)
def test_changes_through_other_variables_count(body: str, value: str, module: str, old: str, new: str) -> None:
    source = source_of(body, value, module=module)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


@pytest.mark.parametrize(
    ("body", "value", "old", "new"),
    [
        ("total = event['total']\ntotal += 1", "event['limit']", "+= 1", "+= 2"),
        ("name = event['name']\nname += ' a'", "event['limit']", "' a'", "' b'"),
        ("total = event['total']\ntotal += len(event)", "event['limit']", "len(event)", "2 * len(event)"),
        ("items = []\ntodo = list(items)\ntodo.append(0)", "len(items)", "append(0)", "extend([0, 1])"),
    ],
)
def test_changes_of_other_objects_do_not_count(body: str, value: str, old: str, new: str) -> None:
    source = source_of(body, value)
    assert definitions_in(source.replace(old, new)) == definitions_in(source)
