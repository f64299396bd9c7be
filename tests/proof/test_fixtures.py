"""Each run of each program, in whatever world, is a path through the graph that the analysis gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.proof.effort import worlds
from tests.proof.expected import LEFT_OUT, LEFT_OUT_WITH_FAILURES, TOO_HARD, UNREACHED
from tests.proof.judging import Outcome, judged, reason_to_leave_out
from tests.proof.subjects import Program, Subject, examples, gallery, pairs, projects

PROGRAMS = [*gallery(), *projects(), *pairs(), *examples()]


def each(programs: Iterable[Program]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", [pytest.param(program, id=program.title) for program in programs])


def assert_all_are_paths(program: Program, seeds: range) -> None:
    for subject in program.subjects():
        outcomes = [judged(subject, seeds, failures=failures) for failures in (False, True)]
        assert [str(rejected) for outcome in outcomes for rejected in outcome.rejected] == []
        assert all(outcome.too_hard <= TOO_HARD.get(subject.title, 0) * outcome.traces for outcome in outcomes)
        assert unreached(outcomes) <= UNREACHED.get(subject.title, frozenset())


def unreached(outcomes: Iterable[Outcome]) -> frozenset[str]:
    steps, reached = (frozenset().union(*sets) for sets in zip(*((o.steps, o.reached) for o in outcomes), strict=True))
    return steps - reached


@pytest.mark.slow
@each([*gallery(), *projects()])
def test_a_workflow_runs_as_its_graph_says(program: Program) -> None:
    assert_all_are_paths(program, worlds(100))


@pytest.mark.slow
@each(pairs())
def test_both_sides_of_a_pair_run_as_their_graphs_say(program: Program) -> None:
    assert_all_are_paths(program, worlds(50))


@pytest.mark.slow
@each(examples())
def test_an_example_of_a_rule_runs_as_its_graph_says(program: Program) -> None:
    assert_all_are_paths(program, worlds(10))


def left_out(reason: Callable[[Subject], str]) -> dict[str, str]:
    subjects = [subject for program in PROGRAMS for subject in program.subjects()]
    return {subject.title: why for subject in subjects if (why := reason(subject))}


@pytest.mark.slow
def test_no_run_is_left_out_but_of_those_that_are_named() -> None:
    assert left_out(lambda subject: reason_to_leave_out(subject, failures=False)) == LEFT_OUT


def test_no_run_with_failures_is_left_out_but_of_those_that_are_named() -> None:
    assert left_out(lambda subject: reason_to_leave_out(subject, failures=True)) == LEFT_OUT_WITH_FAILURES
