"""The new names of renamed steps, whose results have other definitions only because of these names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from stepgraph.diff.tree import STEPS, Tree

_STRING: Final = re.compile(r"'[^'\\]*+'")
"""A string in the definition of a value. Strings with quotes or backslashes are not recognized."""
_BEFORE_NAME: Final = (".do(", ".wait_for_event(")
"""The code in front of the constant name of a step."""


def renamed_steps(old: Tree, new: Tree, to_new: Sequence[int | None]) -> dict[str, str]:
    """Return the new names of matched steps, by old name.

    All steps with one of both names must correspond, because the results of other steps have other values.
    """
    pairs: dict[tuple[str, str], None] = {}
    matched: set[int] = set()
    for element in old.elements:
        if element.kind in STEPS:
            partner = to_new[element.number]
            pairs[element.name, "" if partner is None else new[partner].name] = None
            matched |= set() if partner is None else {partner}
    pairs |= {("", each.name): None for each in new.elements if each.kind in STEPS and each.number not in matched}
    old_names, new_names = (Counter(names) for names in zip(*pairs, strict=True)) if pairs else (Counter(), Counter())
    return {
        before: after
        for before, after in pairs
        if before
        and after
        and before != after
        and old_names[before] == new_names[after] == 1
        and not (new_names[before] or old_names[after])
    }


def with_new_step_names(text: str, renamed: Mapping[str, str]) -> str:
    """Return the definition of a value with the new names of renamed steps."""

    def new_name(string: re.Match[str]) -> str:
        name = string[0][1:-1]
        is_name = text.endswith(_BEFORE_NAME, 0, string.start())
        return f"'{renamed[name]}'" if is_name and name in renamed else string[0]

    return _STRING.sub(new_name, text) if renamed else text
