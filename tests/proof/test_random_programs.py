"""Each run of a random program is a path through its graph.

`STEPGRAPH_EXAMPLES=5000 pytest tests/proof/test_random_programs.py` looks for programs that were not tried before.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.proof.programs.analysing import analysed
from tests.proof.programs.counting import counted
from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import Program, programs

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")

thorough = settings(
    deadline=None,
    max_examples=int(_EXAMPLES or "50"),
    derandomize=_EXAMPLES is None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)

INCOMPLETE = {"lost-step"}
"""Notes on what random programs do: they keep steps that nothing calls."""


@pytest.mark.slow
@thorough
@given(program=programs())
def test_each_run_is_a_path_through_the_graph(program: Program) -> None:
    assert not [str(rejection) for rejection in Tally().add(program)]


@pytest.mark.slow
def test_the_same_programs_are_counted_each_time() -> None:
    one, other = counted(5), counted(5)
    assert one == other
    assert one.programs == 5
    assert one.traces > 10


@pytest.mark.slow
@thorough
@given(program=programs())
def test_everything_is_resolved(program: Program) -> None:
    incomplete = {note.code: str(note) for note in analysed(program).notes if note.incomplete}
    assert not incomplete.keys() - INCOMPLETE
