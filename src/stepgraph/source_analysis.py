"""Analysis and checks of the modules in `Sources`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.analysis import Analysis, DetailLevel, WorkflowAnalysis, empty_analysis, without_modules
from stepgraph.checks.subject import ProjectSubject
from stepgraph.project.sources import Sources

if TYPE_CHECKING:
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.checks.filtering import FilteredFindings
    from stepgraph.checks.settings import Settings
    from stepgraph.incremental import OnModule
    from stepgraph.pipeline import AnalysisRun
    from stepgraph.process_pool import PartResult
    from stepgraph.syntax.parsed_modules import ParsedModules

_MIN_MODULES_FOR_PROCESSES: Final = 50
"""The minimum number of modules at which worker processes save time."""

# The functions below import `AnalysisRun` only if there are modules, because LibCST takes longer to import than all
# other code.


class CheckResult(Struct, frozen=True):
    """An analysis with the findings of all rules, if it was checked."""

    analysis: Analysis
    findings: tuple[Finding, ...] = ()


def import_pipeline() -> None:
    """Import the code of the analysis. This takes most of the run time of a small input."""
    import_module("stepgraph.pipeline")


def analyze_strictly(sources: Sources) -> Analysis:
    """Return all workflows, each with a `subject` for the rules. Raises InputError for a module with invalid Python."""
    if not sources.modules:
        return empty_analysis(sources)
    from stepgraph.pipeline import AnalysisRun

    run = AnalysisRun(sources, checked=True, strict=True)
    return run.collect(run.analyze())


def analyze_sources(
    sources: Sources,
    on_module: OnModule | None = None,
    *,
    checked: bool = True,
    parsed: ParsedModules | None = None,
) -> Analysis:
    """Return the workflows of all modules. Modules with invalid Python are among the problems.

    Without `checked`, workflows have no `subject` for the rules. `parsed` are modules of earlier runs. Raises
    InternalError for a bug in the analysis.
    """
    if not sources.modules:
        return empty_analysis(sources)
    from stepgraph.pipeline import AnalysisRun

    run = AnalysisRun(sources, on_module, checked=checked)
    run.pipeline.modules.reuse(parsed)
    return run.collect(run.analyze())


def analyze_graphs(
    sources: Sources,
    on_module: OnModule | None = None,
    *,
    parsed: ParsedModules | None = None,
    details: DetailLevel = DetailLevel.DRAWING,
) -> Analysis:
    """Return the workflows of all modules, without the locations of nodes and the `subject` for the rules.

    The result does not keep parsed modules in memory. If there are many modules, worker processes analyze them.
    Workflows have the details of a level. `parsed` are modules of earlier runs. Raises InternalError for a bug in the
    analysis.
    """
    if not sources.modules:
        return empty_analysis(sources)
    from stepgraph.pipeline import AnalysisRun

    run = AnalysisRun(sources, on_module, release_modules=True)
    run.pipeline.modules.reuse(parsed)
    return run.collect(_workflows(run, _parts(sources, details), partial(without_modules, details=details), []))


def _parts(sources: Sources, details: DetailLevel, *, checked: bool = False) -> list[PartResult] | None:
    """Return the results of worker processes for all modules, or None if this process must analyze them."""
    if len(sources.modules) < _MIN_MODULES_FOR_PROCESSES:
        return None
    from stepgraph.process_pool import analyze_in_processes

    return analyze_in_processes(sources.modules, details, checked=checked)


def _workflows(
    run: AnalysisRun,
    parts: list[PartResult] | None,
    finish: Callable[[WorkflowAnalysis], WorkflowAnalysis],
    findings: list[Finding],
) -> Iterator[WorkflowAnalysis]:
    """Yield the workflows of a run: those in `parts`, whose findings are added to `findings`, and all others.

    The others are passed to `finish`, which must release their modules.
    """
    if parts is None:
        yield from map(finish, run.analyze_initial_modules())
    else:
        from stepgraph.process_pool import merge

        for workflow, reported in merge(parts, run.sources.modules, run.pipeline):
            if run.is_first(workflow):
                findings += reported
                yield workflow
    yield from map(finish, run.analyze_derived())


def check_sources(
    sources: Sources, on_module: OnModule | None = None, *, with_edits: bool = False, with_details: bool = False
) -> tuple[Analysis, tuple[Finding, ...]]:
    """Return the analysis of all modules, like `analyze_graphs`, and the findings of all rules.

    Each workflow is checked before the analysis of the next one, so that its modules can be released. With
    `with_edits`, findings have their edits, the edited modules stay in memory, and this process analyzes all modules.
    Raises InternalError for a bug in the analysis.
    """
    # Imported here because only checks need the rules.
    from stepgraph.checks.run import combine_findings

    findings: list[Finding] = []
    analysis = _check_workflows(sources, on_module, findings, with_edits=with_edits, with_details=with_details)
    project = analysis.project or ProjectSubject(problems=analysis.problems)
    return analysis, combine_findings(project, findings)


def _check_workflows(
    sources: Sources, on_module: OnModule | None, findings: list[Finding], *, with_edits: bool, with_details: bool
) -> Analysis:
    """Return the analysis of all modules, and add the findings in their workflows to `findings`."""
    if not sources.modules:
        return empty_analysis(sources)
    from stepgraph.checks.diagnostic import without_edits
    from stepgraph.checks.run import check_workflow
    from stepgraph.pipeline import AnalysisRun

    run = AnalysisRun(sources, on_module, checked=True, release_modules=True)
    details = DetailLevel.DRAWING if with_details else DetailLevel.NONE

    def check(workflow: WorkflowAnalysis) -> WorkflowAnalysis:
        reported = [] if workflow.subject is None else check_workflow(workflow.subject)
        if with_edits:
            run.pipeline.modules.pin(
                frozenset(edit.place.module.path for finding in reported if finding.fix for edit in finding.fix.edits)
            )
            findings.extend(reported)
        else:
            findings.extend(map(without_edits, reported))
        return without_modules(workflow, details)

    parts = None if with_edits else _parts(sources, details, checked=True)
    return run.collect(_workflows(run, parts, check, findings))


def apply_settings(
    analysis: Analysis, findings: Iterable[Finding], settings: Settings, baseline: Baseline | None = None
) -> FilteredFindings:
    """Filter findings by settings, suppression comments and a baseline.

    Findings about the settings and the suppression comments themselves are added.
    """
    from stepgraph.checks.filtering import CheckedSources, filter_findings

    classes = tuple((workflow.path, workflow.class_name) for workflow in analysis.workflows)
    return filter_findings(findings, settings, CheckedSources(analysis.read, classes), baseline)
