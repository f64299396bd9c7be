"""Where the modules of a project are: from the name that an import says to a file. No file is read here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from msgspec import Struct

from stepgraph.limits import DEEPEST_FOLDER
from stepgraph.project.folders import folder_of, parent_of, prefix_of
from stepgraph.project.reading import entries_of
from stepgraph.project.root import Root

_PACKAGE = "__init__.py"


class ModuleFile(Struct, frozen=True):
    """A module: its dotted name and its file. A package has a `folder`, and no `path` if there is no `__init__.py`."""

    name: str
    path: str | None
    folder: str | None = None


class ModuleFiles:
    """The modules below a root, found by name in some folders, in their order, and then in those `vendored`.

    Case counts, on file systems where it does not too. Dots and symbolic links out of the root lead nowhere, but for
    one of the folders outside of it. Nothing is found outside of the `bounds`, nor without any.
    """

    def __init__(
        self, root: str, folders: Sequence[str], vendored: Sequence[str] = (), bounds: Root | None = None
    ) -> None:
        self.root = root
        self.bounds = bounds
        self.folders = tuple(dict.fromkeys((*folders, *vendored)))
        self._named_from = (*vendored, *folders)
        self._names: dict[str, frozenset[str]] = {}
        self._tops: dict[str, str] = {}
        self._found: dict[str, ModuleFile | None] = {}
        self._real: dict[str, str] = {}

    def find(self, name: str) -> ModuleFile | None:
        """Return the module or package of a dotted name; a package without a file only where there is no other."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> ModuleFile | None:
        found = [module for folder in self.folders if (module := self._below(folder, name)) is not None]
        return next((module for module in found if module.path is not None), found[0] if found else None)

    def find_from(self, importer: str, level: int, name: str) -> ModuleFile | None:
        """Return the module that the file `importer` names relative to its package: `level` is the number of dots."""
        folder: str | None = folder_of(importer)
        for _ in range(level - 1):
            folder = None if folder is None else parent_of(folder)
        if folder is None or not self._has(folder):
            return None
        found = self._below(folder, name) if name else self._package(folder)
        if found is None:
            return None
        return ModuleFile(self.name_of(found.path or f"{found.folder}{_PACKAGE}"), found.path, found.folder)

    def inside(self, package: ModuleFile, name: str) -> ModuleFile | None:
        """Return a module of a package."""
        found = None if package.folder is None else self._below(package.folder, name)
        return found and ModuleFile(f"{package.name}.{name}", found.path, found.folder)

    def names_inside(self, package: ModuleFile) -> list[str]:
        """Return the names of the modules of a package, sorted."""
        names = () if package.folder is None else self._listing(package.folder)
        return sorted({name.removesuffix("/").removesuffix(".py") for name in names} - {"__init__"})

    def name_of(self, path: str) -> str:
        """Return the dotted name of a module: that by which it is found from outside of all packages around it."""
        top = self._top(folder_of(path))
        base = next((folder for folder in self._named_from if top.startswith(folder)), top)
        return path.removeprefix(base).removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def _top(self, folder: str) -> str:
        """Return the folder outside of all packages around a folder, or the outermost one that is in the project."""
        inside: list[str] = []
        top = folder
        while top not in self._tops and _PACKAGE in self._listing(top):
            around = parent_of(top)
            if around is None or not self._has(around):
                break
            inside.append(top)
            top = around
        top = self._tops.get(top, top)
        self._tops |= dict.fromkeys([*inside, top], top)
        return top

    @property
    def listings(self) -> Mapping[str, frozenset[str]]:
        """What was found in the folders that were listed: Python files, and folders, these with a slash."""
        return self._names

    def learn(self, listings: Mapping[str, frozenset[str]]) -> None:
        """Take over what was found in folders by another process."""
        self._names |= listings

    def has_listing(self, folder: str, names: frozenset[str]) -> bool:
        """Tell whether this is what is in a folder."""
        return self._listing(folder) == names

    def _has(self, path: str) -> bool:
        real = self._real_path(path)
        return any(real.startswith(self._real_path(folder)) for folder in (self.root, *self.folders))

    def _real_path(self, path: str) -> str:
        """Return a path with its symbolic links followed and a slash at its end, from that of the folder around it.

        To ask the system for each folder of a deep tree takes the square of its depth.
        """
        pending: list[str] = []
        folder = prefix_of(path)
        while folder not in self._real:
            name = folder.rstrip("/").rpartition("/")[2]
            if name in ("", ".", "..") or os.path.islink(folder.rstrip("/")):
                self._real[folder] = os.path.join(os.path.realpath(folder or "."), "")
                break
            pending.append(folder)
            folder = folder[: len(folder.rstrip("/")) - len(name)]
        for inner in reversed(pending):
            self._real[inner] = os.path.join(self._real[folder], os.path.basename(inner.rstrip("/")), "")
            folder = inner
        return self._real[prefix_of(path)]

    def _below(self, folder: str, name: str) -> ModuleFile | None:
        *packages, last = name.split(".")
        for package in packages:
            names = self._listing(folder)
            if f"{package}/" not in names:
                return None
            folder = f"{folder}{package}/"
            if f"{package}.py" in names and _PACKAGE not in self._listing(folder):
                return None  # a module goes before a folder that is no package
        names = self._listing(folder)
        found = self._package(f"{folder}{last}/", name) if f"{last}/" in names else None
        if f"{last}.py" in names and (found is None or found.path is None):
            return ModuleFile(name, f"{folder}{last}.py")
        return found

    def _package(self, folder: str, name: str = "") -> ModuleFile:
        path = f"{folder}{_PACKAGE}" if _PACKAGE in self._listing(folder) else None
        return ModuleFile(name, path, folder)

    def _listing(self, folder: str) -> frozenset[str]:
        """Return the Python files in a folder, and the folders, these with a slash."""
        names = self._names.get(folder)
        if names is None:
            names = self._names[folder] = frozenset(self._read(folder))
        return names

    def _read(self, folder: str) -> list[str]:
        if folder.count("/") > 2 * DEEPEST_FOLDER or self.bounds is None or not self.bounds.holds(folder):
            return []
        try:
            entries = [entry for entry in entries_of(folder) if "." not in entry.name or entry.name.endswith(".py")]
            inside = [entry for entry in entries if not entry.is_symlink() or self._leads_inside(entry.path)]
            return [f"{_composed(entry.name)}/" if _is_folder(entry) else _composed(entry.name) for entry in inside]
        except OSError:
            return []

    def _leads_inside(self, link: str) -> bool:
        return self.bounds is not None and self.bounds.holds(link) and self._has(link)


def _composed(name: str) -> str:
    """Return a name as imports write it. macOS may store letters and accents apart (NFD), and finds both spellings."""
    if sys.platform == "darwin" and not name.isascii():
        # Imported here for start-up.
        from unicodedata import normalize

        return normalize("NFC", name)
    return name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Asked of the path where it is a link: of the entry, one that leads back to itself would be an error.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir(follow_symlinks=False)
