"""The pipeline: source in, version graphs and notes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.checks.subject import ProjectSubject
from stepgraph.internal_error import InternalError
from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text, encode_text
from stepgraph.project.reading import StrPath
from stepgraph.project.sources import Derived, Footprint, Source, Sources, find_sources

if TYPE_CHECKING:
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.finding import Finding
    from stepgraph.checks.keep import FilteredFindings
    from stepgraph.checks.settings import Settings
    from stepgraph.pipeline import Pipeline


def analyze_source(source: str | bytes, path: str = "<string>") -> Analysis:
    """Return the workflows of a module, given as text or as the bytes of its file.

    `path` is where it stands or will stand, for places in notes and for dates; what it imports is not looked for.
    Raises InputError, with line and column, for what is not valid Python.
    """
    content = encode_text(source, path) if isinstance(source, str) else source
    check_text(content, path)
    return _strictly(Sources(modules=[Source(path, content)]))


def analyze_file(path: StrPath, *, environment: str | None = None) -> Analysis:
    """Return the workflows of the Python file at `path`, read with what it imports from its project.

    The nearest configuration, for the `environment`, gives their names. Raises InputError if the file cannot be read or
    is not Python.
    """
    sources = Sources(environment)
    sources.add_file(path)
    sources.demand_environment()
    return _strictly(sources)


def analyze_paths(paths: StrPath | Iterable[StrPath], *, environment: str | None = None) -> Analysis:
    """Return the workflows of files and projects; `-` is standard input.

    `paths` is one path or several. A folder stands for the projects below it, with the workflows that their
    configurations name for the `environment`; where there are none, for all workflow classes below it. What cannot be
    read is among the problems of the result, and the rest is analysed. Raises InternalError, which names the file,
    where the analysis itself fails.
    """
    # A string is an iterable too: of its characters.
    several = (paths,) if isinstance(paths, (str, os.PathLike)) else paths
    return analyze_sources(find_sources(several, environment, make_ready))


def make_ready() -> None:
    """Import what analysing takes, which is most of the time of analysing little."""
    import stepgraph.pipeline  # noqa: F401 - for the import alone


def analyze_sources(
    sources: Sources,
    on_module: Callable[[str], object] = lambda _: None,
    *,
    graphs_only: bool = False,
    checked: bool = True,
) -> Analysis:
    """Return the workflows of modules that were found before. Problems of finding come first. Raises InternalError.

    `on_module` is called with the path of each module before it is analyzed. Without `checked`, the subjects of
    rules are left out. With `graphs_only`, the places of nodes are left out, too: then a process pool analyzes many
    modules, and none stays in memory.
    """
    if graphs_only:
        return _attempted(sources, on_module, share=True, complete=_without_places)
    return _attempted(sources, on_module, checked=checked)


def check_sources(
    sources: Sources, on_module: Callable[[str], object] = lambda _: None, *, with_edits: bool = False
) -> tuple[Analysis, tuple[Finding, ...]]:
    """Return the analysis of modules that were found before, without places of nodes, and all that the rules find.

    Each workflow is checked before the next one is analyzed, so that its modules need not stay in memory. Those that
    findings have edits for do, if these are asked for. Raises InternalError.
    """
    # Imported here, as only this and `check_analysis` need the rules.
    from stepgraph.checks.run import check_project, check_workflow, unique_findings

    found: list[Finding] = []

    def complete(workflow: WorkflowAnalysis) -> _Completed:
        findings = [] if workflow.subject is None else check_workflow(workflow.subject)
        edited = frozenset(edit.place.module.path for one in findings for edit in one.edits if with_edits)
        found.extend(findings if with_edits else (replace(one, edits=()) for one in findings))
        return replace(_without_places(workflow), edited=edited)

    analysis = _attempted(sources, on_module, checked=True, complete=complete)
    project = analysis.project or ProjectSubject(problems=analysis.problems)
    return analysis, unique_findings([*check_project(project), *found])


class _Completed(Struct, frozen=True):
    """A workflow that needs no modules in memory, other than those that are to be `edited`, by their paths."""

    workflow: WorkflowAnalysis
    edited: frozenset[str] = frozenset()


_Complete = Callable[[WorkflowAnalysis], _Completed]


def _without_places(workflow: WorkflowAnalysis) -> _Completed:
    # Imported here for start-up.
    from stepgraph.kept_workflow import kept_workflow, workflow_of

    return _Completed(workflow_of(kept_workflow(workflow)))


def _attempted(
    sources: Sources,
    on_module: Callable[[str], object],
    *,
    checked: bool = False,
    share: bool = False,
    complete: _Complete | None = None,
) -> Analysis:
    """Return the workflows of all modules, those that are not Python among the problems. Raises InternalError."""
    refused: list[Problem] = []

    def analyze(run: Callable[[], tuple[WorkflowAnalysis, ...]], path: str) -> tuple[WorkflowAnalysis, ...]:
        on_module(path)
        try:
            return run()
        except InputError as error:
            refused.append(error.problem)
            return ()
        except Exception as error:
            raise InternalError(path) from error

    return _analyzed(sources, analyze, refused, checked=checked, share=share, complete=complete)


def check_analysis(analysis: Analysis) -> tuple[Finding, ...]:
    """Return what the rules find in workflows that were analysed, and in their configurations.

    Each finding once, in the order of the source; nothing is left out by settings or by comments.
    """
    # Imported here, as only this needs the rules.
    from stepgraph.checks.run import check
    from stepgraph.large_stack import run_with_large_stack

    subjects = [workflow.subject for workflow in analysis.workflows if workflow.subject is not None]
    project = analysis.project or ProjectSubject(problems=analysis.problems)
    # Rules walk programs, which may be as deep as the source is.
    return run_with_large_stack(lambda: check(project, subjects))


def keep_findings(
    analysis: Analysis, findings: Iterable[Finding], settings: Settings, baseline: Baseline | None = None
) -> FilteredFindings:
    """Return which of the findings in an analysis count, by settings, by comments in the source, and by a baseline.

    What is wrong with the settings or with the comments is added to the findings.
    """
    from stepgraph.checks.keep import CheckedSources, filter_findings

    classes = tuple((workflow.path, workflow.class_name) for workflow in analysis.workflows)
    return filter_findings(findings, settings, CheckedSources(analysis.read, classes), baseline)


def _strictly(sources: Sources) -> Analysis:
    """Raise InputError for a module that is not valid Python."""
    return _analyzed(sources, lambda run, _: run(), [], checked=True)


_WORTH_SHARING: Final = 50
"""How many modules are worth other processes."""

_Attempt = Callable[[Callable[[], tuple[WorkflowAnalysis, ...]], str], tuple[WorkflowAnalysis, ...]]


def _analyzed(
    sources: Sources,
    attempt: _Attempt,
    refused: list[Problem],
    *,
    checked: bool,
    share: bool = False,
    complete: _Complete | None = None,
) -> Analysis:
    """Return the workflows of all modules, and of those that derive from classes in them."""
    workflows: tuple[WorkflowAnalysis, ...] = ()
    met: list[Problem] = []
    hinted = [*sources.hints]
    read = {configuration.path: configuration.content for configuration in sources.configurations}
    files = dict.fromkeys(sources.files)
    footprint = Footprint(tuple(sources.modules))
    if sources.modules:
        # Imported here: LibCST costs more than all the rest, and a tree without workflows never needs it.
        from stepgraph.pipeline import Pipeline, undisturbed

        pipeline = Pipeline(refused, checked)
        pipeline.modules.may_release = complete is not None
        found: list[tuple[WorkflowAnalysis, ...]] | None = None
        if share and len(sources.modules) >= _WORTH_SHARING:
            from stepgraph.sharing import shared_out, taken_over

            shares = shared_out(sources.modules)
            found = None if shares is None else taken_over(shares, sources.modules, pipeline)
        workflows = undisturbed(lambda: tuple(_workflows(sources, pipeline, attempt, footprint, found, complete)))
        footprint.files = pipeline.looked_at
        met = [*refused, *pipeline.broken]
        hinted += pipeline.hints
        files |= dict.fromkeys(pipeline.files)
        read |= pipeline.contents
    problems = tuple(dict.fromkeys([*sources.problems, *met]))
    hints = tuple(hinted)
    project = ProjectSubject(sources.configurations, problems, hints)
    return Analysis(workflows, problems, tuple(sources.external), hints, tuple(files), project, read, footprint)


def _workflows(
    sources: Sources,
    pipeline: Pipeline,
    attempt: _Attempt,
    footprint: Footprint,
    found: Sequence[tuple[WorkflowAnalysis, ...]] | None,
    complete: _Complete | None,
) -> Iterator[WorkflowAnalysis]:
    """Yield each workflow once: a project may name what was analysed as a file, and paths may lead to the same file.

    Those of the modules given at first may have been `found` before.
    """
    known: set[tuple[str, ...]] = set()

    # In a function of its own, as nothing else may refer to the workflows of one module while the next one is analyzed.
    def completed(workflows: Iterable[WorkflowAnalysis]) -> Iterator[WorkflowAnalysis]:
        for workflow in workflows:
            key = (workflow.project, workflow.name, workflow.class_name, os.path.realpath(workflow.path))
            if key in known:
                continue
            known.add(key)
            if complete is None or found is not None:
                yield workflow
            else:
                done = complete(workflow)
                pipeline.modules.pin(done.edited)
                yield done.workflow

    pending = list(sources.modules)
    while pending:
        for number, module in enumerate(pending):
            analyze = partial(pipeline.analyze, module)
            yield from completed(attempt(analyze, module.path) if found is None else found[number])
        found = None
        names = pipeline.take_names()
        pending = sources.deriving(names)
        footprint.derived.append(Derived(names, tuple(pending)))
