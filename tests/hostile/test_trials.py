"""Paths and git trees that nobody would make: a result or a refusal, and nothing outside is read or changed.

`STEPGRAPH_EXAMPLES=10000 pytest tests/hostile/test_trials.py` is the long run. The short one tries the same each time.
"""

from __future__ import annotations

import os
import sys
from random import Random

import pytest

from tests.cli.repositories import needs_git
from tests.hostile.trials import tried

pytestmark = [
    needs_git,
    pytest.mark.skipif(sys.platform == "win32", reason="such files and names cannot be made there"),
]

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
EFFORT = int(_EXAMPLES or "60")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["tests.hostile.hostile_paths", "tests.hostile.git_trees"])
def test_nothing_outside_is_read_or_changed(module: str) -> None:
    first = 0 if _EXAMPLES is None else Random().randrange(10**9)  # noqa: S311 - no secret
    counts = tried(module, EFFORT, first)
    assert counts.faults == []
    assert counts.inputs == EFFORT
    assert counts.results > EFFORT / 20
    assert counts.refused > EFFORT / 20
    assert counts.results + counts.refused == EFFORT


def test_what_is_read_or_changed_outside_is_seen() -> None:
    counts = tried("tests.hostile.careless", 1)
    assert counts.inputs == 1
    seen = {fault.split(" ", 1)[1].partition(" '")[0] for fault in counts.faults}
    assert seen == {"opened", "changed", "told a secret", "changed what is outside", "ended with 4: hunter2-ghp-canary"}
