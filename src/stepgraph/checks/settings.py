"""The settings of a check: rule selection, severities and failure conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.selectors import ALL, INPUT_RULES
from stepgraph.model.note import Problem
from stepgraph.project.path_patterns import matches

_INCOMPLETE = "SG004"
"""The rule that reports unresolved code."""


class FailOn(StrEnum):
    """The findings that make a run fail."""

    ERROR = "error"
    WARNING = "warning"
    """Errors and warnings."""
    NEW = "new"
    """Errors and warnings that are not in the baseline."""

    def fails(self, severity: Severity) -> bool:
        """Whether a finding outside the baseline makes a run fail."""
        return severity is Severity.ERROR or (self is not FailOn.ERROR and severity is Severity.WARNING)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a run.

    Rules are selected by code or code prefix. The longest matching prefix decides.
    """

    select: tuple[str, ...] = (ALL,)
    """The prefixes of enabled rules."""
    ignore: tuple[str, ...] = ()
    """The prefixes of disabled rules, which win over prefixes of the same length in `select`."""
    severity: Mapping[str, Severity | None] = field(default_factory=dict)
    """The severities by prefix. None disables a rule."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The prefixes of disabled rules, by a glob pattern of paths relative to `folder`."""
    fail_on: FailOn = FailOn.ERROR
    strict: bool = False
    """Whether unresolved code (SG004) is an error."""
    require_dag: bool = False
    """Whether a run fails if a workflow has no complete graph."""
    baseline: str | None = None
    """The path of the baseline file."""
    snapshot: bool = False
    """Whether the pytest plugin compares each workflow with a snapshot."""
    folder: str = ""
    """The directory of the settings, as a path prefix."""
    problems: tuple[Problem, ...] = ()
    """The errors in the settings themselves."""

    def severity_of(self, finding: Finding) -> Severity:
        """Return the severity of a finding under these settings."""
        if finding.code in INPUT_RULES:
            return finding.severity
        if self.strict and finding.code == _INCOMPLETE:
            return Severity.ERROR
        return self.severity.get(self._severity_prefix(finding.code)) or finding.severity

    def enables(self, code: str) -> bool:
        """Whether a rule is enabled in some file. Rules about inputs are always enabled."""
        is_off = self.severity.get(self._severity_prefix(code), Severity.ERROR) is None
        return len(_longest_prefix(code, self.select)) > len(_longest_prefix(code, self.ignore)) and not is_off

    def enables_in(self, code: str, path: str) -> bool:
        """Whether a rule is enabled in a file. The path is relative to `folder`."""
        if code in INPUT_RULES:
            return True
        ignored = (code.startswith(codes) for pattern, codes in self.per_file_ignores.items() if matches(pattern, path))
        return self.enables(code) and not any(ignored)

    def _severity_prefix(self, code: str) -> str:
        return _longest_prefix(code, self.severity)


def _longest_prefix(code: str, prefixes: Iterable[str]) -> str:
    """Return the longest of the prefixes that a code starts with, or an empty string."""
    return max((prefix for prefix in prefixes if code.startswith(prefix)), key=len, default="")
