"""Edits of calls whose keyword arguments must be positional."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.syntax.edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.ir.facts import MethodCalled

_CALLEE: Final = re.compile(r"[\w.]+(?=\()")


def positional_edits(
    call: MethodCalled, parameters: Sequence[Collection[str]], keywords: Collection[str] = ()
) -> tuple[Edit, ...]:
    """Return the edits that turn keyword arguments of a call into positional arguments.

    `parameters` lists the accepted keywords of each position. Arguments for `keywords` stay keyword arguments. Returns
    no edits if an argument is missing, unknown or absent from the source, as in `**options`, or if the call spans
    several lines.
    """
    callee = _CALLEE.match(call.place.text)
    if callee is None or not call.arguments.whole or call.place.span.line != call.place.span.end_line:
        return ()
    by_keyword = {item.keyword: item.place.text for item in call.arguments.items if item.keyword is not None}
    # The keywords of `**{...}` have no position in the source.
    if "*" in call.place.text or not all(re.search(rf"\b{keyword} ?=", call.place.text) for keyword in by_keyword):
        return ()
    ordered = [item.place.text for item in call.arguments.positional]
    for names in parameters[len(ordered) :]:
        values = [by_keyword.pop(name) for name in names if name in by_keyword]
        if len(values) != 1:
            return ()
        ordered += values
    if by_keyword.keys() - set(keywords):
        return ()
    ordered += (f"{keyword}={value}" for keyword, value in by_keyword.items())
    return (Replacement(call.place, f"{callee[0]}({', '.join(ordered)})"),)
