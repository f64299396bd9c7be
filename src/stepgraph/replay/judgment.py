"""The effect of new code on an instance, derived from the run of the new code that explains its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.execution.engine_rules import BEST_TO_WORST, InstanceEffect, result_key
from stepgraph.execution.log import LogEntry
from stepgraph.execution.parts import GraphParts, Site
from stepgraph.model.payload import Step
from stepgraph.phrases import enumeration
from stepgraph.replay.alignment import Alignment
from stepgraph.replay.answers import as_step, event_type, has_common_word, is_computed_sleep, is_raised, took_longer
from stepgraph.replay.costs import ReplayedCall, log_names
from stepgraph.replay.deployed import CallCondition, DeployedRun
from stepgraph.replay.doubts import Doubts, Reason
from stepgraph.replay.replay import Replay
from stepgraph.replay.wording import (
    changed_duration,
    changed_name,
    long_sleep,
    misuse,
    new_name_reason,
    other_arguments,
    other_pass,
    removed_namesake,
    removed_or_renamed,
    replacement,
    rerun_reason,
    skipped_error,
    uncaught_error,
    unreached,
)


class Judgment(Struct):
    """The judgment of an alignment."""

    program: GraphParts
    is_complete: bool
    """Whether the graph of the new code is complete."""
    entries: Sequence[LogEntry]
    alignment: Alignment
    deployed: DeployedRun | None
    nodes: Sequence[Step | None]
    must_wake: bool
    """Whether a development server must restart to load the new code, after which sleeps do not end by themselves."""
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reruns: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    taken_up: list[str] = field(default_factory=list)
    restarted_waits: list[str] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)
    """The numbers of the steps that run for a reason that has been added."""
    answered: int = 0
    """The entries that answer a call, as a bit set."""
    required: Mapping[int, int] = field(default_factory=dict)
    """The entries that certainly correspond to runs of each step under the deployed code, as bit sets."""

    def __post_init__(self) -> None:
        if self.deployed is not None:
            self.required = self.deployed.required()

    def judge(self) -> Replay:
        """Return the effect with its reasons."""
        if self._is_foreign():
            return Replay("unknown", ("The new code has no step of the log, so the log may be from another workflow.",))
        self._judge_calls()
        self._judge_computed()
        if self.alignment.failing is not None:
            self._judge_failure(self.alignment.failing)
        self._judge_restart()
        self._judge_shift()
        self._judge_next()
        self._judge_conditions()
        self._note_changed_code()
        self._note_order()
        self._judge_other_passes()
        self._judge_misdirected()
        self._judge_passed()
        orphans = self._orphans()
        doubts = Doubts(
            program=self.program,
            entries=self.entries,
            alignment=self.alignment,
            deployed=self.deployed,
            nodes=self.nodes,
            orphans=orphans,
            answered=self.answered,
            required=self.required,
        )
        self.reasons += doubts.find({each.path for each in self.reasons if each.effect == "out_of_order"})
        self._judge_misnamed()
        self._note_decisions()
        if orphans and not self.is_complete:
            self._add("unknown", f"The graph of the new code is incomplete, so it may call `{orphans[0]}`.")
        self._note_open_orphans(orphans)
        return self._replay(orphans)

    def _replay(self, orphans: tuple[str, ...]) -> Replay:
        reasons = sorted(self.reasons, key=lambda each: BEST_TO_WORST.index(each.effect), reverse=True)
        return Replay(
            effect=reasons[0].effect if reasons else "resumes",
            reasons=tuple(dict.fromkeys(each.text for each in reasons)),
            notes=tuple(dict.fromkeys(self.notes)),
            at=reasons[0].path if reasons else None,
            reruns=tuple(dict.fromkeys(self.reruns)),
            added=tuple(dict.fromkeys(self.added)),
            reused=tuple(self.reused),
            taken_up=tuple(self.taken_up),
            restarted_waits=tuple(dict.fromkeys(self.restarted_waits)),
            orphans=orphans,
        )

    def _judge_calls(self) -> None:
        names = log_names(self.alignment.calls, self.entries)
        for number, (call, name) in enumerate(zip(self.alignment.calls, names, strict=True)):
            if call.entry is not None:
                self._judge_answer(call, call.entry)
            else:
                self._judge_run(number, call, name)

    def _judge_restart(self) -> None:
        """Find an instance that only sleeps on a development server, which wakes it only for an event."""
        still_open = [number for number, entry in enumerate(self.entries) if entry.outcome == "open"]
        if not self.must_wake or not still_open or any(self.entries[each].kind != "sleep" for each in still_open):
            return
        last = still_open[-1]
        name = self.entries[last].log_name
        reason = f"`{name}` does not end by itself after a restart of `wrangler dev`: any event wakes the instance."
        self._add("stuck", reason, next((call.site for call in self.alignment.calls if call.entry == last), None))

    def _is_foreign(self) -> bool:
        """Return whether the new code calls none of the entries. It may have renamed a single one."""
        calls = self.alignment.calls
        is_related = any(call.entry is not None for call in calls) or (
            len(self.entries) == 1 and any(call.replaced is not None for call in calls)
        )
        return self.deployed is None and bool(self.entries) and not is_related

    def _add(self, effect: InstanceEffect, reason: str, site: Site | None = None) -> None:
        self.reasons.append(Reason(effect, reason, None if site is None else site.path))

    def _add_run(self, effect: InstanceEffect, call: ReplayedCall, reason: str) -> None:
        """Add the effect of a call that runs, with a reason for the first run of its step."""
        if call.site.number not in self.explained:
            self._add(effect, reason, call.site)
            self.explained.add(call.site.number)

    # Calls that the log answers

    def _judge_answer(self, call: ReplayedCall, number: int) -> None:
        entry, node = self.entries[number], self.nodes[number]
        self.answered |= 1 << number
        if entry.outcome == "open":
            self.taken_up.append(entry.log_name)
            self._judge_wait(call.site, entry, node)
        elif entry.outcome == "failed":
            self.reused.append(entry.log_name)
            if entry.kind == "step" and call is not self.alignment.failing:
                self.notes.append(
                    f"The stored error of `{entry.log_name}` is raised again; new code of the step does not run."
                )
        elif not is_raised(call.site, entry):
            self.reused.append(entry.log_name)
        if self._is_of_other_step(call.site, number):
            self._add("unknown", misuse(call.site, entry, "gets"), call.site)
        elif self.deployed is not None and self.deployed.is_exchanged(number, call.site):
            self.notes.append(f"The stored result of `{entry.log_name}` now goes to another step.")
        if self.deployed is not None and call.site.number in self.deployed.excluded:
            self._add("unknown", unreached(call.site), call.site)
        if self.deployed is not None and call.site.number in self.deployed.indistinct:
            self._add("unknown", removed_namesake(entry), call.site)

    def _judge_computed(self) -> None:
        """Find the entries that steps may not find, because a name or duration has unknown parts that may differ."""
        names: dict[str, tuple[Site, list[LogEntry]]] = {}
        durations: dict[Site, list[LogEntry]] = {}
        for call in self.alignment.calls:
            if call.entry is None:
                continue
            entry, node = self.entries[call.entry], self.nodes[call.entry]
            new_name = None if self.deployed is None else self.deployed.new_names.get(call.entry)
            if new_name is not None:
                self._judge_new_name(call, entry, new_name)
            elif node is not None and self._may_have_other_name(call.site, call.entry):
                names.setdefault(call.site.node["name"], (call.site, []))[1].append(entry)
            if self._may_have_other_duration(call.site, call.entry):
                durations.setdefault(call.site, []).append(entry)
        for site, entries in names.values():
            self._add("unknown", changed_name(site, entries), site)
        for site, entries in durations.items():
            has_deployed = self.deployed is not None
            self._add("unknown", (changed_duration if has_deployed else long_sleep)(site, entries), site)

    def _judge_new_name(self, call: ReplayedCall, entry: LogEntry, name: str) -> None:
        (self.reruns if entry.kind == "step" else self.restarted_waits).append(name)
        self._add_run("reruns", call, new_name_reason(name, entry))

    def _judge_wait(self, site: Site, entry: LogEntry, deployed: Step | None) -> None:
        if site.kind != "wait" or deployed is None:
            return
        old, new = event_type(deployed), event_type(as_step(site))
        if old != new:
            reason = (
                f"`{entry.log_name}` now waits for an event of type `{new}`; one of type `{old}` no longer ends it."
            )
            self._add("stuck", reason, site)

    def _may_have_other_name(self, site: Site, number: int) -> bool:
        """Return whether the name of a step has unknown parts, and the deployed step computes its name differently."""
        return (
            self.deployed is not None and not site.pattern.is_literal and not self.deployed.has_same_name(number, site)
        )

    def _may_have_other_duration(self, site: Site, number: int) -> bool:
        """Return whether a sleep may have had another duration: it took much longer, or the duration is computed."""
        node = self.nodes[number]
        if self.deployed is None or node is None or node["type"] != "step_sleep":
            return took_longer(site, self.entries[number])
        return is_computed_sleep(site, node) and not self.deployed.has_same_duration(number, site)

    def _is_of_other_step(self, site: Site, number: int) -> bool:
        """Return whether an entry that answers a deployed step is certainly a run of another one."""
        if self.deployed is None or self.nodes[number] is None or site.number in self.deployed.sites[number]:
            return False
        if site.number not in self.deployed.existing | self.deployed.released:
            return False
        return not self._is_exchanged_sleep(site.number, number)

    def _is_exchanged_sleep(self, site: int, number: int) -> bool:
        """Return whether a sleep and one that answers it have only changed places: both are over, and neither runs."""
        remains = self.deployed is not None and bool(self.deployed.sites[number])
        runs = [number, *bits(self.required.get(site, 0))] if self.program.sites[site].kind == "sleep" else []
        return remains and len(runs) > 1 and all(self.entries[run].outcome != "open" for run in runs)

    # Calls that run

    def _judge_run(self, number: int, call: ReplayedCall, name: str) -> None:
        site = call.site
        is_wait = site.kind != "step"
        replaced = self._of_other_kind(site) if call.replaced is None else self.entries[call.replaced]
        if is_wait:
            self.restarted_waits.append(name)
        if replaced is not None and site.kind == "wait" and replaced.kind != "wait":
            reason = f"`{name}` now waits for an event, in place of the {replaced.kind} `{replaced.log_name}`."
            self._add("stuck", reason, site)
            return
        if replaced is not None and self._may_be_other(number, is_wait=is_wait):
            self._add("unknown", removed_or_renamed(replaced, name), site)
            return
        # The deployed code shows whether a call is an additional one.
        namesake = self._namesake(site) if call.is_required or self.deployed is None else None
        if replaced is None and namesake is None and not call.is_required:
            self._judge_added(call, name, is_wait=is_wait)
            return
        if not is_wait:
            self.reruns.append(name)
        reason = rerun_reason(site, name, replaced, namesake)
        if replaced is not None and self._may_be_another(call):
            reason = replacement(replaced, name)
        self._add_run("reruns", call, reason)
        if site.kind == "wait" and replaced is not None and call.replaced is not None:
            self._judge_new_wait(site, name, call.replaced)

    def _of_other_kind(self, site: Site) -> LogEntry | None:
        """Return an entry of a removed step that had the name of a new step, and another kind."""
        if self.deployed is None or site.number in self.deployed.existing or not site.pattern.is_literal:
            return None
        for number, entry in enumerate(self.entries):
            is_removed = self.nodes[number] is not None and not self.deployed.sites[number]
            if is_removed and entry.kind != site.kind and site.pattern.matches(entry.name):
                return entry
        return None

    def _judge_new_wait(self, site: Site, name: str, replaced: int) -> None:
        deployed = self.nodes[replaced]
        if self.entries[replaced].outcome == "open" and deployed is not None:
            old, new = event_type(deployed), event_type(as_step(site))
            if old != new:
                self._add(
                    "stuck", f"`{name}` waits for an event of type `{new}`, in place of one of type `{old}`.", site
                )

    def _judge_added(self, call: ReplayedCall, name: str, *, is_wait: bool) -> None:
        later = next((self.entries[each.entry].log_name for each in self._after(call) if each.entry is not None), None)
        if not is_wait:
            self.added.append(name)
        verb = "begins" if is_wait else "runs"
        tail = "" if later is None else f", although `{later}`, which now follows it, has already begun"
        self._add_run("out_of_order", call, f"`{name}` {verb} when the instance resumes{tail}.")

    def _after(self, call: ReplayedCall) -> Sequence[ReplayedCall]:
        calls = self.alignment.calls
        return calls[calls.index(call) + 1 :]

    def _may_be_other(self, number: int, *, is_wait: bool) -> bool:
        """Return whether a call that replaces an entry may also be a call of the deployed code."""
        if self.deployed is not None:
            return False
        is_last = all(each.entry is None for each in self.alignment.calls[number + 1 :])
        return number in self.alignment.avoidable or (is_last and not is_wait)

    def _may_be_another(self, call: ReplayedCall) -> bool:
        """Return whether a step in the place of a removed one may do other work: nothing shows a rename."""
        number, site = call.replaced, call.site
        node = None if number is None else self.nodes[number]
        if self.deployed is None or number is None or node is None or site.kind != "step":
            return False
        if self.entries[number].outcome == "open" or not site.pattern.is_literal:
            return False
        return not has_common_word(site, self.entries[number]) and self.deployed.may_be_renamed(node, as_step(site))

    def _namesake(self, site: Site) -> LogEntry | None:
        """Return an entry that has the key of a step, and whose result goes to another call."""
        if not site.pattern.is_literal:
            return None
        key = result_key(site.node["type"], site.node)
        for call in self.alignment.calls:
            if call.entry is not None and result_key(call.site.node["type"], call.site.node) == key:
                return self.entries[call.entry]
        return None

    # The end of the log

    def _judge_failure(self, call: ReplayedCall) -> None:
        name = self.entries[call.entry].log_name if call.entry is not None else call.site.node["name"]
        self._add("fails", uncaught_error(call.site, name), call.site)

    def _judge_shift(self) -> None:
        """Find steps that run next because an earlier call with their name has taken their stored result."""
        if self.deployed is not None:
            return
        for call in self._early_calls():
            key = result_key(call.site.node["type"], call.site.node)
            for number in sorted(self.alignment.next_sites - {call.site.number}):
                site = self.program.sites[number]
                if site.pattern.is_literal and result_key(site.node["type"], site.node) == key:
                    name = self._next_name(ReplayedCall(site, None))
                    (self.reruns if site.kind == "step" else self.restarted_waits).append(name)
                    self._add("reruns", rerun_reason(site, name, None, self._namesake(site)), site)

    def _judge_next(self) -> None:
        """Find the next steps that take the place of a step of another kind, whose result another step gets."""
        for number in () if self.alignment.fails else sorted(self.alignment.next_sites - self.explained):
            call = ReplayedCall(self.program.sites[number], None)
            if self._of_other_kind(call.site) is not None:
                self._judge_run(len(self.alignment.calls), call, self._next_name(call))

    def _next_name(self, call: ReplayedCall) -> str:
        """Return the name in the log of a call after all others."""
        return log_names((*self.alignment.calls, call), self.entries)[-1]

    def _judge_conditions(self) -> None:
        """Note the calls in the log that the deployed code makes without a condition.

        If another step has the name of such a call, it would get the result.
        """
        names: dict[str, list[str]] = {}
        for call in self.alignment.calls:
            condition = None if self.deployed is None else self.deployed.condition_of(call.site.number, call.entry)
            if condition is not None and call.entry is not None:
                entry = self.entries[call.entry]
                if entry.outcome == "failed":
                    self._add("unknown", skipped_error(entry, condition.clause), call.site)
                names.setdefault(condition.clause, []).append(entry.log_name)
                if (other := self._with_equal_name(call.site, entry, condition)) is not None:
                    self._add("unknown", f"If {condition.clause}, {misuse(other, entry, 'gets')}", other)
        for clause, each in names.items():
            self.notes.append(f"If {clause}, the new code does not call {enumeration(each, most=3)}.")

    def _with_equal_name(self, site: Site, entry: LogEntry, condition: CallCondition) -> Site | None:
        """Return a step that an entry answers if a step is not called: another one, or the same one in other calls."""
        others = (each for each in self.program.sites if condition.has_others or each is not site)
        return next((each for each in others if each.pattern.is_literal and each.matches(entry.kind, entry.name)), None)

    def _note_changed_code(self) -> None:
        """Note the finished steps whose functions have changed: the engine finds their results by name alone."""
        deployed = self.deployed
        names = [
            self.entries[call.entry].log_name
            for call in self.alignment.calls
            if deployed is not None
            and call.entry is not None
            and self.entries[call.entry].outcome == "done"
            and call.site.number in deployed.sites[call.entry]
            and deployed.has_changed_code(call.entry, call.site)
        ]
        if names:
            verb = "keep their stored results" if len(names) > 1 else "keeps its stored result"
            self.notes.append(f"{enumeration(names, most=3)} {verb}, so the changed code of the step does not run.")

    def _note_order(self) -> None:
        """Note the calls that are made later than before: the engine finds their results by name alone."""
        furthest = -1
        for call in self.alignment.calls:
            if call.entry is not None and call.entry < furthest:
                entry = self.entries[call.entry]
                use = "continues" if entry.outcome == "open" else "gets the result stored under its name"
                self.notes.append(f"`{entry.log_name}` is called later than before, and {use}.")
            furthest = max(furthest, -1 if call.entry is None else call.entry)

    def _judge_other_passes(self) -> None:
        """Find steps that an earlier pass has skipped, and that now get the results of a later one there."""
        first = len(self.entries)
        for call in reversed(self.alignment.calls):
            if call.entry is None:
                continue
            is_earlier = call.entry > first
            if is_earlier and self.deployed is not None and call.site.number in self.deployed.sporadic:
                self._add("unknown", other_pass(call.site, self.entries[call.entry]), call.site)
            first = min(first, call.entry)

    def _judge_misdirected(self) -> None:
        """Find results of removed calls that later calls with the same name get."""
        for number, later in () if self.alignment.fails else self.alignment.misdirected.items():
            entry = self.entries[number]
            sites = [self.program.sites[each] for each in bits(later) if not self._is_excluded(each)]
            if not sites:
                continue
            if all(self._is_of_other_step(site, number) for site in sites):
                self._add("unknown", misuse(sites[0], entry, "may get"), sites[0])
                continue
            if self.alignment.covered >> number & 1:
                continue  # Unchanged code shifts the results of nested steps, too.
            computed = next((site for site in sites if self._may_have_other_name(site, number)), None)
            if computed is not None:
                self._add("unknown", changed_name(computed, [entry]), computed)
                continue
            self.notes.append(f"A later call of `{entry.name}` may get the result of `{entry.log_name}` and not run.")

    def _is_excluded(self, site: int) -> bool:
        return self.deployed is not None and site in self.deployed.excluded

    def _early_calls(self) -> Iterator[ReplayedCall]:
        """Yield the calls that an entry answers before all previous entries have answered one."""
        asked = self.alignment.covered
        for call in self.alignment.calls:
            number = call.entry if call.entry is not None else call.replaced
            asked |= 0 if number is None else 1 << number
            if call.entry is not None and ~asked & ((1 << call.entry) - 1) & self.answered:
                yield call

    def _judge_passed(self) -> None:
        """Find new steps that may run before steps that have already run."""
        if self.deployed is None:
            return
        called = {call.site.number for call in self.alignment.calls}
        misusing = {
            number: entry
            for number in sorted(self.deployed.overtaking - self.deployed.excluded - called)
            if (entry := self._namesake(self.program.sites[number])) is not None
        }
        for number, entry in misusing.items():
            self._add("unknown", misuse(self.program.sites[number], entry, "may get"), self.program.sites[number])
        for number in sorted(self.alignment.possible_sites - misusing.keys()):
            site = self.program.sites[number]
            reason = f"`{site.node['name']}` may run when the instance resumes, before steps that have already run."
            # A step that is not optional runs if the instance took the path to it, which the log does not show.
            is_optional = number in self.deployed.optional
            self._add("out_of_order" if is_optional else "unknown", reason, site)

    def _orphans(self) -> tuple[str, ...]:
        """Return the entries that no call reads, except sleeps that begin again under the same name."""
        asked = self.answered | self.alignment.covered
        again = {call.replaced for call in self.alignment.calls if call.replaced is not None and self._is_again(call)}
        raised = set() if self.alignment.failing is None else {self.alignment.failing.entry}
        return tuple(
            entry.log_name
            for number, entry in enumerate(self.entries)
            if not asked >> number & 1 and number not in again | raised
        )

    def _judge_misnamed(self) -> None:
        """Find entries that do not fit the arguments of their calls, if nothing else shows that the calls changed."""
        for call in () if self.reasons else self.alignment.calls:
            if call.entry is not None and call.entry in self.alignment.misnamed:
                self._add("unknown", other_arguments(self.entries[call.entry]), call.site)
                return

    def _note_decisions(self) -> None:
        decisions = () if self.deployed is None else self.deployed.decisions
        self.notes += (each.reason for each in decisions if each.effect == "resumes")

    def _note_open_orphans(self, orphans: Sequence[str]) -> None:
        """Note the entries that have not ended, and that only the removed code would continue."""
        if self.reasons or self.alignment.fails:
            return
        for entry in self.entries:
            if entry.outcome == "open" and entry.log_name in orphans:
                self.notes.append(f"`{entry.log_name}` has not ended, and the new code does not call it.")

    def _is_again(self, call: ReplayedCall) -> bool:
        replaced = self.entries[call.replaced] if call.replaced is not None else None
        return replaced is not None and call.site.matches(replaced.kind, replaced.name)
