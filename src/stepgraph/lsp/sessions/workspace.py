"""The directories of a session: the folders of the workspace, and the directories of other open documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from stepgraph.lsp.protocol.documents import Document
from stepgraph.lsp.sessions.folder import Folder, OpenProject


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
