"""Paths through a body in the dataflow engine, by exit."""

from __future__ import annotations

import textwrap
import time
from functools import reduce

import pytest

from stepgraph import analyze_source
from stepgraph.ir import dataflow
from stepgraph.ir.dataflow import Domain, Exits, Leaf, solve
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Choice,
    ChoiceBranch,
    Handler,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    Pause,
    Run,
    StepRun,
    Suspension,
    TryOperation,
)
from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import Budget, Limit, LimitExceededError
from stepgraph.syntax.module import SourcePlace
from tests.semantics.notation import HEADER, STEPS

Traces = frozenset[str]


class TraceDomain(Domain[Traces]):
    """The possible orders of the first runs of steps, as strings of their one-letter names."""

    def transfer(self, operation: Leaf, state: Traces) -> Traces:
        match operation:
            case Run(activity=StepRun(definition=definition)):
                name = definition.name
                return frozenset(trace if name in trace else trace + name for trace in state)
            case _:
                return state

    def join(self, a: Traces, b: Traces) -> Traces:
        return a | b


def body_of(source: str) -> OperationBlock:
    module = analyze_source(HEADER + textwrap.indent(STEPS + textwrap.dedent(source), " " * 8), "entry.py")
    (workflow,) = module.workflows
    assert workflow.subject is not None
    return workflow.subject.program.body


def paths(source: str) -> dict[str, list[str]]:
    """Return the traces at each kind of exit from the body of `run`."""
    exits = solve(body_of(source), frozenset([""]), TraceDomain())
    traces_by_exit = {
        "end": exits.end,
        "break": exits.breaks,
        "continue": exits.continues,
        "return": exits.returns,
        "raise": exits.raises,
    }
    return {kind: sorted(traces) for kind, traces in traces_by_exit.items() if traces is not None}


def test_sequence() -> None:
    assert paths("await a()\nawait b()") == {"end": ["ab"]}


def test_choice_joins_its_branches() -> None:
    assert paths("if event['x']:\n    await a()\nelse:\n    await b()\nawait c()") == {"end": ["ac", "bc"]}


def test_choice_that_may_skip() -> None:
    assert paths("if event['x']:\n    await a()\nawait c()") == {"end": ["ac", "c"]}


def test_return() -> None:
    assert paths("if event['x']:\n    await a()\n    return\nawait b()") == {"end": ["b"], "return": ["a"]}


def test_raise_out_of_the_body() -> None:
    assert paths("await a()\nif event['x']:\n    raise ValueError\nawait b()") == {"end": ["ab"], "raise": ["a"]}


def test_nothing_runs_after_an_exit_on_each_path() -> None:
    source = "if event['x']:\n    await a()\n    return\nelse:\n    raise ValueError"
    assert paths(source) == {"return": ["a"], "raise": [""]}


# Loops


def test_loop_may_not_iterate() -> None:
    assert paths("for x in event['xs']:\n    await a()\nawait b()") == {"end": ["ab", "b"]}


def test_break_continues_after_the_loop() -> None:
    source = """
        while True:
            await a()
            if event['x']:
                await b()
                break
        await c()
    """
    assert paths(source) == {"end": ["abc"]}


def test_break_skips_the_else_of_its_loop() -> None:
    source = """
        for x in event['xs']:
            if x:
                await a()
                break
        else:
            await b()
        await c()
    """
    assert paths(source) == {"end": ["ac", "bc"]}


def test_continue_ends_an_iteration() -> None:
    source = """
        for x in event['xs']:
            if x:
                await a()
                continue
            await b()
        await c()
    """
    assert paths(source) == {"end": ["abc", "ac", "bac", "bc", "c"]}


def test_finished_loop_runs_its_else() -> None:
    source = """
        while await a():
            if event['x']:
                await b()
                break
        else:
            await c()
        await d()
    """
    assert paths(source) == {"end": ["abd", "acd"]}


def test_return_out_of_nested_loops() -> None:
    source = """
        for x in event['xs']:
            for y in x:
                await a()
                if y:
                    return
            await b()
    """
    assert paths(source) == {"end": ["", "ab", "b", "ba"], "return": ["a", "ab", "ba"]}


def test_break_of_an_else_leaves_the_outer_loop() -> None:
    source = """
        while True:
            for x in event['xs']:
                await a()
            else:
                break
        await b()
    """
    assert paths(source) == {"end": ["ab", "b"]}


def test_iteration_starts_with_the_steps_of_an_inner_loop() -> None:
    source = """
        for x in event['xs']:
            await c()
            for y in x:
                await a()
            await b()
    """
    assert paths(source) == {"end": ["", "cab", "cb", "cba"]}


# Exceptions


def test_handler_starts_wherever_its_body_fails() -> None:
    source = """
        try:
            await a()
            await b()
        except Exception:
            await c()
        await d()
    """
    assert paths(source) == {"end": ["abcd", "abd", "acd", "cd"]}


def test_raise_enters_the_handler_of_its_type() -> None:
    source = """
        try:
            try:
                await a()
                raise KeyError
            except ValueError:
                await b()
        except KeyError:
            await c()
        else:
            await d()
    """
    ends = paths(source)["end"]
    assert "ac" in ends
    assert "abd" in ends
    assert "ad" not in ends


def test_raise_without_a_matching_handler() -> None:
    source = """
        try:
            await a()
            raise KeyError
        except ValueError:
            await b()
    """
    assert paths(source) == {"end": ["ab", "b"], "raise": ["a"]}


