"""Names of steps, sleeps and waits that are string literals, so that braces in them are text."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace


def has_literal_name(call: SourcePlace, name: str) -> bool:
    """Return whether a call of a step method, such as `step.do("load {x}")`, passes a name as a string literal."""
    node = call.node
    if not isinstance(node, cst.Call):
        return False
    by_keyword = (each for each in node.args if each.keyword is not None and each.keyword.value == "name")
    argument = next(by_keyword, None) or next(iter(node.args), None)
    return argument is not None and not argument.star and string_of(argument.value) == name
