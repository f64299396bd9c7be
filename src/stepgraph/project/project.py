"""Projects: the modules that are deployed together, and their configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.folders import folder_of, is_inside, prefix_of, with_ancestors
from stepgraph.project.module_files import ModuleFiles
from stepgraph.project.root import CONFIGURATION_NAMES, Root

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration

VENDORED = "python_modules/"

_ROOT_MARKERS = (*CONFIGURATION_NAMES, "pyproject.toml", ".git")


class Project(Struct, frozen=True):
    """A set of modules that can import each other."""

    files: ModuleFiles
    configuration: Configuration | None = None
    """The configuration with which the modules are deployed, None without one."""

    @property
    def name(self) -> str:
        """The name of the Worker, empty if the configuration has none."""
        return "" if self.configuration is None else self.configuration.name

    @property
    def mode(self) -> DependencyMode | None:
        """The dependency mode of steps, None if it has to be derived from the code."""
        return None if self.configuration is None else self.configuration.mode


NO_PROJECT = Project(ModuleFiles("", ()))


def configured_project(configuration: Configuration, bounds: Root) -> Project:
    """Return the project of a configuration, limited to modules inside the `bounds`.

    Modules are imported from `base_dir`, by default the folder of `main`, and from the folder of `main` itself.
    Vendored packages are in a folder next to the configuration (pywrangler).
    """
    folder = folder_of(configuration.path)
    main = folder if configuration.main is None else folder_of(configuration.main)
    root = main if configuration.base_dir is None else prefix_of(configuration.base_dir)
    vendored = (folder + VENDORED, root + VENDORED)
    return Project(ModuleFiles(folder, (root, main, folder), vendored, bounds), configuration)


def project_of_file(path: str, configuration: Configuration | None, bounds: Root) -> Project:
    """Return the project of a file, which need not be the main module."""
    if configuration is not None:
        return configured_project(configuration, bounds)
    return _unconfigured_project(folder_of(path), bounds)


def _unconfigured_project(folder: str, bounds: Root) -> Project:
    """Return a project without a configuration.

    Modules are imported from the folder of the file, from the parent of its outermost package, and from the top of the
    project: the nearest folder with a configuration, a `pyproject.toml` or `.git`, or the working directory.
    """
    ancestors = list(with_ancestors(folder))
    package_parent = next((ancestor for ancestor in ancestors if not os.path.isfile(f"{ancestor}__init__.py")), folder)
    marked_folder = next((ancestor for ancestor in ancestors if _is_marked(ancestor)), None)
    top = marked_folder if marked_folder is not None else "" if is_inside(folder, "") else package_parent
    root = package_parent if is_inside(top, package_parent) else top
    folders, vendored = (folder, package_parent, f"{root}src/", root), (f"{root}{VENDORED}", folder + VENDORED)
    return Project(ModuleFiles(root, folders, vendored, bounds))


def _is_marked(folder: str) -> bool:
    return any(os.path.lexists(f"{folder}{name}") for name in _ROOT_MARKERS)


def configuration_in(folder: str) -> str | None:
    """Return the path of the configuration in a folder that wrangler would use. It may be a folder or a broken link."""
    return next((path for name in CONFIGURATION_NAMES if os.path.lexists(path := f"{folder}{name}")), None)


def configuration_above(folder: str) -> str | None:
    """Return the path of the configuration in a folder or its nearest ancestor with one."""
    return next((path for ancestor in with_ancestors(folder) if (path := configuration_in(ancestor)) is not None), None)
