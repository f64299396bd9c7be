"""Which findings count, and how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from stepgraph.checks.finding import Finding
from stepgraph.checks.selectors import ALL, OF_INPUTS
from stepgraph.checks.severity import Severity
from stepgraph.model.note import Problem
from stepgraph.project.path_patterns import matches

_INCOMPLETE = "SG004"


class FailOn(StrEnum):
    """Which findings make a run fail."""

    ERROR = "error"
    WARNING = "warning"
    """Those of errors too."""
    NEW = "new"
    """As for warnings, with a baseline that holds those before."""

    def fails(self, severity: Severity) -> bool:
        """Whether a finding of a severity, which is not in the baseline, makes a run fail."""
        return severity is Severity.ERROR or (self is not FailOn.ERROR and severity is Severity.WARNING)


class Settings(Struct, frozen=True, kw_only=True):
    """What is set for a run, by codes of rules or what these begin with, of which the longest that fits decides.

    Of `select` and `ignore` it is the latter where both are as long. A rule with a `severity` of None is off.
    The keys of `per_file_ignores` are patterns of paths seen from the `folder` that the settings are for, a prefix.
    `strict` makes errors of what could not be resolved; `require_dag` fails workflows without a graph, or with one that
    is incomplete. `baseline` is the path of a file. `problems` are what is wrong with the settings themselves.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity | None] = field(default_factory=dict)
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fail_on: FailOn = FailOn.ERROR
    strict: bool = False
    require_dag: bool = False
    baseline: str | None = None
    snapshot: bool = False
    folder: str = ""
    problems: tuple[Problem, ...] = ()

    def severity_of(self, finding: Finding) -> Severity:
        """Return how much a finding counts."""
        if finding.code in OF_INPUTS:
            return finding.severity
        if self.strict and finding.code == _INCOMPLETE:
            return Severity.ERROR
        return self.severity.get(self._set_for(finding.code)) or finding.severity

    def selects(self, code: str) -> bool:
        """Whether findings of a rule, other than those of inputs, count somewhere."""
        is_off = self.severity.get(self._set_for(code), Severity.ERROR) is None
        return len(_longest(code, self.select)) > len(_longest(code, self.ignore)) and not is_off

    def counts_in(self, code: str, path: str) -> bool:
        """Whether findings of a rule count in the file of a path, as seen from the folder of the settings."""
        if code in OF_INPUTS:
            return True
        ignored = (code.startswith(codes) for pattern, codes in self.per_file_ignores.items() if matches(pattern, path))
        return self.selects(code) and not any(ignored)

    def _set_for(self, code: str) -> str:
        return _longest(code, self.severity)


def _longest(code: str, beginnings: Iterable[str]) -> str:
    """Return the longest beginning of a code among some, nothing if there is none."""
    return max((beginning for beginning in beginnings if code.startswith(beginning)), key=len, default="")
