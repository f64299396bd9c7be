"""The command on input that nobody meant: a result or an error that is told, whatever it is.

`STEPGRAPH_EXAMPLES=100000 pytest tests/hostile` is the long run. The short one tries the same inputs each time.
"""

from __future__ import annotations

import os
from random import Random

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings

from stepgraph.api import analyze_source, check_analysis
from stepgraph.model.note import InputError
from tests.hostile.fuzzing import Counts, fuzzed, input_of

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
EFFORT = int(_EXAMPLES or "500")


@pytest.fixture(scope="module")
def counts() -> Counts:
    first = 0 if _EXAMPLES is None else Random().randrange(10**9)  # noqa: S311 - no secret
    return fuzzed(EFFORT, first)


@pytest.mark.slow
def test_no_input_is_an_internal_error(counts: Counts) -> None:
    assert counts.defects == []


def test_no_input_kills_the_interpreter(counts: Counts) -> None:
    assert counts.crashes == []


def test_every_input_ends(counts: Counts) -> None:
    assert counts.hangs == []


def test_no_file_is_written_that_was_not_asked_for(counts: Counts) -> None:
    assert counts.writes == []


def test_inputs_are_of_both_kinds(counts: Counts) -> None:
    assert counts.inputs == EFFORT
    assert counts.results > EFFORT / 5
    assert counts.told > EFFORT / 5
    assert counts.results + counts.told == counts.inputs


def test_an_input_follows_from_its_number() -> None:
    assert [input_of(number) for number in range(20)] == [input_of(number) for number in range(20)]


WORKFLOW = """

from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
        {}
"""


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=min(EFFORT, 2_000) // 8,
    derandomize=_EXAMPLES is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(hypothesmith.from_grammar())
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_whatever_the_grammar_of_python_allows_is_read_or_refused(program: str) -> None:
    try:
        analysis = analyze_source(program + WORKFLOW.format(program.strip().replace("\n", "\n        ")))
    except InputError:
        return
    check_analysis(analysis)
