"""Search directories for Python files, in the same order on every machine, and ask git which files are ignored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from stepgraph.limits import DEEPEST_FOLDER, SEARCHED_ENTRIES, SEARCHED_FILES
from stepgraph.model.note import Problem
from stepgraph.project.file_selection import DEFAULT_SELECTION, FileSelection
from stepgraph.project.folders import folder_of, parent_of, prefix_of, real_path, repository_root
from stepgraph.project.project import configuration_in
from stepgraph.project.reading import list_entries, unreadable_problem
from stepgraph.project.root import CONFIGURATION_NAMES, is_configuration_name

_CONFIGURATION_START = "wrangler."
_ENVIRONMENT_MARKER = "pyvenv.cfg"


class Search(Struct, frozen=True):
    """The result of searching a directory."""

    files: tuple[str, ...]
    """The paths of the Python files, sorted, followed by the symbolic links to Python files."""
    configurations: tuple[str, ...]
    """The paths of the configurations, sorted by directory."""
    problems: tuple[Problem, ...]
    """The directories that could not be searched."""
    variants: tuple[str, ...] = ()
    """For each directory without a configuration, the first file named like one, such as `wrangler.prod.jsonc`."""
    folders: tuple[str, ...] = ()
    """The prefixes of the searched directories, sorted."""
    environments: tuple[str, ...] = ()
    """The prefixes of virtual environments, which are not searched, sorted."""


class _SearchState(Struct):
    """The paths found so far."""

    selection: FileSelection
    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)
    configured_folders: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: int = 0

    @property
    def exceeded(self) -> str | None:
        """The exceeded limit, or None."""
        if self.entries > SEARCHED_ENTRIES:
            return f"{SEARCHED_ENTRIES:,} files and directories"
        return f"{SEARCHED_FILES:,} Python files" if len(self.files) + len(self.links) > SEARCHED_FILES else None


def search_folder(folder: str, selection: FileSelection = DEFAULT_SELECTION) -> Search:
    """Return the selected Python files and configurations below `folder`.

    Paths start with `folder` and have forward slashes. Hidden and excluded directories, virtual environments, and
    symbolic links to directories are skipped. A symbolic link to a file is included, after all files, if its target is
    inside `folder`. A directory with too many files has no result, because a partial result would depend on the file
    system.
    """
    top = prefix_of(folder)
    state = _SearchState(selection)
    pending = [top]
    while pending:
        prefix = pending.pop()
        if prefix.count("/") - top.count("/") > DEEPEST_FOLDER:
            message = f"more than {DEEPEST_FOLDER} directories deep, so it is not searched."
            state.problems.append(Problem(prefix, message, "Name one of its subdirectories."))
            continue
        try:
            pending.extend(_list_folder(prefix, state, is_named=prefix == top))
        except OSError as error:
            state.problems.append(unreadable_problem(prefix or ".", error))
        if state.exceeded is not None:
            message = f"contains more than {state.exceeded}, so it is not searched."
            return Search((), (), (Problem(folder, message, "Name the directories of your projects."),))
    links = _links_inside(sorted(state.links), folder)
    problems = sorted(state.problems, key=lambda problem: problem.path)
    configurations = [
        path for prefix in sorted(state.configured_folders) if (path := configuration_in(prefix)) is not None
    ]
    return Search(
        (*sorted(state.files), *links),
        tuple(configurations),
        tuple(problems),
        tuple(sorted(state.variants)),
        tuple(sorted(state.folders)),
        tuple(sorted(state.environments)),
    )


def _list_folder(prefix: str, state: _SearchState, *, is_named: bool) -> list[str]:
    """Add the Python files and configurations of a directory to `state`, and return the subdirectories to search.

    A virtual environment is searched only if `is_named`: the user named it.
    """
    entries = list_entries(prefix)
    state.entries += len(entries)
    if not is_named and any(entry.name == _ENVIRONMENT_MARKER for entry in entries):
        state.environments.append(prefix)
        return []
    state.folders.append(prefix)
    names = [entry.name for entry in entries if entry.name.startswith(_CONFIGURATION_START)]
    included = [name for name in names if state.selection.includes_file(prefix, name)]
    if any(name in CONFIGURATION_NAMES for name in included):
        state.configured_folders.append(prefix)
    else:
        state.variants += [prefix + name for name in sorted(included) if is_configuration_name(name)][:1]
    return _collect_entries(entries, prefix, state)


def _collect_entries(entries: list[os.DirEntry[str]], prefix: str, state: _SearchState) -> list[str]:
    folders = []
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if not is_skipped(prefix, name, state.selection):
                folders.append(f"{prefix}{name}/")
        elif not name.endswith(".py") or not state.selection.includes_file(prefix, name):
            continue
        elif entry.is_symlink():
            state.links.append(prefix + name)
        elif entry.is_file(follow_symlinks=False):
            state.files.append(prefix + name)
    return folders


def is_skipped(prefix: str, name: str, selection: FileSelection = DEFAULT_SELECTION) -> bool:
    """Return whether a search skips a directory `name` in the directory `prefix`: a hidden or an excluded one."""
    return name.startswith(".") or selection.skips_folder(prefix, name)


def _links_inside(links: list[str], folder: str) -> list[str]:
    """Return the links that lead to a file inside the directory."""
    if not links:
        return []
    root = os.path.join(real_path(folder), "")
    return [link for link in links if os.path.isfile(link) and real_path(link).startswith(root)]


def ignored(folder: str, paths: Sequence[str]) -> frozenset[str]:
    """Return the ignored paths below a directory.

    If its repository ignores the directory itself, no path counts as ignored. Tracked files are never ignored. The
    user's global patterns are not used. The patterns of a nested repository, such as a submodule, apply to its files.
    """
    top = prefix_of(folder)
    paths_by_repository: dict[str, list[str]] = {}
    repositories: dict[str, str] = {}
    for path in paths:
        paths_by_repository.setdefault(_repository(folder_of(path), top, repositories), []).append(path)
    return frozenset(path for prefix, inside in paths_by_repository.items() for path in _ignored_by_git(prefix, inside))


def problem_of_ignoring(folder: str) -> Problem | None:
    """Return the problem of a directory in whose repository git did not test which files are ignored, if any."""
    root = repository_root(folder)
    if root is None:
        return None
    # Imported here for a fast start, because most runs start git after the search.
    from stepgraph.project.git import failure_reason

    reason = failure_reason(root)
    return None if reason is None else Problem(folder, f"files that git ignores are not skipped: {reason}")


def _repository(folder: str, top: str, cache: dict[str, str]) -> str:
    """Return the innermost repository below `top` that contains a directory, or `top` if there is none."""
    visited: list[str] = []
    while folder not in cache:
        parent = parent_of(folder)
        if folder == top or parent is None or not folder.startswith(top):
            cache[folder] = top
        elif os.path.lexists(f"{folder}.git"):
            cache[folder] = folder
        else:
            visited.append(folder)
            folder = parent
    repository = cache[folder]
    cache |= dict.fromkeys(visited, repository)
    return repository


def _ignored_by_git(prefix: str, paths: Sequence[str]) -> Iterator[str]:
    root = repository_root(prefix)
    if root is None:
        return
    # Imported here for a fast start, because `subprocess` is needed only here.
    from stepgraph.project.git import start_git

    arguments = ("-c", f"core.excludesFile={os.devnull}", "check-ignore", "-z", "--stdin")
    git = start_git(prefix, *arguments, reads_input=True)
    if git is None:
        return
    folder = real_path(prefix)
    inside = os.path.relpath(folder, root)
    names = [folder, *(f"./{inside}/{path.removeprefix(prefix)}" for path in paths)]
    names_input = b"".join(os.fsencode(name) + b"\0" for name in names)
    # The output cannot be longer than the input.
    output = git.read_output(names_input, len(names_input)) or b""
    matches = {os.fsdecode(name) for name in output.split(b"\0") if name}
    if names[0] not in matches:
        yield from (path for path, name in zip(paths, names[1:], strict=True) if name in matches)
