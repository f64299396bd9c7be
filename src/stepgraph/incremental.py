"""Repeated analysis of a project: each run analyzes only the modules whose inputs have changed since the last run.

The inputs of a module are its content, its configuration, the modules that it imports, and the directories that were
searched for them. A module with a changed import is analyzed again, but unchanged files are parsed again only if they
are no longer in memory. If an import was only searched, its inputs are the results of the searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.analysis import Analysis, DetailLevel, WorkflowAnalysis, empty_analysis, without_modules
from stepgraph.checks.diagnostic import Finding, without_edits
from stepgraph.checks.run import check_workflow, combine_findings
from stepgraph.checks.subject import ProjectSubject
from stepgraph.model.note import InputError, InternalError, Problem
from stepgraph.pipeline import AnalysisRun, MissingRunHint, Pipeline
from stepgraph.project.encoding import check_text
from stepgraph.project.project import Project
from stepgraph.project.reading import read_inside, shown_path
from stepgraph.project.root import Root
from stepgraph.project.sources import Source, Sources
from stepgraph.syntax.deferred.blocks import ParsedTokens
from stepgraph.syntax.deferred.version_changes import VersionChange, VersionReads
from stepgraph.syntax.derivations import Derivation
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.modules import SourceModules
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.parsed_modules import ParsedModules, Search, SearchedSource, SearchedSources

OnModule: TypeAlias = Callable[[str], object]
"""A function that is called with the path of each module before its analysis."""

_MAX_OLD_VERSIONS: Final = 8
"""The maximum number of versions of a module whose nodes results refer to."""

ResultKey: TypeAlias = tuple[str, str]
"""The path of a module, and the path of its configuration or an empty string."""


class ModuleResult(Struct, frozen=True):
    """The result of analyzing one module, with its inputs."""

    source: Source
    workflows: tuple[WorkflowAnalysis, ...]
    """The workflows, without references to parsed modules unless the run keeps locations."""
    findings: tuple[Finding, ...]
    """The findings in the workflows, without edits unless the run keeps locations."""
    derivations: tuple[Derivation, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    missing_runs: tuple[MissingRunHint, ...]
    import_problems: dict[str, Problem]
    """The problems with imported modules, by path."""
    contents: dict[str, bytes]
    """The contents of all parsed modules, by path."""
    read_files: dict[str, bytes | None]
    """The contents of the files that the analysis read, by path, or None for unreadable files."""
    searches: dict[str, dict[Search, object]]
    """The results of the searches of files that were not parsed at that time, by path and search."""
    listings: dict[str, frozenset[str]]
    """The names in each listed directory of the project, by path."""
    reads: dict[str, VersionReads]
    """The parts of parsed modules that the analysis has read, by path. It depends on the whole of other modules."""

    def merge_into(self, pipeline: Pipeline) -> None:
        """Add the result, except its workflows and findings, to the pipeline of a run."""
        pipeline.add_derivations(self.source.path, self.derivations)
        pipeline.problems += self.problems
        pipeline.hints += self.hints
        pipeline.missing_runs += self.missing_runs
        pipeline.modules.problems |= self.import_problems
        pipeline.modules.merged_contents |= self.contents
        pipeline.modules.read_files |= self.read_files


class PreviousRun(Struct, frozen=True):
    """The state of the last run that the next one reuses."""

    results: Mapping[ResultKey, ModuleResult]
    contents: Mapping[str, bytes]
    """The contents of files that the run read, by path."""
    parsed: ParsedModules
    searched: Mapping[str, SearchedSource]
    """The files that the run searched without parsing them, by path."""


class FilesOfRun(Struct):
    """The files that a run reads, each of them once, although several modules may import it."""

    earlier: Mapping[str, bytes]
    """The contents of the files that the last run has read, by path."""
    contents: dict[str, bytes] = field(default_factory=dict)
    """The contents of the files that this run has read, by path, shared with the last run where they are equal."""
    _read: dict[tuple[str, Root], bytes] = field(default_factory=dict)
    """The contents by path and root."""

    def shared(self, path: str, content: bytes) -> bytes:
        """Return an equal object of this run or the last one, or else `content`. Comparing shared objects is fast."""
        earlier = self.contents.get(path, self.earlier.get(path))
        shared = earlier if earlier is not None and earlier == content else content
        self.contents[path] = shared
        return shared

    def read_inside(self, path: str, root: Root) -> bytes:
        """Read a file inside a root, like `stepgraph.project.reading.read_inside`."""
        content = self._read.get((path, root))
        if content is None:
            content = self._read[path, root] = self.shared(path, read_inside(path, root))
        return content

    def read_inside_any(self, path: str, roots: Iterable[Root]) -> bytes | None:
        """Read a file inside one of the roots. Return None if it is unreadable or outside all roots."""
        for root in roots:
            with suppress(InputError):
                return self.read_inside(path, root)
        return None

    def read_source(self, path: str, root: Root) -> bytes:
        """Read a Python file inside a root, like `stepgraph.project.reading.read_source`."""
        content = self.read_inside(path, root)
        check_text(content, shown_path(path))
        return content


class NewVersions(Struct):
    """The modules that have changed since the last run, compared with their earlier versions."""

    previous: PreviousRun
    keeps_locations: bool
    """Whether the results refer to nodes, whose locations are computed later."""
    _changes: dict[tuple[str, int], VersionChange | None] = field(default_factory=dict)
    """The differences, by path and identity of the source of the earlier version; None if any part may differ."""
    _oldest: dict[str, frozenset[int]] = field(default_factory=dict)
    """The versions beyond `_MAX_OLD_VERSIONS`, by path of the module, as identities of their shown contents."""

    def reads_in(self, path: str, content: bytes, old: VersionReads) -> VersionReads | None:
        """Return the reads of an analysis in the new version, or None if its result may differ there."""
        key = path, id(old.source)
        if key not in self._changes:
            module = self._parse(path, content)
            self._changes[key] = None if module is None else VersionChange.between(old.source, module)
        change = self._changes[key]
        if change is None or (self.keeps_locations and self._is_too_old(path, old)):
            return None
        with self.parsed.recorder.recording():
            is_affected = change.affects(old.reads)
        if self.parsed.get(path, content) is not change.module:
            self._changes[key] = None  # a body could not be parsed
        if is_affected or self._changes[key] is None or (self.keeps_locations and change.first_moved_line is not None):
            return None
        return VersionReads(change.source, old.reads, old.shown)

    def _is_too_old(self, path: str, version: VersionReads) -> bool:
        """Return whether the results of the last run keep too many later versions of a module in memory."""
        if path not in self._oldest:
            versions = (result.reads.get(path) for result in self.previous.results.values())
            shown = {id(each.shown): each.shown for each in versions if each is not None}
            by_age = sorted(shown.values(), key=lambda each: each.later_versions)
            self._oldest[path] = frozenset(map(id, by_age[_MAX_OLD_VERSIONS:]))
        return id(version.shown) in self._oldest[path]

    @property
    def parsed(self) -> ParsedModules:
        """The modules parsed by the runs."""
        return self.previous.parsed

    def _parse(self, path: str, content: bytes) -> SourceModule | None:
        """Return the module with a new content, which the following analyses share, or None if it is invalid."""
        module = self.parsed.get(path, content)
        if module is not None:
            return module
        earlier, memory = self.parsed.earlier_version(path), ParsedTokens(recorder=self.parsed.recorder)
        try:
            check_text(content, path)
            module = parse_module(content, path, earlier=earlier, memory=memory, has_versions=True)
        except InputError:
            return None
        self.parsed.add(module)
        return module


class IncrementalRun(AnalysisRun):
    """A run that reuses the results of modules whose inputs are unchanged."""

    def __init__(
        self,
        sources: Sources,
        on_module: OnModule | None,
        previous: PreviousRun,
        *,
        checked: bool,
        keeps_locations: bool = False,
        details: DetailLevel = DetailLevel.DRAWING,
    ) -> None:
        """Prepare the run. `details` is the level for workflows without locations that are not checked."""
        super().__init__(sources, on_module, checked=checked)
        self._keeps_locations = keeps_locations
        self._details = DetailLevel.NONE if checked else details
        self.results: dict[ResultKey, ModuleResult] = {}
        self.files = FilesOfRun(previous.contents)
        self.searched = SearchedSources(previous.searched)
        previous.parsed.start_run()
        self._versions = NewVersions(previous, keeps_locations)
        self._previous = previous

    def _analyze_module(self, module: Source) -> tuple[WorkflowAnalysis, ...]:
        configuration = module.project.configuration
        key = (module.path, "" if module.workflows is None or configuration is None else configuration.path)
        earlier = self._previous.results.get(key)
        result = None if earlier is None else self._refreshed(earlier, module)
        if result is None:
            if self._on_module is not None:
                self._on_module(module.path)
            result = self._analyze_alone(module)
        self.results[key] = result
        result.merge_into(self.pipeline)
        return result.workflows

    def _refreshed(self, result: ModuleResult, module: Source) -> ModuleResult | None:
        """Return a result of the last run with the current contents of its files. Return None if its inputs changed."""
        old = result.source
        if (
            (old.workflows, old.on_disk, old.users) != (module.workflows, module.on_disk, module.users)
            or not _is_same_project(old.project, module.project)
            or not all(module.project.files.has_listing(folder, names) for folder, names in result.listings.items())
        ):
            return None
        changed = {} if old.content == module.content else {old.path: module.content}
        if changed and old.path not in result.contents:
            return None
        for path, old_content in result.read_files.items():
            content = self.files.read_inside_any(path, self.sources.roots)
            if content == old_content:
                continue
            if content is None or old_content is None or not self._has_equal_searches(result, path, content):
                return None
            changed[path] = content
        return self._with_contents(result, module, changed) if changed else result

    def _with_contents(self, result: ModuleResult, module: Source, changed: Mapping[str, bytes]) -> ModuleResult | None:
        """Return a result with new contents of files, or None if it depends on a part of a module that has changed."""
        reads: dict[str, VersionReads] = {}
        for path in changed.keys() & result.contents.keys():
            old = result.reads.get(path)
            new = None if old is None else self._versions.reads_in(path, changed[path], old)
            if new is None:
                return None
            reads[path] = new
        if any(edit.place.module.path in reads for each in result.findings if each.fix for edit in each.fix.edits):
            return None
        for path, new in reads.items():
            new.shown.show(changed[path])
        return replace(
            result,
            source=module,
            contents=result.contents | {path: self.files.shared(path, changed[path]) for path in reads},
            read_files=result.read_files | {path: changed[path] for path in changed.keys() & result.read_files.keys()},
            reads=result.reads | reads,
        )

    def _has_equal_searches(self, result: ModuleResult, path: str, content: bytes) -> bool:
        """Return whether the searches of a file without parsing it find the same in its new content."""
        searches = result.searches.get(path)
        if searches is None:
            return path in result.contents
        try:
            check_text(content, path)
        except InputError:
            return False
        source = self.searched.get(path, content)
        return all(source.find(search) == matches for search, matches in searches.items())

    def _analyze_alone(self, module: Source) -> ModuleResult:
        """Return the result of a module, analyzed by a pipeline of its own, which records all its inputs."""
        modules = SourceModules(
            may_release=True,
            earlier=self._previous.parsed,
            tokens=self.pipeline.modules.tokens,
            read_source=self.files.read_source,
            searched=self.searched,
        )
        pipeline = Pipeline(self.pipeline.checked, modules=modules)
        with self._previous.parsed.recorder.recording() as reads:
            result = self._result(module, pipeline)
        self.pipeline.modules.tokens = modules.tokens
        return replace(result, reads=modules.recorded(reads))

    def _without_modules(self, workflow: WorkflowAnalysis) -> WorkflowAnalysis:
        return without_modules(workflow, self._details)

    def _result(self, module: Source, pipeline: Pipeline) -> ModuleResult:
        """Return the result of a module, without the recorded reads."""
        modules = pipeline.modules
        workflows: tuple[WorkflowAnalysis, ...] = ()
        try:
            workflows = pipeline.analyze(module)
        except InputError as error:
            pipeline.problems.append(error.problem)
        except Exception as error:
            raise InternalError(module.path) from error
        subjects = (workflow.subject for workflow in workflows if workflow.subject is not None)
        findings = (finding for subject in subjects for finding in check_workflow(subject))
        return ModuleResult(
            source=module,
            workflows=workflows if self._keeps_locations else tuple(map(self._without_modules, workflows)),
            findings=tuple(findings if self._keeps_locations else map(without_edits, findings)),
            derivations=pipeline.derivations.get(module.path, ()),
            problems=tuple(pipeline.problems),
            hints=tuple(pipeline.hints),
            missing_runs=tuple(pipeline.missing_runs),
            import_problems=modules.problems,
            contents={path: self.files.shared(path, content) for path, content in modules.contents.items()},
            read_files={
                path: None if content is None else self.files.shared(path, content)
                for path, content in modules.read_files.items()
            },
            searches={path: searches for path, searches in modules.searches.items() if path not in modules.problems},
            listings=dict(module.project.files.listings),
            reads={},
        )


def _is_same_project(first: Project, second: Project) -> bool:
    return (first.files.root, first.files.folders) == (second.files.root, second.files.folders) and (
        first.configuration is second.configuration
        or (
            first.configuration is not None
            and second.configuration is not None
            and first.configuration == second.configuration
            and first.configuration.content == second.configuration.content
        )
    )


class IncrementalAnalysis:
    """Analyzes sources repeatedly, with the results of the last run in memory.

    The memory is bounded: only results of the last run and a limited number of parsed modules are stored. With
    `keeps_locations`, the nodes of graphs have source locations, and findings the edits of their fixes, for which the
    modules of the last run stay in memory. Otherwise, workflows that are not checked have the details of a level.
    """

    def __init__(self, *, keeps_locations: bool = False, details: DetailLevel = DetailLevel.DRAWING) -> None:
        self._keeps_locations = keeps_locations
        self._details = details
        self.parsed = ParsedModules()
        """The modules parsed by the runs."""
        self._previous = PreviousRun({}, {}, self.parsed, {})

    def analyze(self, sources: Sources, on_module: OnModule | None = None) -> Analysis:
        """Return the workflows of all modules, like `analyze_graphs`. Do not call `check` on the same object."""
        return self._run(sources, on_module, checked=False)

    def check(self, sources: Sources, on_module: OnModule | None = None) -> tuple[Analysis, tuple[Finding, ...]]:
        """Return the analysis of all modules and the findings of all rules, like `check_sources`."""
        analysis = self._run(sources, on_module, checked=True)
        project = analysis.project or ProjectSubject(problems=analysis.problems)
        findings = (finding for result in self._previous.results.values() for finding in result.findings)
        return analysis, combine_findings(project, findings)

    def results_by_workflow(self) -> dict[int, ModuleResult]:
        """Return the result that contains each workflow of the last analysis, by `id` of the workflow."""
        return {id(workflow): result for result in self._previous.results.values() for workflow in result.workflows}

    def _run(self, sources: Sources, on_module: OnModule | None, *, checked: bool) -> Analysis:
        if not sources.modules:
            self._previous = PreviousRun({}, {}, self.parsed, {})
            return empty_analysis(sources)
        run = IncrementalRun(
            sources,
            on_module,
            self._previous,
            checked=checked,
            keeps_locations=self._keeps_locations,
            details=self._details,
        )
        try:
            analysis = run.collect(run.analyze())
        except Exception:
            # The run was canceled or failed, but the results so far are valid while their inputs are unchanged.
            before = self._previous
            results, contents = {**before.results, **run.results}, {**before.contents, **run.files.contents}
            searched = {**before.searched, **run.searched.by_path}
            self._previous = PreviousRun(results, contents, self.parsed, searched)
            raise
        self._previous = PreviousRun(run.results, run.files.contents, self.parsed, run.searched.by_path)
        return analysis
