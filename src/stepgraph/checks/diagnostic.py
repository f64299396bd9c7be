"""Diagnostics: the results of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.severity import Severity
from stepgraph.model.span import Span

if TYPE_CHECKING:
    # Edits refer to syntax nodes, so a run-time import would load LibCST.
    from stepgraph.syntax.edits import Edit


class Diagnostic(Struct, frozen=True):
    """A problem that a rule reports at a location."""

    span: Span
    message: str
    """The problem and its consequence."""
    advice: str
    """The code to write in its place."""
    edits: tuple[Edit, ...] = ()
    """Edits that follow the advice, if only one fix is correct."""
    severity: Severity | None = None
    """The severity, or None for the severity of the rule."""
