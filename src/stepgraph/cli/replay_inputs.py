"""The inputs of `stepgraph replay`: logs of instances, and the code that they are replayed on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from stepgraph.cli.console import CommandError, ExitCode, write_message
from stepgraph.cli.instance_graphs import Candidates, same_workflow
from stepgraph.cli.instance_sources import LoadedLog, RemoteOptions, load_logs_in_flight, read_log_file
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.limits import LOG_FILES
from stepgraph.model.details import NO_DETAILS
from stepgraph.model.note import InputError, Problem
from stepgraph.model.walk import paths_of
from stepgraph.phrases import quoted
from stepgraph.project.reading import list_entries, read_named, unreadable_problem
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import STANDARD_INPUT
from stepgraph.replay.new_code import NewCode
from stepgraph.replay.replay import Replay
from stepgraph.report.replay.replay_report import ReplayedInstance

if TYPE_CHECKING:
    from stepgraph.cli.diff_sides import ComparedVersion
    from stepgraph.model.payload import Graph
    from stepgraph.report.diff.comparison import VersionedWorkflow
    from stepgraph.subject import Subject

_JSON: Final = ".json"
_PYTHON: Final = ".py"
# Files of projects, whose other JSON files are not logs.
_PROJECT_FILES: Final = frozenset({"pyproject.toml", "package.json"})


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the files of logs, with `-` for standard input, and the paths of code."""
    logs: list[str] = []
    paths: list[str] = []
    for argument in arguments:
        if argument == STANDARD_INPUT or _is_log_name(argument):
            logs.append(argument)
        elif os.path.isdir(argument) and (inside := _logs_in(argument)):
            logs += inside
        else:
            paths.append(argument)
    return logs, paths


def missing_logs_message(paths: Sequence[str]) -> str:
    """Return the message for a command without logs. `paths` are its arguments that name code.

    Raises InputError if one of them is a file that cannot be read.
    """
    advice = "files or a directory with logs, or use --local or --account."
    missing = next((path for path in paths if not os.path.lexists(path)), None)
    if missing is not None:
        return f"missing LOGS: {quoted([missing])[0]} is not a file or directory. Name {advice}"
    for path in filter(os.path.isfile, paths):
        read_named(path)
    folder = next((path for path in paths if os.path.isdir(path)), None)
    if folder is None:
        return f"missing LOGS: name {advice}"
    content = "code" if _has_code(_names_in(folder)) else "no .json files"
    return f"missing LOGS: {quoted([folder])[0]} contains {content}. Name {advice}"


def _is_log_name(path: str) -> bool:
    return path.endswith(_JSON) and not is_configuration_name(os.path.basename(path)) and not os.path.isdir(path)


def _logs_in(folder: str) -> list[str]:
    """Return the logs in a folder, or an empty list if it contains code."""
    names = _names_in(folder)
    if _has_code(names):
        return []
    logs = [os.path.join(folder, name) for name in names if name.endswith(_JSON)]
    if len(logs) > LOG_FILES:
        raise InputError(Problem(folder, f"has more than {LOG_FILES} logs.", "Replay them in several runs."))
    return logs


def _names_in(folder: str) -> list[str]:
    """Return the sorted names of the files in a folder. Raises InputError if it cannot be read."""
    try:
        return sorted(entry.name for entry in list_entries(folder))
    except OSError as error:
        raise InputError(unreadable_problem(folder, error)) from None


def _has_code(names: Iterable[str]) -> bool:
    return any(name.endswith(_PYTHON) or name in _PROJECT_FILES or is_configuration_name(name) for name in names)


class LogReader:
    """Reads logs one after another, and reports those that cannot be read."""

    def __init__(self) -> None:
        self.has_failed = False
        """Whether a log could not be read."""

    def read(self, logs: Sequence[str], remote: RemoteOptions, candidates: Candidates) -> Iterator[LoadedLog]:
        """Yield the logs of files, or of the instances in flight of a remote source."""
        if not remote.is_used:
            yield from self._read_files(logs)
            return
        if logs:
            message = "--local and --account replay all instances that have not ended, so omit LOGS."
            raise click.UsageError(message)
        yield from load_logs_in_flight(remote, _remote_names(remote, candidates))

    def _read_files(self, logs: Iterable[str]) -> Iterator[LoadedLog]:
        for log in logs:
            try:
                yield read_log_file(log)
            except InputError as error:
                self.has_failed = True
                write_message(str(error.problem))


def _remote_names(remote: RemoteOptions, candidates: Candidates) -> list[str]:
    """Return the remote names of the workflows in the code. Raises CommandError if there are none."""
    source = remote.open()
    names = {name for subject in candidates.subjects for name in (subject.name, subject.class_name)}
    available = source.workflows()
    selected = [each.name for each in available if not names.isdisjoint((each.name, each.class_name))]
    if candidates.is_saved and not selected and len(available) == 1:
        return [available[0].name]
    if not selected:
        workflows = ", ".join(quoted(sorted(names)))
        raise CommandError(ExitCode.NOTHING, f"{source.title} has none of the workflows in the code: {workflows}.")
    return selected


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
