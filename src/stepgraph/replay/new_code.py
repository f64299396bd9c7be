"""The new code on which the logs of running instances are replayed."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.execution.engine_rules import BEST_TO_WORST, InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.matching.terms import TooAmbiguousError
from stepgraph.execution.parts import GraphParts
from stepgraph.execution.program import program_of
from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import REPLAY_POSITIONS, LimitExceededError
from stepgraph.model.details import NO_DETAILS, ComparableDetails
from stepgraph.model.payload import Graph
from stepgraph.replay.alignment import align
from stepgraph.replay.answers import Answers
from stepgraph.replay.deployed import DeployedRun, MisfitError
from stepgraph.replay.judgment import Judgment
from stepgraph.replay.replay import Replay
from stepgraph.replay.version_pair import VersionPair
from stepgraph.replay.wording import several_steps

_EXHAUSTED: Final = Replay("unknown", ("The logs of this run need too much work. Replay it in another run.",))

_HIDING: Final[tuple[InstanceEffect, ...]] = ("resumes", "out_of_order")
"""The effects of a run that do not exclude worse ones of other runs."""


class NewCode(Struct, frozen=True):
    """The new code of a workflow on which logs are replayed, with the deployed version if it is known."""

    program: GraphParts
    pair: VersionPair | None
    is_complete: bool
    """Whether the graph of the new code is complete."""
    refusal: str = ""
    """The reason why all effects are unknown, as a sentence, or an empty string."""

    @classmethod
    def of(
        cls,
        graph: Graph,
        deployed: Graph | None = None,
        details: tuple[ComparableDetails, ComparableDetails] = (NO_DETAILS, NO_DETAILS),
        *,
        is_complete: bool = True,
        refusal: str = "",
    ) -> NewCode:
        """Return the new code with a graph. `deployed` is the graph of the version that the instances run.

        `details` are those of the deployed and of the new code. They show which loops are infinite or changed, and
        distinguish renamed variables from other values.
        """
        return run_with_large_stack(lambda: cls._of(graph, deployed, details, is_complete=is_complete, refusal=refusal))

    @classmethod
    def _of(
        cls,
        graph: Graph,
        deployed: Graph | None,
        details: tuple[ComparableDetails, ComparableDetails],
        *,
        is_complete: bool,
        refusal: str,
    ) -> NewCode:
        # The number of passes may be a change itself.
        program = program_of(graph, details[1], counts_passes=False)
        if program.too_large:
            return cls(program, None, is_complete, f"The new code cannot be replayed: {program.too_large}")
        if deployed is None:
            return cls(program, None, is_complete, refusal)
        old = program_of(deployed, details[0])
        if old.too_large:
            return cls(program, None, is_complete, f"The deployed code cannot be compared: {old.too_large}")
        try:
            return cls(program, VersionPair.of(deployed, old, graph, program, details), is_complete)
        except LimitExceededError as error:
            return cls(program, None, is_complete, f"The deployed code cannot be compared: it takes {error.reason}.")

    def replay(self, log: InstanceLog, budget: LogBudget | None = None) -> Replay:
        """Return the effect of the new code on an instance. `budget` is shared with other logs, if there are any."""
        if log.has_ended:
            return Replay("resumes", notes=(f"The instance has ended ({log.status}), so new code does not affect it.",))
        if self.refusal:
            return Replay("unknown", (self.refusal,))
        if len(log.entries) > REPLAY_POSITIONS:
            return Replay("unknown", (f"The log has more than {REPLAY_POSITIONS} entries.",))
        shared = budget or LogBudget()
        replay = _EXHAUSTED if shared.is_exhausted else run_with_large_stack(lambda: self._replay(log, shared))
        # The limit of all logs may be reached before the limit of this log.
        return _EXHAUSTED if replay.effect == "unknown" and shared.is_exhausted else replay

    def _replay(self, log: InstanceLog, budget: LogBudget) -> Replay:
        if self.pair is None:
            return self._replay_run(log, None, budget)
        try:
            run, alternatives = self.pair.runs_of(log, budget)
        except MisfitError as error:
            return Replay("unknown", (str(error),))
        replay = self._replay_run(log, run, budget)
        for each in alternatives:
            # The most probable run may hide the effect of another one.
            if replay.effect in _HIDING:
                other = self._replay_run(log, each, budget)
                if BEST_TO_WORST.index(other.effect) > BEST_TO_WORST.index(replay.effect):
                    replay = replace(replay, effect="unknown", reasons=(several_steps(log.entries[-1]), *other.reasons))
        return replay

    def _replay_run(self, log: InstanceLog, deployed: DeployedRun | None, budget: LogBudget) -> Replay:
        """Return the effect on an instance with a run under the deployed code, if it is known."""
        nodes = (None,) * len(log.entries) if deployed is None else deployed.nodes
        try:
            surplus = () if deployed is None else sorted(deployed.surplus)
            removed = () if deployed is None else [number for number, each in enumerate(deployed.sites) if not each]
            answers = Answers.of(self.program, log.entries, nodes, budget, surplus, removed)
            alignment = align(self.program, log.entries, answers, deployed, budget)
        except TooAmbiguousError:
            return Replay("unknown", ("Too many paths through the new code fit the log.",))
        must_wake = log.is_local and log.status == "running"
        return Judgment(
            program=self.program,
            is_complete=self.is_complete,
            entries=log.entries,
            alignment=alignment,
            deployed=deployed,
            nodes=nodes,
            must_wake=must_wake,
        ).judge()
