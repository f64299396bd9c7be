"""Projects: modules that are deployed together, and their configurations. Each configuration is read once per run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.limits import CONFIGURATION_BYTES_IN_ALL, MEGABYTE
from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.compatibility import Compatibility, DependencyMode
from stepgraph.project.folders import folder_of, is_inside, prefix_of, real_path, with_ancestors
from stepgraph.project.module_files import MAIN_NAMES, VENDORED, ModuleFiles, WorkerModules
from stepgraph.project.root import CONFIGURATION_NAMES, Root

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration


_ROOT_MARKERS = (*CONFIGURATION_NAMES, "pyproject.toml", ".git")


class Project(Struct, frozen=True):
    """A set of modules that can import each other."""

    files: ModuleFiles
    configuration: Configuration | None = None
    """The configuration of the deployment that contains the modules, if any."""

    @property
    def name(self) -> str:
        """The name of the Worker, or an empty string if it is unknown."""
        return "" if self.configuration is None else self.configuration.name

    @property
    def mode(self) -> DependencyMode | None:
        """The dependency mode of steps, or None if it has to be derived from the code."""
        return self.compatibility.mode

    @property
    def compatibility(self) -> Compatibility:
        """The compatibility settings, or empty ones without a configuration."""
        return Compatibility() if self.configuration is None else self.configuration.compatibility


NO_PROJECT = Project(ModuleFiles("", ()))


def configured_project(configuration: Configuration, bounds: Root, packages: Sequence[str] = ()) -> Project:
    """Return the project of a configuration, limited to modules inside the `bounds`.

    Modules are imported from `base_dir` (by default the directory of `main`), the directory of `main`, and the
    directory of the configuration. Vendored packages (pywrangler) are in `python_modules` next to the configuration or
    in `base_dir`. Local `packages` come last.
    """
    folder = folder_of(configuration.path)
    main = folder if configuration.main is None else folder_of(configuration.main)
    root = main if configuration.base_dir is None else prefix_of(configuration.base_dir)
    vendored = (folder + VENDORED, root + VENDORED, *packages)
    source_folder = root.removeprefix(folder).rstrip("/").replace("/", ".") if root.startswith(folder) else ""
    worker = None if configuration.main is None else WorkerModules(root, configuration.main, source_folder)
    return Project(ModuleFiles(folder, (root, main, folder), vendored, bounds, worker), configuration)


def project_of_file(
    path: str, configuration: Configuration | None, bounds: Root, packages: Sequence[str] = ()
) -> Project:
    """Return the project of a file, which need not be the main module, with its local `packages`."""
    if configuration is not None:
        return configured_project(configuration, bounds, packages)
    return _unconfigured_project(folder_of(path), bounds, packages)


def _unconfigured_project(folder: str, bounds: Root, packages: Sequence[str]) -> Project:
    """Return a project without a configuration.

    Modules are imported from the directory of the file, the parent of its outermost package, the nearest directory with
    a module that is named like a main module, the top of the project, and the `src` directory there. The top is the
    nearest directory with a configuration, a `pyproject.toml` or `.git`, or else the working directory.
    """
    ancestors = list(with_ancestors(folder))
    package_parent = next((ancestor for ancestor in ancestors if not os.path.isfile(f"{ancestor}__init__.py")), folder)
    marked_folder = next((ancestor for ancestor in ancestors if _is_marked(ancestor)), None)
    top = marked_folder if marked_folder is not None else "" if is_inside(folder, "") else package_parent
    root = package_parent if is_inside(top, package_parent) else top
    main_folders = (ancestor for ancestor in ancestors if _has_main_module(ancestor) and bounds.contains(ancestor))
    folders = (folder, package_parent, *islice(main_folders, 1), f"{root}src/", root)
    vendored = (f"{root}{VENDORED}", folder + VENDORED, *packages)
    return Project(ModuleFiles(root, folders, vendored, bounds, is_marked=marked_folder is not None))


def _has_main_module(folder: str) -> bool:
    return any(os.path.isfile(f"{folder}{name}") for name in MAIN_NAMES)


def _is_marked(folder: str) -> bool:
    return any(os.path.lexists(f"{folder}{name}") for name in _ROOT_MARKERS)


def configuration_in(folder: str) -> str | None:
    """Return the path of the configuration that wrangler would use in a directory. The path may be a broken link."""
    return next((path for name in CONFIGURATION_NAMES if os.path.lexists(path := f"{folder}{name}")), None)


def configuration_above(folder: str) -> str | None:
    """Return the path of the configuration in a directory or its nearest ancestor with one."""
    return next((path for ancestor in with_ancestors(folder) if (path := configuration_in(ancestor)) is not None), None)


class Configurations(Struct):
    """Configurations for one environment, each read once."""

    environment: str | None
    problems: list[Problem]
    """The problems of all configurations. Each file adds its problems once, even if several paths lead to it."""
    _read: dict[str, Configuration | None] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _by_folder: dict[str, Configuration | None] = field(default_factory=dict)
    _bytes: int = 0
    _is_over_limit: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all configurations, including those that could not be read."""
        return tuple(self._read)

    @property
    def readable(self) -> tuple[Configuration, ...]:
        """The configurations that could be read, without duplicates."""
        read = {real_path(path): each for path, each in reversed(self._read.items()) if each is not None}
        return tuple(reversed(read.values()))

    def at(self, path: str, root: Root) -> Configuration | None:
        """Return the configuration in a file inside a root, or None if it cannot be read."""
        if path not in self._read and self._bytes > CONFIGURATION_BYTES_IN_ALL:
            self._skip(path)
        if path not in self._read:
            # Imported here for a fast start, because many projects have no configuration.
            from stepgraph.project.configuration.wrangler import read_configuration

            try:
                configuration = self._read[path] = read_configuration(path, root, self.environment)
                self._report(path, configuration.problems)
                self._bytes += len(configuration.content)
            except InputError as error:
                self._read[path] = None
                self._report(path, (error.problem,))
                # Its size is unknown here. With this estimate, the limit is reached after a hundred invalid files.
                self._bytes += CONFIGURATION_BYTES_IN_ALL // 100
        return self._read[path]

    def above(self, folder: str, root: Root) -> Configuration | None:
        """Return the configuration in a directory or its nearest ancestor inside a root, if any."""
        if folder not in self._by_folder:
            path = configuration_above(folder)
            self._by_folder[folder] = None if path is None else self.at(path, root)
        return self._by_folder[folder]

    @property
    def defines_environment(self) -> bool:
        """Whether a configuration defines the environment, or could not be read and was reported."""
        return any(each is None or each.defines_environment for each in self._read.values())

    def require_environment(self) -> None:
        """Add a problem if no configuration defines the environment of the run."""
        if self.environment is None or self.defines_environment:
            return
        if not self._read:
            message = f"environment `{self.environment}` is not defined: no wrangler configuration was found."
            self.problems.append(Problem.in_configuration("wrangler.jsonc", message))
            return
        message = f"environment `{self.environment}` is not defined: no wrangler configuration has an `env` table."
        advice = f"Add `env.{self.environment}`, or omit the environment."
        self.problems.append(Problem.in_configuration(self.paths[0], message, advice, (1, 1)))

    def _skip(self, path: str) -> None:
        """Skip a configuration that would exceed the limit on their total size. This is reported once."""
        self._read[path] = None
        if not self._is_over_limit:
            self._is_over_limit = True
            message = (
                f"not read: the configurations have more than {CONFIGURATION_BYTES_IN_ALL // MEGABYTE} MB in total."
            )
            self._report(path, [Problem(path, message, "Name the directories of your projects.")])

    def _report(self, path: str, problems: Sequence[Problem]) -> None:
        real = real_path(path)
        if real not in self._reported:
            self._reported.add(real)
            self.problems += problems
