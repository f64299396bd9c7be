"""Tests of parameters that decide the branches of a function, and the constant arguments of its calls.

The graph shows a function once for all its calls, with all branches. Rules ask which branches a call can take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.ir.values import Constant, Scalar
from stepgraph.syntax.module import SourcePlace

# Maximum number of iterations of a loop for which a branch is decided.
_MAX_ITERATIONS: Final = 100


Relation: TypeAlias = Literal["one of", "<", "<=", ">", ">=", "contains", "startswith", "endswith"]
"""The relation between a parameter and constants that a test compares."""

CONVERTING_METHODS: Final = frozenset(["casefold", "lower", "lstrip", "rstrip", "strip", "title", "upper"])
"""The methods of a string, called without arguments, whose results a test may compare."""


class Conversion(Struct, frozen=True):
    """A conversion of a parameter before its comparison: `kind.lower()`, `len(kind)` or `number % 2`."""

    name: str
    """The name of the method, `len`, or `%`."""
    operand: Constant | None = None
    """The right operand of `%`."""

    def apply(self, argument: Constant) -> Constant | None:
        """Return the converted argument, or None if the conversion fails."""
        match self.name, argument.value, self.operand:
            case "len", str(text), None:
                return Constant(len(text))
            case "%", int(number), Constant(value=int(divisor)) if divisor:
                return Constant(number % divisor)
            case name, str(text), None if name in CONVERTING_METHODS:
                return Constant(getattr(text, name)())
            case _:
                return None


class ParameterTest(Struct, frozen=True):
    """A comparison of a parameter with constants, such as `kind == "pick"` or `kind not in ("pick", "pack")`."""

    parameter: SourcePlace
    values: tuple[Constant, ...] | None
    """The constants, or None for the truth value of the parameter."""
    holds: bool
    """Whether the test is true for these values, or false for them."""
    relation: Relation = "one of"
    conversion: Conversion | None = None

    @property
    def compares_values(self) -> bool:
        """Whether the test may distinguish two constants that it does not contain and that have equal truth values."""
        return self.relation != "one of" or self.conversion is not None

    def outcome(self, arguments: ArgumentsOfRun) -> bool | None:
        """Return the result of the test for the arguments of a call. Return None if it is unknown."""
        argument = arguments.get(self.parameter)
        if argument is not None and self.conversion is not None:
            argument = self.conversion.apply(argument)
        matches = None if argument is None else self._matches(argument)
        return None if matches is None else matches is self.holds

    def _matches(self, argument: Constant) -> bool | None:
        if self.values is None:
            return bool(argument.value)
        if self.relation == "one of":
            return argument in self.values
        outcomes = [_is_related(self.relation, argument.value, each.value) for each in self.values]
        return None if None in outcomes else any(outcomes)


def _is_related(relation: Relation, left: Scalar, right: Scalar) -> bool | None:
    """Return whether a relation holds, or None for values that Python does not compare."""
    match left, right:
        case (str(), str()) | (int() | float(), int() | float()):
            pass
        case _:
            return None
    match relation, left, right:
        case "contains", str(), str():
            return right in left
        case "startswith", str(), str():
            return left.startswith(right)
        case "endswith", str(), str():
            return left.endswith(right)
        case "<", _, _:
            return left < right  # type: ignore[operator]  # both are strings or both are numbers
        case "<=", _, _:
            return left <= right  # type: ignore[operator]
        case ">", _, _:
            return left > right  # type: ignore[operator]
        case ">=", _, _:
            return left >= right  # type: ignore[operator]
        case _:
            return None


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
        case ParameterTest(holds=holds):
            return replace(test, holds=not holds)
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
    """The loop whose iterations each pass one of the values, or None for a single value."""


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
