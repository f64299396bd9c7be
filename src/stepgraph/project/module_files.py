"""Resolve module names to files, and files to module names, without reading files."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.limits import DEEPEST_FOLDER, SEARCHED_MODULES
from stepgraph.project.folders import folder_of, parent_of, prefix_of, real_path
from stepgraph.project.reading import has_unsaved_files, list_entries, unsaved_entries
from stepgraph.project.root import Root

_PACKAGE_FILE = "__init__.py"
MAIN_NAMES: Final[tuple[str, ...]] = ("entry.py", "main.py", "worker.py", "index.py", "app.py")
"""The usual names of the main module of a Worker, for projects without a configuration."""
VENDORED: Final = "python_modules/"
"""The directory of vendored packages, which pywrangler installs."""
# Directories that usually contain packages of other projects.
_NOT_OF_PROJECT = frozenset({"__pycache__/", "env/", "node_modules/", "python_modules/", "venv/"})

_TEST_FOLDERS = frozenset({"test", "tests"})


def is_test_module(path: str) -> bool:
    """Return whether a file is named like a test module."""
    name = path.rpartition("/")[2]
    return name.startswith(("test_", "conftest")) or name.endswith("_test.py")


class WorkerModules(Struct, frozen=True):
    """The modules below the module root of a Worker. Their names are relative to this directory."""

    root: str
    """The module root: `base_dir` or the directory of `main`, as the prefix of the paths in it."""
    main: str
    """The path of the main module."""
    source_folder: str = ""
    """The dotted name of the module root in the directory of the configuration; empty if it is this directory."""

    def contains(self, path: str) -> bool:
        """Return whether a file is a module of the Worker, and not of a vendored package."""
        relative = path.removeprefix(self.root)
        is_below = path.startswith(self.root) and not relative.startswith(("/", "../"))
        return is_below and not relative.startswith(VENDORED)

    def is_entry(self, path: str) -> bool:
        """Return whether the Worker loads a module: the main module, or one next to it that is not a test."""
        is_beside = self.contains(path) and folder_of(path) == self.root
        return path == self.main or (is_beside and not is_test_module(path))

    def names_source_folder(self, name: str) -> bool:
        """Return whether an absolute name starts with the name of the module root."""
        return bool(self.source_folder) and f"{name}.".startswith(f"{self.source_folder}.")

    def package_of(self, path: str) -> tuple[str, ...]:
        """Return the components of the name of the package that contains a module, or that the module initializes."""
        return tuple(path.removeprefix(self.root).split("/")[:-1])

    def name_of(self, path: str) -> str:
        """Return the dotted name of a module or package of the Worker."""
        return path.removeprefix(self.root).removesuffix(".py").removesuffix("/__init__").rstrip("/").replace("/", ".")


class ModuleFile(Struct, frozen=True):
    """A module or package."""

    name: str
    """The dotted name."""
    path: str | None
    """The path of its file, or None for a package without `__init__.py`."""
    folder: str | None = None
    """The directory of a package, or None for a module."""


class ModuleFiles:
    """Finds the modules of a project by name, in its directories in order, and then in its vendored directories.

    Names are case-sensitive on every file system. Relative imports and symbolic links are followed inside the root and
    the directories only. Without `bounds`, and outside them, no module is found. `worker` is the Worker that loads the
    modules, if a configuration names it. `is_marked` means that a file such as `pyproject.toml` marks the root of the
    project.
    """

    def __init__(
        self,
        root: str,
        folders: Sequence[str],
        vendored: Sequence[str] = (),
        bounds: Root | None = None,
        worker: WorkerModules | None = None,
        *,
        is_marked: bool = False,
    ) -> None:
        self.root = root
        self.is_marked = is_marked
        self.bounds = bounds
        self.worker = worker
        self.folders = tuple(dict.fromkeys((*folders, *vendored)))
        self._vendored = tuple(dict.fromkeys(vendored))
        self._named_from = (*vendored, *folders)
        self._listings: dict[str, frozenset[str]] = {}
        self._top_folders: dict[str, str] = {}
        self._modules: dict[str, ModuleFile | None] = {}
        self._real_paths: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def find(self, name: str) -> ModuleFile | None:
        """Return the module or package with a dotted name. A module or package with a file takes precedence."""
        if name not in self._modules:
            self._modules[name] = self._find(name)
        return self._modules[name]

    def _find(self, name: str) -> ModuleFile | None:
        candidates = [module for folder in self.folders if (module := self._find_below(folder, name)) is not None]
        return next((module for module in candidates if module.path is not None), candidates[0] if candidates else None)

    def find_from(self, importer: str, level: int, name: str) -> ModuleFile | None:
        """Resolve a relative import of the file `importer`. The `level` is the number of dots."""
        folder: str | None = folder_of(importer)
        for _ in range(level - 1):
            folder = None if folder is None else parent_of(folder)
        if folder is None or not self._is_in_project(folder):
            return None
        module = self._find_below(folder, name) if name else self._package(folder)
        if module is None:
            return None
        return ModuleFile(self.name_of(module.path or f"{module.folder}{_PACKAGE_FILE}"), module.path, module.folder)

    def find_in_worker(self, name: str) -> ModuleFile | None:
        """Return the module or package of the Worker, or of a vendored package, with a dotted name, if it exists."""
        folders = () if self.worker is None else (self.worker.root, *self._vendored)
        candidates = (self._find_below(folder, name) for folder in folders)
        return next((module for module in candidates if module is not None), None)

    def find_in_package(self, package: ModuleFile, name: str) -> ModuleFile | None:
        """Return the module or package with a dotted name relative to a package, if it exists."""
        module = None if package.folder is None else self._find_below(package.folder, name)
        return module and ModuleFile(f"{package.name}.{name}", module.path, module.folder)

    def module_names(self, package: ModuleFile) -> list[str]:
        """Return the names of the modules and packages in a package, sorted."""
        names = () if package.folder is None else self._listing(package.folder)
        return sorted({name.removesuffix("/").removesuffix(".py") for name in names} - {"__init__"})

    def modules_below(self, package: ModuleFile, most: int) -> list[ModuleFile] | None:
        """Return the modules and packages with a file in a package, and in the packages in it, outer ones first.

        Return None for more than `most` of them, for more packages, and if a link leads to a package a second time.
        """
        modules: list[ModuleFile] = []
        pending = deque([package])
        visited: set[str] = set()
        while pending:
            package = pending.popleft()
            folder = self._real_path(package.folder or "")
            inner = [self.find_in_package(package, name) for name in self.module_names(package)]
            modules += (module for module in inner if module is not None and module.path is not None)
            if folder in visited or max(len(modules), len(visited)) > most:
                return None
            visited.add(folder)
            pending += (module for module in inner if module is not None and module.folder is not None)
        return modules

    def module_paths(self) -> Iterator[str]:
        """Yield the paths of the Python files of the project without vendored packages, outer directories first.

        A limited number of directories is searched.
        """
        pending = deque(folder for folder in self.folders if folder not in self._vendored)
        visited: set[str] = set()
        while pending and len(visited) < SEARCHED_MODULES:
            folder = pending.popleft()
            if self._real_path(folder) in visited:
                continue
            visited.add(self._real_path(folder))
            names = sorted(self._listing(folder))
            yield from (folder + name for name in names if name.endswith(".py"))
            pending.extend(folder + name for name in names if name.endswith("/") and name not in _NOT_OF_PROJECT)

    def main_modules(self) -> Iterator[ModuleFile]:
        """Yield the main module of the Worker or, without a configuration, the modules with the name of one."""
        names = MAIN_NAMES
        folders = [folder for folder in self.folders if folder not in self._vendored]
        if self.worker is not None:
            folders = [folder_of(self.worker.main)]
            names = (self.worker.main.removeprefix(folders[0]),)
        for folder in folders:
            listing = self._listing(folder)
            yield from (ModuleFile(name.removesuffix(".py"), folder + name) for name in names if name in listing)

    def possible_main(self, path: str) -> ModuleFile | None:
        """Return the module in a file if it may be the main module of a Worker without a configuration.

        Tests and `__init__.py` files are excluded.
        """
        folders = path.removeprefix(self.root).split("/")[:-1]
        is_test = is_test_module(path) or not _TEST_FOLDERS.isdisjoint(folders)
        return None if is_test or path.endswith(f"/{_PACKAGE_FILE}") else ModuleFile(self.name_of(path), path)

    def name_of(self, path: str) -> str:
        """Return the dotted name of a module file, starting with its outermost package."""
        name = self._names.get(path)
        if name is None:
            name = self._names[path] = self._name_of(path)
        return name

    def _name_of(self, path: str) -> str:
        top = self._top_folder(folder_of(path))
        base = next((folder for folder in self._named_from if top.startswith(folder)), top)
        return path.removeprefix(base).removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def _top_folder(self, folder: str) -> str:
        """Return the directory that contains the outermost package of a directory, limited to the project."""
        nested: list[str] = []
        top = folder
        while top not in self._top_folders and _PACKAGE_FILE in self._listing(top):
            parent = parent_of(top)
            if parent is None or not self._is_in_project(parent):
                break
            nested.append(top)
            top = parent
        top = self._top_folders.get(top, top)
        self._top_folders |= dict.fromkeys([*nested, top], top)
        return top

    @property
    def listings(self) -> Mapping[str, frozenset[str]]:
        """The contents of the directories listed so far: Python files, and directories with a trailing slash."""
        return self._listings

    def add_listings(self, listings: Mapping[str, frozenset[str]]) -> None:
        """Add the listings of another process."""
        self._listings |= listings

    def has_listing(self, folder: str, names: frozenset[str]) -> bool:
        """Return whether a directory contains exactly these names."""
        return self._listing(folder) == names

    def _is_in_project(self, path: str) -> bool:
        real = self._real_path(path)
        return any(real.startswith(self._real_path(folder)) for folder in (self.root, *self.folders))

    def _real_path(self, path: str) -> str:
        """Return the real path of a directory with a trailing slash, derived from the cached real path of its parent.

        Calling `realpath` for each directory of a deep tree takes quadratic time in the depth.
        """
        pending: list[str] = []
        folder = prefix_of(path)
        while folder not in self._real_paths:
            name = folder.rstrip("/").rpartition("/")[2]
            if name in ("", ".", "..") or os.path.islink(folder.rstrip("/")):
                self._real_paths[folder] = os.path.join(real_path(folder or "."), "")
                break
            pending.append(folder)
            folder = folder[: len(folder.rstrip("/")) - len(name)]
        for inner in reversed(pending):
            self._real_paths[inner] = os.path.join(self._real_paths[folder], os.path.basename(inner.rstrip("/")), "")
            folder = inner
        return self._real_paths[prefix_of(path)]

    def _find_below(self, folder: str, name: str) -> ModuleFile | None:
        *packages, last = name.split(".")
        for package in packages:
            names = self._listing(folder)
            if f"{package}/" not in names:
                return None
            folder = f"{folder}{package}/"
            if f"{package}.py" in names and _PACKAGE_FILE not in self._listing(folder):
                return None  # a module takes precedence over a directory without `__init__.py`
        names = self._listing(folder)
        package_file = self._package(f"{folder}{last}/", name) if f"{last}/" in names else None
        if f"{last}.py" in names and (package_file is None or package_file.path is None):
            return ModuleFile(name, f"{folder}{last}.py")
        return package_file

    def _package(self, folder: str, name: str = "") -> ModuleFile:
        path = f"{folder}{_PACKAGE_FILE}" if _PACKAGE_FILE in self._listing(folder) else None
        return ModuleFile(name, path, folder)

    def _listing(self, folder: str) -> frozenset[str]:
        """Return the names of the Python files and, with a trailing slash, of the subdirectories in a directory."""
        names = self._listings.get(folder)
        if names is None:
            names = self._listings[folder] = frozenset(self._read(folder))
        return names

    def _read(self, folder: str) -> list[str]:
        if folder.count("/") > 2 * DEEPEST_FOLDER or self.bounds is None or not self.bounds.contains(folder):
            return []
        return self._read_saved(folder) + self._read_unsaved(folder)

    def _read_saved(self, folder: str) -> list[str]:
        try:
            entries = [entry for entry in list_entries(folder) if "." not in entry.name or entry.name.endswith(".py")]
            accepted = [entry for entry in entries if not entry.is_symlink() or self._leads_inside(entry.path)]
            return [_normalized_name(entry.name) + ("/" if _is_folder(entry) else "") for entry in accepted]
        except OSError:
            return []

    def _read_unsaved(self, folder: str) -> list[str]:
        names = unsaved_entries(real_path(folder or ".")) if has_unsaved_files() else ()
        return [name for name in names if name.endswith(".py") or (name.endswith("/") and "." not in name)]

    def _leads_inside(self, link: str) -> bool:
        return self.bounds is not None and self.bounds.contains(link) and self._is_in_project(link)


def _normalized_name(name: str) -> str:
    """Return a file name in the normalization form of identifiers. macOS may store names in NFD."""
    if sys.platform == "darwin" and not name.isascii():
        # Imported here for a fast start.
        from unicodedata import normalize

        return normalize("NFC", name)
    return name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # For a link that leads to itself, `entry.is_dir` raises OSError, while `os.path.isdir` returns False.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir(follow_symlinks=False)
