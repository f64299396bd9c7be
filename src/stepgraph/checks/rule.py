"""The definition of a rule: metadata, documentation, examples and checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from stepgraph.checks.diagnostic import Confidence, Severity

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Diagnostic
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
    from stepgraph.checks.suppression_index import SuppressionsSubject

WorkflowCheck: TypeAlias = "Callable[[WorkflowSubject], Iterable[Diagnostic]]"
"""A check of a single workflow."""
ProjectCheck: TypeAlias = "Callable[[ProjectSubject], Iterable[Diagnostic]]"
"""A check of a project and its configurations."""
SuppressionsCheck: TypeAlias = "Callable[[SuppressionsSubject], Iterable[Diagnostic]]"
"""A check of suppression comments."""


def _no_diagnostics(_: object) -> Iterable[Diagnostic]:
    return ()


class Rule(Struct, frozen=True, kw_only=True):
    """A rule with its documentation, its examples and at least one check."""

    code: str
    """The stable code: `SG101`."""
    name: str
    """The stable name: `unknown-step-parameter`."""
    severity: Severity
    """The severity of diagnostics that do not set their own."""
    confidence: Confidence = Confidence.HIGH
    summary: str
    """One sentence about the flagged code."""
    why: str
    """The effect of the flagged code at run time."""
    fix: str
    """The change that resolves a finding."""
    source: str
    """The evidence for the rule: the SDK, the engine or the documentation."""
    flagged: Callable[[], tuple[Example, ...]]
    """Return at least three examples with findings. Only tests and the documentation call it."""
    clean: Callable[[], tuple[Example, ...]]
    """Return at least three examples without findings. Only tests and the documentation call it."""
    check: WorkflowCheck = _no_diagnostics
    check_project: ProjectCheck = _no_diagnostics
    check_ignores: SuppressionsCheck = _no_diagnostics
    """Runs after all other checks."""
    is_consequence: bool = False
    """Whether findings follow from other faults. They are dropped if the workflow has such an error or warning."""
