"""The comparison of two versions of a workflow: the changes, their titles and their impact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.diff.branch_conditions import has_conditions
from stepgraph.diff.branch_matching import match_branches
from stepgraph.diff.caught_raises import has_handlers
from stepgraph.diff.changes import Action, EditGroup, group_edits
from stepgraph.diff.computed_texts import has_computed_texts
from stepgraph.diff.in_flight.effects import SAFE, Impact, breaking
from stepgraph.diff.in_flight.impact import ImpactAnalysis
from stepgraph.diff.in_flight.kept_runs import KeptRuns
from stepgraph.diff.loop_heads import first_items, has_loops
from stepgraph.diff.match import match_trees
from stepgraph.diff.matching import Matching
from stepgraph.diff.renamed_steps import renamed_steps
from stepgraph.diff.script import Edit, apply_edits, edit_script
from stepgraph.diff.sequences import common_sequence
from stepgraph.diff.sides import Sides, sides_of
from stepgraph.diff.step_functions import has_equal_names, match_step_functions
from stepgraph.diff.step_types import WAITS
from stepgraph.diff.titles import title_of
from stepgraph.diff.tree import add_details, read_tree
from stepgraph.diff.uncaught_raises import has_exits
from stepgraph.escaping.plain_text import visible
from stepgraph.execution.engine_rules import Effect, InFlight
from stepgraph.limits import MAXIMUM, VISIT_SHARES, Budget, Limit, LimitExceededError
from stepgraph.model.details import NO_DETAILS, ComparableDetails
from stepgraph.model.payload import Workflow

_NOT_COMPARED: Final = breaking("assumed, because the changes are unknown")
DetailsLookup: TypeAlias = Callable[[], tuple[ComparableDetails, ComparableDetails]]
"""Returns the details of the old and the new version of a workflow."""

_NO_LOOKUPS: Final[Mapping[str, DetailsLookup]] = {}


def _without_details() -> tuple[ComparableDetails, ComparableDetails]:
    return NO_DETAILS, NO_DETAILS


_SIGNS: Final = {Action.ADDED: "+", Action.REMOVED: "-"}


class StructuralChange(Struct, frozen=True):
    """A change in terms of the program, such as a renamed step."""

    group: EditGroup
    """The elements and edits of the change."""
    title: str
    """One sentence that describes the change."""
    impact: Impact
    """Effect on instances in flight."""

    @property
    def action(self) -> Action:
        """The kind of change."""
        return self.group.action

    @property
    def sign(self) -> str:
        """`+` for additions, `-` for removals, `~` for all other changes."""
        return _SIGNS.get(self.action, "~")

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of the change."""
        return self.group.edits

    @property
    def line(self) -> str:
        """The change on one line: `~ step 'a' renamed to 'b'  breaking: instances waiting at 'c' run it again ...`.

        Control characters are escaped.
        """
        effect = f"  {self.impact.text}" if self.impact.text else ""
        return visible(f"{self.sign} {self.title}{effect}")


class WorkflowDiff(Struct, frozen=True):
    """The changes of a workflow between two versions.

    A workflow that only one version contains has a single change.
    """

    name: str
    """Name of the workflow, by default the name of its class."""
    old: Workflow | None
    """The old version, or None if the workflow was added."""
    new: Workflow | None
    """The new version, or None if the workflow was removed."""
    changes: tuple[StructuralChange, ...]
    """The changes in program order."""
    invisible: tuple[Edit, ...] = ()
    """Edits that belong to no change: renumbered clocks and reordered functions."""
    matching: Matching | None = None
    """The matched trees, or None if a version is missing or the versions are too large to compare."""

    @property
    def effect(self) -> Effect:
        """The worst effect of a change on instances in flight."""
        return max((change.impact.effect for change in self.changes), default=Effect.SAFE)

    def apply(self) -> Workflow | None:
        """Return the old workflow with all edits applied, which equals the new workflow."""
        if self.matching is None:
            return self.new
        edits = [edit for change in self.changes for edit in change.edits]
        return apply_edits(cast("Workflow", self.old), [*edits, *self.invisible])


def diff_workflows(
    old: Workflow | None,
    new: Workflow | None,
    name: str = "",
    budget: Budget | None = None,
    details: DetailsLookup = _without_details,
    *,
    in_flight: InFlight = "waits",
) -> WorkflowDiff:
    """Compare two versions of a workflow. None stands for a missing version.

    `name` defaults to the name of the class, and `budget` to a new budget with the default limit on visited elements.
    `details` returns the details of both versions: heads of loops, functions of steps, arguments of calls, definitions
    of variables, and `raise` statements. It is called only for workflows with changes, loops, conditions, computed
    texts, or equal names of steps or calls. `in_flight` is where instances are assumed to be. For different versions
    that exceed the budget, the result is a single change that reports the limit.
    """
    either = new if new is not None else old
    name = name or (either["class_name"] if either is not None else "")
    if old is None or new is None:
        return WorkflowDiff(name, old, new, tuple(_whole_workflow(name, old, new)))
    try:
        return _compare(name, old, new, Budget() if budget is None else budget, details, in_flight)
    except LimitExceededError as error:
        if old == new:
            return WorkflowDiff(name, old, new, ())
        title = f"workflow '{name}' changed but is too large to compare in detail: {error.reason}"
        return WorkflowDiff(name, old, new, (StructuralChange(EditGroup(Action.CHANGED), title, _NOT_COMPARED),))


