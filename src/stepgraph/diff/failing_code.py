"""Code between steps that raises exceptions that no handler catches, such as `assert`. The payload does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.caught_raises import ChangedSegment, changed_between
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import ROOT

FAILING_CODE: Final = "\0failing"
"""The field of a step, call or workflow with the code behind it or at its start in changes, not in the payload."""
FEWER_FAILURES: Final = "\0fewer failures"
"""The field in place of `FAILING_CODE` if the code raises no new exception."""


def changed_failures(matching: Matching) -> Iterator[ChangedSegment]:
    """Yield the code of the workflow and its functions that may raise other exceptions than before."""
    if matching.has_code:
        yield from changed_between(matching, (ROOT, ROOT), (matching.old.failing_code, matching.new.failing_code))


def failures_by_field(matching: Matching) -> Iterator[tuple[int, int, str]]:
    """Yield the last common steps or calls in front of changed code that raises exceptions, by old and new number.

    The workflow stands for the code in front of them. The field is that of the change.
    """
    changes: dict[tuple[int, int], str] = {}
    for segment in changed_failures(matching):
        if segment.may_raise:
            changes[segment.common] = FAILING_CODE
        elif segment.may_not_raise:
            changes.setdefault(segment.common, FEWER_FAILURES)
    yield from ((old, new, field) for (old, new), field in changes.items())
