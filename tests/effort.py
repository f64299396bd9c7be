"""The amount of random and exhaustive tests: `STEPGRAPH_EXAMPLES=5000 pytest -m slow` is the long run.

The short run is deterministic, and takes a sample of the cases of tests that many other tests overlap with.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

Case = TypeVar("Case")

EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
"""The number of examples of a long run, or None."""

only_in_long_runs = pytest.mark.skipif(EXAMPLES is None, reason="STEPGRAPH_EXAMPLES is not set")
"""A mark of tests that take long and rarely fail."""

thorough = settings(
    deadline=None,
    max_examples=int(EXAMPLES or "20"),
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Settings of properties: the number of random programs or graphs."""


def example_count(short_run: int) -> int:
    """Return the number of examples of a test, `short_run` by default."""
    return int(EXAMPLES) if EXAMPLES else short_run


def scenario_seeds(short_run: int) -> range:
    """Return the seeds of the scenarios in which each program is executed, `short_run` of them by default."""
    return range(example_count(short_run))


def sample(cases: Sequence[Case], short_run: int) -> Sequence[Case]:
    """Return all cases in a long run, or else at most `short_run` of them with equal distances."""
    return cases if EXAMPLES else cases[:: -(-len(cases) // short_run) or 1]