def _compare(
    name: str, old: Workflow, new: Workflow, budget: Budget, details: DetailsLookup, in_flight: InFlight
) -> WorkflowDiff:
    """Compare two versions. Raises LimitExceededError if the visits exceed the budget."""
    matching = match_trees(read_tree(old, budget), read_tree(new, budget))
    edits = edit_script(matching)
    if edits or _has_hidden_changes(matching):
        old_details, new_details = details()
        add_details(matching.old, old, old_details)
        add_details(matching.new, new, new_details)
        matching.has_code = old_details is not NO_DETAILS and new_details is not NO_DETAILS
        matching.first_items = first_items(matching)
        has_other_steps = match_step_functions(matching)
        matching.renamed_steps = renamed_steps(matching.old, matching.new, matching.to_new)
        if match_branches(matching) or has_other_steps:
            edits = edit_script(matching)
    groups, invisible = group_edits(matching, edits)
    sides = sides_of(matching)
    titles = [title_of(group, sides) for group in groups]
    changes = map(StructuralChange, groups, titles, _impacts(groups, sides, in_flight))
    return WorkflowDiff(name, old, new, tuple(changes), invisible, matching)


def _has_hidden_changes(matching: Matching) -> bool:
    """Return whether versions with the same payload may differ in details."""
    has_waits = any(element.kind in WAITS for element in matching.old.elements)
    has_texts = has_waits or has_conditions(matching.old) or has_computed_texts(matching.old)
    has_errors = has_handlers(matching.old) or has_exits(matching.old)
    return has_texts or has_errors or has_loops(matching) or has_equal_names(matching)


def _impacts(groups: Sequence[EditGroup], sides: Sides, in_flight: InFlight) -> list[Impact]:
    """Return the impact of each change. When the budget is exhausted, the remaining changes count as breaking."""
    impacts: list[Impact] = []
    try:
        analysis = ImpactAnalysis(sides, in_flight) if groups else None
        kept_runs = KeptRuns(sides)
        for group in groups:
            impact = SAFE if analysis is None else analysis.of(group)
            is_safe = impact.effect is Effect.SAFE or kept_runs.keep(group)
            impacts.append(SAFE if is_safe else impact)
    except LimitExceededError as error:
        unknown = breaking(f"assumed, because computing it takes {error.reason}")
        impacts += [unknown] * (len(groups) - len(impacts))
    return impacts


def diff_graphs(
    old: Mapping[str, Workflow],
    new: Mapping[str, Workflow],
    details: Mapping[str, DetailsLookup] = _NO_LOOKUPS,
    in_flight: InFlight = "waits",
) -> tuple[WorkflowDiff, ...]:
    """Compare the workflows of two versions of a project, by name. Unchanged workflows are included.

    `details` returns the details of both versions of each workflow.

    The diffs are in the order of the new version, with removed workflows at their old positions. The total budget is
    twice the limit for one workflow, and each workflow may use half of the remainder.
    """
    diffs: list[WorkflowDiff] = []
    available = MAXIMUM[Limit.VISITS] * VISIT_SHARES
    for name in _merge_names(list(old), list(new)):
        share = available // VISIT_SHARES
        budget = Budget()
        budget.maximum[Limit.VISITS] = budget.remaining[Limit.VISITS] = share
        lookup = details.get(name, _without_details)
        diffs.append(diff_workflows(old.get(name), new.get(name), name, budget, lookup, in_flight=in_flight))
        available -= share - max(0, budget.remaining[Limit.VISITS])
    return tuple(diffs)


def _merge_names(old: list[str], new: list[str]) -> list[str]:
    names: list[str] = []
    remaining = frozenset(new)
    anchors = [(-1, -1), *common_sequence(old, new), (len(old), len(new))]
    for (old_from, new_from), (old_to, new_to) in pairwise(anchors):
        names += (name for name in old[old_from + 1 : old_to] if name not in remaining)
        names += new[new_from + 1 : new_to + 1]
    return names


def _whole_workflow(name: str, old: Workflow | None, new: Workflow | None) -> list[StructuralChange]:
    if old is not None:
        impact = breaking("its instances cannot resume")
        return [StructuralChange(EditGroup(Action.REMOVED), f"workflow '{name}' removed", impact)]
    return [] if new is None else [StructuralChange(EditGroup(Action.ADDED), f"workflow '{name}' added", SAFE)]
