"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from stepgraph.checks.severity import Confidence, Severity

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Diagnostic
    from stepgraph.checks.example import Example
    from stepgraph.checks.ignores.subject import IgnoresSubject
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject

WorkflowCheck: TypeAlias = "Callable[[WorkflowSubject], Iterable[Diagnostic]]"
ProjectCheck: TypeAlias = "Callable[[ProjectSubject], Iterable[Diagnostic]]"
IgnoresCheck: TypeAlias = "Callable[[IgnoresSubject], Iterable[Diagnostic]]"


def _nothing(_: object) -> Iterable[Diagnostic]:
    return ()


class Rule(Struct, frozen=True, kw_only=True):
    """Something to find in workflows, with all that is to be said about it.

    `code` (`SG101`) and `name` (`unknown-step-parameter`) are stable. `summary` says in a sentence what is flagged,
    `why` what happens at run time, `fix` what to do instead, `source` where that is known from: the SDK, the engine,
    the documentation. `flagged` and `clean` make examples, which are the rule's tests and its documentation, and of no
    use to a run of it. A rule has one of the three checks or several; that of comments that ignore runs last. One that
    `is_consequence` is silent where another rule finds fault with the same workflow, which explains it.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    summary: str
    why: str
    fix: str
    source: str
    flagged: Callable[[], tuple[Example, ...]]
    clean: Callable[[], tuple[Example, ...]]
    check: WorkflowCheck = _nothing
    check_project: ProjectCheck = _nothing
    check_ignores: IgnoresCheck = _nothing
    is_consequence: bool = False
