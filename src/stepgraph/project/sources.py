"""From the paths that someone names to the modules that are worth analysing."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.limits import MEGABYTE, READ_BYTES, READ_MODULES
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.project.configuration.configurations import Configurations
from stepgraph.project.encoding import check_text
from stepgraph.project.folders import folder_of
from stepgraph.project.project import NO_PROJECT, Project, configured_project, project_of_file
from stepgraph.project.reading import (
    StrPath,
    check_named,
    read_inside,
    read_named,
    read_standard_input,
    shown_path,
)
from stepgraph.project.root import Root, root_of
from stepgraph.project.scan import Holds, Unmarked, scan
from stepgraph.project.search import ignored, search_folder

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow


STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class Source:
    """A module to analyse: how it is named, its bytes, and whether these stand in a file of that name.

    All workflow classes that it defines are meant or, of a project's main module, the `workflows` that the
    configuration names.
    """

    path: str
    content: bytes
    on_disk: bool = True
    project: Project = dataclasses.field(default=NO_PROJECT, compare=False)
    workflows: tuple[ConfiguredWorkflow, ...] | None = None


class ExternalWorkflow(Struct, frozen=True):
    """A workflow that the configuration at `path` binds, and whose class is in another Worker."""

    configured: ConfiguredWorkflow
    path: str


class Sources(Struct):
    """What was found: modules, external workflows and problems in the order met, and every file that was looked at.

    Nothing is read outside of the `roots` of the paths that were named, but for these paths. `hints` may explain what
    was not found. A file reached by two paths is analysed once, under the first. `on_find` is called when the first
    module with a workflow class is found in a folder, while the search goes on.
    """

    environment: str | None = None
    on_find: Callable[[], object] = lambda: None
    modules: list[Source] = field(default_factory=list)
    external: list[ExternalWorkflow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hints: list[Problem] = field(default_factory=list)
    searched: dict[str, None] = field(default_factory=dict)
    roots: dict[Root, None] = field(default_factory=dict)
    _unmarked: dict[str, Unmarked] = field(default_factory=dict)
    _ignored: dict[str, frozenset[str]] = field(default_factory=dict)
    _projects: dict[tuple[str, bool, Root], Project] = field(default_factory=dict)
    _known: set[tuple[str, str]] = field(default_factory=set)
    _first_names: dict[str, str] = field(default_factory=dict)
    _deployed: set[str] = field(default_factory=set)
    _configurations: Configurations = field(default_factory=lambda: Configurations(None, []))

    def __post_init__(self) -> None:
        self._configurations = Configurations(self.environment, self.problems)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all files that were looked at, configurations too."""
        return (*self.searched, *self._configurations.paths)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configurations that were read, in the order met."""
        return self._configurations.known

    @property
    def has_configurations(self) -> bool:
        """Whether there were configurations, be it that none could be read."""
        return bool(self._configurations.paths)

    @property
    def defines_environment(self) -> bool:
        """Whether a configuration that was read defines the environment."""
        return self._configurations.defines_environment

    def demand_environment(self) -> None:
        """Add a problem if no configuration that was read defines the environment."""
        self._configurations.demand_environment()

    def find(self, path: StrPath) -> None:
        """Find the modules that a path names."""
        name = shown_path(path)
        try:
            if name == STANDARD_INPUT:
                self._add_standard_input()
            elif os.path.isdir(path):
                check_named(path)
                self._add_folder(name, self._root(name))
            else:
                self.add_file(path)
        except InputError as error:
            self.problems.append(error.problem)

    def add_file(self, path: StrPath) -> None:
        """Add the module in a file. Raises InputError where it cannot be read."""
        name = shown_path(path)
        self.searched[name] = None
        self._add(name, read_named(path), self._root(name))

    @contextmanager
    def tried(self) -> Iterator[Callable[[], None]]:
        """Take back what is found meanwhile, unless what this gives is called."""
        modules, problems, searched = list(self.modules), list(self.problems), dict(self.searched)
        known, first_names = set(self._known), dict(self._first_names)
        unmarked = {folder: one.copied() for folder, one in self._unmarked.items()}
        kept: list[bool] = []
        yield lambda: kept.append(True)
        if not kept:
            self.modules, self.problems, self.searched = modules, problems, searched
            self._known, self._first_names, self._unmarked = known, first_names, unmarked

    def deriving(self, names: Sequence[str]) -> list[Source]:
        """Return further modules of the folders searched, which derive classes from those of some names."""
        count = len(self.modules)
        for folder, unmarked in self._unmarked.items():
            files = unmarked.take(names)
            if unmarked.is_indexed and folder not in self._ignored:
                # The files of a chain of classes come one by one: git is asked about all that are left.
                remaining = (*(path for path, _ in files), *unmarked.likely, *unmarked.others)
                self._ignored[folder] = ignored(folder, remaining)
            self._add_all(folder, files, unmarked.root)
        return self.modules[count:]

    def _root(self, path: str) -> Root:
        root = root_of(path)
        self.roots[root] = None
        return root

    def _add_folder(self, folder: str, root: Root) -> None:
        search = search_folder(folder)
        self.problems += search.problems
        skipped = ignored(folder, search.configurations)
        paths = [path for path in search.configurations if path not in skipped]
        configurations = [self._configurations.at(path, root) for path in paths]
        found = [configuration for configuration in configurations if configuration is not None]
        # What one that is wrong would deploy is not known.
        wrong = len(found) < len(configurations) or any(configuration.problems for configuration in found)
        if not self._add_deployed(found, root) and not wrong:
            self._add_classes(folder, search.files, root)

    def _add_deployed(self, configurations: Sequence[Configuration], root: Root) -> bool:
        """Add the main modules of projects, and return whether there are any with workflows."""
        deployed = [configuration for configuration in configurations if configuration.workflows or configuration.hints]
        for configuration in deployed:
            real = os.path.realpath(configuration.path)
            if real in self._deployed:
                continue
            self._deployed.add(real)
            try:
                self._add_workflows(configuration, root)
            except InputError as error:
                self.problems.append(error.problem)
        return bool(deployed)

    def _add_workflows(self, configuration: Configuration, root: Root) -> None:
        self.hints += configuration.hints
        own = tuple(workflow for workflow in configuration.workflows if workflow.script_name is None)
        others = [workflow for workflow in configuration.workflows if workflow.script_name is not None]
        self.external += [ExternalWorkflow(workflow, configuration.path) for workflow in others]
        if own:
            self._add_main(configuration, own, root)

    def _add_main(self, configuration: Configuration, workflows: tuple[ConfiguredWorkflow, ...], root: Root) -> None:
        path = configuration.path
        main = configuration.main
        if main is None and any(
            (problem.line, problem.column) == configuration.main_position for problem in configuration.problems
        ):
            return  # what is given is no path, which was said
        if main is None:
            message = "there is no `main`, the module with the workflows' classes."
            example = 'main = "src/entry.py"' if path.endswith(".toml") else '"main": "src/entry.py"'
            self._misconfigured(path, message, f"Add it, as in `{example}`.", (1, 1))
        elif not main.endswith(".py"):
            message = f"`main` is `{main}`, which is no Python module."
            position, kind = configuration.main_position, ProblemKind.CONFIGURATION
            self.hints.append(Problem(path, message, "Its workflows are not analysed.", *position, kind=kind))
        elif not os.path.isfile(os.path.realpath(main)):  # the system asks for each folder before a `..`
            message = f"`main` is `{main}`, and there is no such file."
            self._misconfigured(path, message, "", configuration.main_position)
        else:
            self._add_source(main, read_inside(main, root), configured_project(configuration, root), workflows)

    def _misconfigured(self, path: str, message: str, advice: str, position: tuple[int, int]) -> None:
        self.problems.append(Problem(path, message, advice, *position, kind=ProblemKind.CONFIGURATION))

    def _add_classes(self, folder: str, paths: Sequence[str], root: Root) -> None:
        """Add the modules with workflow classes of their own."""
        self.searched |= dict.fromkeys(paths)
        unmarked = self._unmarked.setdefault(folder, Unmarked(root))
        marked: list[tuple[str, bytes]] = []
        size = 0
        for path, holds in zip(paths, scan(paths, root), strict=True):
            if holds is Holds.NEITHER:
                unmarked.others.append(path)
            elif holds is Holds.COMMON:
                unmarked.likely.append(path)
            else:
                read = self._read(path, root)
                marked += read
                size += sum(len(content) for _, content in read)
                if len(marked) > READ_MODULES or size > READ_BYTES:
                    self.problems.append(_too_many(folder))
                    return
                if len(marked) == 1:
                    self.on_find()
        self._add_all(folder, marked, root)

    def _read(self, path: str, root: Root) -> list[tuple[str, bytes]]:
        try:
            return [(path, read_inside(path, root))]
        except InputError as error:
            self.problems.append(error.problem)
            return []

    def _add_all(self, folder: str, files: Sequence[tuple[str, bytes]], root: Root) -> None:
        skipped = self._ignored.get(folder)
        if skipped is None:
            skipped = ignored(folder, [path for path, _ in files])
        for path, content in files:
            if path not in skipped:
                try:
                    self._add(path, content, root)
                except InputError as error:
                    self.problems.append(error.problem)

    def _add(self, path: str, content: bytes, root: Root) -> None:
        self._add_source(path, content, self._project_of(path, root))

    def _project_of(self, path: str, root: Root) -> Project:
        """Return the project that a file is in: one object for all files of a folder, which lists folders once."""
        folder = folder_of(path)
        configuration = self._configurations.above(folder, root)
        key = (folder if configuration is None else configuration.path, configuration is None, root)
        project = self._projects.get(key)
        if project is None:
            project = self._projects[key] = project_of_file(path, configuration, root)
        return project

    def _add_source(
        self,
        path: str,
        content: bytes,
        project: Project,
        workflows: tuple[ConfiguredWorkflow, ...] | None = None,
    ) -> None:
        real = os.path.realpath(path)
        path = self._first_names.setdefault(real, path)
        key = (real, "" if workflows is None or project.configuration is None else project.configuration.path)
        if key in self._known:
            return
        self._known |= {key, (real, "")}
        check_text(content, path)
        self.searched[path] = None
        self.modules.append(Source(path, content, project=project, workflows=workflows))

    def _add_standard_input(self) -> None:
        if STANDARD_INPUT_NAME in self.searched:
            return
        self.searched[STANDARD_INPUT_NAME] = None
        content = read_standard_input(STANDARD_INPUT_NAME)
        check_text(content, STANDARD_INPUT_NAME)
        root = self._root(STANDARD_INPUT_NAME)
        project = project_of_file(STANDARD_INPUT_NAME, self._configurations.above("", root), root)
        self.modules.append(Source(STANDARD_INPUT_NAME, content, on_disk=False, project=project))


def _too_many(folder: str) -> Problem:
    what = f"more than {READ_MODULES:,} modules with workflows, or {READ_BYTES // MEGABYTE} MB of them,"
    return Problem(folder, f"{what} so that none is read.", "Name the folders of your projects.")


def find_sources(
    paths: Iterable[StrPath],
    environment: str | None = None,
    on_find: Callable[[], object] = lambda: None,
    *,
    needs_configuration: bool = True,
) -> Sources:
    """Return the modules that `paths` name, in their order: files, folders, and standard input for `-`.

    Of a folder these are the main modules of the projects below it or, where no configuration there has workflows, all
    modules that define workflow classes. Unreadable files are problems, and the other modules are returned. An
    `environment` that no configuration defines is a problem; with `needs_configuration`, so is a missing configuration.
    """
    sources = Sources(environment, on_find)
    for path in paths:
        sources.find(path)
    if needs_configuration or sources.has_configurations:
        sources.demand_environment()
    return sources


class Derived(Struct, frozen=True):
    """What a search for classes that derive from those of some `names` has found."""

    names: tuple[str, ...]
    found: tuple[Source, ...]


class Footprint(Struct):
    """The files that were read, with their contents (None where one could not be), and what was found by searching.

    `modules` are those given at first, in whose projects folders were listed.
    """

    modules: Sequence[Source] = ()
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    derived: list[Derived] = field(default_factory=list)
