"""Diagnostics: the results of rules, with their severity and confidence."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.model.span import Span

if TYPE_CHECKING:
    # Edits refer to syntax nodes, so a run-time import would load LibCST.
    from stepgraph.syntax.edits import Edit


class Severity(StrEnum):
    """The effect of a finding on a deployment."""

    ERROR = "error"
    """The code fails at run time."""
    WARNING = "warning"
    """The code behaves unexpectedly."""
    NOTE = "note"
    """A remark on correct code."""


class Confidence(StrEnum):
    """The certainty that flagged code is wrong."""

    HIGH = "high"
    """The fault follows from the code."""
    MEDIUM = "medium"
    """The fault depends on the author's intention."""


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
    consequences: tuple[tuple[str, Span], ...] = ()
    """The codes and spans of findings that follow from this one. They are dropped."""
