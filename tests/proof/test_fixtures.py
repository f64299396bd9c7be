"""Test that each run of each fixture, in every scenario, is a path through the analyzed graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.effort import sample, scenario_seeds
from tests.proof.expected import UNCHECKED, UNCHECKED_WITH_FAILURES, UNDECIDED_SHARES, UNREACHED
from tests.proof.judging import Outcome, check_runs, reason_unchecked
from tests.proof.subjects import FixtureProgram, Subject, examples, gallery, pairs, projects

PROGRAMS = [*gallery(), *projects(), *pairs(), *examples()]


def parametrize_programs(programs: Iterable[FixtureProgram]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", [pytest.param(program, id=program.title) for program in programs])


def assert_all_are_paths(program: FixtureProgram, seeds: range) -> None:
    """Run each workflow in a sixth of the scenarios, and in further sixths until each step was reached."""
    size = len(seeds) // 6
    for subject in program.subjects():
        outcomes: list[Outcome] = []
        for start in range(0, len(seeds), size):
            part = seeds[start : start + size]
            outcomes += [check_runs(subject, part, failures=failures) for failures in (False, True)]
            if unreached_steps(outcomes) <= UNREACHED.get(subject.title, frozenset()):
                break
        assert [str(rejected) for outcome in outcomes for rejected in outcome.rejected] == []
        assert all(outcome.undecided <= UNDECIDED_SHARES.get(subject.title, 0) * outcome.traces for outcome in outcomes)
        assert unreached_steps(outcomes) <= UNREACHED.get(subject.title, frozenset())


def unreached_steps(outcomes: Iterable[Outcome]) -> frozenset[str]:
    steps, reached = (frozenset().union(*sets) for sets in zip(*((o.steps, o.reached) for o in outcomes), strict=True))
    return steps - reached


@pytest.mark.slow
@parametrize_programs([*gallery(), *projects()])
def test_runs_of_workflows_are_paths(program: FixtureProgram) -> None:
    assert_all_are_paths(program, scenario_seeds(100))


@pytest.mark.slow
@parametrize_programs(sample(pairs(), 30))
def test_runs_of_diff_pairs_are_paths(program: FixtureProgram) -> None:
    assert_all_are_paths(program, scenario_seeds(50))


@pytest.mark.slow
@parametrize_programs(sample(examples(), 50))
def test_runs_of_rule_examples_are_paths(program: FixtureProgram) -> None:
    assert_all_are_paths(program, scenario_seeds(10))


def unchecked(reason: Callable[[Subject], str]) -> dict[str, str]:
    subjects = [subject for program in PROGRAMS for subject in program.subjects()]
    return {subject.title: text for subject in subjects if (text := reason(subject))}


@pytest.mark.slow
def test_unchecked_runs_are_listed() -> None:
    assert unchecked(lambda subject: reason_unchecked(subject, failures=False)) == UNCHECKED


@pytest.mark.slow
def test_unchecked_runs_with_failures_are_listed() -> None:
    assert unchecked(lambda subject: reason_unchecked(subject, failures=True)) == UNCHECKED_WITH_FAILURES
