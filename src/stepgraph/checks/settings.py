"""The settings of checks in `pyproject.toml`: rules, severities, failure conditions, the baseline and snapshots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.rule import Rule
from stepgraph.checks.selectors import ALL, INPUT_RULES, Selectors, selectors
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import near_names
from stepgraph.project.configuration.document import Fields
from stepgraph.project.configuration.settings_file import find_settings
from stepgraph.project.file_selection import SELECTION_KEYS
from stepgraph.project.folders import folder_of, path_in
from stepgraph.project.path_patterns import matches
from stepgraph.project.reading import StrPath
from stepgraph.project.root import root_of

_INCOMPLETE = "SG004"
"""The rule that reports unresolved code."""


class FailOn(StrEnum):
    """The findings that make a check fail. Findings in the baseline never do."""

    ERROR = "error"
    WARNING = "warning"
    """Errors and warnings."""
    NEW = "new"
    """Errors and warnings, as with `warning`, but the check requires a baseline."""

    def fails(self, severity: Severity) -> bool:
        """Return whether a finding of a severity makes a check fail, unless the finding is in the baseline."""
        return severity is Severity.ERROR or (self is not FailOn.ERROR and severity is Severity.WARNING)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a check.

    Rules are selected by code or code prefix. The longest matching prefix decides.
    """

    select: tuple[str, ...] = (ALL,)
    """The prefixes of enabled rules."""
    ignore: tuple[str, ...] = ()
    """The prefixes of disabled rules, which win over prefixes of the same length in `select`."""
    severity: Mapping[str, Severity | None] = field(default_factory=dict)
    """The severities by prefix. None disables a rule."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The prefixes of disabled rules, by glob pattern. Patterns match paths relative to `folder`."""
    fail_on: FailOn = FailOn.ERROR
    strict: bool = False
    """Whether unresolved code (SG004) is an error."""
    require_dag: bool = False
    """Whether a check fails if a workflow has no complete graph."""
    baseline: str | None = None
    """The path of the baseline file, or None without a baseline."""
    snapshot: bool = False
    """Whether the pytest plugin compares each workflow with a snapshot."""
    folder: str = ""
    """The directory of the file with the settings, as a path prefix."""
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
        """Return whether `select`, `ignore` and `severity` enable a rule, disregarding `per_file_ignores`."""
        is_off = self.severity.get(self._severity_prefix(code), Severity.ERROR) is None
        return len(_longest_prefix(code, self.select)) > len(_longest_prefix(code, self.ignore)) and not is_off

    def enables_in(self, code: str, path: str) -> bool:
        """Return whether a rule is enabled in a file. Rules about inputs are always enabled.

        `path` is relative to `folder`.
        """
        if code in INPUT_RULES:
            return True
        ignored = (code.startswith(codes) for pattern, codes in self.per_file_ignores.items() if matches(pattern, path))
        return self.enables(code) and not any(ignored)

    def _severity_prefix(self, code: str) -> str:
        return _longest_prefix(code, self.severity)


def _longest_prefix(code: str, prefixes: Iterable[str]) -> str:
    """Return the longest of the prefixes that a code starts with, or an empty string."""
    return max((prefix for prefix in prefixes if code.startswith(prefix)), key=len, default="")


KEYS: Final = (
    "select",
    "ignore",
    "severity",
    "per-file-ignores",
    "fail-on",
    "strict",
    "require-dag",
    "baseline",
    "snapshot",
    *SELECTION_KEYS,
)

_OFF: Final = "off"
_SEVERITIES: Final[dict[str, Severity | None]] = {**{severity.value: severity for severity in Severity}, _OFF: None}


def read_settings(paths: Sequence[StrPath], rules: Iterable[Rule] = RULES) -> Settings:
    """Return the settings in the nearest `pyproject.toml` that has any, from the common directory of the paths upward.

    Invalid values are reported in the `problems` of the settings and otherwise ignored.
    """
    try:
        fields = find_settings(paths)
    except InputError as error:
        return Settings(problems=(error.problem,), folder=folder_of(error.problem.path))
    return Settings() if fields is None else _Table(fields, selectors(rules)).settings()


