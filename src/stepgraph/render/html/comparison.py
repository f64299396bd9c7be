"""The changes of a workflow in a page: a list whose entries lead to their places in the picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.model.details import Part
from stepgraph.model.walk import as_unknown
from stepgraph.phrases import counted
from stepgraph.render.svg.identities import BETWEEN
from stepgraph.render.view import EffectLabel, MarkKind

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node

_EFFECTS: Final[tuple[EffectLabel, ...]] = ("breaking", "out of order", "")
_SAFE: Final = "safe"
_SIGNS: Final = {MarkKind.ADDED: "+", MarkKind.REMOVED: "\N{MINUS SIGN}", MarkKind.CHANGED: "~"}
_PANELS: Final = {"try_block": "body", "catch_block": "catch", "finally_block": "finally"}
_IDENTITY: Final = re.compile(r' id="([a-z0-9.-]+)"')


class ListedChange(Struct, frozen=True):
    """A change of a workflow."""

    kind: MarkKind
    text: str
    effect: EffectLabel = ""
    reason: str = ""
    """The reason for the effect, or an empty string for a safe change."""


def change_list(
    identity: str, name: str, changes: Sequence[ListedChange], places: Sequence[str], assumption: str
) -> Iterator[str]:
    """Yield the lines of the list of changes. `places` are the identities of their figures, or empty strings."""
    yield f'<nav class="changes" id="{identity}.changes" aria-label="Changes of {markup_text(name)}">'
    yield f"<h3>{counted(len(changes), 'change')}</h3>"
    yield f'<p class="effects">{_count_effects(changes)}</p>'
    yield "<ol>"
    for change, place in zip(changes, places, strict=True):
        effect = change.effect or _SAFE
        pill = f'<strong class="effect {effect.replace(" ", "-")}">{effect}</strong>'
        sign = f'<span class="sign" title="{change.kind.value}">{_SIGNS[change.kind]}</span>'
        text, reason = html_prose(visible(change.text)), html_prose(visible(change.reason))
        if change.effect:
            entry = f'{sign}<span class="change">{text}</span><span class="impact">{pill} {reason}</span>'
        else:
            entry = f'{sign}<span class="change">{text} {pill}</span>'
        start, end = (f'<a href="#{place}">', "</a>") if place else ("<span>", "</span>")
        yield f'<li class="{change.kind.value}">{start}{entry}{end}</li>'
    yield "</ol>"
    if assumption:
        yield f'<p class="effects">{markup_text(assumption)}</p>'
    yield "</nav>"


def _count_effects(changes: Sequence[ListedChange]) -> str:
    counts = Counter(change.effect for change in changes)
    return ", ".join(f"{counts[effect]} {effect or _SAFE}" for effect in _EFFECTS if counts[effect])


def place_identities(
    nodes: Mapping[str, Node], functions: Mapping[str, FunctionDef], lines: Sequence[str], places: Sequence[Part | None]
) -> list[str]:
    """Return the identity of the figure of each part, or an empty string for None and for parts without a figure.

    `nodes` are the nodes of a drawing by identity, and `lines` the lines of the drawing. A part without its own figure,
    such as the loop of a concurrent group, is shown by the figure around it.
    """
    drawn = {match[1] for line in lines if (match := _IDENTITY.search(line))}
    identities: dict[int, str] = {}
    for identity, node in nodes.items():
        figure = _figure(identity, drawn)
        for part, name in _parts_with_identities(identity, node, functions):
            identities.setdefault(id(part), name if name in drawn else figure)
    return ["" if place is None else identities.get(id(place), "") for place in places]


def _parts_with_identities(
    identity: str, node: Node, functions: Mapping[str, FunctionDef]
) -> Iterator[tuple[Part | Node, str]]:
    yield node, identity
    if as_unknown(node):
        return
    match node["type"]:
        case "function_call" if node["name"] in functions:
            yield functions[node["name"]], identity
        case "if" | "switch":
            for number, branch in enumerate(node["branches"], 1):
                yield branch, f"{identity}.{number}.condition"
        case "try":
            for slot, panel in _PANELS.items():
                if isinstance(block := node.get(slot), dict):
                    yield block, f"{identity}.{panel}"
        case _:
            pass


def _figure(identity: str, drawn: set[str]) -> str:
    """Return `identity` if its figure is drawn, otherwise the identity of the innermost drawn figure around it."""
    while identity and identity not in drawn:
        identity = identity.rpartition(BETWEEN)[0]
    return identity
