"""Reading the workflows of both sides of a diff."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.cli.console import CommandError, ExitCode, Progress, write_message
from stepgraph.cli.diff_sides import CURRENT_FOLDER, PathSide, RevisionSide, SavedSide, Side
from stepgraph.model.note import InputError, InternalError
from stepgraph.project.folders import repository_root
from stepgraph.project.revision_files import revision_folder
from stepgraph.project.sources import STANDARD_INPUT, Sources
from stepgraph.report.diff.comparison import VersionedWorkflow
from stepgraph.source_analysis import analyze_graphs, import_pipeline
from stepgraph.subject import read_saved_subjects

_STANDARD_INPUT: Final = "standard input"


class ComparedVersion(Struct, frozen=True):
    """The workflows of one side of a diff."""

    title: str
    """The title of the side in messages."""
    workflows: tuple[VersionedWorkflow, ...]
    files: tuple[str, ...]
    """The files that were read, which must not be overwritten."""
    is_single_file: bool
    """Whether the side is one file."""
    is_saved: bool = False
    has_configurations: bool = False
    defines_environment: bool = False
    """Whether one of its configurations defines the selected environment."""
    near_miss: str | None = None
    """The probable reason why it has no workflow, as sentences."""


def read_version(side: Side, version_name: str, environment: str | None) -> ComparedVersion:
    """Return the workflows of a side. Raises CommandError, after writing the problems, if an input is unreadable."""
    try:
        match side:
            case SavedSide():
                return _read_saved(side)
            case PathSide():
                return _analyze(side.path, version_name, title_of(side), environment, lambda text: text)
            case RevisionSide():
                return _read_revision(side, version_name, environment)
    except InputError as error:
        write_message(str(error.problem))
    raise _unreadable_error(version_name, title_of(side))


def title_of(side: Side) -> str:
    """Return the title of a side in messages."""
    match side:
        case RevisionSide(revision, path):
            return revision.title if path == CURRENT_FOLDER else f"{path} in {revision.title}"
        case PathSide(path) if path == CURRENT_FOLDER:
            return "the working tree" if repository_root(CURRENT_FOLDER) is not None else "the current directory"
        case SavedSide(path) if path == STANDARD_INPUT:
            return _STANDARD_INPUT
        case _:
            return side.path


def _unreadable_error(version_name: str, title: str) -> CommandError:
    return CommandError(
        ExitCode.ERROR, f"the {version_name} version ({title}) could not be read, so nothing was compared."
    )


def _read_saved(side: SavedSide) -> ComparedVersion:
    title = title_of(side)
    workflows = tuple(
        VersionedWorkflow(subject.name, subject.class_name, "", title, subject.graph)
        for subject in read_saved_subjects(side.path)
    )
    return ComparedVersion(
        title, workflows, () if side.path == STANDARD_INPUT else (side.path,), is_single_file=True, is_saved=True
    )


def _read_revision(side: RevisionSide, version_name: str, environment: str | None) -> ComparedVersion:
    """Return the workflows in a revision. Messages show its name in place of its temporary directory."""
    relative = _path_in_repository(side)
    title = title_of(side)
    with revision_folder(side.revision, lambda problem: write_message(str(problem))) as folder:
        path = folder if relative == CURRENT_FOLDER else f"{folder}/{relative}"
        if not os.path.lexists(path):
            return ComparedVersion(title, (), (), is_single_file=False)
        label = f"{side.revision.label}:"
        version = _analyze(path, version_name, title, environment, lambda text: text.replace(f"{folder}/", label))
    return replace(version, files=())


def _path_in_repository(side: RevisionSide) -> str:
    """Return the path relative to the root of the repository."""
    return os.path.relpath(os.path.realpath(side.path), side.revision.root).replace(os.sep, "/")


def _analyze(
    path: str, version_name: str, title: str, environment: str | None, to_message: Callable[[str], str]
) -> ComparedVersion:
    """Return the workflows of a file or directory. `to_message` converts paths for messages."""
    sources = Sources(environment, import_pipeline)
    sources.find(path)
    with Progress(len(sources.modules)) as progress:
        try:
            analysis: Analysis = analyze_graphs(sources, lambda module: progress.show(to_message(module)))
        except InternalError as error:
            raise InternalError(to_message(error.path)) from error.__cause__
    for problem in (*analysis.problems, *analysis.hints):
        write_message(to_message(str(problem)))
    if analysis.problems:
        raise _unreadable_error(version_name, title)
    workflows = tuple(_version_of_workflow(workflow, path, to_message) for workflow in analysis.workflows)
    is_single_file = not os.path.isdir(path)
    return ComparedVersion(
        title,
        workflows,
        analysis.files,
        is_single_file,
        has_configurations=sources.has_configurations,
        defines_environment=sources.defines_environment,
        near_miss=None if workflows else _near_miss(sources, to_message),
    )


def _near_miss(sources: Sources, to_message: Callable[[str], str]) -> str | None:
    # Imported here because most versions have workflows.
    from stepgraph.near_misses import near_miss, unknown_class

    reason = near_miss(sources) or unknown_class(sources)
    return None if reason is None else to_message(reason)


def _version_of_workflow(workflow: WorkflowAnalysis, path: str, to_message: Callable[[str], str]) -> VersionedWorkflow:
    location = f"{workflow.path}:{workflow.span.line}"
    missing_graph = (
        [] if workflow.graph is not None else [f"{workflow.span}: `{workflow.name}` has no graph: no step can run."]
    )
    notes = [note.labeled_text for note in workflow.notes if note.incomplete]
    return VersionedWorkflow(
        workflow.name,
        workflow.class_name,
        workflow.path.removeprefix(path).removeprefix("/"),
        to_message(location),
        workflow.graph,
        workflow.complete,
        tuple(to_message(remark) for remark in (*missing_graph, *notes)),
    )
