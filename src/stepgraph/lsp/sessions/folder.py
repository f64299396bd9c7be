"""The directories that are open in the editor, each analyzed as by `stepgraph check` in this directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from msgspec import Struct

from stepgraph.fixing import FixedFile
from stepgraph.incremental import OnModule
from stepgraph.live.live_project import LiveProject, ProjectState
from stepgraph.lsp.protocol.documents import Document
from stepgraph.project.change_watch import ChangeWatch
from stepgraph.project.class_names import BASE_CLASS
from stepgraph.project.file_selection import FileSelection, read_selection
from stepgraph.project.folder_searches import FolderSearches
from stepgraph.project.folders import real_path
from stepgraph.project.reading import unsaved_files
from stepgraph.project.remembered_searches import RememberedSearches
from stepgraph.project.search import is_skipped

_HERE: Final = "."
_BASE_CLASS: Final = BASE_CLASS.decode()
_FILE_SYSTEM: Final = os.path.abspath(os.sep)


class OpenProject(Protocol):
    """Returns a project before its first analysis."""

    def __call__(
        self,
        paths: Callable[[], Sequence[str]],
        environment: str | None = None,
        searches: FolderSearches | None = None,
    ) -> LiveProject:
        """Return the project at the paths that a function returns, for an environment of its configurations."""


class AnalyzedFolder(Struct, frozen=True):
    """The state of a directory after an analysis, and the open documents at that time."""

    path: str
    """The absolute path of the directory."""
    state: ProjectState
    documents: Mapping[str, Document]
    """The documents that were open, by URI."""
    real_path: str = ""
    """The path after resolving symbolic links."""
    failure_path: str | None = None
    """The file with the failure of the state, as a path in spans, or None without a failure or its file."""

    def relative_path(self, document: Document) -> str:
        """Return the path of a document in the directory, as in spans."""
        is_real = is_inside(document.real_path, self.real_path)
        base, path = (self.real_path, document.real_path) if is_real else (self.path, document.path)
        return os.path.relpath(path, base).replace(os.sep, "/")


class Folder:
    """A directory whose project is analyzed with the texts of open documents in place of their files.

    A directory of the workspace is searched. In another directory, only open documents are analyzed.
    """

    def __init__(
        self, path: str, open_project: OpenProject, environment: str | None = None, *, is_searched: bool
    ) -> None:
        """Prepare the analysis of a directory with an absolute path."""
        self.path = path
        self.environment = environment
        self.real_path = real_path(path)
        self.is_searched = is_searched
        self._searches = RememberedSearches()
        self._project = open_project(lambda: self._paths, environment, self._searches)
        self._paths: Sequence[str] = ()
        """The paths that the current analysis selects."""
        self._watch: ChangeWatch | None = None
        self._watched_paths: Sequence[str] = ()
        self._watched_state = 0
        """The number of the state whose files are watched."""

    def contains(self, document: Document) -> bool:
        """Return whether a document is in the directory, directly so if the directory is not searched."""
        if self.is_searched:
            return is_inside(document.path, self.path) or is_inside(document.real_path, self.real_path)
        return os.path.dirname(document.path) == self.path

    def analyze(self, documents: Iterable[Document], on_module: OnModule | None = None) -> AnalyzedFolder:
        """Return the state of the directory with these open documents. Raises AnalysisCanceledError of `on_module`.

        During the analysis, this directory is the working directory of the process, so that messages have the same
        paths as those of the command. A directory that does not exist has no workflows.
        """
        by_uri = {document.uri: document for document in documents}
        contents = {document.path: document.content for document in by_uri.values()}
        try:
            with _working_directory(self.path), unsaved_files(contents):
                self._paths = self._select([document for document in by_uri.values() if self.contains(document)])
                if self._watch is not None:
                    self._watch.start()
                state = self._project.refresh(on_module)
                failure_path = _existing_path(state, contents, self.path)
        except OSError:
            state, failure_path = ProjectState(0), None
        return AnalyzedFolder(self.path, state, by_uri, self.real_path, failure_path)

    def fix(self, analyzed: AnalyzedFolder, path: str) -> tuple[FixedFile, ...] | None:
        """Return the files that the safe fixes of a file change, or None if the directory was analyzed again.

        The path is as in spans.
        """
        if self._project.state is not analyzed.state:
            return None
        contents = {document.path: document.content for document in analyzed.documents.values()}
        try:
            with _working_directory(self.path), unsaved_files(contents):
                return self._project.fix(path)
        except OSError:
            return None

    def forget_files(self) -> None:
        """Search the files on the disk again in the next analysis, because they may have changed."""
        self._searches.forget()

    def has_changed(self) -> bool:
        """Return whether files of the last analysis have changed on the disk since the last call, or may have.

        Directories whose search is slow are not compared.
        """
        if self._searches.are_slow:
            return False
        try:
            with _working_directory(self.path):
                return self._compare_files()
        except OSError:
            return False

    def _compare_files(self) -> bool:
        state, watch = self._project.state, self._watch
        if watch is None or self._watched_paths != self._paths:
            self._watch, self._watched_paths = ChangeWatch(self._paths), self._paths
            return True  # the files may have changed since they were read
        if state.number == self._watched_state:
            return bool(watch.changes(has_events=False))
        self._watched_state = state.number
        return bool((*watch.extend(self._project.sources, state.files), *watch.changes(has_events=False)))

    def _select(self, documents: Sequence[Document]) -> Sequence[str]:
        """Return the paths to analyze: the directory, and open documents that may define a workflow.

        A new file is not on the disk, and a new workflow is not in a configuration yet. The settings and git exclude
        documents as they exclude files.
        """
        paths = [self._relative_path(document) for document in documents if _may_define_workflow(document)]
        if not self.is_searched:
            return paths
        selection = read_selection(_HERE).selection if paths else FileSelection()
        included = [path for path in paths if _is_included(path, selection)]
        skipped = self._searches.ignored(_HERE, included) if included else ()
        return (_HERE, *(path for path in included if path not in skipped))

    def _relative_path(self, document: Document) -> str:
        return AnalyzedFolder(self.path, self._project.state, {}, self.real_path).relative_path(document)


def is_inside(path: str, folder: str) -> bool:
    """Return whether an absolute path is inside a directory, without resolving symbolic links."""
    return path.startswith(os.path.join(folder, ""))


def _may_define_workflow(document: Document) -> bool:
    return document.path.endswith(".py") and _BASE_CLASS in document.text


def _is_included(path: str, selection: FileSelection) -> bool:
    """Return whether the search of the working directory includes a file, apart from git."""
    prefix = ""
    *folders, name = path.split("/")
    for folder in folders:
        if is_skipped(prefix, folder, selection):
            return False
        prefix += f"{folder}/"
    return selection.includes_file(prefix, name)


def _existing_path(state: ProjectState, unsaved: Mapping[str, bytes], folder: str) -> str | None:
    """Return the path of the file with the failure of a state, if there is one."""
    if state.failure is None:
        return None
    path = state.failure.path
    exists = os.path.isfile(path) or os.path.normpath(os.path.join(folder, path)) in unsaved
    return path if exists else None


@contextmanager
def _working_directory(path: str) -> Iterator[None]:
    """Change into a directory for the block. Raises OSError if it does not exist."""
    try:
        outside = os.getcwd()
    except FileNotFoundError:
        outside = _FILE_SYSTEM
    os.chdir(path)
    try:
        yield
    finally:
        with suppress(OSError):  # the directory outside was removed
            os.chdir(outside)


class Workspace:
    """The directories that are analyzed. Directories may be inside each other."""

    def __init__(self, open_project: OpenProject) -> None:
        """Start without directories."""
        self._open_project = open_project
        self._searched: dict[str, Folder] = {}
        """The directories of the workspace, by path."""
        self._outside: dict[str, Folder] = {}
        """The directories of documents outside of the workspace, by path."""
        self._environments: Mapping[str, str | None] = {}
        self._environment: str | None = None

    @property
    def folders(self) -> tuple[Folder, ...]:
        """All directories, in the order in which they were opened."""
        return (*self._searched.values(), *self._outside.values())

    @property
    def searched_paths(self) -> tuple[str, ...]:
        """The paths of the directories of the workspace."""
        return tuple(self._searched)

    def add(self, path: str) -> None:
        """Add a directory of the workspace."""
        if path not in self._searched:
            self._searched[path] = self._open(path, is_searched=True)

    def remove(self, path: str) -> None:
        """Remove a directory of the workspace."""
        self._searched.pop(path, None)

    def set_environments(self, environment: str | None, by_folder: Mapping[str, str | None]) -> None:
        """Set the environment of the configurations, for certain directories and for all others."""
        self._environment, self._environments = environment, by_folder
        self._searched = {path: self._with_environment(folder) for path, folder in self._searched.items()}
        self._outside = {path: self._with_environment(folder) for path, folder in self._outside.items()}

    def follow(self, documents: Iterable[Document]) -> None:
        """Add the directories of documents outside of the workspace, and remove those without open documents."""
        outside = [document for document in documents if not any(self._searching(document))]
        paths = dict.fromkeys(os.path.dirname(document.path) for document in outside)
        self._outside = {
            path: self._outside[path] if path in self._outside else self._open(path, is_searched=False)
            for path in paths
        }

    def folder_of(self, document: Document) -> Folder | None:
        """Return the innermost directory that contains a document, if any."""
        searched = max(self._searching(document), key=lambda folder: len(folder.path), default=None)
        return self._outside.get(os.path.dirname(document.path)) if searched is None else searched

    def _searching(self, document: Document) -> Iterable[Folder]:
        return [folder for folder in self._searched.values() if folder.contains(document)]

    def _open(self, path: str, *, is_searched: bool) -> Folder:
        environment = self._environments.get(path, self._environment)
        return Folder(path, self._open_project, environment, is_searched=is_searched)

    def _with_environment(self, folder: Folder) -> Folder:
        environment = self._environments.get(folder.path, self._environment)
        return folder if folder.environment == environment else self._open(folder.path, is_searched=folder.is_searched)
