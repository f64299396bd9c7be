"""Code between steps that raises exceptions that no handler catches, such as `assert`. The payload does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.caught_raises import ChangedSegment, changed_between
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import ROOT

FAILING_CODE: Final = "\0failing"
"""The field of a step, call or workflow with the code behind it or at its start in changes, not in the payload."""


def changed_failures(matching: Matching) -> Iterator[ChangedSegment]:
    """Yield the code of the workflow and its functions that may raise other exceptions than before."""
    if not (matching.old.step_functions and matching.new.step_functions):
        return  # Saved graphs have no code.
    yield from changed_between(matching, (ROOT, ROOT), (matching.old.failing_code, matching.new.failing_code))


def added_failures(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the last common steps or calls in front of code that raises new exceptions, by old and new number.

    The workflow stands for the code in front of them.
    """
    for segment in changed_failures(matching):
        if segment.may_raise:
            yield segment.common
