"""The sides of a diff: paths, saved graphs or revisions, from its arguments to their workflows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, DetailLevel
from stepgraph.cli.console import CommandError, ExitCode, ProgressLine, problem_lines, write_message
from stepgraph.model.note import InputError, InternalError
from stepgraph.phrases import near_names, quoted
from stepgraph.project.folders import real_path, repository_root
from stepgraph.project.git import (
    DEFAULT_BRANCHES,
    Revision,
    default_branch,
    failure_reason,
    has_git,
    is_shallow,
    merge_base,
    revision_names,
    revision_of,
)
from stepgraph.project.git_folders import HEAD
from stepgraph.project.reading import shown_path
from stepgraph.project.revision_files import path_in_revision, revision_folder
from stepgraph.project.sources import STANDARD_INPUT, Sources
from stepgraph.report.diff.comparison import VersionedWorkflow, versioned_workflow
from stepgraph.source_analysis import analyze_graphs, analyze_sources, import_pipeline
from stepgraph.subject import read_saved_subjects

_CURRENT_FOLDER: Final = "."
_RANGE: Final = ".."
_MERGE_BASE: Final = "..."
_PYTHON: Final = ".py"
_HASH: Final = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
# Prefixes of arguments that are always paths.
_PATH_PREFIXES: Final = ("./", "../", "/")
# The beginning of names that git derives from other revisions, such as `HEAD~2`, `v1.2^` and `main@{1}`.
_DERIVED_REVISION: Final = re.compile(r"([^~^@]+)[~^@]")
_STANDARD_INPUT: Final = "standard input"
_REVISION: Final = "revision"
_PATH_ADVICE: Final = "Pass paths as arguments: `stepgraph diff OLD NEW`."


class PathSide(Struct, frozen=True):
    """A Python file or a directory in the file system."""

    path: str


class SavedSide(Struct, frozen=True):
    """A file with saved graphs. `-` is standard input."""

    path: str


class RevisionSide(Struct, frozen=True):
    """A file or directory in a revision."""

    revision: Revision
    path: str
    """Its path in the working tree, where it may be missing."""


Side: TypeAlias = PathSide | SavedSide | RevisionSide


def parse_sides(arguments: Sequence[str], from_revision: str | None, to_revision: str | None) -> tuple[Side, Side]:
    """Return both sides of a diff, from at most two arguments and the values of --from and --to.

    If a revision is compared with a path, the same path in the revision is used. Raises CommandError for an argument
    that is neither a path nor a revision, or that is both.
    """
    existing = {name: _existing_side(name) for name in arguments}
    if from_revision is not None or to_revision is not None:
        return _parse_with_revisions(arguments, existing, from_revision, to_revision)
    names = _side_names(arguments, existing)
    path = next((side.path for side in existing.values() if isinstance(side, PathSide)), _CURRENT_FOLDER)
    old, new = (None if name is None else existing.get(name) for name in names)
    return old or RevisionSide(_old_revision(path, names[0]), path), new or _new_side(path, names[1])


def parse_side(name: str, path: str) -> Side:
    """Return the side for a saved graph, a path, or a revision, in which `path` is read.

    Raises CommandError for a name that is none of them, or both a path and a revision.
    """
    return _existing_side(name) or RevisionSide(_find_revision(_required_repository(path, name), name), path)


def _parse_with_revisions(
    arguments: Sequence[str], existing: Mapping[str, Side | None], old: str | None, new: str | None
) -> tuple[Side, Side]:
    """Return both sides for --from or --to. An argument is the second side, or a path in both revisions."""
    if len(arguments) > 1:
        raise CommandError(ExitCode.ERROR, "--from and --to allow at most one argument, a path.")
    side = next(iter(existing.values()), None)
    if arguments and side is None:
        raise CommandError(
            ExitCode.ERROR,
            f"`{arguments[0]}` is not a file or directory. With --from or --to, the argument must be a path.",
        )
    if old is not None and new is not None and isinstance(side, SavedSide):
        raise CommandError(
            ExitCode.ERROR, f"`{arguments[0]}` is not a Python file or directory, so no revision contains it."
        )
    path = side.path if isinstance(side, PathSide) else _CURRENT_FOLDER
    before = None if old is None else RevisionSide(_revision_option(path, old), path)
    after = None if new is None else RevisionSide(_revision_option(path, new), path)
    if before is None:
        return side or RevisionSide(_old_revision(path, None), path), after or PathSide(path)
    return before, after or side or PathSide(path)


def _revision_option(path: str, name: str) -> Revision:
    """Return the revision that --from or --to names. Raises CommandError for other names."""
    if repository_root(_CURRENT_FOLDER) is None:
        message = f"`{name}` is not a revision: the working directory is not in a git repository."
        raise CommandError(ExitCode.ERROR, message)
    return _find_revision(_required_repository(path, name), name, _REVISION)


def _side_names(arguments: Sequence[str], existing: Mapping[str, Side | None]) -> tuple[str | None, str | None]:
    """Return the names of both sides, or None for the default of a side."""
    match arguments:
        case []:
            return None, None
        case [first] if isinstance(existing[first], PathSide):
            # The path is compared with itself in the merge base.
            return None, first
        case [first]:
            return (first, None) if existing[first] is not None else _range_ends(first)
    first, second = arguments
    return first, second


def _range_ends(name: str) -> tuple[str, str | None]:
    """Return both ends of a range in the syntax of git: `A..B`, or `A...B` from the merge base to B."""
    if "/" in name and os.pardir in name.split("/"):
        return name, None  # a missing path, because git allows no `..` in the name of a revision
    separator = _MERGE_BASE if _MERGE_BASE in name else _RANGE
    first, dots, second = name.partition(separator)
    if _RANGE in first or _RANGE in second:
        advice = "Write `A..B`, or `A...B` for the changes since the merge base."
        raise CommandError(ExitCode.ERROR, f"`{name}` is a range of more than two revisions. {advice}")
    if not dots:
        return name, None
    if separator == _MERGE_BASE:
        return name, second or None
    return first or HEAD, second or HEAD


def _existing_side(name: str) -> Side | None:
    """Return the side for standard input or an existing path, or None if the argument is a revision.

    The author of a repository may give a path the name of a revision. Arguments in the syntax of revisions are
    therefore never paths, and a path with the name of a revision is refused, as in git.
    """
    if name == STANDARD_INPUT:
        return SavedSide(name)
    if not os.path.lexists(name) or _is_revision_syntax(name):
        return None
    if _is_revision(name):
        advice = f"Write `./{name}` for the path, `--from {name}` or `--to {name}` for the revision."
        raise CommandError(ExitCode.ERROR, f"`{name}` is both a path and a revision. {advice}")
    return PathSide(shown_path(name)) if os.path.isdir(name) or name.endswith(_PYTHON) else SavedSide(name)


def _is_revision_syntax(name: str) -> bool:
    """Return whether a name has the syntax of a revision: a merge base, a range of revisions, or a full hash."""
    if name.startswith(_PATH_PREFIXES):
        return False
    if _MERGE_BASE in name or _HASH.fullmatch(name):
        return True
    first, dots, second = name.partition(_RANGE)
    return bool(dots) and all(_is_revision(end or HEAD) for end in (first, second))


def _is_revision(name: str) -> bool:
    root = None if name.startswith(_PATH_PREFIXES) else repository_root(_CURRENT_FOLDER)
    return root is not None and revision_of(root, name) is not None


def _old_revision(path: str, name: str | None) -> Revision:
    root = _required_repository(path, name)
    return _default_revision(root) if name is None else _find_revision(root, name)


def _new_side(path: str, name: str | None) -> Side:
    return (
        PathSide(path) if name is None else RevisionSide(_find_revision(_required_repository(path, name), name), path)
    )


def _required_repository(path: str, name: str | None) -> str:
    """Return the root of the repository of the working directory. Raises CommandError for paths outside it.

    A path in a submodule is refused, because both repositories may have a revision of the same name.
    """
    root = repository_root(_CURRENT_FOLDER)
    if root is None and name is None:
        subject = "the current directory" if path == _CURRENT_FOLDER else path
        message = f"{subject} is not in a git repository, so there is no version to compare with."
        raise CommandError(ExitCode.ERROR, f"{message} Name two: `stepgraph diff OLD NEW`.")
    if root is None:
        message = f"`{name}` is not a file or directory, and the working directory is not in a git repository."
        raise CommandError(ExitCode.ERROR, message)
    if _repository_of(path) != root:
        message = f"`{path}` is not in the git repository of the working directory, where revisions are looked up."
        raise CommandError(ExitCode.ERROR, f"{message} Run the command in the repository of the path.")
    if not has_git():
        raise CommandError(ExitCode.ERROR, "git was not found on PATH. It is required to read revisions.")
    return root


def _repository_of(path: str) -> str | None:
    real = real_path(path)
    return repository_root(real if os.path.isdir(real) else os.path.dirname(real))


def _default_revision(root: str) -> Revision:
    branch = default_branch(root)
    if revision_of(root, HEAD) is None:
        _check_git(root)
        message = "the current branch has no commit" if branch else "git found no commit"
        raise CommandError(ExitCode.ERROR, f"{message} to compare with. `git log` shows the reason.")
    if branch is None:
        message = "no default branch to compare with: neither main nor master exists."
        raise CommandError(ExitCode.ERROR, f"{message} Name a revision: `stepgraph diff HEAD`.")
    revision = merge_base(root, branch, HEAD)
    if revision is None:
        raise _no_merge_base_error(root, branch, HEAD)
    return revision


def _find_revision(root: str, name: str, expected: str = "file, directory or revision") -> Revision:
    """Return the revision with a name. Raises CommandError, which names the `expected` values, for other names."""
    revision = revision_of(root, name)
    if revision is not None:
        return revision
    _check_git(root)
    first, dots, second = name.partition(_MERGE_BASE)
    ends = [first or HEAD, second or HEAD] if dots else [name]
    unknown = [end for end in ends if revision_of(root, end) is None]
    if not unknown:
        raise _no_merge_base_error(root, *ends)
    is_path = expected == _REVISION and os.path.lexists(name)
    advice = _PATH_ADVICE if is_path else _revision_advice(root, unknown[0])
    raise CommandError(ExitCode.ERROR, f"`{unknown[0]}` is not a {expected}. {advice}")


def _check_git(root: str) -> None:
    """Raise CommandError if git is not run in a repository, so that it cannot answer whether a revision exists."""
    reason = failure_reason(root)
    if reason is not None:
        raise CommandError(ExitCode.ERROR, f"the repository cannot be read: {reason}")


def _no_merge_base_error(root: str, first: str, second: str) -> CommandError:
    _check_git(root)
    advice = " The clone is shallow: `git fetch --unshallow` completes it." if is_shallow(root) else ""
    return CommandError(ExitCode.ERROR, f"`{first}` and `{second}` have no common ancestor in this clone.{advice}")


def _revision_advice(root: str, name: str) -> str:
    if revision_of(root, HEAD) is None:
        return "git found no commit in this repository. `git log` shows the reason."
    revision, colon, path = name.partition(":")
    if colon and path and revision_of(root, revision) is not None:
        return f"A revision and a path are separate arguments: `{revision} {path}`."
    derived = _DERIVED_REVISION.match(name)
    if derived is not None and not is_shallow(root) and revision_of(root, derived[1]) is not None:
        return f"`git log {derived[1]}` lists its commits."
    near = near_names(name, revision_names(root)) or _actual_default_branch(root, name)
    if near:
        return f"Did you mean {', '.join(quoted(near))}?"
    return (
        "The clone is shallow: `git fetch` may retrieve the revision."
        if is_shallow(root)
        else "`git branch --all` lists branches."
    )


def _actual_default_branch(root: str, name: str) -> list[str]:
    """Return the default branch, if `name` is a common name for it."""
    branch = default_branch(root) if name in DEFAULT_BRANCHES else None
    return [] if branch is None else [branch]


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


class ReadOptions(Struct, frozen=True):
    """The options for the versions of a diff."""

    environment: str | None
    with_locations: bool = False
    """Whether the nodes of graphs have source locations."""


def read_version(side: Side, version_name: str, options: ReadOptions) -> ComparedVersion:
    """Return the workflows of a side. Raises CommandError, after writing the problems, if an input is unreadable."""
    try:
        match side:
            case SavedSide():
                return _read_saved(side)
            case PathSide():
                return _analyze(side.path, version_name, title_of(side), options, lambda text: text)
            case RevisionSide():
                return _read_revision(side, version_name, options)
    except InputError as error:
        write_message(str(error.problem))
    raise _unreadable_error(version_name, title_of(side))


def title_of(side: Side) -> str:
    """Return the title of a side in messages."""
    match side:
        case RevisionSide(revision, path):
            return revision.title if path == _CURRENT_FOLDER else f"{path} in {revision.title}"
        case PathSide(path) if path == _CURRENT_FOLDER:
            return "the working tree" if repository_root(_CURRENT_FOLDER) is not None else "the current directory"
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


def _read_revision(side: RevisionSide, version_name: str, options: ReadOptions) -> ComparedVersion:
    """Return the workflows in a revision. Messages show its name in place of its temporary directory."""
    title = title_of(side)
    with revision_folder(side.revision, lambda problem: write_message(str(problem))) as folder:
        path = path_in_revision(folder, side.revision, side.path)
        if path is None:
            return ComparedVersion(title, (), (), is_single_file=False)
        label = f"{side.revision.label}:"
        version = _analyze(path, version_name, title, options, lambda text: text.replace(f"{folder}/", label))
    return replace(version, files=())


def _analyze(
    path: str, version_name: str, title: str, options: ReadOptions, to_message: Callable[[str], str]
) -> ComparedVersion:
    """Return the workflows of a file or directory. `to_message` converts paths for messages."""
    sources = Sources(options.environment, import_pipeline)
    sources.find(path)
    with ProgressLine(len(sources.modules)) as progress:
        try:
            analysis = _analysis_of(sources, lambda module: progress.show(to_message(module)), options)
        except InternalError as error:
            raise InternalError(to_message(error.path)) from error.__cause__
    for line in problem_lines((*analysis.problems, *analysis.hints)):
        write_message(to_message(line))
    if analysis.problems:
        raise _unreadable_error(version_name, title)
    workflows = tuple(versioned_workflow(workflow, path, to_message) for workflow in analysis.workflows)
    is_single_file = not os.path.isdir(path)
    return ComparedVersion(
        title,
        workflows,
        analysis.files,
        is_single_file,
        has_configurations=sources.has_configurations,
        defines_environment=sources.defines_environment,
        near_miss=None if workflows else _near_miss(sources, path, to_message),
    )


def _analysis_of(sources: Sources, on_module: Callable[[str], None], options: ReadOptions) -> Analysis:
    if options.with_locations:
        return analyze_sources(sources, on_module, checked=False)
    return analyze_graphs(sources, on_module, details=DetailLevel.COMPARISON)


def _near_miss(sources: Sources, path: str, to_message: Callable[[str], str]) -> str | None:
    # Imported here because most versions have workflows.
    from stepgraph.near_misses import excluded_workflow, near_miss, unrecognized_module

    reason = near_miss(sources) or excluded_workflow(sources, [path]) or unrecognized_module(sources)
    return None if reason is None else to_message(reason)
