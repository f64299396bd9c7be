"""What a rule yields: a place, and what is to be said of it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.severity import Severity
from stepgraph.model.span import Span

if TYPE_CHECKING:
    # For what it costs: the changes name places in trees, and so import LibCST.
    from stepgraph.syntax.edits import Edit


class Diagnostic(Struct, frozen=True):
    """A place that a rule flags.

    `message` says what is wrong here and what comes of it, `advice` what to write instead. `edits` do so, where there
    is one right answer. The `severity` is the rule's unless this case has another one.
    """

    span: Span
    message: str
    advice: str
    edits: tuple[Edit, ...] = ()
    severity: Severity | None = None
