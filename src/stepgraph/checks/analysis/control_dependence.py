"""Control dependence of steps: the tests of choices, loops and handlers that decide whether a step runs.

A step depends on a test if the step runs only after one of the two outcomes. The step also depends on the tests that
decide whether that test is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from stepgraph.ir.dataflow import Domain, Leaf, reachable_exits, solve
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Call,
    Choice,
    Function,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    StartOperation,
    TryOperation,
)
from stepgraph.ir.replay_facts import ModuleStateCondition, NondeterministicCondition
from stepgraph.ir.walk import Program, may_run_steps
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace

Condition = TypeVar("Condition", NondeterministicCondition, ModuleStateCondition)


def deciding_tests(program: Program, tests: Iterator[Condition]) -> Iterator[Condition]:
    """Yield those of `tests` that decide whether steps of a program run. Raises LimitExceededError."""
    candidates = list(tests)
    if not candidates:
        return
    outcomes = _LatestOutcomes()
    outcomes.follow(program.body)
    deciding = outcomes.deciding_tests()
    for test in candidates:
        decisions = outcomes.decisions.get(test.controlled_statement, {}).values()
        if any(deciding >> number & 1 for decision in decisions for number in decision[test.first_branch :][:1]):
            yield test


_Tests: TypeAlias = range
"""The tests of a choice (one per branch except a final `else`), a loop (one) or a `try` (one per uncertain handler)."""


class _LatestOutcomes(Domain[int]):
    """The latest outcomes of each test on the paths to a program point, as a bit set.

    Tests are even numbers. Bit `test` is set if the test held on some path, bit `test + 1` if it failed. Functions are
    analyzed separately.
    """

    def __init__(self) -> None:
        self.decision_of: dict[int, int] = {}
        """The `id` of the choice, loop or `try` of each test."""
        self.tests_of: dict[int, _Tests] = {}
        """The tests of each choice, loop or `try`, by `id`."""
        self.decisions: dict[SourcePlace, dict[int, _Tests]] = {}
        """The tests of the choices, loops and `try` statements at each location, by `id`."""
        self.before: dict[int, int] = {}
        """The outcomes before each choice, loop, `try` and operation that runs steps, by `id`."""
        self.raised: dict[int, int] = {}
        """The outcomes on the paths to the handlers of each `try`, by `id`."""
        self.steps: dict[int, None] = {}
        """The operations that run steps, by `id`."""
        self.never_exhausted: set[int] = set()
        """The loops whose first iteration runs and never reaches its end, by `id`."""
        self.functions: dict[int, Function] = {}
        """The called functions, by `id`."""

    def follow(self, body: OperationBlock) -> None:
        """Record the outcomes in a body and in the functions that it calls directly or indirectly."""
        budget = Budget()
        pending = [body]
        while pending:
            function_count = len(self.functions)
            solve(pending.pop(), 0, self, budget=budget)
            pending += [function.body for function in list(self.functions.values())[function_count:]]

    def deciding_tests(self) -> int:
        """Return the tests on which steps depend, as a bit set."""
        deciding = 0
        for operation in self.steps:
            deciding |= self.decided_before(operation)
        pending = deciding
        while pending:
            test = pending.bit_length() - 1
            decision = self.decision_of[test]
            first = self.tests_of[decision].start
            added = (self.decided_before(decision) | _even_bits(test - first) << first) & ~deciding
            deciding |= added
            pending = pending & ~(1 << test) | added
        return deciding

    def decided_before(self, operation: int) -> int:
        """Return the tests that lead to an operation with only one of their outcomes, as a bit set."""
        decided = 0
        for outcomes in (self.before[operation], self.raised.get(operation, 0)):
            decided |= outcomes ^ outcomes >> 1
        return decided & _even_bits(2 * len(self.decision_of))

    # States

    def transfer(self, operation: Leaf, state: int) -> int:
        if isinstance(operation, Run | StartOperation):
            if isinstance(operation.activity, Call):
                self.functions[id(operation.activity.function)] = operation.activity.function
            if may_run_steps(OperationBlock((operation,))):
                self.steps[id(operation)] = None
                self.record(operation, state)
        return state

    def join(self, first: int, second: int) -> int:
        return first | second

    def enter_branch(self, choice: Choice, index: int, state: int) -> int:
        tests = self.tests(choice, choice.place, len(choice.branches) - (not choice.may_skip))
        self.record(choice, state)
        return _at_branch(tests, index, state)

    def enter_iteration(self, loop: LoopOperation, head: int) -> int:
        exit_choices = _exit_choices(loop)
        for choice in exit_choices:
            self.tests(choice, loop.place, len(choice.branches))
        if exit_choices or loop.infinite:
            return head
        tests = self.tests(loop, loop.place, 1)
        self.record(loop, head)
        return _at_branch(tests, 0, head)

    def after_iterations(self, loop: LoopOperation, head: int, end: int | None) -> int | None:
        exhausted = super().after_iterations(loop, head, end)
        tests = self.tests_of.get(id(loop))
        if tests is None:
            return exhausted
        if exhausted is None:
            self.never_exhausted.add(id(loop))
            return None
        # After an iteration that reaches its end, the test held before and fails now, so both outcomes are possible.
        failed = _at_branch(tests, 1, exhausted)
        return failed if end is None else failed | _at_branch(tests, 0, exhausted)

    def after_loop(self, loop: LoopOperation, head: int, after: int | None) -> int | None:
        """Forget the tests of breaks, which decide nothing after a loop, because every loop ends eventually.

        Likewise, the test of a loop decides nothing if the first iteration is always left early.
        """
        if after is None:
            return None
        if id(loop) in self.never_exhausted:
            return after & ~_field(self.tests_of[id(loop)])
        after |= head
        both = after & after >> 1 & _even_bits(2 * len(self.decision_of))
        return after & ~(both | both << 1)

    def leave_try(
        self, try_: TryOperation, before: int, end: int | None, raised: int | None
    ) -> tuple[int | None, int | None]:
        """Treat the choice of each handler as a test. If one of the handlers always runs, the last one has no test."""
        count = len(try_.handlers) - (end is None and not _may_bypass_handlers(try_))
        if raised is None or count <= 0:
            return end, raised
        tests = self.tests(try_, try_.place, count)
        self.record(try_, before)
        self.raised[id(try_)] = self.raised.get(id(try_), 0) | raised
        return None if end is None else _at_branch(tests, count, end), raised

    def enter_handler(self, try_: TryOperation, index: int, raised: int) -> int:
        tests = self.tests_of.get(id(try_))
        return raised if tests is None else _at_branch(tests, index, raised)

    def tests(self, decision: Choice | LoopOperation | TryOperation, place: SourcePlace, count: int) -> _Tests:
        """Return the tests of a choice, loop or `try`, and record its location."""
        tests = self.tests_of.get(id(decision))
        if tests is None:
            first = 2 * len(self.decision_of)
            tests = self.tests_of[id(decision)] = range(first, first + 2 * count, 2)
            self.decision_of.update(dict.fromkeys(tests, id(decision)))
        self.decisions.setdefault(place, {})[id(decision)] = tests
        return tests

    def record(self, operation: Operation, state: int) -> None:
        self.before[id(operation)] = self.before.get(id(operation), 0) | state


def _exit_choices(loop: LoopOperation) -> list[Choice]:
    """Return the choices that end a loop when the condition of the loop, which runs steps, is false."""
    return [
        operation
        for operation in loop.body.operations
        if isinstance(operation, Choice)
        and any(
            isinstance(jump, Jump) and jump.kind is JumpKind.FINISHED
            for branch in operation.branches
            for jump in branch.block.operations
        )
    ]


def _may_bypass_handlers(try_: TryOperation) -> bool:
    """Return whether a jump in the body of a `try` bypasses its handlers."""
    handlers = tuple(replace(handler, block=EMPTY_BLOCK) for handler in try_.handlers)
    exits = reachable_exits(OperationBlock((replace(try_, handlers=handlers, finalbody=EMPTY_BLOCK),)))
    return any(state is not None for state in (exits.breaks, exits.continues, exits.returns, exits.raises))


def _even_bits(length: int) -> int:
    """Return the bit set of the even numbers below an even number."""
    return ((1 << length) - 1) // 3


def _field(tests: _Tests) -> int:
    """Return the bit set of both outcomes of each test."""
    return (1 << tests.stop) - (1 << tests.start)


def _at_branch(tests: _Tests, index: int, state: int) -> int:
    """Return the state in which the tests before an index failed and the test at the index, if any, holds."""
    failed = _even_bits(2 * min(index, len(tests))) << tests.start + 1
    holds = 1 << tests[index] if index < len(tests) else 0
    return state & ~_field(tests) | failed | holds
