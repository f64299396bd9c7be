"""Findings and notes to show in a drawing, each with the node that it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.model.payload import Node

FindingLevel: TypeAlias = Literal["error", "warning", "note", "gap"]
"""The severity of a finding, or `gap` for code that was not resolved, so that the graph may lack steps."""

LEVELS: Final[tuple[FindingLevel, ...]] = ("error", "warning", "gap", "note")
"""The levels in order of importance."""

LEVEL_WORDS: Final[dict[FindingLevel, str]] = {
    "error": "error",
    "warning": "warning",
    "gap": "incomplete",
    "note": "note",
}


class ShownFinding(Struct, frozen=True, eq=False):
    """A finding of a check, or a note on a graph. Its texts may contain source text, which formats escape."""

    level: FindingLevel
    code: str
    """The code of the rule, such as `SG205`, or an empty string for a remark without a rule."""

    message: str
    """The problem and its consequence."""

    advice: str = ""
    """The change to make, or an empty string without advice."""

    span: Span | None = None
    """The source location, or None for a finding about the drawing itself."""

    url: str = ""
    """The documentation of the rule, or an empty string if there is none."""

    node: Node | None = None
    """The node that the finding concerns, or None for a finding about other code."""

    @property
    def text(self) -> str:
        """The finding on one line, without its location, such as `warning SG205: unknown unit ...`."""
        return f"{LEVEL_WORDS[self.level]}{' ' if self.code else ': '}{self.text_without_level}"

    @property
    def text_without_level(self) -> str:
        """The finding on one line, without its level and location, such as `SG205: unknown unit ...`."""
        return f"{f'{self.code}: ' if self.code else ''}{self.message} {self.advice}".rstrip()


def most_important(findings: Sequence[ShownFinding]) -> FindingLevel:
    """Return the highest level of findings."""
    return min((finding.level for finding in findings), key=LEVELS.index)
