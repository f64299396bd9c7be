"""The entries of a log whose place calls of the new code take, such as those of a renamed step."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.execution.parts import Site
from stepgraph.replay.answers import has_common_word
from stepgraph.replay.costs import OTHER_WORDS, REPLACED, REPLACED_BY_OTHER_KIND, CodeRun, Costs


class Replacements(Struct):
    """Looks up the entry that a call replaces. Each pair of a step and an entry is compared once."""

    costs: Costs
    _accepted: dict[int, int] = field(default_factory=dict)
    """The entries whose place each step can take, as bit sets by the number of the step."""
    _rejected: dict[int, int] = field(default_factory=dict)
    """The entries whose place each step cannot take, as bit sets by the number of the step."""
    _counterparts: dict[int, int] | None = None
    """The entries that correspond to a single step, as bit sets by its number, or None before the first use."""

    def of_call(self, run: CodeRun, site: Site, *, required: bool) -> int | None:
        """Return the first unmatched entry that a call replaces, or None if it replaces none.

        A `required` call corresponds to a run under the deployed code.
        """
        deployed = self.costs.deployed
        if required and deployed is not None:
            return next(bits(self._only_counterparts().get(site.number, 0) & ~run.consumed), None)
        if deployed is not None and site.number in deployed.existing:
            return None
        unplaced = self.costs.unplaced_in(run) & ~self.costs.passed(run)
        accepted = self._accepted.get(site.number, 0)
        for number in bits(unplaced & ~self._rejected.get(site.number, 0)):
            if accepted >> number & 1:
                return number
            if self.can_replace(site, number):
                self._accepted[site.number] = accepted | 1 << number
                return number
            self._rejected[site.number] = self._rejected.get(site.number, 0) | 1 << number
        return None

    def cost(self, site: Site, number: int) -> int:
        """Return the cost of a call that takes the place of an entry."""
        entry = self.costs.entries[number]
        if entry.kind != site.kind:
            return REPLACED_BY_OTHER_KIND
        return REPLACED + OTHER_WORDS * (not has_common_word(site, entry))

    def has_same_value(self, site: Site, number: int) -> bool:
        """Return whether both versions compute the name of a step in the same way, so that its entry answers it."""
        deployed, may_answer = self.costs.deployed, bool(self.costs.answers.sites_of[number] >> site.number & 1)
        is_computed = may_answer and not site.pattern.is_literal
        return deployed is not None and is_computed and deployed.has_same_name(number, site)

    def can_replace(self, site: Site, number: int) -> bool:
        """Return whether a call of a step can take the place of an entry."""
        entry, deployed = self.costs.entries[number], self.costs.deployed
        if deployed is not None and site.number in deployed.released and not deployed.has_same_function(number, site):
            return False  # the deployed step is another one, unless they run the same function under exchanged names
        if site.pattern.matches(entry.name):
            return True
        if deployed is not None and deployed.has_other_function(number, site):
            return False
        is_stored = site.pattern.is_literal and bool(self.costs.answers.by_site[site.number])
        return entry.kind == site.kind and not is_stored

    def _only_counterparts(self) -> dict[int, int]:
        if self._counterparts is None:
            self._counterparts = {}
            for number, sites in enumerate(() if self.costs.deployed is None else self.costs.deployed.sites):
                if len(sites) == 1:
                    (site,) = sites
                    self._counterparts[site] = self._counterparts.get(site, 0) | 1 << number
        return self._counterparts
