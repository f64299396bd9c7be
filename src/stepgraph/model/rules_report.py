"""The JSON of `stepgraph rules -f json`.

`version` is 1. The version changes when a field is removed or changes its meaning, but not when a field is added.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.check_report import Applicability, Severity, Tool
from stepgraph.model.constraints import Closed

Confidence: TypeAlias = Literal["high", "medium"]
Mode: TypeAlias = Literal["implicit", "legacy"]


class ExampleFile(Closed):
    """A file of an example."""

    path: str
    """Path in the project of the example, with forward slashes."""
    text: str
    """Content. Flagged lines end in a comment with the code of the rule."""


class RuleExample(Closed):
    """A project with or without findings of the rule."""

    title: str
    """Description of the example, a phrase."""
    mode: Mode
    """Dependency mode of the SDK: `implicit` from the compatibility date 2026-02-25, or `legacy`. A configuration among
    the files overrides it."""
    files: list[ExampleFile]
    """The files."""


class DocumentedRule(Closed):
    """A rule with its documentation, whose prose is Markdown."""

    code: str
    """Code of the rule, such as `SG101`."""
    name: str
    """Name of the rule, such as `unknown-step-parameter`."""
    group: str
    """Title of the group of rules with the same prefix."""
    severity: Severity
    """Severity of the findings, unless a finding or the settings set another one."""
    confidence: Confidence
    """`high` if a finding follows from values known from the source, and its effect was observed on the SDK or the
    engine; `medium` if the effect depends on timing or on values of the run, or if the code may be intended."""
    fixable: list[Applicability]
    """The kinds of fixes that findings of the rule can have. Not every finding has one."""
    ignorable: bool
    """Whether settings can ignore the rule."""
    summary: str
    """The flagged code, in one sentence."""
    explanation: str
    """The effect of the flagged code at run time."""
    remedy: str
    """The change that resolves a finding."""
    evidence: str
    """The source of the rule, and how it was verified."""
    url: str
    """URL of the documentation of the rule."""
    flagged: list[RuleExample]
    """Examples with findings of the rule."""
    clean: list[RuleExample]
    """Corrected examples, without errors and warnings."""


class RulesReport(Closed):
    """The rules that `stepgraph rules -f json` prints: all rules, those with a prefix, or a single rule."""

    version: Literal[1]
    """The version of this format."""
    tool: Tool
    """The program that wrote the rules."""
    rules: list[DocumentedRule]
    """The rules, by code."""
