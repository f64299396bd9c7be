"""The command has a result or an error message for any input.

`STEPGRAPH_EXAMPLES=100000 pytest tests/hostile` tries more inputs at random. Without it, the inputs are always the
same.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.api import analyze_source, check_analysis
from stepgraph.model.note import InputError
from tests.hostile.fuzzing import FuzzCounts, fuzz, generate_input

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
EFFORT = int(_EXAMPLES or "200")


@pytest.fixture(scope="module")
def counts() -> FuzzCounts:
    first = 0 if _EXAMPLES is None else Random().randrange(10**9)  # noqa: S311 - not for cryptography
    return fuzz(EFFORT, first)


@pytest.mark.slow
def test_no_input_is_an_internal_error(counts: FuzzCounts) -> None:
    assert counts.defects == []


@pytest.mark.slow
def test_no_input_crashes_the_interpreter(counts: FuzzCounts) -> None:
    assert counts.crashes == []


@pytest.mark.slow
def test_no_input_hangs(counts: FuzzCounts) -> None:
    assert counts.hangs == []


@pytest.mark.slow
def test_no_unrequested_file_is_written(counts: FuzzCounts) -> None:
    assert counts.writes == []


@pytest.mark.slow
def test_inputs_are_accepted_and_refused(counts: FuzzCounts) -> None:
    assert counts.inputs == EFFORT
    assert counts.results > EFFORT / 5
    assert counts.refused > EFFORT / 5
    assert counts.results + counts.refused == counts.inputs


@pytest.mark.slow
def test_inputs_are_reproducible() -> None:
    assert [generate_input(number) for number in range(20)] == [generate_input(number) for number in range(20)]


WORKFLOW = """

from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
        {}
"""


def _programs() -> st.SearchStrategy[str]:
    """Return random programs, whose grammar takes a second to build: not while tests are collected."""
    import hypothesmith

    return hypothesmith.from_grammar()


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=min(EFFORT, 2_000) // 8,
    derandomize=_EXAMPLES is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.deferred(_programs))
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_programs_of_the_grammar_are_analyzed_or_refused(program: str) -> None:
    try:
        analysis = analyze_source(program + WORKFLOW.format(program.strip().replace("\n", "\n        ")))
    except InputError:
        return
    check_analysis(analysis)
