"""Members of deployed groups that the new code awaits one after the other, or that now wait for a lock or semaphore.

The rest of such a member now runs before the following members, which have already begun.

When an instance resumes, a member that waits for a lock waits for the steps of others, which then run before its
steps that have already begun.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, ROOT, STEPS, Tree, function_of, is_work
from stepgraph.execution.log import LogEntry
from stepgraph.execution.names import NamePattern
from stepgraph.replay.passed_part import PassedPart, RunChain, ancestors
from stepgraph.replay.replay import Decision


class _MemberOrder(Struct, frozen=True):
    """The order of the members of a group that a loop runs, by the values in the names of their steps."""

    positions: Mapping[str, int]
    """The positions of the members in the order in which they began."""
    furthest: int
    """The position of the last member that has begun a step which remains in the new code, or -1."""
    count: int
    """The number of members."""

    def is_followed(self, value: str) -> bool:
        """Return whether steps of later members have begun, or may have, as several members have the same value."""
        if len(self.positions) < self.count:
            return self.furthest >= 0
        return self.positions.get(value, -1) < self.furthest


class SequencedMembers(Struct, frozen=True):
    """Finds the steps of running members that now precede steps of other members."""

    matching: Matching
    entries: Sequence[LogEntry]
    runs: Sequence[Sequence[RunChain]]
    """The possible runs of the deployed steps of each entry."""
    partners: dict[int, int | None] = field(default_factory=dict)
    """The counterpart of the first element with one in each deployed function, by the number of the function."""
    orders: dict[RunChain, _MemberOrder] = field(default_factory=dict)
    """The order of the members that a loop runs, by the calls around their steps."""

    def decisions(self) -> Iterator[Decision]:
        """Yield the next step or call of each member that is not over, if others that now follow it have begun."""
        chains = {chains[0]: number for number, chains in enumerate(self.runs) if len(set(chains)) == 1}
        if not any(map(self._sequenced_members, chains)):
            return
        latest, running, begun = self._latest_elements(), self._first_running(), self._entries_by_run()
        overtaken: set[int] = set()
        for chain, last in chains.items():
            first = running.get(chain)
            for depth in self._sequenced_members(chain):
                overtaken.update(self._unreached(chain, depth, begun))
                remains = self.matching.to_new[chain[-1]] is not None
                has_later_pass = remains and first is not None and last > first and self._is_repeated(chain, depth)
                may_continue = first is not None or self._is_last(chain, depth, latest)
                if has_later_pass or (may_continue and self._is_followed(chain, depth, latest)):
                    overtaken.update(self._next_work(chain[depth + 1 :], is_certain=first is None))
        for each in sorted(overtaken):
            reason = f"`{self.matching.new[each].name}` may run when the instance resumes, before steps that have "
            yield Decision("out_of_order", f"{reason}already run.", each)

    def _first_running(self) -> dict[RunChain, int]:
        """Return the first open entry of each run."""
        running: dict[RunChain, int] = {}
        for number, (entry, chains) in enumerate(zip(self.entries, self.runs, strict=True)):
            if entry.outcome == "open":
                running.setdefault(chains[0], number)
        return running

    def _entries_by_run(self) -> dict[RunChain, list[int]]:
        """Return the entries of each run, in the order of its first entry."""
        begun: dict[RunChain, list[int]] = {}
        for number, chains in enumerate(self.runs):
            begun.setdefault(chains[0], []).append(number)
        return begun

    def _unreached(self, chain: RunChain, depth: int, begun: Mapping[RunChain, Sequence[int]]) -> Iterator[int]:
        """Yield the next step of a member in a loop, if other members follow one that has not begun the step."""
        if not self._is_repeated(chain, depth):
            return
        for step in self._next_work(chain[depth + 1 :], is_certain=True):
            old = self.matching.to_old[step]
            if old is None or self.matching.old[old].kind not in STEPS or self._may_exit(chain, old):
                continue
            function = function_of(self.matching.old, old)
            depth_of_function = next(
                (index for index, each in enumerate(chain) if self._function_of(each) == function), depth
            )
            lacking = Counter(self._value(each) for each in begun[chain] if self.entries[each].outcome != "failed")
            lacking.subtract(self._value(each) for each in begun.get((*chain[:depth_of_function], old), ()))
            order = self._order_of(chain[: depth + 1], begun)
            if any(order.is_followed(value) for value in +lacking):
                yield step

    def _order_of(self, group: RunChain, begun: Mapping[RunChain, Sequence[int]]) -> _MemberOrder:
        if group not in self.orders:
            runs = {chain: numbers for chain, numbers in begun.items() if chain[: len(group)] == group}
            first = [self._value(number) for number in next(iter(runs.values()))]
            positions = {value: number for number, value in enumerate(first)}
            remaining = (numbers for chain, numbers in runs.items() if self.matching.to_new[chain[-1]] is not None)
            reached = (positions.get(self._value(number), len(first)) for numbers in remaining for number in numbers)
            self.orders[group] = _MemberOrder(positions, max(reached, default=-1), len(first))
        return self.orders[group]

    def _function_of(self, number: int) -> int:
        return function_of(self.matching.old, number)

    def _may_exit(self, chain: RunChain, step: int) -> bool:
        """Return whether a member may end between two deployed steps."""
        between = range(self.matching.old[chain[-1]].end, step)
        return any(self.matching.old[number].kind == "break" for number in between)

    def _value(self, entry: int) -> str:
        """Return the text in the only braces of the name of a step, which is that of the item of a pass."""
        match NamePattern.of(self.matching.old[self.runs[entry][0][-1]].name).pieces:
            case (before, after):
                return self.entries[entry].name.removeprefix(before).removesuffix(after)
            case _:
                return ""

    def _sequenced_members(self, chain: RunChain) -> list[int]:
        """Return the positions in a run of the members of groups that the new code awaits in sequence."""
        return [depth for depth in range(len(chain) - 1) if self._is_sequenced(*chain[depth : depth + 2])]

    def _is_sequenced(self, member: int, inner: int) -> bool:
        """Return whether a deployed call is in a group, and its counterpart is in the same function without one.

        The new code may contain the body of the called function, with the element `inner`, in place of the call.
        """
        old, new = self.matching.old, self.matching.new
        partner = self.matching.to_new[member]
        partner = self._partner_in(function_of(old, inner)) if partner is None else partner
        if partner is None or self.matching.to_new[function_of(old, member)] != function_of(new, partner):
            return False
        return _is_in(old, member, "parallel") and not _is_in(new, partner, "parallel")

    def _partner_in(self, function: int) -> int | None:
        """Return the counterpart of the first element of a deployed function that has one."""
        if function not in self.partners:
            inside = self.matching.old.subtree(function)[1:]
            partners = (self.matching.to_new[number] for number in inside)
            self.partners[function] = next((each for each in partners if each is not None), None)
        return self.partners[function]

    def _is_last(self, chain: RunChain, depth: int, latest: Mapping[tuple[RunChain, int], int]) -> bool:
        """Return whether a run is the last one of a member that no loop repeats."""
        tree = self.matching.new
        inside = [(index, self.matching.to_new[chain[index]]) for index in range(depth + 1, len(chain))]
        return not _is_in(self.matching.old, chain[depth], "loop") and all(
            new is not None and latest.get((chain[:index], function_of(tree, new))) == new for index, new in inside
        )

    def _is_repeated(self, chain: RunChain, depth: int) -> bool:
        """Return whether a loop runs a member of a group, and no loop inside of the member runs the step."""
        in_loops = [_is_in(self.matching.old, number, "loop") for number in chain[depth:]]
        return in_loops[0] and not any(in_loops[1:])

    def _latest_elements(self) -> dict[tuple[RunChain, int], int]:
        """Return the last new element that has begun in each function, with the deployed calls that led to it."""
        latest: dict[tuple[RunChain, int], int] = {}
        for chain in {chain for chains in self.runs for chain in chains}:
            for depth, number in enumerate(chain):
                new = self.matching.to_new[number]
                if new is not None:
                    key = chain[:depth], function_of(self.matching.new, new)
                    latest[key] = max(latest.get(key, ROOT), new)
        return latest

    def _is_followed(self, chain: RunChain, depth: int, latest: Mapping[tuple[RunChain, int], int]) -> bool:
        """Return whether elements that now follow a member have begun."""
        tree, new = self.matching.new, self.matching.to_new[chain[depth]]
        if new is None:
            return False
        return latest.get((chain[:depth], function_of(tree, new)), ROOT) >= tree[new].end

    def _next_work(self, chain: RunChain, *, is_certain: bool = False) -> Iterator[int]:
        """Yield the next step or call in the functions around a step, if the new code has any.

        With `is_certain`, those in branches and loops do not count.
        """
        tree = self.matching.new
        for number in reversed(chain):
            new = self.matching.to_new[number]
            if new is None:
                if (following := self._following(number, is_certain=is_certain)) is not None:
                    yield following
                    return
                continue
            enclosing = {outer.number for outer in ancestors(tree, new)}
            for each in range(tree[new].end, tree[self._end_of_member(number, new)].end):
                if tree[each].slot == FUNCTIONS:
                    break
                if is_work(tree[each]) and not _is_alternative(tree, each, enclosing, is_certain=is_certain):
                    yield each
                    return

    def _following(self, removed: int, *, is_certain: bool) -> int | None:
        """Return the counterpart of the next step or call after a removed one in its function, or None."""
        tree = self.matching.old
        enclosing = {outer.number for outer in ancestors(tree, removed)}
        for each in range(tree[removed].end, tree[function_of(tree, removed)].end):
            partner = self.matching.to_new[each]
            if partner is not None and is_work(tree[each]):
                return None if _is_alternative(tree, each, enclosing, is_certain=is_certain) else partner
        return None

    def _end_of_member(self, old: int, new: int) -> int:
        """Return the new function around an element, or the loop whose passes run the deployed function around it."""
        for outer in ancestors(self.matching.new, new):
            partner = self.matching.to_old[outer.number] if outer.kind == "loop" else None
            is_outside = partner is not None and function_of(self.matching.old, partner) != function_of(
                self.matching.old, old
            )
            if outer.slot == FUNCTIONS or is_outside:
                return outer.number
        return ROOT


def _is_in(tree: Tree, number: int, kind: str) -> bool:
    """Return whether an element of a kind is around an element in its function."""
    for outer in ancestors(tree, number):
        if outer.kind == kind:
            return True
        if outer.slot == FUNCTIONS:
            return False
    return False


def _is_alternative(tree: Tree, number: int, enclosing: set[int], *, is_certain: bool) -> bool:
    """Return whether an element does not run after those inside of the `enclosing` elements, except on other paths.

    Such an element is in a handler or in another branch of a choice. With `is_certain`, this includes an element in any
    branch or loop, which may not run.
    """
    for outer in ancestors(tree, number):
        if outer.number in enclosing:
            return False
        if outer.slot == "catch_block" or (outer.kind == BRANCH and outer.parent in enclosing):
            return True
        if is_certain and outer.kind in {BRANCH, "loop"}:
            return True
    return False


def limited_members(matching: Matching, old: PassedPart, runs: Sequence[Sequence[RunChain]]) -> Iterator[Decision]:
    """Yield a step or call that has begun and now waits for a lock or semaphore, in each group with several members.

    `runs` are the possible runs of the deployed steps of each entry.
    """
    tree, new = matching.old, matching.new
    begun: defaultdict[int, list[RunChain]] = defaultdict(list)
    for chains in runs if new.limited else ():
        group = _group_around(tree, chains[0])
        if group is not None and not old.is_over(group):
            begun[group].append(chains[0])
    for group, members in begun.items():
        limited = [each for chain in members if (each := _new_limit(matching, chain)) is not None]
        # Each member runs a step once, unless a loop repeats it.
        if limited and (len(set(members)) < len(members) or _has_several(tree, group, members)):
            name = new[min(limited)].name
            reason = f"`{name}` now waits for a lock or semaphore, so other steps may run before it, although it has"
            yield Decision("out_of_order", f"{reason} already begun.", min(limited))


def _new_limit(matching: Matching, chain: RunChain) -> int | None:
    """Return the new step or call around a run that waits for a lock or semaphore, unless the deployed one does."""
    partners = (matching.to_new[number] for number in chain)
    limited = next((each for each in partners if each in matching.new.limited), None)
    return None if any(number in matching.old.limited for number in chain) else limited


def _group_around(tree: Tree, chain: RunChain) -> int | None:
    """Return the innermost group around a run, or None."""
    enclosing = (outer for number in reversed(chain) for outer in ancestors(tree, number))
    return next((outer.number for outer in enclosing if outer.kind == "parallel"), None)


def _has_several(tree: Tree, group: int, members: Sequence[RunChain]) -> bool:
    """Return whether runs are in different children of a group."""
    inside = tree.subtree(group)
    return len({next(number for number in chain if number in inside) for chain in members}) > 1
