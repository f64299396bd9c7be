"""A project: the modules that are deployed together, and their configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.folders import and_above, folder_of, is_inside, prefix_of
from stepgraph.project.module_files import ModuleFiles
from stepgraph.project.root import CONFIGURATION_NAMES, Root

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration

VENDORED = "python_modules/"

_MARKS = (*CONFIGURATION_NAMES, "pyproject.toml", ".git")


class Project(Struct, frozen=True):
    """Modules that import each other, `files` finding them, with the `configuration` that they are deployed by."""

    files: ModuleFiles
    configuration: Configuration | None = None

    @property
    def name(self) -> str:
        """The name of the Worker, empty where it is not known."""
        return "" if self.configuration is None else self.configuration.name

    @property
    def mode(self) -> DependencyMode | None:
        """How steps say which others they need; None where it is not known, and follows from the code."""
        return None if self.configuration is None else self.configuration.mode


NO_PROJECT = Project(ModuleFiles("", ()))


def configured_project(configuration: Configuration, bounds: Root) -> Project:
    """Return the project of a configuration, whose modules are inside of the `bounds`.

    Modules are named from `base_dir`, or the folder of `main`; but `main` itself stands at the top beside them. What is
    vendored is beside the configuration (pywrangler).
    """
    folder = folder_of(configuration.path)
    main = folder if configuration.main is None else folder_of(configuration.main)
    root = main if configuration.base_dir is None else prefix_of(configuration.base_dir)
    vendored = (folder + VENDORED, root + VENDORED)
    return Project(ModuleFiles(folder, (root, main, folder), vendored, bounds), configuration)


def project_of_file(path: str, configuration: Configuration | None, bounds: Root) -> Project:
    """Return the project that a file is in, as far as its place tells: it may be the main module, or any other."""
    if configuration is not None:
        return configured_project(configuration, bounds)
    return _unconfigured(folder_of(path), bounds)


def _unconfigured(folder: str, bounds: Root) -> Project:
    """Without a configuration, modules are found beside the file, from outside of its packages, and from the top.

    That is the folder with a mark of a project, else the working directory, if the file is below it.
    """
    around = list(and_above(folder))
    outside = next((above for above in around if not os.path.isfile(f"{above}__init__.py")), folder)
    marked = next((above for above in around if _is_marked(above)), None)
    top = marked if marked is not None else "" if is_inside(folder, "") else outside
    root = outside if is_inside(top, outside) else top
    folders, vendored = (folder, outside, f"{root}src/", root), (f"{root}{VENDORED}", folder + VENDORED)
    return Project(ModuleFiles(root, folders, vendored, bounds))


def _is_marked(folder: str) -> bool:
    return any(os.path.lexists(f"{folder}{name}") for name in _MARKS)


def configuration_in(folder: str) -> str | None:
    """Return the path of the configuration in a folder: of several, that which wrangler takes. It may be no file."""
    return next((path for name in CONFIGURATION_NAMES if os.path.lexists(path := f"{folder}{name}")), None)


def configuration_above(folder: str) -> str | None:
    """Return the path of the configuration in a folder, or the nearest one around it."""
    return next((path for above in and_above(folder) if (path := configuration_in(above)) is not None), None)
