"""The branches of the new code that an instance has taken under the deployed code, so that it skips others."""

from __future__ import annotations

from collections.abc import Container

from msgspec import Struct

from stepgraph.diff.branch_matching import exclude_each_other
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import TreeElement


class TakenBranches(Struct, frozen=True):
    """The branches that one instance has taken, whose conditions are unchanged."""

    matching: Matching
    entered: Container[int]
    """The numbers of the old branches that the instance has certainly taken."""

    def excludes(self, branch: TreeElement) -> bool:
        """Return whether the instance has taken an unchanged branch that is tested before another or excludes it."""
        tree = self.matching.new
        others = tree[branch.parent].children
        later = (each for each in others[branch.index + 1 :] if self._is_taken(each))
        return any(map(self._is_taken, others[: branch.index])) or any(
            exclude_each_other(tree, branch.number, each) for each in later
        )

    def _is_taken(self, branch: int) -> bool:
        """Return whether the instance has taken a new branch that is unchanged."""
        return self.is_unchanged(branch) and self.matching.to_old[branch] in self.entered

    def has_same_conditions(self, branch: TreeElement) -> bool:
        """Return whether a new branch and those before it are the first branches of a deployed choice, unchanged."""
        partner = self.matching.to_old[branch.number]
        if partner is None:
            return False
        if self.matching.has_same_decision(partner, branch.number):
            return True
        old, new = self.matching.old, self.matching.new
        first = new[branch.parent].children[: branch.index + 1]
        partners = tuple(self.matching.to_old[each] for each in first)
        deployed = old[old[partner].parent].children[: branch.index + 1]
        return partners == deployed and all(map(self.is_unchanged, first))

    def is_unchanged(self, branch: int) -> bool:
        """Return whether the condition of a new branch is that of a branch of the same choice."""
        old, new = self.matching.old, self.matching.new
        partner = self.matching.to_old[branch]
        if partner is None:
            return False
        if self.matching.has_other_value(partner, branch):
            return False
        if old[partner].fields != new[branch].fields and not self.matching.has_same_value(partner, branch):
            return False
        choices = old[old[partner].parent], new[new[branch].parent]
        return choices[0].text("discriminant") == choices[1].text("discriminant")
