"""Searching a folder for Python files: the same files in the same order on every machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from stepgraph.limits import DEEPEST_FOLDER, SEARCHED_ENTRIES, SEARCHED_FILES
from stepgraph.model.note import Problem
from stepgraph.project.folders import folder_of, parent_of, prefix_of, repository_root
from stepgraph.project.project import configuration_in
from stepgraph.project.reading import entries_of, unreadable
from stepgraph.project.root import CONFIGURATION_NAMES

_SKIPPED = frozenset({"node_modules", "__pycache__", "python_modules"})
_ENVIRONMENT_MARK = "pyvenv.cfg"


class Search(Struct, frozen=True):
    """The Python files below a folder, sorted, its configurations, and the folders that could not be searched."""

    files: tuple[str, ...]
    configurations: tuple[str, ...]
    problems: tuple[Problem, ...]


class _Finds(Struct):
    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    configured: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: int = 0

    @property
    def exceeded(self) -> str | None:
        """The limit that is exceeded, None if none is."""
        if self.entries > SEARCHED_ENTRIES:
            return f"{SEARCHED_ENTRIES:,} files and folders"
        return f"{SEARCHED_FILES:,} Python files" if len(self.files) + len(self.links) > SEARCHED_FILES else None


def search_folder(folder: str) -> Search:
    """Return the `*.py` files below `folder`, named as `folder` is, with forward slashes.

    Not entered: hidden folders, `node_modules`, `__pycache__`, `python_modules`, virtual environments, and symbolic
    links to folders. A symbolic link to a file counts if its target is in `folder`; links come after the files.
    Of a folder with more files than there may be, nothing is found: which ones would depend on the file system.
    """
    finds = _Finds()
    top = prefix_of(folder)
    pending = [top]
    while pending:
        prefix = pending.pop()
        if prefix.count("/") - top.count("/") > DEEPEST_FOLDER:
            message = f"more than {DEEPEST_FOLDER} folders deep, and not searched."
            finds.problems.append(Problem(prefix, message, "Name a folder further down."))
            continue
        try:
            pending.extend(_enter(prefix, finds, named=prefix == top))
        except OSError as error:
            finds.problems.append(unreadable(prefix or ".", error))
        if finds.exceeded is not None:
            message = f"more than {finds.exceeded} in it, so that it is not searched."
            return Search((), (), (Problem(folder, message, "Name the folders of your projects."),))
    links = _inside(sorted(finds.links), folder)
    problems = sorted(finds.problems, key=lambda problem: problem.path)
    configurations = [path for prefix in sorted(finds.configured) if (path := configuration_in(prefix)) is not None]
    return Search((*sorted(finds.files), *links), tuple(configurations), tuple(problems))


def _enter(prefix: str, finds: _Finds, *, named: bool) -> list[str]:
    """Note the Python files of a folder, and return the prefixes of the folders in it that are to be entered.

    An environment is searched only if it was itself `named`.
    """
    entries = entries_of(prefix)
    finds.entries += len(entries)
    if not named and any(entry.name == _ENVIRONMENT_MARK for entry in entries):
        return []
    if any(entry.name in CONFIGURATION_NAMES for entry in entries):
        finds.configured.append(prefix)
    return _sort_in(entries, prefix, finds)


def _sort_in(entries: list[os.DirEntry[str]], prefix: str, finds: _Finds) -> list[str]:
    folders = []
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if not name.startswith(".") and name not in _SKIPPED:
                folders.append(f"{prefix}{name}/")
        elif not name.endswith(".py"):
            continue
        elif entry.is_symlink():
            finds.links.append(prefix + name)
        elif entry.is_file(follow_symlinks=False):
            finds.files.append(prefix + name)
    return folders


def _inside(links: list[str], folder: str) -> list[str]:
    """Return the links that lead to a file in the folder."""
    if not links:
        return []
    root = os.path.join(os.path.realpath(folder), "")
    return [link for link in links if os.path.isfile(link) and os.path.realpath(link).startswith(root)]


def ignored(folder: str, paths: Sequence[str]) -> frozenset[str]:
    """Return those of some paths below a folder that its repository ignores: none if it ignores the folder itself.

    What is tracked is not ignored, whatever the patterns say. A person's own patterns outside of the repository do not
    count. A repository in the folder, such as a submodule, is asked about what is below it.
    """
    top = prefix_of(folder)
    asked: dict[str, list[str]] = {}
    repositories: dict[str, str] = {}
    for path in paths:
        asked.setdefault(_repository(folder_of(path), top, repositories), []).append(path)
    return frozenset(path for prefix, inside in asked.items() for path in _ignored(prefix, inside))


def _repository(folder: str, top: str, known: dict[str, str]) -> str:
    """Return the innermost folder, of one and those around it up to the top, that is a repository, else the top."""
    passed: list[str] = []
    while folder not in known:
        around = parent_of(folder)
        if folder == top or around is None or not folder.startswith(top):
            known[folder] = top
        elif os.path.lexists(f"{folder}.git"):
            known[folder] = folder
        else:
            passed.append(folder)
            folder = around
    found = known[folder]
    known |= dict.fromkeys(passed, found)
    return found


def _ignored(prefix: str, paths: Sequence[str]) -> Iterator[str]:
    root = repository_root(prefix)
    if root is None:
        return
    # Imported here for start-up: starting programs takes a module that little else needs.
    from stepgraph.project.git import start_git

    arguments = ("-c", f"core.excludesFile={os.devnull}", "check-ignore", "-z", "--stdin")
    git = start_git(prefix, *arguments, reads_input=True)
    if git is None:
        return
    folder = os.path.realpath(prefix)
    inside = os.path.relpath(folder, root)
    names = [folder, *(f"./{inside}/{path.removeprefix(prefix)}" for path in paths)]
    question = b"".join(os.fsencode(name) + b"\0" for name in names)
    # No more than was asked can be ignored.
    answer = git.answer(question, len(question)) or b""
    found = {os.fsdecode(name) for name in answer.split(b"\0") if name}
    if names[0] not in found:
        yield from (path for path, name in zip(paths, names[1:], strict=True) if name in found)