class _Table(Struct, frozen=True):
    """The table `[tool.stepgraph]`, with the valid selectors of rules."""

    fields: Fields
    selectors: Selectors

    def settings(self) -> Settings:
        fields = self.fields
        self._check_keys()
        folder = folder_of(fields.path)
        baseline = self._baseline(folder)
        return Settings(
            select=self._select(),
            ignore=tuple(self._codes(fields, "ignore", ignoring=True)),
            severity=dict(self._severity()),
            per_file_ignores=dict(self._per_file_ignores()),
            fail_on=FailOn(_choice(fields, "fail-on", tuple(FailOn)) or FailOn.ERROR),
            strict=fields.flag("strict") or False,
            require_dag=fields.flag("require-dag") or False,
            baseline=baseline,
            snapshot=fields.flag("snapshot") or False,
            folder=folder,
            problems=tuple(sorted(fields.problems, key=lambda problem: (problem.line or 0, problem.column or 0))),
        )

    def _select(self) -> tuple[str, ...]:
        """Return the prefixes of the selected rules: by default, and without a valid selector, those of all rules.

        Only an empty list selects none.
        """
        if self.fields.values.get("select") == []:
            return ()
        return tuple(self._codes(self.fields, "select")) or (ALL,)

    def _baseline(self, folder: str) -> str | None:
        """Return the path of the baseline, or None if it is not set or outside the repository."""
        name = self.fields.path_text("baseline")
        if name is None:
            return None
        path = path_in(folder, name)
        if "\0" in path or root_of(folder or ".").contains(path):
            return path
        message = f"`baseline` must be inside the repository, got `{name}`, which is neither read nor written."
        self.fields.report(("baseline",), message, "Name a file in the repository.")
        return None

    def _check_keys(self) -> None:
        for key in self.fields.values:
            if key not in KEYS:
                near = near_names(key.replace("_", "-"), KEYS)
                advice = f"Did you mean `{near[0]}`?" if near else _available(KEYS)
                self.fields.report_key(key, f"unknown setting `{key}`.", advice)

    def _codes(self, fields: Fields, name: str, *, ignoring: bool = False) -> Iterator[str]:
        """Yield the codes and prefixes of the selectors in a list, and report invalid selectors."""
        fields.texts(name)  # reports elements that are not strings
        written = fields.values.get(name)
        for index, text in enumerate(written if isinstance(written, list) else ()):
            if not isinstance(text, str):
                continue
            refused = (
                self.selectors.explain_not_ignorable(text) if ignoring or self.selectors.resolve(text) is None else None
            )
            if refused is None:
                yield self.selectors.prefix_by_selector[text]
            else:
                clause, advice = refused
                fields.report((name, index), f"{clause}.", advice)

    def _severity(self) -> Iterator[tuple[str, Severity | None]]:
        fields = self.fields.nested("severity")
        if fields is None:
            return
        for written in fields.values:
            meaning = self.selectors.resolve(written)
            if meaning is None:
                fields.report_key(written, f"unknown rule `{written}`.", self.selectors.advice(written))
            elif meaning in INPUT_RULES:
                message = f"the severity of `{written}` cannot be changed."
                fields.report_key(written, message, "It reports an input that was not checked. Remove it.")
            elif (value := _choice(fields, written, _SEVERITIES)) is not None:
                yield meaning, _SEVERITIES[value]

    def _per_file_ignores(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        fields = self.fields.nested("per-file-ignores")
        if fields is None:
            return
        for pattern in fields.values:
            yield pattern, tuple(self._codes(fields, pattern, ignoring=True))


def _choice(fields: Fields, name: str, values: Collection[str]) -> str | None:
    """Return the value of a field if it is allowed. Report any other value, and return None."""
    text = fields.text(name)
    if text is None or text in values:
        return text
    near = near_names(text, values)
    advice = f"Did you mean `{near[0]}`?" if near else _available(values)
    fields.report((name,), f"invalid value `{text}` for `{name}`.", advice)
    return None


def _available(values: Iterable[str]) -> str:
    return f"Available: {', '.join(f'`{value}`' for value in values)}."
