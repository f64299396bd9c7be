"""The filtering of findings by settings, suppression comments and a baseline."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.checks.baseline import Baseline, BaselineEntry, fingerprints
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Finding, Severity, source_order, span_of
from stepgraph.checks.rule import Rule
from stepgraph.checks.run import check_suppressions, unique_findings
from stepgraph.checks.selectors import INPUT_RULES, selectors
from stepgraph.checks.settings import Settings
from stepgraph.checks.suppression_comments import parse_suppression_comments
from stepgraph.checks.suppression_index import SuppressedFinding, SuppressionIndex, SuppressionsSubject
from stepgraph.model.note import Problem
from stepgraph.model.span import Span
from stepgraph.project.folders import path_from
from stepgraph.project.module_files import VENDORED

_Key: TypeAlias = tuple[str, Span, str]
"""The code, span and message, which identify a finding."""

_CONFIGURATION_ERROR: Final = "SG003"


class FilteredFindings(Struct, frozen=True):
    """Filtered findings, with severities overridden by the settings."""

    findings: tuple[Finding, ...]
    """The findings to report."""
    baselined: tuple[Finding, ...] = ()
    """The findings in the baseline."""
    suppressed: tuple[SuppressedFinding, ...] = ()
    """The findings with a suppression comment."""
    outdated: tuple[BaselineEntry, ...] = ()
    """The baseline entries without a current finding."""
    _fingerprints: Mapping[_Key, str] = field(default_factory=dict)

    @property
    def fixable(self) -> tuple[Finding, ...]:
        """The findings to fix. Those in the baseline do not fail the check, but they are fixed, too."""
        return tuple(finding for finding in (*self.findings, *self.baselined) if finding.fix is not None)

    def fingerprint(self, finding: Finding) -> str:
        """Return the fingerprint of a reported or baseline finding, which does not depend on line numbers."""
        return self._fingerprints[_key(finding)]

    def of_workflows(self, names: Collection[str]) -> FilteredFindings:
        """Return the findings in workflows of these names, and those in no workflow."""
        return replace(
            self,
            findings=tuple(_of_workflows(self.findings, names)),
            baselined=tuple(_of_workflows(self.baselined, names)),
            suppressed=tuple(each for each in self.suppressed if any(_of_workflows([each.finding], names))),
        )


class CheckedSources(Struct, frozen=True):
    """The files and workflow classes of a check."""

    read: Mapping[str, bytes]
    """The content of each analyzed file, by path."""
    workflow_classes: tuple[tuple[str, str], ...]
    """The path and the class name of each workflow."""


def filter_findings(
    findings: Iterable[Finding],
    settings: Settings,
    inputs: CheckedSources,
    baseline: Baseline | None = None,
    rules: Sequence[Rule] = RULES,
) -> FilteredFindings:
    """Filter findings by the settings, by suppression comments and by a baseline, in this order.

    Findings about the settings and the suppression comments are added. The settings drop findings; comments and the
    baseline move them to other fields of the result. Each field is in source order.
    """
    settings_filter = _SettingsFilter(settings, {})
    matching = SuppressionIndex(tuple(parse_suppression_comments(inputs.read)), selectors(rules))
    suppressed: list[SuppressedFinding] = []
    remaining: list[Finding] = []
    for finding in settings_filter.select(_with_problems_of_settings(findings, settings.problems)):
        ignore = None if finding.code in INPUT_RULES else matching.suppression_of(finding)
        if ignore is None:
            remaining.append(finding)
        else:
            suppressed.append(SuppressedFinding(finding, ignore.reason))
    remaining += settings_filter.select(check_suppressions(_ignores_subject(matching, inputs, settings_filter), rules))
    remaining.sort(key=source_order)
    return _split_by_baseline(baseline, remaining, tuple(suppressed), settings, inputs)


class _SettingsFilter(Struct, frozen=True):
    """The filter of the settings, with a memo, because settings may have thousands of patterns."""

    settings: Settings
    paths: dict[str, str]
    """The path relative to the directory of the settings, by the path of a finding."""
    decisions: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether a rule is enabled in a file, by rule code and path."""

    def select(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings that the settings select, with the severities of the settings."""
        for finding in findings:
            if self.counts_in(finding.code, finding.span.path):
                yield replace(finding, severity=self.settings.severity_of(finding))

    def counts_in(self, code: str, path: str) -> bool:
        """Return whether the settings enable a rule in a file."""
        if path not in self.paths:
            self.paths[path] = path_from(self.settings.folder, path)
        counts = self.decisions.get((code, path))
        if counts is None:
            counts = self.decisions[code, path] = self.settings.enables_in(code, self.paths[path])
        return counts


def _ignores_subject(
    matching: SuppressionIndex, inputs: CheckedSources, settings_filter: _SettingsFilter
) -> SuppressionsSubject:
    project_ignores = tuple(ignore for ignore in matching.suppressions if VENDORED not in ignore.span.path)
    return SuppressionsSubject(
        project_ignores, matching.unused(inputs.workflow_classes, settings_filter.counts_in), matching.selectors
    )


def _split_by_baseline(
    baseline: Baseline | None,
    findings: Sequence[Finding],
    suppressed: tuple[SuppressedFinding, ...],
    settings: Settings,
    inputs: CheckedSources,
) -> FilteredFindings:
    """Split findings into new ones and those in a baseline."""
    folder = settings.folder if baseline is None else baseline.folder
    current = dict(zip(map(_key, findings), fingerprints(findings, inputs.read, folder), strict=True))
    if baseline is None:
        return FilteredFindings(tuple(findings), suppressed=suppressed, _fingerprints=current)
    in_baseline = baseline.fingerprints
    baselined = [
        finding for finding in findings if finding.code not in INPUT_RULES and current[_key(finding)] in in_baseline
    ]
    new = [finding for finding in findings if finding.code in INPUT_RULES or current[_key(finding)] not in in_baseline]
    outdated = baseline.outdated(current.values(), inputs.read, settings.enables)
    return FilteredFindings(tuple(new), tuple(baselined), suppressed, outdated, current)


def _of_workflows(findings: Iterable[Finding], names: Collection[str]) -> Iterator[Finding]:
    for finding in findings:
        included = [name for name in (finding.workflow, *finding.other_workflows) if name in names]
        if included or not finding.workflow:
            yield replace(finding, workflow=included[0] if included else "")


def _key(finding: Finding) -> _Key:
    return finding.code, finding.span, finding.message


def _with_problems_of_settings(findings: Iterable[Finding], problems: Sequence[Problem]) -> list[Finding]:
    """Return findings and those about the settings, in source order."""
    return sorted(unique_findings([*map(_configuration_error, problems), *findings]), key=source_order)


def _configuration_error(problem: Problem) -> Finding:
    return Finding(_CONFIGURATION_ERROR, Severity.ERROR, problem.message, problem.advice, span_of(problem))
