"""Edits of the arguments of calls: keyword arguments that must be positional, and whole argument lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.syntax.edits.source_edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.ir.facts import MethodCalled
    from stepgraph.ir.static_values import StaticArguments

_CALLEE: Final = re.compile(r"[\w.]+(?=\()")


def positional_edits(
    call: MethodCalled, parameters: Sequence[Collection[str]], keywords: Collection[str] = ()
) -> tuple[Edit, ...]:
    """Return the edits that turn keyword arguments of a call into positional arguments.

    `parameters` lists the accepted keywords of each position. Arguments for `keywords` stay keyword arguments. Returns
    no edits if an argument is missing, unknown or absent from the source, as in `**options`, or if the call spans
    several lines.
    """
    if not call.arguments.whole:
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
    return replace_arguments(call, ordered)


def replace_arguments(call: MethodCalled, arguments: Iterable[str], suffix: str = "") -> tuple[Edit, ...]:
    """Return the edit that gives a call the arguments with this source, and appends `suffix` to it.

    Returns no edit if the call has starred arguments, or if it spans several lines, whose layout would be lost.
    """
    callee = _CALLEE.match(call.place.text)
    if callee is None or not call.arguments.whole or "*" in call.place.text:
        return ()
    if call.place.span.line != call.place.span.end_line:
        return ()
    return (Replacement(call.place, f"{callee[0]}({', '.join(arguments)}){suffix}"),)


def sources_of(arguments: StaticArguments) -> list[str]:
    """Return the source of each argument, with its keyword."""
    return [
        item.place.text if item.keyword is None else f"{item.keyword}={item.place.text}" for item in arguments.items
    ]
