"""Which findings count: after settings, comments and the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.checks.baseline import Baseline, Entry, fingerprints
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.finding import Finding
from stepgraph.checks.ignores.matching import Matching, Suppressed
from stepgraph.checks.ignores.reading import read_ignores
from stepgraph.checks.ignores.subject import IgnoresSubject
from stepgraph.checks.rule import Rule
from stepgraph.checks.run import check_ignores
from stepgraph.checks.selectors import OF_INPUTS, selectors
from stepgraph.checks.settings import Settings
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem
from stepgraph.model.span import Span
from stepgraph.project.folders import path_from
from stepgraph.project.project import VENDORED

_Key: TypeAlias = tuple[str, Span, str]

_CONFIGURATION_ERROR: Final = "SG003"


class Kept(Struct, frozen=True):
    """What is kept of findings, with the severity that is set for them.

    The `findings` count. Those that are `known` are in the baseline, those that are `suppressed` are ignored by a
    comment. `outdated` is what the baseline holds and is not found any more.
    """

    findings: tuple[Finding, ...]
    known: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    outdated: tuple[Entry, ...] = ()
    _fingerprints: Mapping[_Key, str] = field(default_factory=dict)

    def fingerprint(self, finding: Finding) -> str:
        """Return what stays the same of a finding when lines move. It is one that counts or is known."""
        return self._fingerprints[_key(finding)]


class Inputs(Struct, frozen=True):
    """What was checked: the content of each file that was read, by path, and the classes of workflows with theirs."""

    read: Mapping[str, bytes]
    classes: tuple[tuple[str, str], ...]


def keep(
    findings: Iterable[Finding],
    settings: Settings,
    inputs: Inputs,
    baseline: Baseline | None = None,
    rules: Sequence[Rule] = RULES,
) -> Kept:
    """Return which findings count, in their order, after those on the settings and before those on comments.

    What the settings leave out is dropped; of the rest, what comments ignore is put aside, then what a baseline holds.
    """
    sifting = _Sifting(settings, {})
    matching = Matching(tuple(read_ignores(inputs.read)), selectors(rules))
    suppressed: list[Suppressed] = []
    left: list[Finding] = []
    for finding in sifting.counting([*map(_configuration_error, settings.problems), *findings]):
        ignore = None if finding.code in OF_INPUTS else matching.suppressing(finding)
        if ignore is None:
            left.append(finding)
        else:
            suppressed.append(Suppressed(finding, ignore))
    left += sifting.counting(check_ignores(_on_comments(matching, inputs, sifting), rules))
    return _against(baseline, left, tuple(suppressed), settings, inputs)


class _Sifting(Struct, frozen=True):
    """Settings, applied to findings, with the paths of these as the settings see them.

    `decisions` are those made so far, by rule and path: settings may have thousands of patterns.
    """

    settings: Settings
    paths: dict[str, str]
    decisions: dict[tuple[str, str], bool] = field(default_factory=dict)

    def counting(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings that are not left out, with the severity that is set."""
        for finding in findings:
            if self.counts_in(finding.code, finding.span.path):
                yield replace(finding, severity=self.settings.severity_of(finding))

    def counts_in(self, code: str, path: str) -> bool:
        """Whether findings of a rule count in a file."""
        if path not in self.paths:
            self.paths[path] = path_from(self.settings.folder, path)
        counts = self.decisions.get((code, path))
        if counts is None:
            counts = self.decisions[code, path] = self.settings.counts_in(code, self.paths[path])
        return counts


def _on_comments(matching: Matching, inputs: Inputs, sifting: _Sifting) -> IgnoresSubject:
    own = tuple(ignore for ignore in matching.ignores if VENDORED not in ignore.span.path)
    return IgnoresSubject(own, matching.unused(inputs.classes, sifting.counts_in), matching.selectors)


def _against(
    baseline: Baseline | None,
    findings: Sequence[Finding],
    suppressed: tuple[Suppressed, ...],
    settings: Settings,
    inputs: Inputs,
) -> Kept:
    """Return what counts of findings that a baseline may hold."""
    folder = settings.folder if baseline is None else baseline.folder
    prints = dict(zip(map(_key, findings), fingerprints(findings, inputs.read, folder), strict=True))
    if baseline is None:
        return Kept(tuple(findings), suppressed=suppressed, _fingerprints=prints)
    old = baseline.fingerprints
    known = [finding for finding in findings if finding.code not in OF_INPUTS and prints[_key(finding)] in old]
    new = [finding for finding in findings if finding.code in OF_INPUTS or prints[_key(finding)] not in old]
    outdated = baseline.outdated(prints.values(), inputs.read, settings.selects)
    return Kept(tuple(new), tuple(known), suppressed, outdated, prints)


def _key(finding: Finding) -> _Key:
    return finding.code, finding.span, finding.message


def _configuration_error(problem: Problem) -> Finding:
    line, column = problem.line or 1, problem.column or 1
    span = Span(problem.path, line, column, line, column)
    return Finding(_CONFIGURATION_ERROR, Severity.ERROR, problem.message, problem.advice, span)
