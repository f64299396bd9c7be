"""Packages of the repository that a project depends on: members of a uv workspace, and dependencies by path.

Installed packages are not searched. uv and Poetry declare local packages in the `pyproject.toml` of the project:

    [tool.uv.sources]                         [tool.poetry.dependencies]
    flowkit = { workspace = true }            flowkit = { path = "../../packages/flowkit" }
    shared = { path = "../shared" }
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct, field

from stepgraph.limits import LOCAL_PACKAGE_BYTES, LOCAL_PACKAGES
from stepgraph.model.note import InputError
from stepgraph.project.folders import path_in, prefix_of, with_ancestors
from stepgraph.project.reading import list_entries, read_configuration_bytes
from stepgraph.project.root import Root

_FILE_NAME: Final = "pyproject.toml"
# A file without one of these pairs of words declares no local packages, and one without `workspace` no members.
_SOURCES: Final = ((b"uv", b"sources"), (b"poetry", b"path"))
_WORKSPACE: Final = ((b"uv", b"workspace"),)
_NAME: Final = ((b"project", b"name"),)
_MAX_INPUTS: Final = 20 * LOCAL_PACKAGES
_MAX_COMPARISONS: Final = 100_000
"""The maximum number of names of directories that are compared with patterns of members, about a second. Patterns of
more than `_PATTERN_LENGTH` characters count several times.
"""
_PATTERN_LENGTH: Final = 32
_SEPARATORS: Final = r"[-_.]++"
_NO_TABLE: Final[Mapping[str, object]] = {}


class LocalPackages(Struct):
    """Finds the local packages of projects. Each file is read once per run.

    Declarations beyond a limit on files, paths, comparisons or bytes are ignored. Their packages are then unresolved
    imports.
    """

    inputs: dict[str, None] = field(default_factory=dict)
    """The paths of the files and directories that were read or looked for."""
    _contents: dict[str, bytes] = field(default_factory=dict)
    _documents: dict[str, Mapping[str, object]] = field(default_factory=dict)
    _members: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _folders: dict[tuple[str, Root], tuple[str, ...]] = field(default_factory=dict)
    _names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The names of the visible directories in a directory, without links, sorted."""
    _comparisons: int = 0
    _bytes: int = 0
    """The total size of the parsed files."""

    def folders_of(self, folder: str, bounds: Root) -> tuple[str, ...]:
        """Return the directories with the modules of the local packages of a project, direct dependencies first.

        The nearest `pyproject.toml` in or above a directory declares the dependencies.
        """
        project = next((above for above in with_ancestors(folder) if self._exists(above, bounds)), None)
        if project is None:
            return ()
        key = project, bounds
        if key not in self._folders:
            self._folders[key] = tuple(self._search(project, bounds))
        return self._folders[key]

    def _search(self, project: str, bounds: Root) -> Iterator[str]:
        visited = {project}
        pending = deque([project])
        while pending and len(visited) <= LOCAL_PACKAGES:
            for package in self._dependencies(pending.popleft(), bounds):
                if package not in visited and bounds.contains(package or "."):
                    visited.add(package)
                    pending.append(package)
                    source = f"{package}src/"
                    yield source if self._is_folder(source, bounds) else package

    def _dependencies(self, project: str, bounds: Root) -> Iterator[str]:
        """Yield the directories of the packages that a project declares as local."""
        tool = _table(self._document(project, bounds, _SOURCES), "tool")
        uv, poetry = _table(tool, "uv"), _table(tool, "poetry")
        groups = _table(poetry, "group")
        tables = [_table(uv, "sources"), _table(poetry, "dependencies")]
        tables += [_table(_table(groups, name), "dependencies") for name in groups]
        for table in tables:
            for name, value in table.items():
                for source in value if isinstance(value, list) else [value]:
                    yield from self._packages(project, name, source, bounds)

    def _packages(self, project: str, name: str, source: object, bounds: Root) -> Iterator[str]:
        match source:
            case {"path": str(path)} if "\0" not in path:
                folder = prefix_of(path_in(project, path))
                if self._is_folder(folder, bounds):
                    yield folder
            case {"workspace": True}:
                member = self._workspace_members(project, bounds).get(_normalized(name))
                if member is not None:
                    yield member
            case _:
                return

    def _workspace_members(self, project: str, bounds: Root) -> Mapping[str, str]:
        """Return the directories of the members of the nearest workspace by normalized name."""
        for above in with_ancestors(project):
            if not self._exists(above, bounds):
                continue
            workspace = _table(_table(_table(self._document(above, bounds, _WORKSPACE), "tool"), "uv"), "workspace")
            patterns = workspace.get("members")
            if isinstance(patterns, list):
                if above not in self._members:
                    self._members[above] = self._named_members(above, patterns, bounds)
                return self._members[above]
        return {}

    def _named_members(self, root: str, patterns: list[object], bounds: Root) -> Mapping[str, str]:
        members: dict[str, str] = {}
        folders = (folder for pattern in patterns for folder in self._matching(root, str(pattern)))
        for folder, _ in zip(folders, range(LOCAL_PACKAGES), strict=False):
            name = _table(self._document(folder, bounds, _NAME), "project").get("name")
            if isinstance(name, str):
                members.setdefault(_normalized(name), folder)
        return members

    def _matching(self, root: str, pattern: str) -> Iterator[str]:
        """Yield the directories below a directory that match a pattern, sorted. Links are not followed."""
        # Imported here because few projects have workspaces.
        from stepgraph.project.path_patterns import matches

        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        pending = [(root, 0)] if parts else []
        while pending and self._comparisons <= _MAX_COMPARISONS:
            folder, level = pending.pop()
            names = self._names_in(folder)
            self._comparisons += (1 + len(names)) * (1 + len(parts[level]) // _PATTERN_LENGTH)
            inner = [f"{folder}{name}/" for name in names if matches(parts[level], name)]
            if level + 1 == len(parts):
                yield from inner
            else:
                pending += ((each, level + 1) for each in reversed(inner))

    def _names_in(self, folder: str) -> tuple[str, ...]:
        if folder not in self._names:
            names: list[str] = []
            if self._look_at(folder):
                with suppress(OSError):
                    names = [entry.name for entry in list_entries(folder) if entry.is_dir(follow_symlinks=False)]
            self._names[folder] = tuple(sorted(name for name in names if not name.startswith(".")))
        return self._names[folder]

    def _is_folder(self, folder: str, bounds: Root) -> bool:
        return self._look_at(folder) and bounds.contains(folder or ".") and os.path.isdir(folder or ".")

    def _look_at(self, path: str) -> bool:
        """Record a path that is looked for. Return False for a further path if there are too many."""
        if path not in self.inputs and len(self.inputs) > _MAX_INPUTS:
            return False
        self.inputs[path] = None
        return True

    def _exists(self, folder: str, bounds: Root) -> bool:
        path = f"{folder}{_FILE_NAME}"
        return self._look_at(path) and os.path.isfile(path) and bounds.contains(folder or ".")

    def _document(self, folder: str, bounds: Root, words: Sequence[tuple[bytes, bytes]]) -> Mapping[str, object]:
        """Return the content of the `pyproject.toml` in a directory. Empty if it contains no pair of words."""
        path = f"{folder}{_FILE_NAME}"
        if path not in self._contents:
            self._contents[path] = _content(path, bounds) if self._look_at(path) else b""
        content = self._contents[path]
        if not any(first in content and second in content for first, second in words):
            return _NO_TABLE
        if path not in self._documents:
            self._bytes += len(content)
            self._documents[path] = _parsed(content) if self._bytes <= LOCAL_PACKAGE_BYTES else _NO_TABLE
        return self._documents[path]


def _content(path: str, bounds: Root) -> bytes:
    try:
        return read_configuration_bytes(path, bounds)
    except InputError:
        return b""  # a file with settings is reported by their search


def _parsed(content: bytes) -> Mapping[str, object]:
    # Imported here for a fast start, because most projects have no local packages.
    from stepgraph.project.configuration.document import MalformedError
    from stepgraph.project.configuration.toml import TomlDocument

    try:
        return TomlDocument(content.decode()).data
    except (MalformedError, UnicodeDecodeError):
        return _NO_TABLE


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = table.get(name)
    return value if isinstance(value, dict) else _NO_TABLE


def _normalized(name: str) -> str:
    """Return a package name in the form in which names are compared (PEP 503)."""
    return re.sub(_SEPARATORS, "-", name).lower()
