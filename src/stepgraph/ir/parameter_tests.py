"""Tests of parameters that decide the branches of a function, and the constant arguments of its calls.

The graph shows a function once for all its calls, with all branches. Rules ask which branches a call can take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.ir.values import Constant
from stepgraph.syntax.module import SourcePlace

# Maximum number of iterations of a loop for which a branch is decided.
_MAX_ITERATIONS: Final = 100


class ParameterTest(Struct, frozen=True):
    """A comparison of a parameter with constants, such as `kind == "pick"` or `kind not in ("pick", "pack")`."""

    parameter: SourcePlace
    values: tuple[Constant, ...] | None
    """The constants, or None for the truth value of the parameter."""
    holds: bool
    """Whether the test is true for these values, or false for them."""

    def outcome(self, arguments: ArgumentsOfRun) -> bool | None:
        """Return the result of the test for the arguments of a call. Return None if it is unknown."""
        argument = arguments.get(self.parameter)
        if argument is None:
            return None
        matches = bool(argument.value) if self.values is None else argument in self.values
        return matches is self.holds


class UnknownTest(Struct, frozen=True):
    """A test that compares no parameter with constants."""

    def outcome(self, arguments: ArgumentsOfRun) -> bool | None:
        """Return None, because the result is unknown."""
        del arguments
        return None


class CombinedTest(Struct, frozen=True):
    """A conjunction or disjunction of tests. A conjunction of no tests always holds."""

    is_conjunction: bool
    operands: tuple[BranchTest, ...] = ()

    def outcome(self, arguments: ArgumentsOfRun) -> bool | None:
        """Return the result of the test for the arguments of a call. Return None if it is unknown."""
        outcomes = [operand.outcome(arguments) for operand in self.operands]
        if (not self.is_conjunction) in outcomes:
            return not self.is_conjunction
        return None if None in outcomes else self.is_conjunction


BranchTest: TypeAlias = ParameterTest | CombinedTest | UnknownTest
"""The test of a branch."""

ALWAYS: Final = CombinedTest(is_conjunction=True)
"""The test of a branch that always runs if the branches before it do not."""


def negated(test: BranchTest) -> BranchTest:
    """Return the negation of a test."""
    match test:
        case ParameterTest(parameter=parameter, values=values, holds=holds):
            return ParameterTest(parameter, values, not holds)
        case CombinedTest(is_conjunction=is_conjunction, operands=operands):
            return CombinedTest(not is_conjunction, tuple(negated(operand) for operand in operands))
        case UnknownTest():
            return test


def tested_parameters(test: BranchTest) -> Iterator[SourcePlace]:
    """Yield the parameters that a test compares with constants."""
    match test:
        case ParameterTest(parameter=parameter):
            yield parameter
        case CombinedTest(operands=operands):
            for operand in operands:
                yield from tested_parameters(operand)
        case UnknownTest():
            pass


class ConstantArgument(Struct, frozen=True):
    """The constants that a call passes for a parameter: one, or one for each iteration of a loop."""

    parameter: SourcePlace
    values: tuple[Constant, ...]
    loop: SourcePlace | None = None
    """The loop of which each iteration passes one of the values, or None for a single value."""


class ParameterArgument(Struct, frozen=True):
    """A parameter of the caller, or of a function around it, that a call passes on unchanged for a parameter."""

    parameter: SourcePlace
    passed: SourcePlace


DecidingArgument: TypeAlias = ConstantArgument | ParameterArgument
"""An argument that may decide which branches of the called function run."""

ArgumentsOfRun: TypeAlias = Mapping[SourcePlace, Constant]
"""The argument of each parameter in one run of a call."""


def resolved_arguments(
    arguments: Iterable[DecidingArgument], outer: Mapping[SourcePlace, ConstantArgument]
) -> Iterator[ConstantArgument]:
    """Yield the constants that a call passes, if the functions around it run with the arguments `outer`."""
    for argument in arguments:
        match argument:
            case ConstantArgument():
                yield argument
            case ParameterArgument(parameter=parameter, passed=passed):
                constant = outer.get(passed)
                if constant is not None:
                    yield ConstantArgument(parameter, constant.values, constant.loop)


def possible_runs(tests: Sequence[BranchTest], index: int, arguments: Sequence[ConstantArgument]) -> int | None:
    """Return in how many of the runs of a call a branch can be taken. Return None if it can be in all.

    The index after the last branch means the path around them all.
    """
    runs = _runs(arguments)
    possible = sum(1 for run in runs if _is_possible(tests, index, run))
    return None if possible == len(runs) else possible


def _runs(arguments: Sequence[ConstantArgument]) -> list[dict[SourcePlace, Constant]]:
    """Return the arguments of each run of a call: one run, or one for each iteration of the loop around it."""
    single = {argument.parameter: argument.values[0] for argument in arguments if argument.loop is None}
    by_loop: dict[SourcePlace, list[ConstantArgument]] = {}
    for argument in arguments:
        if argument.loop is not None:
            by_loop.setdefault(argument.loop, []).append(argument)
    if len(by_loop) != 1:
        return [single]
    (several,) = by_loop.values()
    count = len(several[0].values)
    if count > _MAX_ITERATIONS or any(len(argument.values) != count for argument in several):
        return [single]
    return [single | {argument.parameter: argument.values[i] for argument in several} for i in range(count)]


def _is_possible(tests: Sequence[BranchTest], index: int, run: ArgumentsOfRun) -> bool:
    if any(test.outcome(run) is True for test in tests[:index]):
        return False
    return index >= len(tests) or tests[index].outcome(run) is not False