def test_raise_of_an_unknown_type_may_be_caught() -> None:
    source = """
        try:
            await a()
            raise event["error"]
        except ValueError:
            await b()
    """
    assert paths(source) == {"end": ["ab", "b"], "raise": ["a"]}


def test_raise_of_a_subclass_is_caught() -> None:
    source = """
        try:
            await a()
            raise KeyError
        except LookupError:
            await b()
    """
    assert paths(source) == {"end": ["ab", "b"]}


def test_else_is_not_protected() -> None:
    source = """
        try:
            await a()
        except ValueError:
            await b()
        else:
            raise ValueError
    """
    assert paths(source) == {"end": ["ab", "b"], "raise": ["a"]}


def test_raise_in_a_handler_leaves_the_body() -> None:
    source = """
        try:
            await a()
        except Exception:
            await b()
            raise
        await c()
    """
    assert paths(source) == {"end": ["ac"], "raise": ["ab", "b"]}


# `finally`


@pytest.mark.parametrize(("leaving", "kind"), [("return", "return"), ("raise KeyError", "raise")])
def test_exit_runs_each_finally(leaving: str, kind: str) -> None:
    source = f"""
        try:
            try:
                await a()
                {leaving}
            finally:
                await b()
        finally:
            await c()
    """
    assert paths(source) == {kind: ["abc"]}


def test_break_runs_a_finally() -> None:
    source = """
        while True:
            try:
                await a()
                break
            finally:
                await b()
        await c()
    """
    assert paths(source) == {"end": ["abc"]}


def test_continue_runs_a_finally() -> None:
    source = """
        for x in event['xs']:
            try:
                if x:
                    continue
                await a()
            finally:
                await b()
    """
    assert paths(source) == {"end": ["", "ab", "b", "ba"]}


def test_paths_through_a_finally_are_not_merged() -> None:
    source = """
        try:
            if event['x']:
                await a()
                return
            await b()
        finally:
            await c()
        await d()
    """
    assert paths(source) == {"end": ["bcd"], "return": ["ac"]}


@pytest.mark.slow
def test_return_of_a_finally_replaces_other_exits() -> None:
    source = """
        try:
            await a()
            raise KeyError
        finally:
            await b()
            return
    """
    assert paths(source) == {"return": ["ab", "b"]}


def test_exception_runs_a_finally_before_its_handler() -> None:
    source = """
        try:
            try:
                await a()
            finally:
                await b()
        except Exception:
            await c()
    """
    assert paths(source) == {"end": ["ab", "abc", "bc", "c"]}


def test_nested_finally_blocks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataflow, "MAX_FINALLY_REVISITS", 0)
    source = """
        try:
            if event['x']:
                await a()
                return
        finally:
            await b()
    """
    assert paths(source) == {"end": ["b"], "return": ["a"]}


# Bounds


class CountDomain(Domain[int]):
    """The number of runs of steps, up to `UNLIMITED`."""

    UNLIMITED = 1_000

    def transfer(self, operation: Leaf, state: int) -> int:
        return min(self.UNLIMITED, state + isinstance(operation, Run))

    def join(self, a: int, b: int) -> int:
        return max(a, b)

    def widen(self, old: int, new: int) -> int:
        return self.UNLIMITED if new > old else new


def test_loops_widen() -> None:
    body = body_of("await a()\nfor x in event['xs']:\n    await b()")
    budget = Budget()
    assert solve(body, 0, CountDomain(), budget=budget).end == CountDomain.UNLIMITED
    assert budget.maximum[Limit.PAIRS] - budget.remaining[Limit.PAIRS] < 12


def test_solving_stops_at_the_limit_of_the_budget() -> None:
    budget = Budget()
    budget.end()
    with pytest.raises(LimitExceededError):
        solve(body_of("await a()"), 0, CountDomain(), budget=budget)


def a_step() -> tuple[Run, SourcePlace]:
    (operation,) = body_of("await a()").operations
    assert isinstance(operation, Run)
    return operation, operation.place


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["loops", "finally", "handlers", "branches"])
def test_deep_nesting_takes_linear_time(kind: str) -> None:
    step, place = a_step()

    def wrap(block: OperationBlock) -> OperationBlock:
        leaving = Choice((ChoiceBranch("x", OperationBlock((Jump(JumpKind.RETURN, place),))),), place)
        inner = OperationBlock((step, leaving, *block.operations))
        pause = OperationBlock((Pause(place, Suspension.ALWAYS),))
        operations: dict[str, Operation] = {
            "loops": LoopOperation(inner, EMPTY_BLOCK, place),
            "finally": TryOperation(inner, (), pause, except_star=False, place=place),
            "handlers": TryOperation(inner, (Handler(None, EMPTY_BLOCK),), EMPTY_BLOCK, except_star=False, place=place),
            "branches": Choice((ChoiceBranch("x", inner),), place),
        }
        return OperationBlock((operations[kind],))

    body = reduce(lambda block, _: wrap(block), range(5_000), EMPTY_BLOCK)
    started = time.process_time()
    exits = run_with_large_stack(lambda: solve(body, 0, CountDomain()))
    assert exits.end is not None
    assert time.process_time() - started < 1


def test_many_operations_are_fast() -> None:
    step, _ = a_step()
    started = time.process_time()
    exits: Exits[int] = solve(OperationBlock((step,) * 5_000), 0, CountDomain())
    assert exits.end == CountDomain.UNLIMITED
    assert time.process_time() - started < 0.1
