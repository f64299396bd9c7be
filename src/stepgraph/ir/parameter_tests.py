"""Tests of parameters that decide the branches of a function, and the constant arguments of its calls.

The graph shows a function once for all its calls, with all branches. Rules ask which branches a call can take.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.ir.values import Constant
from stepgraph.syntax.module import SourcePlace

# Maximum number of combinations of arguments for which a branch is decided.
_MAX_COMBINATIONS: Final = 100


class ParameterTest(Struct, frozen=True):
    """A comparison of a parameter with constants, such as `kind == "pick"` or `kind not in ("pick", "pack")`."""

    parameter: SourcePlace
    values: tuple[Constant, ...] | None
    """The constants, or None for the truth value of the parameter."""
    holds: bool
    """Whether the test is true for these values, or false for them."""

    def outcome(self, argument: Constant) -> bool:
        """Return the result of the test for an argument."""
        matches = bool(argument.value) if self.values is None else argument in self.values
        return matches is self.holds


class BranchTest(Struct, frozen=True):
    """The test of a branch: a conjunction of comparisons."""

    comparisons: tuple[ParameterTest, ...] = ()
    is_complete: bool = False
    """Whether the test consists of the comparisons alone."""

    def outcome(self, arguments: Combination) -> bool | None:
        """Return the result of the test for the arguments of a call. Return None if it is unknown."""
        outcomes = [
            comparison.outcome(arguments[comparison.parameter]) if comparison.parameter in arguments else None
            for comparison in self.comparisons
        ]
        if False in outcomes:
            return False
        return True if self.is_complete and None not in outcomes else None


class ConstantArgument(Struct, frozen=True):
    """The constants that a call passes for a parameter: one, or a different one in each iteration of a loop."""

    parameter: SourcePlace
    values: tuple[Constant, ...]
    place: SourcePlace | None
    """The location of the argument, or None for the default of the parameter."""


Combination: TypeAlias = dict[SourcePlace, Constant]
"""The argument of each parameter in one run of a call."""


def possible_runs(tests: Sequence[BranchTest], index: int, arguments: Sequence[ConstantArgument]) -> int | None:
    """Return in how many of the runs of a call a branch can be taken. Return None if it can be in all.

    The index after the last branch means the path around them all.
    """
    several = [argument for argument in arguments if len(argument.values) > 1]
    if not arguments or len(several) > 1 or any(len(argument.values) > _MAX_COMBINATIONS for argument in several):
        return None
    runs = [
        dict(zip((argument.parameter for argument in arguments), values, strict=True))
        for values in product(*(argument.values for argument in arguments))
    ]
    possible = sum(1 for run in runs if _is_possible(tests, index, run))
    return None if possible == len(runs) else possible


def _is_possible(tests: Sequence[BranchTest], index: int, run: Combination) -> bool:
    if any(test.outcome(run) is True for test in tests[:index]):
        return False
    return index >= len(tests) or tests[index].outcome(run) is not False
