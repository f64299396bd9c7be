"""Test that each run of random programs is a path through the graph.

`STEPGRAPH_EXAMPLES=5000 pytest tests/proof/test_random_programs.py` tries new programs.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.effort import EXAMPLES, example_count
from tests.proof.programs.analysing import analyze_program
from tests.proof.programs.counting import count_random_programs
from tests.proof.programs.judging import Tally
from tests.proof.programs.modules import GeneratedProgram, programs

thorough = settings(
    deadline=None,
    max_examples=int(EXAMPLES or "25"),
    derandomize=EXAMPLES is None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)

INCOMPLETE = {"lost-step"}
"""Notes that random programs cause: they contain steps that are never called."""


@pytest.mark.slow
@thorough
@given(program=programs())
def test_each_run_is_a_path_through_the_graph(program: GeneratedProgram) -> None:
    assert not [str(rejection) for rejection in Tally().add(program)]


@pytest.mark.slow
def test_counting_is_deterministic() -> None:
    first, second = count_random_programs(5), count_random_programs(5)
    assert first == second
    assert first.programs == 5
    assert first.traces > 10


@pytest.mark.slow
@settings(thorough, max_examples=example_count(10))
@given(program=programs())
def test_everything_is_resolved(program: GeneratedProgram) -> None:
    incomplete = {note.code: str(note) for note in analyze_program(program).notes if note.incomplete}
    assert not incomplete.keys() - INCOMPLETE
