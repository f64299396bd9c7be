"""The steps of the new code that could have run between the calls of a run, but did not."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct, field

from stepgraph.bit_sets import bit_set, bits
from stepgraph.execution.matching.beginnings import PassFrame
from stepgraph.execution.matching.terms import NEW
from stepgraph.execution.parts import GraphParts, Path, Site
from stepgraph.replay.costs import Costs, ReplayedCall
from stepgraph.replay.position import Position, Positions


class PassedCalls(Struct, frozen=True):
    """The calls of a run of the new code, with the steps that could have run before them."""

    program: GraphParts
    costs: Costs
    positions: Positions
    calls: Sequence[ReplayedCall]
    before: Sequence[Position]
    """The position before each call, and the last one."""
    next_steps: Sequence[int]
    """A superset of the steps that can begin at each of these positions, as bit sets."""
    count_call: Callable[[], None]
    """Charges the work of a call. Raises TooAmbiguousError at the limit."""
    first_entries: dict[Path, int] = field(default_factory=dict)
    """The entries that began the passes of each loop, as bit sets. Computed for loops with equal passes."""
    entered_handlers: dict[int, frozenset[str]] = field(default_factory=dict)
    """The `except` blocks around the calls at positions, by the index of the position. Computed on demand."""

    def possible_sites(self, next_sites: frozenset[int]) -> frozenset[int]:
        """Return the possibly new steps that could have begun by the last call, but did not.

        `next_sites` are those that can begin after it.
        """
        deployed, answers = self.costs.deployed, self.costs.answers
        if deployed is None:
            # Each step may fail, so `except` blocks count only after a failure in the log.
            has_failed = any(entry.outcome == "failed" for entry in self.costs.entries)
            return frozenset(
                site.number
                for site in self._uncalled(frozenset())
                if not answers.by_site[site.number] and self._could_begin(site, after_failure=has_failed)
            )
        # The deployed code shows which steps are new. A log that determines the steps of its entries also shows which
        # ones run, except in a pass of a loop that later passes may overlap.
        new = self._uncalled((deployed.existing - deployed.overtaking) | deployed.excluded)
        is_determined = not deployed.sites or len(deployed.sites[-1]) <= 1
        new_steps = bit_set(site.number for site in new)
        possible: set[int] = set()
        for site in new:
            if not deployed.is_ambiguous and site.number not in deployed.optional:
                may_be_late = site.number in next_sites
                is_possible = may_be_late and (self._is_left_behind(site) or self._precedes_later_pass(site))
            elif is_determined and site.number in next_sites:
                # Steps of the next pass of a loop may precede calls of earlier passes, too. If the last entry may be a
                # run of another step, the instance may have passed the next steps.
                is_possible = self._precedes_a_call(site, new_steps) or self._precedes_later_pass(site)
            else:
                is_possible = self._could_begin(site) and (not is_determined or self._may_precede_a_call(site))
            if is_possible:
                possible.add(site.number)
        return frozenset(possible)

    def _uncalled(self, excluded: frozenset[int]) -> list[Site]:
        called = excluded.union(call.site.number for call in self.calls)
        return [site for site in self.program.sites if site.number not in called]

    def _before(self, site: Site) -> list[int]:
        """Return the indexes of the positions at which a step may begin."""
        step = 1 << site.number
        return [index for index, steps in enumerate(self.next_steps) if steps & step]

    def _could_begin(self, site: Site, *, after_failure: bool = False) -> bool:
        return any(
            self.positions.can_begin(
                self.before[index], site, after_failure=after_failure, entered=self._entered_handlers(index)
            )
            for index in self._before(site)
        )

    def _entered_handlers(self, index: int) -> frozenset[str]:
        """Return the `except` blocks around the call at a position, whose steps need no further failure."""
        if index == len(self.calls):
            return frozenset()
        if index not in self.entered_handlers:
            self.entered_handlers[index] = self.positions.handlers(self.before[index], self.calls[index].site)
        return self.entered_handlers[index]

    def _precedes_a_call(self, site: Site, new: int) -> bool:
        """Return whether a step can begin before a call that waits for its end, or instead of conditional calls.

        `new` are the steps that may run between the step and the call, as a bit set.
        """
        number = len(self.costs.entries)
        for index in self._before(site):
            position = self.before[index]
            if index == len(self.calls):
                continue
            entered = self._entered_handlers(index)
            if not self._may_follow(position, site, entered):
                continue
            for begun in self.positions.begin(position, site, number, retried=False):
                ended = self._after(begun, new, entered)
                for call in self._with_next(index):
                    self.count_call()
                    # Other members of a group may run the step of the call, too.
                    others = self.positions.frames(begun, call.site, entered)
                    if any(self.positions.frames(each, call.site, entered) - others for each in ended):
                        return True
        return False

    def _after(self, begun: Position, new: int, entered: Container[str]) -> list[Position]:
        """Return the positions after the end of a step that has begun, and after each further new step."""
        number = len(self.costs.entries)
        ended = list(self.positions.end(begun, number, failed=False))
        for position in ended:  # it grows
            following = self.positions.next_steps(position) & new
            new &= ~following
            for site in (self.program.sites[each] for each in bits(following)):
                self.count_call()
                if self._may_follow(position, site, entered):
                    for later in self.positions.begin(position, site, number, retried=False):
                        ended += self.positions.end(later, number, failed=False)
        return ended

    def _with_next(self, index: int) -> Iterator[ReplayedCall]:
        """Yield a call and the next ones, up to the first one that certainly runs there."""
        for at in range(index, len(self.calls)):
            call, following = self.calls[at], self.calls[at + 1] if at + 1 < len(self.calls) else None
            yield call
            is_early = following is not None and (following.entry or 0) < (call.entry or 0)
            if not self._is_conditional(call) and not is_early:
                return

    def _is_conditional(self, call: ReplayedCall) -> bool:
        deployed = self.costs.deployed
        return deployed is not None and deployed.condition_of(call.site.number, call.entry) is not None

    def _may_precede_a_call(self, site: Site) -> bool:
        """Return whether some later call can follow a step, perhaps after others and instead of the next call."""
        number, step, following = len(self.costs.entries), 1 << site.number, 0
        for call, position, steps in reversed(list(zip(self.calls, self.before, self.next_steps, strict=False))):
            following |= 1 << call.site.number
            if not steps & step or not self.positions.can_begin(position, site):
                continue
            self.count_call()
            for begun in self.positions.begin(position, site, number, retried=False):
                if any(each.sites & following for each in self.positions.end(begun, number, failed=False)):
                    return True
        return False

    def _precedes_later_pass(self, site: Site) -> bool:
        """Return whether a step can begin in a pass of a loop before a call that begins a later pass.

        If the first step of the pass had ended by then, the deployed code probably awaits each pass, although the graph
        lets the passes overlap.
        """
        for index in self._before(site) if self.program.has_passes else ():
            passes = self.positions.overlapping_passes(self.before[index], site)
            earlier = [(each.path, self._first_entries(each)) for each in passes]
            if any(self._begins_later_pass(earlier, index, call) for call in self._with_next(index) if earlier):
                return True
        return False

    def _begins_later_pass(self, earlier: Sequence[tuple[Path, int]], index: int, call: ReplayedCall) -> bool:
        """Return whether a call can begin a pass of a loop at a position, after the first step of an earlier pass.

        `earlier` are the loops and first entries of the earlier passes.
        """
        over = 0 if call.entry is None else self.costs.over[call.entry + 1]
        loops = {path for path, entries in earlier if entries & over}
        if not loops:
            return False
        self.count_call()
        begun = self.positions.overlapping_passes(self.before[index], call.site)
        return any(each.began == NEW and each.path in loops for each in begun)

    def _first_entries(self, passed: PassFrame) -> int:
        """Return the entries that may have begun a pass, as a bit set. Equal passes do not show theirs."""
        if passed.began is not None:
            return 0 if passed.began == NEW else 1 << passed.began
        if passed.path not in self.first_entries:
            self.first_entries[passed.path] = bit_set(
                call.entry
                for call, position in zip(self.calls, self.before, strict=False)
                if call.entry is not None
                and any(
                    each.began == NEW and each.path == passed.path
                    for each in self.positions.overlapping_passes(position, call.site)
                )
            )
        return self.first_entries[passed.path]

    def _is_left_behind(self, site: Site) -> bool:
        """Return whether an exit has left a group before a step, although the group awaits the step."""
        if site.node.get("resolves") is None:
            return False
        # The graph of a group does not order an exit after the steps in front of it.
        return bool(self.calls) and self.positions.can_begin_in_background(self.before[-1], site)

    def avoidable(self) -> Iterator[int]:
        """Yield the indexes of the calls that took the place of an entry, although the code could have skipped them."""
        for index, (call, following) in enumerate(pairwise(self.calls)):
            # A failure can leave a `try` before each of its steps.
            if call.replaced is None or not self._may_follow(self.before[index], following.site):
                continue
            number = len(self.costs.entries)
            passed = self.positions.begin(self.before[index], following.site, number, retried=False)
            if any(not position.sites >> call.site.number & 1 for position in passed):
                yield index

    def _may_follow(self, position: Position, site: Site, entered: Container[str] = ()) -> bool:
        """Return whether a step can begin without a failure, perhaps in one of the `except` blocks `entered`."""
        return self.positions.can_begin(position, site, after_failure=False, entered=entered)
