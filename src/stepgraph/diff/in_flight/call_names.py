"""The names that the arguments of calls decide for the runs of a step in a function."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from stepgraph.diff.tree import KEY, ROOT, Tree, calls_by_name, function_of
from stepgraph.execution.names import NamePattern
from stepgraph.limits import Limit
from stepgraph.model.details import text_of_run
from stepgraph.model.expressions import partial_text

_MAX_NAMES: Final = 2
"""The maximum number of names of the runs of a step in a sentence."""
_MAX_CHAINS: Final = 200
"""The maximum number of chains of calls that lead to a step."""

_Chain: TypeAlias = tuple[int, ...]
"""The calls that lead from `run` to a step, innermost first."""


class CallNames:
    """The names of the runs of steps, by the calls that lead to them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._calls = calls_by_name(tree)
        self._names: dict[int, Sequence[tuple[_Chain, str]] | None] = {}
        """The names of the runs of each step, or None for too many chains of calls."""

    def may_be_equal(self, number: int, step: int, other: int, allowed: Container[int]) -> bool:
        """Return whether a run of `step` in an element may share its name with one of `other` by allowed calls."""
        runs, others = self._runs_of(step), self._runs_of(other)
        if not runs or not others:
            return True
        subtree = self._tree.subtree(number)
        inside = {name for chain, name in runs if step in subtree or any(call in subtree for call in chain)}
        outside = {name for chain, name in others if all(call in allowed and call not in subtree for call in chain)}
        return any(_may_be_equal(name, following) for name in inside for following in outside)

    def quoted(self, step: int) -> str:
        """Return the names of the runs of a step in quotes, `'a' or 'b'`, or that of the step for more names."""
        names = dict.fromkeys(name for _, name in self._runs_of(step) or ())
        shown = [*names] if 0 < len(names) <= _MAX_NAMES else [self._tree[step].name]
        return " or ".join(f"'{name}'" for name in shown)

    def _runs_of(self, step: int) -> Sequence[tuple[_Chain, str]] | None:
        if step not in self._names:
            chains: list[_Chain] = []
            for chain in self._chains(step):
                self._tree.budget.spend(Limit.VISITS)
                chains.append(chain)
                if len(chains) > _MAX_CHAINS:
                    break
            is_known = len(chains) <= _MAX_CHAINS
            self._names[step] = [(chain, self._name(step, chain)) for chain in chains] if is_known else None
        return self._names[step]

    def _chains(self, step: int) -> Iterator[_Chain]:
        """Yield the calls that lead to a step, in source order. A recursive call repeats the calls around it."""
        pending: list[tuple[int, _Chain]] = [(step, ())]
        while pending:
            number, chain = pending.pop()
            function = function_of(self._tree, number)
            if function == ROOT:
                yield chain
                continue
            calls = self._calls.get(self._tree[function].text(KEY), ())
            pending += ((call, (*chain, call)) for call in reversed(calls) if call not in chain)

    def _name(self, step: int, chain: _Chain) -> str:
        """Return the name of a run, with the expressions that only the run decides in braces."""
        passed: Iterator[Mapping[str, str]] = (dict(self._tree.passed.get(call, ())) for call in chain)
        text, name = self._tree.parametric_names.get(step, ""), self._tree[step].name
        return (partial_text(text_of_run(text, passed), name) if text else None) or name


def _may_be_equal(name: str, other: str) -> bool:
    patterns = NamePattern.of(name), NamePattern.of(other)
    if patterns[0].is_literal:
        return patterns[1].matches(name)
    return not patterns[1].is_literal or patterns[0].matches(other)
