"""The workflows on a side of a diff."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.api import analyze_sources, make_ready
from stepgraph.cli.command_error import CommandError
from stepgraph.cli.diff_sides import HERE, PathSide, RevisionSide, SavedSide, Side
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.progress import Progress
from stepgraph.cli.saved_files import saved_in
from stepgraph.cli.streams import tell
from stepgraph.cli.subject import Subject
from stepgraph.internal_error import InternalError
from stepgraph.model.note import InputError
from stepgraph.project.folders import repository_root
from stepgraph.project.revision_files import revision_folder
from stepgraph.project.sources import STANDARD_INPUT, Sources
from stepgraph.report.difference.report import VersionedWorkflow

_STANDARD_INPUT: Final = "standard input"


class Version(Struct, frozen=True):
    """What is on a side: how it is spoken of, its workflows, and the files that were read, which are not written over.

    It is `single` if it was named by one file. It `defines_environment` if one of its configurations
    defines the requested environment; a saved graph has none.
    """

    title: str
    workflows: tuple[VersionedWorkflow, ...]
    files: tuple[str, ...]
    single: bool
    is_saved: bool = False
    has_configurations: bool = False
    defines_environment: bool = False


def read_version(side: Side, which: str, environment: str | None) -> Version:
    """Return what is on a side. Raises CommandError if not all of it can be read; why has been told then."""
    try:
        match side:
            case SavedSide():
                return _saved(side)
            case PathSide():
                return _at_path(side, which, environment)
            case RevisionSide():
                return _in_revision(side, which, environment)
    except InputError as error:
        tell(str(error.problem))
    raise _unreadable(which, title_of(side))


def title_of(side: Side) -> str:
    """Return how a side is spoken of."""
    match side:
        case RevisionSide(revision, path):
            return revision.title if path == HERE else f"{path} in {revision.title}"
        case PathSide(path) if path == HERE:
            return "the work tree" if repository_root(HERE) is not None else "the current folder"
        case SavedSide(path) if path == STANDARD_INPUT:
            return _STANDARD_INPUT
        case _:
            return side.path


def _unreadable(which: str, title: str) -> CommandError:
    return CommandError(ExitCode.ERROR, f"the {which} version ({title}) could not be read, so nothing was compared.")


def _saved(side: SavedSide) -> Version:
    title = title_of(side)
    workflows = tuple(_saved_workflow(subject, title) for subject in saved_in(side.path))
    return Version(title, workflows, () if side.path == STANDARD_INPUT else (side.path,), single=True, is_saved=True)


def _saved_workflow(subject: Subject, title: str) -> VersionedWorkflow:
    return VersionedWorkflow(subject.name, subject.class_name, "", title, subject.graph)


def _at_path(side: PathSide, which: str, environment: str | None) -> Version:
    return _analysed(side.path, which, title_of(side), environment, lambda text: text)


def _in_revision(side: RevisionSide, which: str, environment: str | None) -> Version:
    """Return what is in a revision, where its temporary folder goes by the revision's name in all that is said."""
    inside = _path_in_repository(side)
    title = title_of(side)
    with revision_folder(side.revision, lambda problem: tell(str(problem))) as folder:
        path = folder if inside == HERE else f"{folder}/{inside}"
        if not os.path.lexists(path):
            return Version(title, (), (), single=False)
        label = f"{side.revision.label}:"
        version = _analysed(path, which, title, environment, lambda text: text.replace(f"{folder}/", label))
    return replace(version, files=())


def _path_in_repository(side: RevisionSide) -> str:
    """Return the path from the root of the repository, which it is in."""
    return os.path.relpath(os.path.realpath(side.path), side.revision.root).replace(os.sep, "/")


def _analysed(path: str, which: str, title: str, environment: str | None, shown: Callable[[str], str]) -> Version:
    """Return the workflows of a file or folder. What is said of paths is said as they are to be `shown`."""
    sources = Sources(environment, make_ready)
    sources.find(path)
    with Progress(len(sources.modules)) as progress:
        try:
            analysis: Analysis = analyze_sources(sources, lambda module: progress.show(shown(module)), graphs_only=True)
        except InternalError as error:
            raise InternalError(shown(error.path)) from error.__cause__
    for problem in (*analysis.problems, *analysis.hints):
        tell(shown(str(problem)))
    if analysis.problems:
        raise _unreadable(which, title)
    workflows = tuple(_analysed_workflow(workflow, path, shown) for workflow in analysis.workflows)
    single = not os.path.isdir(path)
    return Version(
        title,
        workflows,
        analysis.files,
        single,
        has_configurations=sources.has_configurations,
        defines_environment=sources.defines_environment,
    )


def _analysed_workflow(workflow: WorkflowAnalysis, path: str, shown: Callable[[str], str]) -> VersionedWorkflow:
    place = f"{workflow.path}:{workflow.span.line}"
    lacking = (
        [] if workflow.graph is not None else [f"{workflow.span}: `{workflow.name}` has no graph: no step can run."]
    )
    notes = [f"{note} [{note.code}]" for note in workflow.notes if note.incomplete]
    return VersionedWorkflow(
        workflow.name,
        workflow.class_name,
        workflow.path.removeprefix(path).removeprefix("/"),
        shown(place),
        workflow.graph,
        workflow.complete,
        tuple(shown(remark) for remark in (*lacking, *notes)),
    )
