"""The reasons for an unknown effect: facts that neither the log nor the code shows."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from msgspec import Struct

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import LogEntry
from stepgraph.execution.parts import GraphParts, Path, Site
from stepgraph.model.payload import Step
from stepgraph.replay.alignment import Alignment
from stepgraph.replay.answers import as_step
from stepgraph.replay.deployed import DeployedRun
from stepgraph.replay.position import HANDLER
from stepgraph.replay.wording import (
    removed_handler,
    removed_or_moved,
    removed_or_renamed,
    several_steps,
    unreached,
)


class Reason(Struct, frozen=True):
    """An effect with its reason."""

    effect: InstanceEffect
    text: str
    """One sentence."""
    path: Path | None = None
    """The path of the new node that has the effect, or None if there is none."""


class Doubts(Struct, frozen=True):
    """Finds the facts about an alignment that neither the log nor the code shows."""

    program: GraphParts
    entries: Sequence[LogEntry]
    alignment: Alignment
    deployed: DeployedRun | None
    nodes: Sequence[Step | None]
    """The deployed step of each entry, or None if it is unknown."""
    orphans: Sequence[str]
    """The entries that no call of the new code reads."""
    answered: int
    """The entries that answer a call, as a bit set."""
    required: Mapping[int, int]
    """The entries that certainly correspond to runs of each step under the deployed code, as bit sets."""

    def find(self, running: Container[Path | None]) -> Iterator[Reason]:
        """Yield the reasons for an unknown effect, and the decisions that may differ.

        The steps with the paths `running` certainly run, so that a decision by which they may run adds nothing.
        """
        for decision in () if self.deployed is None else self.deployed.decisions:
            is_known = decision.effect == "out_of_order" and decision.path is not None and decision.path in running
            if decision.effect != "resumes" and not is_known:
                yield Reason(decision.effect, decision.reason, decision.path)
        yield from self._removed()
        yield from self._moved()
        yield from self._removed_errors()
        yield from self._ambiguous()
        abandoned = self._abandoned()
        if len(abandoned) > 1:
            names = f"`{abandoned[0]}` to `{abandoned[-1]}`"
            reason = f"The new code does not call the last {len(abandoned)} entries, {names}."
            yield _unknown(f"{reason} Name the deployed version with --from.")
        yield from self._missing()

    def _missing(self) -> Iterator[Reason]:
        """Yield the steps that have run, and that the run of the new code does not call."""
        for number in () if self.alignment.fails else sorted(self.alignment.missing):
            site = self.program.sites[number]
            if not self.required.get(number, 0) & ~self.answered:
                # Another call gets each result, such as that of an unrolled loop.
                continue
            if (HANDLER in site.path and not self._has_raised()) or self._is_in_finished_step(site):
                continue
            yield _unknown(unreached(site), site)

    def _is_in_finished_step(self, site: Site) -> bool:
        """Return whether a step is in a step whose stored result is used, so that its body does not run."""
        outer = (call for call in self.alignment.calls if site.path.startswith(f"{call.site.path}.nodes["))
        return any(call.entry is not None and self.entries[call.entry].outcome != "open" for call in outer)

    def _has_raised(self) -> bool:
        """Return whether an entry has failed, or the code between steps has raised an exception."""
        only_failures = self.deployed is not None and self.deployed.only_failures
        return not only_failures or any(entry.outcome == "failed" for entry in self.entries)

    def _ambiguous(self) -> Iterator[Reason]:
        """Yield the entries that may be runs of several deployed steps with different effects."""
        deployed_sites = () if self.deployed is None else self.deployed.sites
        for number, (entry, sites) in enumerate(zip(self.entries, deployed_sites, strict=False)):
            matching = [site for site in sites if self.program.sites[site].matches(entry.kind, entry.name)]
            is_rekeyed = self.deployed is not None and number in self.deployed.rekeyed
            is_other = len(matching) < len(sites) or entry.log_name in self.orphans or is_rekeyed
            is_removable = (
                self.deployed is not None and number in self.deployed.removable and bool(self.answered >> number & 1)
            )
            if (len(sites) > 1 and is_other) or is_removable:
                yield _unknown(several_steps(entry), self.program.sites[min(sites)])

    def _removed(self) -> Iterator[Reason]:
        """Yield the entries that may have been renamed to a new step, or to one that the new run has passed."""
        replaced = {call.replaced for call in self.alignment.calls}
        added = {each.site.number for each in self.alignment.calls if each.entry is None and each.replaced is None}
        for number, entry in enumerate(() if self.deployed is not None else self.entries):
            is_open_wait = entry.outcome == "open" and entry.kind != "step"
            if number in replaced or is_open_wait or entry.log_name not in self.orphans:
                continue
            sites = (self.program.sites[each] for each in sorted(self.alignment.possible_sites | added))
            if (site := next((each for each in sites if each.kind == entry.kind), None)) is not None:
                yield _unknown(removed_or_renamed(entry, site.node["name"]), site)

    def _moved(self) -> Iterator[Reason]:
        """Yield the removed steps that a later new step may be, under another name. A function identifies a step."""
        if self.deployed is None or self.alignment.fails:
            return
        called = {call.site.number for call in self.alignment.calls}
        deployed_sites = called | self.deployed.existing | self.deployed.optional | self.deployed.excluded
        added = [site for site in self.program.sites if site.number not in deployed_sites and site.kind is not None]
        for number, entry in enumerate(self.entries):
            node = self.nodes[number]
            if (
                node is None
                or self.deployed.sites[number]
                or entry.log_name not in self.orphans
                or entry.outcome == "failed"
            ):
                continue
            renamed = next((site for site in added if self.deployed.may_be_renamed(node, as_step(site))), None)
            if renamed is not None:
                yield _unknown(removed_or_moved(entry, renamed.node["name"]), renamed)

    def _removed_errors(self) -> Iterator[Reason]:
        """Yield the stored errors that the new code does not get or catch, so that their handlers do not run."""
        for entry in () if self.alignment.fails else self.entries:
            if entry.outcome == "failed" and entry.log_name in self.orphans:
                reason = (
                    f"The new code does not call `{entry.log_name}`, so it may continue where its error was raised."
                )
                yield _unknown(reason)
        unprotected = frozenset[int]() if self.deployed is None or self.alignment.fails else self.deployed.unprotected
        for call in self.alignment.calls:
            failed = None if call.entry is None else self.entries[call.entry]
            if failed is not None and failed.outcome == "failed" and call.site.number in unprotected:
                yield _unknown(removed_handler(failed), call.site)

    def _abandoned(self) -> list[str]:
        """Return the entries after the last one that answers a call or is replaced, if nothing else explains them."""
        if self.deployed is not None or self.alignment.fails:
            return []
        asked = self.answered | self.alignment.covered
        for call in self.alignment.calls:
            asked |= 0 if call.replaced is None else 1 << call.replaced
        return [entry.log_name for entry in self.entries[asked.bit_length() :]]


def _unknown(text: str, site: Site | None = None) -> Reason:
    return Reason("unknown", text, None if site is None else site.path)
