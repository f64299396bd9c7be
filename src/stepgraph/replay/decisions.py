"""The decisions of an instance that may differ under new code: conditions, numbers of passes, and exits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, STEPS
from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.parts import Path
from stepgraph.model.details import Details
from stepgraph.model.payload import Graph
from stepgraph.model.walk import paths_of
from stepgraph.replay.passed_part import PassedPart, ancestors

LoopHeads: TypeAlias = Mapping[Path, str]
"""The heads of loops, such as `for item in items`, by path. Saved graphs have none."""

_COUNTED_HEAD: Final = re.compile(r"for [^\n]+ in range\(([0-9]{1,9})\)")


class Decision(Struct, frozen=True):
    """A decision that may differ under the new code."""

    effect: InstanceEffect
    """The effect on the instance."""
    reason: str
    """One sentence."""


class Decisions(Struct, frozen=True):
    """The decisions of one instance in the deployed and the new version."""

    matching: Matching
    old: PassedPart
    new: PassedPart
    old_heads: Mapping[int, str]
    """The heads of the deployed loops, by the numbers of their elements."""
    new_heads: Mapping[int, str]
    """The heads of the new loops, by the numbers of their elements."""

    def changed(self) -> Iterator[Decision]:
        """Yield the decisions in front of the last step that may differ."""
        for element in self.matching.old.elements:
            partner = self.matching.to_new[element.number]
            if partner is None or not self.old.contains(element.number):
                continue
            if element.kind in {BRANCH, "switch"}:
                yield from self._condition(element.number, partner)
            elif element.kind == "loop":
                yield from self._passes(element.number, partner)
        yield from self._added_exits()

    def is_excluded(self, number: int) -> bool:
        """Return whether an element is in a branch that the instance does not take, as its decision is unchanged.

        In a loop or function, the instance may take another branch in each run.
        """
        tree = self.matching.new
        for element in reversed((tree[number], *ancestors(tree, number))):
            if element.kind == "loop" or element.slot == FUNCTIONS:
                return False
            if element.kind == BRANCH:
                branches = tree[element.parent].children
                earlier = branches[: branches.index(element.number)]
                if any(self._is_taken(branch) for branch in earlier) or self._is_passed_over(element.number):
                    return True
        return False

    def _condition(self, old: int, new: int) -> Iterator[Decision]:
        field = "condition" if self.matching.old[old].kind == BRANCH else "discriminant"
        condition = self.matching.old[old].text(field)
        if condition != self.matching.new[new].text(field):
            reason = f"The condition `{condition}` changed, so the instance may now take another branch."
            yield Decision("unknown", reason)

    def _passes(self, old: int, new: int) -> Iterator[Decision]:
        old_head, new_head = self.old_heads.get(old, ""), self.new_heads.get(new, "")
        if not old_head or not new_head or old_head == new_head:
            return
        if not self.old.has_left(old) or not (_starts(old_head, new_head) or _starts(new_head, old_head)):
            reason = f"The loop `{old_head}` is now `{new_head}`, so its passes may differ from those in the log."
            yield Decision("unknown", reason)
        elif _starts(new_head, old_head):
            reason = f"`{new_head}` has further passes, which run although steps after the loop have already begun."
            yield Decision("out_of_order", reason)

    def _added_exits(self) -> Iterator[Decision]:
        tree = self.matching.new
        for number in self.matching.unmatched_new():
            if tree[number].kind != "break" or not self.new.contains(number) or self.is_excluded(number):
                continue
            condition = next((each.text("condition") for each in ancestors(tree, number) if each.kind == BRANCH), "")
            where = f" if `{condition}`" if condition else ""
            yield Decision("unknown", f"The new code may leave earlier{where}, before steps that have already run.")

    def _is_taken(self, branch: int) -> bool:
        """Return whether the instance has taken a new branch that is unchanged."""
        return self._is_unchanged(branch) and self.matching.to_old[branch] in self.old.entered

    def _is_passed_over(self, branch: int) -> bool:
        """Return whether the instance has passed the choice of an unchanged branch that it has not taken.

        The branch begins with a step, so that the log would show whether it was taken.
        """
        partner = self.matching.to_old[branch]
        if partner is None or not self._is_unchanged(branch):
            return False
        old = self.matching.old
        first = next(iter(old[partner].children), None)
        if first is None or old[first].kind not in STEPS or first in self.old.possible:
            return False
        earlier = self.matching.new[self.matching.new[branch].parent].children
        return self.old.has_left(old[partner].parent) and all(map(self._is_unchanged, earlier[: earlier.index(branch)]))

    def _is_unchanged(self, branch: int) -> bool:
        """Return whether the condition of a new branch is that of a branch of the same choice."""
        old, new = self.matching.old, self.matching.new
        partner = self.matching.to_old[branch]
        if partner is None or old[partner].fields != new[branch].fields:
            return False
        choices = old[old[partner].parent], new[new[branch].parent]
        return choices[0].text("discriminant") == choices[1].text("discriminant")


def loop_heads(graph: Graph, details: Details) -> LoopHeads:
    """Return the heads of the loops of a graph."""
    return {path: details.source(node) for path, node in paths_of(graph["workflow"]) if node["type"] == "loop"}


def _starts(longer: str, shorter: str) -> bool:
    """Return whether the passes of one loop start with all passes of another: more numbers, or a longer list."""
    counts = _COUNTED_HEAD.fullmatch(longer), _COUNTED_HEAD.fullmatch(shorter)
    if counts[0] is not None and counts[1] is not None:
        return int(counts[0][1]) > int(counts[1][1])
    return shorter.endswith("]") and "*" not in longer and longer.startswith(f"{shorter[:-1]}, ")
