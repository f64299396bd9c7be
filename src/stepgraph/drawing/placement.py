"""The findings and notes of a workflow, at the nodes of its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from stepgraph.checks.rule import rule_url
from stepgraph.model.note import Note
from stepgraph.model.payload import Node
from stepgraph.model.span import Span
from stepgraph.render.findings import FindingLevel, ShownFinding

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding

FindNode: TypeAlias = Callable[[Span], Node | None]
"""Returns the innermost node whose code contains a location."""

_INCOMPLETE: Final = "SG004"
_LEVELS: Final[dict[str, FindingLevel]] = {"error": "error", "warning": "warning", "note": "note"}


def place_findings(findings: Iterable[Finding], notes: Iterable[Note], find_node: FindNode) -> list[ShownFinding]:
    """Return the findings, and the notes for which the graph may lack steps, in source order.

    A note without a finding, such as one in the baseline, is also returned, because the graph is incomplete.
    """
    placed = [(finding.span, _placed_finding(finding, find_node)) for finding in findings]
    reported = {(span, finding.message) for span, finding in placed}
    gaps = (note for note in notes if note.incomplete and (note.span, note.message) not in reported)
    placed += [(note.span, _placed_note(note, find_node)) for note in gaps]
    return [finding for _, finding in sorted(placed, key=lambda pair: pair[0])]


def place_notes(notes: Sequence[Note], find_node: FindNode) -> list[ShownFinding]:
    """Return notes in the form of the findings that `stepgraph check` reports for them."""
    return [_placed_note(note, find_node) for note in notes]


def _placed_finding(finding: Finding, find_node: FindNode) -> ShownFinding:
    level = _LEVELS[finding.severity.value]
    return ShownFinding(
        level="gap" if finding.code == _INCOMPLETE and level == "note" else level,
        code=finding.code,
        message=finding.message,
        advice=finding.advice,
        span=finding.span,
        url=rule_url(finding.code),
        node=find_node(finding.span),
    )


def _placed_note(note: Note, find_node: FindNode) -> ShownFinding:
    level, _, code = note.label.removesuffix("]").partition("[")
    return ShownFinding(
        level="gap" if note.incomplete else _LEVELS[level],
        code=code,
        message=note.message,
        advice=note.advice,
        span=note.span,
        url=rule_url(code) if code else "",
        node=find_node(note.span),
    )
