"""The workflow that a log is replayed on, in the new and the deployed version of the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepgraph.cli.console import CommandError, ExitCode, write_message
from stepgraph.cli.instance_graphs import Candidates, same_workflow
from stepgraph.execution.matching.log_budget import LogBudget
from stepgraph.model.details import NO_DETAILS
from stepgraph.model.walk import paths_of
from stepgraph.phrases import quoted
from stepgraph.replay.new_code import NewCode
from stepgraph.replay.replay import Replay
from stepgraph.report.replay.replay_report import ReplayedInstance

if TYPE_CHECKING:
    from stepgraph.cli.diff_sides import ComparedVersion
    from stepgraph.cli.instance_sources import LoadedLog
    from stepgraph.model.payload import Graph
    from stepgraph.report.diff.comparison import VersionedWorkflow
    from stepgraph.subject import Subject


class ReplayedCode:
    """The new code of all workflows, with their deployed versions."""

    def __init__(self, candidates: Candidates, deployed: ComparedVersion | None) -> None:
        """Compare the versions. Raises CommandError if no workflow has a graph."""
        self._candidates = candidates
        self._budget = LogBudget()
        self._deployed = deployed
        olds = _deployed_workflows(candidates, deployed)
        self._codes = {
            id(subject): _code_of(subject, subject.graph, old, deployed)
            for subject, old in zip(candidates.subjects, olds, strict=True)
            if subject.graph is not None
        }
        if not self._codes:
            for subject in candidates.subjects:
                write_message(subject.missing_graph_message())
            raise CommandError(ExitCode.FINDINGS, "without a graph, no instance can be replayed.")

    def replay(self, loaded: LoadedLog) -> ReplayedInstance:
        """Return an instance and the effect on it, on the only workflow that its log fits."""
        subjects = [each for each in same_workflow(loaded, self._candidates) if id(each) in self._codes]
        replays = [(each, self._codes[id(each)].replay(loaded.log, self._budget)) for each in subjects]
        if not replays:
            return _replayed(loaded, "", Replay("unknown", ("Its workflow has no graph in the new code.",)))
        if len(replays) > 1:
            replays = [each for each in replays if each[1].reused or each[1].taken_up] or replays
        if len(replays) > 1:
            replays = [each for each in replays if each[1].effect == "resumes"] or replays
        if len(replays) == 1:
            ((subject, replay),) = replays
            return _replayed(loaded, subject.drawn.title, replay, _location(subject, replay))
        names = ", ".join(quoted(subject.drawn.title for subject, _ in replays))
        reason = f"The log may belong to several workflows: {names}. Choose one with --workflow NAME."
        return _replayed(loaded, "", Replay("unknown", (reason,)))


def _replayed(loaded: LoadedLog, workflow: str, replay: Replay, location: str = "") -> ReplayedInstance:
    return ReplayedInstance(
        title=loaded.title,
        id=loaded.id,
        path=loaded.path,
        status=loaded.log.status,
        workflow=workflow,
        replay=replay,
        location=location,
    )


def _location(subject: Subject, replay: Replay) -> str:
    """Return the location of the node that the first reason is about, or an empty string."""
    if replay.at is None or subject.graph is None or subject.drawn.node_location is None:
        return ""
    nodes = (node for path, node in paths_of(subject.graph["workflow"]) if path == replay.at)
    return next(map(subject.drawn.node_location, nodes), "")


def _code_of(
    subject: Subject, graph: Graph, old: VersionedWorkflow | None, deployed: ComparedVersion | None
) -> NewCode:
    is_complete = not any(note.incomplete for note in subject.notes)
    if deployed is None:
        return NewCode.of(graph, details=(NO_DETAILS, subject.drawn.comparable_details()), is_complete=is_complete)
    if old is not None and old.graph is not None:
        details = old.details(), subject.drawn.comparable_details()
        return NewCode.of(graph, old.graph, details, is_complete=is_complete)
    return NewCode.of(graph, refusal=f"{deployed.title} has no graph of `{subject.drawn.title}`.")


def _deployed_workflows(candidates: Candidates, deployed: ComparedVersion | None) -> Sequence[VersionedWorkflow | None]:
    """Return the deployed version of each workflow, paired as by `stepgraph diff`."""
    if deployed is None:
        return [None] * len(candidates.subjects)
    from stepgraph.report.diff.comparison import VersionedWorkflow, pair_workflows

    new = [VersionedWorkflow(each.name, each.class_name, "", "", each.graph) for each in candidates.subjects]
    pairs = pair_workflows(deployed.workflows, new, only_workflows=len(new) == len(deployed.workflows) == 1)
    old_by_new = {id(pair[1]): pair[0] for pair in pairs if pair[1] is not None}
    return [old_by_new.get(id(each)) for each in new]
