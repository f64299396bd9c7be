"""The definition of a rule: its metadata and its checks. The page next to the module of a rule documents the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from stepgraph.checks.diagnostic import Applicability, Confidence, Severity

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Diagnostic
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


HOME: Final = "https://github.com/stepgraph/stepgraph"
_PAGES: Final = f"{HOME}/blob/main/docs/reference/rules"


def rule_url(code: str) -> str:
    """Return the URL of a rule's documentation."""
    return f"{_PAGES}/{code}.md"


class Rule(Struct, frozen=True, kw_only=True):
    """A rule with at least one check."""

    code: str
    """The stable code, such as `SG101`."""
    name: str
    """The stable name, such as `unknown-step-parameter`."""
    module: str
    """The name of the rule's module. The page of the rule has the same path with the extension `.md`."""
    severity: Severity
    """The severity of diagnostics that do not set their own."""
    confidence: Confidence = Confidence.HIGH
    fixes: tuple[Applicability, ...] = ()
    """The kinds of fixes that findings can have, safe before unsafe."""
    check: WorkflowCheck = _no_diagnostics
    check_project: ProjectCheck = _no_diagnostics
    check_ignores: SuppressionsCheck = _no_diagnostics
    """The check of suppression comments, which runs after all other checks."""
    is_consequence: bool = False
    """Whether the findings usually follow from other faults.

    They are dropped if a rule without this flag reports an error or a warning for the same workflow.
    """
    flags_unused_code: bool = False
    """Whether the flagged code never runs or has no effect, so that it can be removed. Editors fade it."""
