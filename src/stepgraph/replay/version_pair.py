"""The deployed and the new version of a workflow, and the runs of instances under both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.branch_matching import match_branches, match_nested_branches
from stepgraph.diff.guards import ComparedGuards
from stepgraph.diff.loop_heads import constant_head, continues, first_items
from stepgraph.diff.match import match_trees
from stepgraph.diff.matching import Matching, match_moved_loops
from stepgraph.diff.renamed_steps import renamed_steps
from stepgraph.diff.step_functions import adjacent_namesakes, match_step_functions
from stepgraph.diff.tree import (
    BLOCK_SLOTS,
    BRANCH,
    FUNCTIONS,
    KEY,
    Tree,
    add_details,
    calls_by_name,
    functions_by_key,
    read_tree,
)
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import Match, Place
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.names import NamePattern
from stepgraph.execution.parts import GraphParts, Path, Site
from stepgraph.model.details import NO_DETAILS, ComparableDetails
from stepgraph.model.payload import Graph, Step
from stepgraph.replay.answers import as_step
from stepgraph.replay.decisions import Decisions
from stepgraph.replay.deployed import DeployedRun, MisfitError, duration_key
from stepgraph.replay.exits import RemovedExits, skipped_by_failures
from stepgraph.replay.guards import Contradictions
from stepgraph.replay.handlers import RemovedHandlers
from stepgraph.replay.loop_passes import RunLimits, current_passes, results_of_later_steps
from stepgraph.replay.new_conditions import NewConditions
from stepgraph.replay.passed_part import (
    PassedPart,
    RunChain,
    ancestors,
    keeps_order,
    only_calls_around,
    optional_elements,
)
from stepgraph.replay.recursive_order import OrderChange, RecursiveOrder, order_changes
from stepgraph.replay.replay import Decision
from stepgraph.replay.run_texts import NewCallNames, RunTexts, equate_conditions
from stepgraph.replay.sequenced_members import SequencedMembers, limited_members
from stepgraph.replay.traces import Traces

_MAX_LAST_STEPS: Final = 4
"""The maximum number of possible steps of the last entry that are replayed separately."""

ElementPaths: TypeAlias = Mapping[Path, int]
"""The numbers of the elements of a tree, by path."""


class VersionPair(Struct):
    """The deployed and the new version of a workflow, matched as by `stepgraph diff`."""

    matching: Matching
    deployed: GraphParts
    new: GraphParts
    _old_paths: ElementPaths
    _new_paths: Sequence[Path]
    """The paths of the new elements, by number."""
    _new_elements: ElementPaths
    """The numbers of the new elements, by path."""
    _new_sites: Mapping[int, int]
    """The numbers of the new steps, by the numbers of their elements."""
    _traces: tuple[Traces, Traces]
    """The elements of the deployed and of the new version that leave a trace in the log."""
    _old_calls: Mapping[str, Sequence[int]]
    """The calls in the deployed version, by the name of the called function."""
    _new_calls: Mapping[str, Sequence[int]]
    """The calls in the new version, by the name of the called function."""
    _guards: ComparedGuards
    """The conditions under which the steps of both versions run."""
    _new_functions: Mapping[str, int]
    """The numbers of the functions in the new version, by name."""
    _details: tuple[ComparableDetails, ComparableDetails]
    """The details of the deployed and of the new version."""
    _elements: Sequence[int]
    """The elements of the new steps, by the number of the step."""
    _run_limits: RunLimits
    """The largest number of runs of each new step."""
    _optional: frozenset[int]
    """The new elements that an instance may have passed, as in `optional_elements`."""
    _keeps_order: bool
    """Whether both versions run their common steps in the same order."""
    _texts: RunTexts
    """The names and durations of the runs of steps in functions."""
    _order_changes: Sequence[OrderChange]
    """The steps and calls that have changed places with recursive calls."""

    @classmethod
    def of(
        cls,
        old: Graph,
        old_program: GraphParts,
        new: Graph,
        new_program: GraphParts,
        details: tuple[ComparableDetails, ComparableDetails] = (NO_DETAILS, NO_DETAILS),
    ) -> VersionPair:
        """Match two versions. `details` are those of the old and the new one.

        Raises LimitExceededError for versions that are too large.
        """
        old_tree, new_tree = read_tree(old["workflow"]), read_tree(new["workflow"])
        add_details(old_tree, old["workflow"], details[0])
        add_details(new_tree, new["workflow"], details[1])
        matching = _matching_of(old_tree, new_tree, has_code=all(each is not NO_DETAILS for each in details))
        old_calls, new_calls = calls_by_name(old_tree), calls_by_name(new_tree)
        equate_conditions(matching, old_calls)
        old_paths, new_paths = _paths_of(old_tree), _paths_of(new_tree)
        elements = [new_paths[site.path] for site in new_program.sites]
        new_functions = functions_by_key(new_tree)
        return cls(
            matching=matching,
            deployed=old_program,
            new=new_program,
            _old_paths=old_paths,
            _new_paths=list(new_paths),
            _new_elements=new_paths,
            _new_sites={element: number for number, element in enumerate(elements)},
            _traces=(Traces(old_tree), Traces(new_tree)),
            _old_calls=old_calls,
            _new_calls=new_calls,
            _guards=ComparedGuards(matching, old_calls, new_calls),
            _new_functions=new_functions,
            _details=details,
            _elements=elements,
            _run_limits=RunLimits(new_tree, new_calls),
            _optional=optional_elements(matching, new_functions),
            _keeps_order=keeps_order(matching),
            _texts=RunTexts(matching),
            _order_changes=order_changes(matching, old_calls),
        )

    def runs_of(self, log: InstanceLog, budget: LogBudget) -> tuple[DeployedRun, list[DeployedRun]]:
        """Return the run of an instance, and if its last entry may be several steps, a run for each of these.

        Raises MisfitError if the log does not fit the deployed code. `budget` is that of all logs. Too many steps have
        no runs of their own.
        """
        match = match_log(self.deployed, log, budget, only_failures=True)
        only_failures = not match.unknown and match.misfit is None
        if not only_failures:
            match = match_log(self.deployed, log, budget)
        if match.unknown or match.misfit is not None:
            raise MisfitError(_misfit_text(log, match))
        match = replace(match, places=tuple(map(self._with_name, match.places, log.entries)))
        *before, last = match.places or ((),)
        paths = dict.fromkeys(place.path for place in last)
        runs: list[DeployedRun] = []
        for path in paths if 1 < len(paths) <= _MAX_LAST_STEPS else ():
            places = (*before, tuple(place for place in last if place.path == path))
            runs.append(self._run(log, places, only_failures=only_failures))
        return self._run(log, match.places, only_failures=only_failures), runs

    def _new_names(self, entries: Sequence[LogEntry], runs: Sequence[Sequence[RunChain]]) -> dict[int, str]:
        """Return the new log names of entries whose calls lead to a name that no entry has, by entry."""
        used = {(entry.kind, entry.name) for entry in entries}
        is_used = cache(
            lambda kind, name: any(kind == each and NamePattern.of(name).matches(other) for each, other in used)
        )
        names: dict[int, str] = {}
        for number, (entry, chains) in enumerate(zip(entries, runs, strict=True)):
            new = {self._texts.new_name(chain, entry.name) for chain in chains}
            name = next(iter(new)) if len(new) == 1 else None
            if name is not None and not is_used(entry.kind, name):
                names[number] = f"{name}-{entry.count}"
        return names

    def _with_name(self, places: Sequence[Place], entry: LogEntry) -> tuple[Place, ...]:
        """Return the places of an entry at which the arguments of calls lead to its name."""
        named = (place for place in places if len(places) > 1 and self._texts.may_be(self._chain(place), entry.name))
        return tuple(named) or tuple(places)

    def _changed_decisions(
        self, decisions: Decisions, log: InstanceLog, chains: Sequence[Sequence[RunChain]]
    ) -> list[Decision]:
        """Return the changes that lead an instance elsewhere."""
        changed = [*decisions.changed(), *SequencedMembers(self.matching, log.entries, chains).decisions()]
        changed += limited_members(self.matching, decisions.old, chains)
        pending = [each for each, entry in zip(chains, log.entries, strict=True) if entry.outcome == "open"]
        changed += RecursiveOrder.of(
            self.matching, self._order_changes, decisions.old, [*pending, *chains[-1:]]
        ).decisions()
        return [*changed, *results_of_later_steps(self.matching, decisions.new, changed)]

    def _run(self, log: InstanceLog, places: Sequence[Sequence[Place]], *, only_failures: bool) -> DeployedRun:
        """Return the run of an instance with the possible places of its entries."""
        by_path = {site.path: site for site in self.deployed.sites}
        steps = [[by_path[place.path] for place in each] for each in places]
        nodes = tuple(_only_step(each) for each in steps)
        chains = [[self._chain(place) for place in each] for each in places]
        may_have_raised = not only_failures or any(entry.outcome == "failed" for entry in log.entries)
        decisions = self._decisions(log.entries, chains, may_have_raised=may_have_raised)
        changed = self._changed_decisions(decisions, log, chains)
        counterparts = self._counterparts_of_runs(chains, cache(decisions.contradictions.skips))
        surplus = frozenset(self._surplus(counterparts))
        counterparts = [[None] if number in surplus else each for number, each in enumerate(counterparts)]
        released = self._steps_where(decisions.is_released)
        overtaking = self._steps_where(decisions.has_overtaken)
        untraced = self._steps_where(lambda each: each in self._optional or decisions.may_run_untraced(each))
        conditions = NewConditions(self.matching, self._new_calls)
        return DeployedRun(
            nodes=nodes,
            sites=tuple(frozenset(site for site in each if site is not None) for each in counterparts),
            removable=frozenset(
                number for number, each in enumerate(counterparts) if None in each and set(each) != {None}
            ),
            existing=frozenset(self._counterparts(self.deployed.sites)) - released,
            released=released,
            sporadic=self._steps_where(decisions.is_sporadic),
            overtaking=overtaking,
            optional=released | overtaking | untraced,
            conditions=conditions.of_steps(self._new_sites),
            call_conditions=conditions.of_calls(chains, counterparts),
            excluded=self._steps_where(decisions.is_excluded),
            unprotected=self._steps_where(frozenset(decisions.handlers.unprotected()).__contains__),
            only_failures=only_failures,
            rekeyed=self._rekeyed_entries(steps, nodes),
            is_ambiguous=any(len({(place.path, place.calls) for place in each}) > 1 for each in places),
            decisions=tuple(map(self._with_path, changed)),
            details=self._details,
            matching=self.matching,
            indistinct=frozenset(self._indistinct()),
            surplus=surplus,
            same_names=_entries_where(chains, self._texts.has_same_name),
            same_durations=_entries_where(chains, self._texts.has_same_duration),
            new_names=self._new_names(log.entries, chains),
            call_names=NewCallNames(self._texts, self._new_elements, chains, cache(decisions.has_overtaken)),
        )

    def _counterparts_of_runs(
        self, runs: Sequence[Sequence[RunChain]], skips: Callable[[int], bool]
    ) -> list[list[int | None]]:
        """Return the new steps that may correspond to each entry, or None for removed and skipped runs.

        `skips` returns whether the new code skips a new element.
        """
        return [
            [None if self._is_skipped(chain, skips) else self._counterpart(chain) for chain in chains]
            for chains in runs
        ]

    def _steps_where(self, test: Callable[[int], bool]) -> frozenset[int]:
        """Return the numbers of the new steps whose elements pass a test."""
        return frozenset(number for element, number in self._new_sites.items() if test(element))

    def _with_path(self, decision: Decision) -> Decision:
        """Return a decision with the path of its node. A branch is not a node."""
        if decision.element is None:
            return decision
        element = self.matching.new[decision.element]
        return replace(decision, path=self._new_paths[element.parent if element.kind == BRANCH else element.number])

    def _surplus(self, counterparts: Sequence[Sequence[int | None]]) -> Iterator[int]:
        """Yield the entries of the last runs of steps that the new version runs less often."""
        remaining: dict[int, int | None] = {}
        for number, sites in enumerate(counterparts):
            site = sites[0]
            if len(set(sites)) > 1 or site is None:
                continue
            if site not in remaining:
                remaining[site] = self._limit_of(site)
            limit = remaining[site]
            if limit is not None:
                remaining[site] = limit - 1
                if limit <= 0:
                    yield number

    def _limit_of(self, site: int) -> int | None:
        """Return how often a new step can run, if the runs up to then are the first ones of the deployed code."""
        element = self._elements[site]
        is_literal = self.new.sites[site].pattern.is_literal
        return self._run_limits.of(element) if is_literal or self._has_first_passes(element) else None

    def _has_first_passes(self, new: int) -> bool:
        """Return whether only one loop is around a new element, and has the first passes of the deployed one."""
        run_elements = [new, *only_calls_around(self.matching.new, self._new_calls, new)]
        outside = [outer for number in run_elements for outer in ancestors(self.matching.new, number)]
        loops = [outer.number for outer in outside if outer.kind == "loop"]
        if len(loops) != 1 or sum(outer.slot == FUNCTIONS for outer in outside) >= len(run_elements):
            return False
        partner = self.matching.to_old[loops[0]]
        if partner is None:
            return False
        return continues(constant_head(self.matching.old, partner), constant_head(self.matching.new, loops[0]))

    def _indistinct(self) -> Iterator[int]:
        """Yield the new steps that may be removed ones, because only their functions would tell them apart."""
        for old in self.matching.unmatched_old():
            for namesake in adjacent_namesakes(self.matching, old):
                new = self.matching.to_new[namesake]
                if new is not None and new in self._new_sites:
                    yield self._new_sites[new]

    def _rekeyed_entries(self, steps: Sequence[Sequence[Site]], nodes: Sequence[Step | None]) -> frozenset[int]:
        """Return the numbers of the entries whose step may now be a sleep with another duration."""
        return frozenset(
            number for number, each in enumerate(steps) if nodes[number] is None and self._has_rekeyed(each)
        )

    def _has_rekeyed(self, sites: Sequence[Site]) -> bool:
        """Return whether a deployed step is now a sleep with another duration."""
        pairs = ((as_step(site), self.new.sites[new]) for site in sites for new in self._counterparts([site]))
        return any(duration_key(old) != duration_key(as_step(new)) for old, new in pairs)

    def _decisions(
        self, entries: Sequence[LogEntry], runs: Sequence[Sequence[RunChain]], *, may_have_raised: bool
    ) -> Decisions:
        """Return the decisions of an instance with the possible runs of deployed steps of its entries."""
        new = [[chain for old in chains if (chain := self._new_chain(old))] for chains in runs]
        old = PassedPart.of(self.matching.old, entries, runs, self._traces[0])
        passed = PassedPart.of(self.matching.new, entries, new, self._traces[1], is_reordered=True)
        failures = [
            [
                chain
                for entry, chains in zip(entries, version, strict=True)
                if entry.outcome == "failed"
                for chain in chains
            ]
            for version in (runs, new)
        ]
        failed = frozenset(each for chain in failures[0] for each in chain)
        return Decisions(
            matching=self.matching,
            old=old,
            new=passed,
            may_have_raised=may_have_raised,
            keeps_order=self._keeps_order,
            passes=tuple(current_passes(self.matching.old, runs)),
            old_calls=self._old_calls,
            new_calls=self._new_calls,
            guards=self._guards,
            removed_exits=RemovedExits.of(self.matching, old, self._old_calls, may_have_raised=may_have_raised),
            handlers=RemovedHandlers(self.matching, old, self._new_functions, failed),
            contradictions=Contradictions(self._guards.both, old, passed),
            unsuccessful=frozenset(
                chain[-1]
                for entry, chains in zip(entries, new, strict=True)
                if entry.outcome != "done"
                for chain in chains
            ),
            skipped_by_failures=(
                skipped_by_failures(old, self._old_calls, sorted({chain[-1] for chain in failures[0]})),
                skipped_by_failures(passed, self._new_calls, sorted({chain[-1] for chain in failures[1]})),
            ),
        )

    def _chain(self, place: Place) -> RunChain:
        return tuple(self._old_paths[path] for path in (*place.calls, place.path))

    def _new_chain(self, chain: RunChain) -> RunChain:
        """Return the counterparts of a deployed step and its calls, or an empty tuple if step or run was removed."""
        numbers = [self.matching.to_new[number] for number in chain]
        is_removed = numbers[-1] is None or self._is_removed_call(chain, numbers[-1])
        return () if is_removed else tuple(number for number in numbers if number is not None)

    def _counterpart(self, chain: RunChain) -> int | None:
        """Return the new step that corresponds to a run of a deployed step, or None if the step or run was removed."""
        element = self.matching.to_new[chain[-1]]
        if element is None or self._is_removed_call(chain, element):
            return None
        return self._new_sites.get(element)

    def _is_skipped(self, chain: RunChain, skips: Callable[[int], bool]) -> bool:
        """Return whether the new code skips a run of a deployed step, or a call around it."""
        return any((new := self.matching.to_new[number]) is not None and skips(new) for number in chain)

    def _is_removed_call(self, chain: RunChain, element: int) -> bool:
        """Return whether a run was in a removed call of a function, which still contains the step."""
        outer = {each.number for each in ancestors(self.matching.new, element)}
        for call in chain[:-1]:
            name = self.matching.new_name(self.matching.old[call].name)
            calls = self._new_calls.get(name, ())
            is_replaced = any(self.matching.to_old[other] is None for other in calls)
            if self.matching.to_new[call] is None and calls and not is_replaced and self._new_functions[name] in outer:
                return True
        return False

    def _counterparts(self, sites: Sequence[Site]) -> Iterator[int]:
        for site in sites:
            element = self.matching.to_new[self._old_paths[site.path]]
            if element is not None and element in self._new_sites:
                yield self._new_sites[element]


def _matching_of(old: Tree, new: Tree, *, has_code: bool) -> Matching:
    """Return the matched elements of two versions, whose code is known or not."""
    matching = match_trees(old, new)
    matching.has_code = has_code
    match_step_functions(matching)
    matching.renamed_steps = renamed_steps(old, new, matching.to_new)
    match_branches(matching)
    match_nested_branches(matching)
    match_moved_loops(matching)
    matching.first_items = first_items(matching)
    return matching


def _only_step(sites: Sequence[Site]) -> Step | None:
    if len({site.path for site in sites}) > 1 or sites[0].kind is None:
        return None
    return as_step(sites[0])


def _entries_where(runs: Sequence[Sequence[RunChain]], test: Callable[[RunChain], bool]) -> frozenset[int]:
    """Return the entries whose possible runs all pass a test."""
    return frozenset(number for number, chains in enumerate(runs) if all(map(test, chains)))


def _misfit_text(log: InstanceLog, match: Match) -> str:
    if match.misfit is None:
        return f"The log cannot be matched with the deployed code: {match.unknown}."
    index = match.misfit.index
    entry = next((entry.log_name for entry in log.entries if entry.index == index), None)
    if match.misfit.ended_early:
        return f"The log does not fit the deployed code: `{entry}` has ended before the steps in it."
    where = "it ends too early" if entry is None else f"`{entry}` comes where the code runs other steps"
    return f"The log does not fit the deployed code: {where}."


def _paths_of(tree: Tree) -> dict[Path, int]:
    """Return the numbers of the elements, by their paths as in `model.walk.paths_of`."""
    paths: list[Path] = [""]
    for element in tree.elements[1:]:
        above = f"{paths[element.parent]}." if paths[element.parent] else ""
        if element.slot in BLOCK_SLOTS:
            paths.append(f"{above}{element.slot}")
        elif element.slot == FUNCTIONS:
            paths.append(f'{above}{FUNCTIONS}["{element.text(KEY)}"]')
        else:
            paths.append(f"{above}{element.slot}[{element.index}]")
    return {path: number for number, path in enumerate(paths)}
