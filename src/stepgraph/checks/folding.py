"""The folding of findings with one cause, so that a report shows the cause once with all its locations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Finding, RelatedLocation

MAX_FOLDED: Final = 5
"""The maximum number of locations that a finding lists for the findings folded into it."""


def fold_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each cause, with the locations of the others, in the same order.

    Findings of one rule in one workflow have the same cause if they have the same related locations. Findings with a
    fix stay separate, because each fix changes its own location.
    """
    by_cause: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        cause: object = number
        if finding.related and finding.fix is None:
            cause = (finding.code, finding.severity, finding.workflow, finding.other_workflows, finding.related)
        by_cause.setdefault(cause, []).append(finding)
    return tuple(_fold(first, others) for first, *others in by_cause.values())


def _fold(first: Finding, others: list[Finding]) -> Finding:
    if not others:
        return first
    listed = [RelatedLocation(other.span, "the same problem") for other in others[:MAX_FOLDED]]
    hidden = len(others) - len(listed)
    if hidden:
        last = listed.pop()
        listed.append(replace(last, message=f"the same problem, and at {hidden} more locations"))
    return replace(first, related=(*first.related, *listed))
