"""Find the modules to analyze in the paths that the user named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.keyed_record import KeyedRecord
from stepgraph.limits import CLASS_USERS, EXPLAINED_BYTES, EXPLAINED_MODULES, MEGABYTE, READ_BYTES, READ_MODULES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text
from stepgraph.project.folder_searches import FolderSearches
from stepgraph.project.folders import folder_of, prefix_of, real_path
from stepgraph.project.local_packages import LocalPackages
from stepgraph.project.project import NO_PROJECT, Configurations, Project, configured_project, project_of_file
from stepgraph.project.reading import (
    StrPath,
    check_named,
    is_file,
    is_unsaved,
    read_inside,
    read_named,
    read_standard_input,
    shown_path,
)
from stepgraph.project.root import Root, is_configuration_name, root_of

if TYPE_CHECKING:
    from stepgraph.project.candidate_files import CandidateFiles
    from stepgraph.project.configuration.wrangler import Configuration, ConfiguredWorkflow


STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"


class Source(KeyedRecord, Struct, frozen=True, eq=False):
    """A module to analyze."""

    path: str
    content: bytes
    on_disk: bool = True
    """Whether a file at `path` has this content."""
    project: Project = NO_PROJECT
    workflows: tuple[ConfiguredWorkflow, ...] | None = None
    """The configured workflows of a main module, or None for all workflow classes in the module."""
    users: tuple[str, ...] | None = None
    """The other files of the project that name a workflow class of the module, or None if they are not known."""

    def key(self) -> tuple[object, ...]:
        """Return all fields except the project, which follows from the path."""
        return (self.path, self.content, self.on_disk, self.workflows, self.users)


class ExternalWorkflow(Struct, frozen=True):
    """A workflow whose class is in another Worker."""

    configured: ConfiguredWorkflow
    path: str
    """The path of the configuration with the binding."""


class Sources(Struct):
    """The modules, external workflows and problems of a search, in order.

    A file reached by two paths is analyzed once, under the first path. The main module of several configurations is
    analyzed once for each of them.
    """

    environment: str | None = None
    on_find: Callable[[], object] = lambda: None
    """A function that is called at the first module with a workflow class in a directory, before the search ends."""
    modules: list[Source] = field(default_factory=list)
    external: list[ExternalWorkflow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hints: list[Problem] = field(default_factory=list)
    """Remarks that may explain missing workflows."""
    searched: dict[str, None] = field(default_factory=dict)
    """The paths of all files that were searched."""
    folders: dict[str, None] = field(default_factory=dict)
    """The prefixes of all directories that were searched or looked into."""
    roots: dict[Root, None] = field(default_factory=dict)
    """The roots of the named paths. Only the named paths themselves are read outside the roots."""
    searches: FolderSearches = field(default_factory=FolderSearches)
    """The searches of directories."""
    packages: LocalPackages = field(default_factory=LocalPackages)
    """The search for the local packages of projects."""
    _candidates: dict[str, CandidateFiles] = field(default_factory=dict)
    _ignored: dict[str, frozenset[str]] = field(default_factory=dict)
    _ignored_others: frozenset[str] | None = None
    _projects: dict[tuple[str, bool, Root], Project] = field(default_factory=dict)
    _added: set[tuple[str, str]] = field(default_factory=set)
    _first_names: dict[str, str] = field(default_factory=dict)
    _deployed: set[str] = field(default_factory=set)
    _configurations: Configurations = field(default_factory=lambda: Configurations(None, []))

    def __post_init__(self) -> None:
        self._configurations = Configurations(self.environment, self.problems)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all files that were searched, including configurations."""
        return (*self.searched, *self._configurations.paths)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configurations that were read, in order."""
        return self._configurations.readable

    @property
    def has_configurations(self) -> bool:
        """Whether configurations exist, even if none could be read."""
        return bool(self._configurations.paths)

    @property
    def defines_environment(self) -> bool:
        """Whether a configuration defines the environment, or could not be read and was reported."""
        return self._configurations.defines_environment

    def require_environment(self) -> None:
        """Add a problem if the user named an environment that no configuration defines."""
        self._configurations.require_environment()

    def find(self, path: StrPath) -> None:
        """Add the modules of a file, a directory, a wrangler configuration, or standard input."""
        name = shown_path(path)
        try:
            if name == STANDARD_INPUT:
                self._add_standard_input()
            elif os.path.isdir(path):
                check_named(path)
                self._add_folder(name, self._root(name))
            elif is_configuration_name(os.path.basename(name)):
                self._add_configuration(name)
            else:
                self.add_file(path)
        except InputError as error:
            self.problems.append(error.problem)

    def add_file(self, path: StrPath) -> None:
        """Add the module in a file. Raises InputError if it cannot be read."""
        name = shown_path(path)
        self.searched[name] = None
        self._add(name, read_named(path), self._root(name))

    @contextmanager
    def tentative(self) -> Iterator[Callable[[], None]]:
        """Discard the modules that are added in the block, unless the block calls the yielded function."""
        modules, problems, searched = list(self.modules), list(self.problems), dict(self.searched)
        added, first_names = set(self._added), dict(self._first_names)
        candidates = {folder: files.copied() for folder, files in self._candidates.items()}
        commits: list[bool] = []
        yield lambda: commits.append(True)
        if not commits:
            self.modules, self.problems, self.searched = modules, problems, searched
            self._added, self._first_names, self._candidates = added, first_names, candidates

    def add_derived_modules(self, names: Sequence[str]) -> list[Source]:
        """Add and return the modules of the searched directories that derive classes from classes of these names."""
        count = len(self.modules)
        for folder, candidates in self._candidates.items():
            files = candidates.take(names)
            if candidates.is_indexed and folder not in self._ignored:
                # The files of a class hierarchy are found one by one, so one call of git covers all remaining files.
                remaining = (*(path for path, _ in files), *candidates.likely, *candidates.others)
                self._ignored[folder] = self._ignored_paths(folder, remaining)
            self._add_all(folder, files, candidates, names)
        return self.modules[count:]

    def other_modules(self) -> Iterator[Source]:
        """Yield modules of the searched directories that do not name the SDK's base class, up to a limit.

        Files that git ignores are included.
        """
        size = 0
        for candidates in self._candidates.values():
            for path in candidates.paths[:EXPLAINED_MODULES]:
                content = candidates.content(path)
                size += len(content)
                if size > EXPLAINED_BYTES:
                    return
                if content:
                    yield Source(path, content, project=self._project_of(path, candidates.root))

    def ignores(self, path: str) -> bool:
        """Return whether git ignores the path of one of the `other_modules`."""
        if self._ignored_others is None:
            self._ignored_others = frozenset[str]().union(
                *(
                    self.searches.ignored(folder, candidates.paths[:EXPLAINED_MODULES])
                    for folder, candidates in self._candidates.items()
                )
            )
        return path in self._ignored_others

    def _ignored_paths(self, folder: str, paths: Sequence[str]) -> frozenset[str]:
        """Return the paths that git ignores. Adds a problem if git has no answer."""
        skipped = self.searches.ignored(folder, paths)
        if not paths:
            return skipped
        # Imported here for a fast start, like the search, which other methods import.
        from stepgraph.project.search import problem_of_ignoring

        problem = problem_of_ignoring(folder)
        if problem is not None and problem not in self.problems:
            self.problems.append(problem)
        return skipped

    def _root(self, path: str) -> Root:
        root = root_of(path)
        self.roots[root] = None
        return root

    def _add_configuration(self, path: str) -> None:
        root = self._root(path)
        check_named(path)
        configuration = self._configurations.at(path, root)
        if configuration is not None and not self._add_deployed([configuration], root):
            message = "this configuration names no workflow."
            advice = "Add the class to `workflows`, or name the Python file instead."
            self.hints.append(Problem.in_configuration(path, message, advice))

    def _add_folder(self, folder: str, root: Root) -> None:
        from stepgraph.project.file_selection import read_selection

        settings = read_selection(folder)
        search = self.searches.search(folder, settings.selection)
        self.problems += (*settings.problems, *search.problems)
        self.folders |= dict.fromkeys((*search.folders, *search.environments))
        self.hints += map(_unused_variant, search.variants)
        skipped = self._ignored_paths(folder, search.configurations)
        paths = [path for path in search.configurations if path not in skipped]
        configurations = [self._configurations.at(path, root) for path in paths]
        readable = [configuration for configuration in configurations if configuration is not None]
        # An invalid configuration may deploy any module, so classes are not searched for.
        is_invalid = len(readable) < len(configurations) or any(each.problems for each in readable)
        if not self._add_deployed(readable, root) and not is_invalid:
            self._add_classes(folder, search.files, root)

    def _add_deployed(self, configurations: Sequence[Configuration], root: Root) -> bool:
        """Add the main modules of projects, and return whether a configuration has workflows or hints."""
        deployed = [configuration for configuration in configurations if configuration.workflows or configuration.hints]
        for configuration in deployed:
            real = real_path(configuration.path)
            if real in self._deployed:
                continue
            self._deployed.add(real)
            try:
                self._add_workflows(configuration, root)
            except InputError as error:
                self.problems.append(error.problem)
        return bool(deployed)

    def _add_workflows(self, configuration: Configuration, root: Root) -> None:
        # Imported here because only configurations need it, and start-up time counts.
        from stepgraph.project.configuration.document import is_placeholder

        self.hints += configuration.hints
        external = [workflow for workflow in configuration.workflows if workflow.script_name is not None]
        self.external += [ExternalWorkflow(workflow, configuration.path) for workflow in external]
        if configuration.own_workflows:
            named = tuple(each for each in configuration.own_workflows if not is_placeholder(each.class_name))
            self._add_main(configuration, named or None, root)

    def _add_main(
        self, configuration: Configuration, workflows: tuple[ConfiguredWorkflow, ...] | None, root: Root
    ) -> None:
        """Add the main module, with all its workflow classes if `workflows` is None."""
        from stepgraph.project.configuration.document import is_placeholder

        path = configuration.path
        main = configuration.main
        if main is None and any(
            (problem.line, problem.column) == configuration.main_position for problem in configuration.problems
        ):
            return  # the value of `main` is not a path, which is already reported
        if main is None:
            message = "`main` is missing. It names the module with the workflow classes."
            example = 'main = "src/entry.py"' if path.endswith(".toml") else '"main": "src/entry.py"'
            self.problems.append(Problem.in_configuration(path, message, f"Add it, as in `{example}`.", (1, 1)))
        elif not main.endswith(".py"):
            self._hint_at_main(configuration, f"`main` is `{main}`, which is not a Python module.")
        elif is_placeholder(main) and not is_file(main):
            self._hint_at_main(configuration, f"`main` is the placeholder `{main}`.")
        elif not is_file(real_path(main)):  # the system requires each directory before a `..` to exist
            message = f"`main` is `{main}`, which does not exist."
            advice = "Correct the path, which is relative to the configuration."
            self.problems.append(Problem.in_configuration(path, message, advice, configuration.main_position))
        else:
            project = configured_project(configuration, root, self.packages.folders_of(folder_of(path), root))
            self._add_source(main, read_inside(main, root), project, workflows)

    def _hint_at_main(self, configuration: Configuration, message: str) -> None:
        advice, position = "Its workflows are not analyzed.", configuration.main_position
        self.hints.append(Problem.in_configuration(configuration.path, message, advice, position))

    def _add_classes(self, folder: str, paths: Sequence[str], root: Root) -> None:
        """Add the modules that name the SDK's base class."""
        from stepgraph.project.class_names import BASE_CLASS
        from stepgraph.project.scan import Words

        self.searched |= dict.fromkeys(paths)
        candidates = self._candidates.setdefault(folder, self.searches.candidates(root))
        files: list[tuple[str, bytes]] = []
        size = 0
        for path, words in zip(paths, self.searches.scan(paths, candidates), strict=True):
            if words is Words.NEITHER:
                candidates.others.append(path)
            elif words is Words.COMMON:
                candidates.likely.append(path)
            else:
                read = self._read(path, root)
                files += read
                size += sum(len(content) for _, content in read)
                if len(files) > READ_MODULES or size > READ_BYTES:
                    self.problems.append(_too_many(folder))
                    return
                if len(files) == 1:
                    self.on_find()
        self._add_all(folder, files, candidates, (BASE_CLASS.decode(),))

    def _read(self, path: str, root: Root) -> list[tuple[str, bytes]]:
        try:
            return [(path, read_inside(path, root))]
        except InputError as error:
            self.problems.append(error.problem)
            return []

    def _add_all(
        self, folder: str, files: Sequence[tuple[str, bytes]], candidates: CandidateFiles, bases: Sequence[str]
    ) -> None:
        """Add files with classes that derive from `bases`, except those that git ignores."""
        users = self._users(folder, files, candidates, bases)
        skipped = self._ignored.get(folder)
        if skipped is None:
            named = dict.fromkeys([*(path for path, _ in files), *(user for each in users.values() for user in each)])
            skipped = self._ignored_paths(folder, tuple(named))
        for path, content in files:
            if path in skipped:
                continue
            used_by = tuple(user for user in users[path] if user not in skipped) if path in users else None
            try:
                self._add_source(path, content, self._project_of(path, candidates.root), users=used_by)
            except InputError as error:
                self.problems.append(error.problem)

    def _users(
        self, folder: str, files: Sequence[tuple[str, bytes]], candidates: CandidateFiles, bases: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Return the files that name the workflow classes of each file, if no configuration names the main module.

        A file is missing if the search of the folder does not cover its whole project.
        """
        from stepgraph.project.class_names import STAR_IMPORT, DerivedNames, NameSearch

        top = prefix_of(folder)
        names: dict[str, tuple[str, ...]] = {}
        for path, content in () if candidates.is_indexed else files:
            project = self._project_of(path, candidates.root).files
            if project.worker is None and project.root.startswith(top):
                derived = DerivedNames.in_source(content)
                names[path] = tuple(dict.fromkeys(name for base in bases for name in derived.of(base)))
        every_name = tuple(dict.fromkeys(name for each in names.values() for name in each))
        if not every_name:
            return {}
        users = {name: set(paths) for name, paths in candidates.naming(every_name).items()}
        search = NameSearch(every_name)
        for path, content in files:
            for name in search.names_or_star_in(content):
                users[name].add(path)
        starred = sorted(users[STAR_IMPORT])[:CLASS_USERS]
        by_names = {
            each: sorted({*starred}.union(*(users[name] for name in each)))[:CLASS_USERS] for each in {*names.values()}
        }
        return {path: tuple(user for user in by_names[each] if user != path) for path, each in names.items()}

    def _add(self, path: str, content: bytes, root: Root) -> None:
        self._add_source(path, content, self._project_of(path, root))

    def _project_of(self, path: str, root: Root) -> Project:
        """Return the project of a file. Files in one directory share it, so that directories are listed once."""
        folder = folder_of(path)
        configuration = self._configurations.above(folder, root)
        key = (folder if configuration is None else configuration.path, configuration is None, root)
        project = self._projects.get(key)
        if project is None:
            project_folder = folder if configuration is None else folder_of(configuration.path)
            packages = self.packages.folders_of(project_folder, root)
            project = self._projects[key] = project_of_file(path, configuration, root, packages)
        return project

    def _add_source(
        self,
        path: str,
        content: bytes,
        project: Project,
        workflows: tuple[ConfiguredWorkflow, ...] | None = None,
        *,
        users: tuple[str, ...] | None = None,
    ) -> None:
        real = real_path(path)
        path = self._first_names.setdefault(real, path)
        key = (real, "" if workflows is None or project.configuration is None else project.configuration.path)
        if key in self._added:
            return
        self._added |= {key, (real, "")}
        check_text(content, path)
        self.searched[path] = None
        on_disk = not is_unsaved(path)
        self.modules.append(Source(path, content, on_disk, project, workflows, users))

    def _add_standard_input(self) -> None:
        if STANDARD_INPUT_NAME in self.searched:
            return
        self.searched[STANDARD_INPUT_NAME] = None
        content = read_standard_input(STANDARD_INPUT_NAME)
        check_text(content, STANDARD_INPUT_NAME)
        root = self._root(STANDARD_INPUT_NAME)
        project = project_of_file(STANDARD_INPUT_NAME, self._configurations.above("", root), root)
        self.modules.append(Source(STANDARD_INPUT_NAME, content, on_disk=False, project=project))


def _unused_variant(path: str) -> Problem:
    message = "this configuration is not used, because wrangler uses other names only if a command line names them."
    advice = f"To check its workflows, run `stepgraph check {path}`."
    return Problem.in_configuration(path, message, advice)


def _too_many(folder: str) -> Problem:
    limit = f"contains more than {READ_MODULES:,} modules with workflows, or {READ_BYTES // MEGABYTE} MB of them,"
    return Problem(folder, f"{limit} so none is read.", "Name the directories of your projects.")


def find_sources(
    paths: Iterable[StrPath],
    environment: str | None = None,
    on_find: Callable[[], object] = lambda: None,
    *,
    needs_configuration: bool = True,
    searches: FolderSearches | None = None,
) -> Sources:
    """Return the modules at `paths`, in order: files, directories, and standard input for `-`.

    A directory selects the main modules of the projects below it or, if no configuration there has workflows, all
    modules that define workflow classes. Unreadable files are added to the problems. An `environment` that no
    configuration defines is a problem. If there is no configuration at all, it is a problem only with
    `needs_configuration`. `searches` may remember the files of earlier runs.
    """
    sources = Sources(environment, on_find, searches=searches or FolderSearches())
    for path in paths:
        sources.find(path)
    if needs_configuration or sources.has_configurations:
        sources.require_environment()
    return sources


class DerivedModules(Struct, frozen=True):
    """The result of a search for modules with classes derived from classes named in `names`."""

    names: tuple[str, ...]
    modules: tuple[Source, ...]


class AnalysisInputs(Struct):
    """The inputs of an analysis in the file system. They decide whether cached results are fresh."""

    modules: Sequence[Source] = ()
    """The modules that the analysis started with. Their projects record the listed directories."""
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    """The files that were read, with their contents, or None for an unreadable file."""
    searches: list[DerivedModules] = field(default_factory=list)
    """The searches for derived classes."""


def project_listings(modules: Sequence[Source]) -> Iterator[tuple[int, dict[str, frozenset[str]]]]:
    """Yield the names in the directories of each project, with the index of its first module."""
    projects: set[int] = set()
    for number, module in enumerate(modules):
        files = module.project.files
        if id(files) not in projects:
            projects.add(id(files))
            yield number, dict(files.listings)
