"""The branches of a function that a call with constant arguments can take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import Call, Choice, operations_in
from stepgraph.ir.parameter_tests import possible_runs

BranchRuns: TypeAlias = dict[int, tuple[int | None, ...]]
"""For each choice by `id`, the `possible_runs` of its branches and of the path around them."""


class CallBranches(Struct):
    """The branches that calls with constant arguments can take."""

    _tested: dict[int, Sequence[Choice]] = field(default_factory=dict)
    """The choices that test parameters in each function, by `id` of the function."""

    def runs_of(self, call: Call) -> BranchRuns:
        """Return the possible runs of the branches that a call decides."""
        if not call.constants:
            return {}
        function = call.function
        tested = self._tested.get(id(function))
        if tested is None:
            operations = operations_in(function.body)
            tested = self._tested[id(function)] = [
                each for each in operations if isinstance(each, Choice) and each.tests
            ]
        return {id(choice): self._runs(choice, call) for choice in tested}

    def _runs(self, choice: Choice, call: Call) -> tuple[int | None, ...]:
        branches = range(len(choice.branches) + 1)
        return tuple(possible_runs(choice.tests, index, call.constants) for index in branches)
