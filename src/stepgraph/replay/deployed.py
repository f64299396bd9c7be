"""The run of an instance under the deployed code, and the steps of the new code that correspond to its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.step_functions import has_other_code
from stepgraph.execution.engine_rules import result_key
from stepgraph.execution.parts import Site
from stepgraph.model.details import ComparableDetails, ComputedTexts, Part
from stepgraph.model.payload import Step
from stepgraph.phrases import is_same_duration
from stepgraph.replay.answers import as_step
from stepgraph.replay.replay import Decision
from stepgraph.replay.run_texts import NewCallNames


class CallCondition(NamedTuple):
    """A condition of a call that the deployed code lacks."""

    clause: str
    """When the call is skipped, such as "`vip` is false"."""
    has_others: bool
    """Whether other calls lead to the same step."""


class DeployedRun(Struct, frozen=True):
    """The steps that an instance has run under the deployed code, as steps of the new code."""

    nodes: tuple[Step | None, ...]
    """The deployed step of each entry, or None if the log does not determine it."""
    sites: tuple[frozenset[int], ...]
    """The numbers of the new steps that may correspond to the step of each entry. Empty if it was removed."""
    removable: frozenset[int]
    """The entries that may be runs of a removed step or of another one."""
    existing: frozenset[int]
    """The numbers of the new steps that correspond to deployed steps, except those released from a condition."""
    released: frozenset[int]
    """The numbers of the new steps that correspond to deployed steps, but are released from a condition."""
    sporadic: frozenset[int]
    """The numbers of the new steps whose deployed runs a branch, loop or exit may have skipped, which was removed."""
    overtaking: frozenset[int]
    """The numbers of the new steps that the instance had not reached and that now precede steps that have run.
    """
    optional: frozenset[int]
    """The numbers of optional new steps: a new condition or loop may skip them, they are in a branch or loop that may
    have run without log entries, or they are released from a condition.
    """
    conditions: Mapping[int, str]
    """The clauses under which new steps are skipped, such as "`vip` is false", for the innermost conditions that the
    deployed code lacks, by the number of the step.
    """
    call_conditions: Mapping[int, CallCondition]
    """The conditions, which the deployed code lacks, of the calls of functions around entries, by entry."""
    excluded: frozenset[int]
    """The numbers of the new steps in branches that the instance does not take."""
    unprotected: frozenset[int]
    """The numbers of the new steps that an `except` block no longer protects."""
    only_failures: bool
    """Whether the log fits the deployed code without an exception of the code between steps. The new code probably
    raises none either.
    """
    rekeyed: frozenset[int]
    """The entries that may be runs of several deployed steps, including a sleep whose duration has changed."""
    is_ambiguous: bool
    """Whether an entry may be a run of several deployed steps, or of one in several calls."""
    decisions: tuple[Decision, ...]
    """The decisions before the last step that may differ under the new code."""
    details: tuple[ComparableDetails, ComparableDetails]
    """The details of the deployed and of the new version."""
    matching: Matching
    """The matched elements of both versions."""
    indistinct: frozenset[int]
    """The numbers of the new steps that may be removed ones with the same name next to them."""
    surplus: frozenset[int]
    """The entries of the last runs of steps that the new version runs less often."""
    same_names: frozenset[int]
    """The entries whose names the calls around them decide, in the same way in both versions."""
    same_durations: frozenset[int]
    """The entries of sleeps whose durations the calls around them decide, in the same way in both versions."""

    new_names: Mapping[int, str]
    """The new log names of entries, if the arguments of calls lead to another name, by entry."""
    call_names: NewCallNames
    """The names to which the calls of functions in the new version lead."""

    def condition_of(self, site: int, entry: int | None) -> CallCondition | None:
        """Return the new condition of a call, or None. `entry` answers the call, if it is not None."""
        if entry is not None and (condition := self.call_conditions.get(entry)) is not None:
            return condition
        clause = self.conditions.get(site)
        return None if clause is None else CallCondition(clause, has_others=False)

    def is_exchanged(self, number: int, site: Site) -> bool:
        """Return whether the step of an entry still exists, and is another one than this new step."""
        return bool(self.sites[number]) and site.number not in self.sites[number]

    def has_same_name(self, number: int, site: Site) -> bool:
        """Return whether a new step and the deployed step of an entry compute their names in the same way."""
        node = self.nodes[number]
        if node is None:
            return False
        if number in self.same_names and site.number in self.sites[number]:
            return True
        old, new = (texts.definition for texts in self._texts(node, site.node))
        return self.matching.is_same_definition(old, new) if old and new else node["name"] == site.node["name"]

    def has_same_duration(self, number: int, site: Site) -> bool:
        """Return whether a new sleep and the deployed sleep of an entry define the same duration."""
        node, new = self.nodes[number], as_step(site)
        if node is None or node["type"] != "step_sleep" or new["type"] != "step_sleep":
            return False
        if number in self.same_durations and site.number in self.sites[number]:
            return True
        before, after = (texts.duration for texts in self._texts(node, site.node))
        if before and after:
            return self.matching.is_same_definition(before, after)
        return is_same_duration(node["duration"], new["duration"])

    def has_other_function(self, number: int, site: Site) -> bool:
        """Return whether a new step and the deployed step of an entry certainly run different functions."""
        return has_other_code(*self._functions(number, site))

    def has_changed_code(self, number: int, site: Site) -> bool:
        """Return whether the code of a new step's function certainly differs from that of the deployed step."""
        (_, *before), (_, *after) = (text.rsplit(" ", 1) for text in self._functions(number, site))
        return bool(before and after) and before != after

    def has_same_function(self, number: int, site: Site) -> bool:
        """Return whether a new step and the deployed step of an entry certainly run the same function."""
        old, new = self._functions(number, site)
        return bool(old) and old == new

    def _functions(self, number: int, site: Site) -> tuple[str, str]:
        """Return the digests of the functions of the deployed step of an entry and of a new step, if they are known."""
        node = self.nodes[number]
        if node is None:
            return "", ""
        old, new = self._texts(node, site.node)
        return old.function, new.function

    def may_be_renamed(self, old: Step, new: Step) -> bool:
        """Return whether an unmatched new step may be a deployed one under another name, as no function tells."""
        if old["type"] != new["type"] or duration_key(old) != duration_key(new):
            return False
        return not all(texts.function for texts in self._texts(old, new))

    def _texts(self, old: Part, new: Part) -> tuple[ComputedTexts, ComputedTexts]:
        """Return the computed texts of a deployed step and of a new one."""
        return self.details[0].texts_of(old), self.details[1].texts_of(new)

    def required(self) -> dict[int, int]:
        """Return the entries that certainly correspond to runs of each new step, as bit sets."""
        required: dict[int, int] = {}
        for number, sites in enumerate(self.sites):
            if len(sites) == 1 and number not in self.removable:
                (site,) = sites
                required[site] = required.get(site, 0) | 1 << number
        return required

    def allowed(self) -> Counter[int]:
        """Return the largest number of runs of each new step that may correspond to runs in the log."""
        return Counter(site for sites in self.sites for site in sites)


class MisfitError(Exception):
    """A log does not fit the deployed code. The text is the reason as a sentence."""


def duration_key(step: Step) -> str:
    """Return the duration in the key of a step's result, or an empty string for other kinds of steps."""
    return result_key(step["type"], step).duration
