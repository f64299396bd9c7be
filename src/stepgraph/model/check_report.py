"""The JSON of `stepgraph check -f json`.

`version` is 2. The version changes when a field is removed or changes its meaning, but not when a field is added.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.constraints import Closed

Verdict: TypeAlias = Literal["passed", "failed", "unreadable", "empty"]
FailOn: TypeAlias = Literal["error", "warning", "new"]
Severity: TypeAlias = Literal["error", "warning", "note"]
Applicability: TypeAlias = Literal["safe", "unsafe"]


class Tool(Closed):
    """The program that wrote the report."""

    name: Literal["stepgraph"]
    """The name of this package."""
    version: str
    """The version of this package."""


class Summary(Closed):
    """The result of the check."""

    verdict: Verdict
    """`passed` (exit code 0), `failed` (1, or 0 with `--exit-zero`), `unreadable` if an input could not be read (2), or
    `empty` if no workflow was found (3), which does not count as passed."""
    text: str
    """The result as one line of text."""
    fail_on: FailOn
    """The lowest severity that fails the check, or `new` for errors and warnings that are not in the baseline."""
    require_dag: bool
    """Whether the check fails for a workflow without a complete graph."""
    workflows: int
    """Number of checked workflows."""
    errors: int
    """Number of errors."""
    warnings: int
    """Number of warnings."""
    notes: int
    """Number of notes, which never fail the check."""
    known: int
    """Number of findings of this check that the baseline contains. They are not counted above."""
    ignored: int
    """Number of findings that comments suppress, which are not counted above."""


class CheckedWorkflow(Closed):
    """The name, the location and the size of a checked workflow."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""
    path: str
    """File of the class, relative if the path on the command line is, with forward slashes."""
    line: int
    """Line of the keyword `class`, from 1."""
    has_dag: bool
    """Whether the workflow has a graph: false if no step can run, or if the analysis exceeds a limit."""
    steps: int
    """Number of steps in the graph."""
    complete: bool
    """Whether the graph is complete. An incomplete graph may lack steps, because some code could not be resolved."""


class ReportedLocation(Closed):
    """A location that contributes to the problem of a finding, such as code in a called function."""

    message: str
    """A clause about the code at the location."""
    path: str
    """File, relative if the path on the command line is, with forward slashes."""
    line: int
    """First line, from 1."""
    column: int
    """First column, in characters, from 1."""
    end_line: int
    """Last line, from 1."""
    end_column: int
    """Column after the last character, from 1."""


class ReportedFinding(Closed):
    """A problem that a rule reports at a location."""

    code: str
    """Code of the rule, such as `SG101`."""
    name: str
    """Name of the rule, such as `unknown-step-parameter`."""
    severity: Severity
    """By default, `error` for unreadable input and for code that fails at run time, `warning` for code that behaves
    differently than it appears to, and `note` for information. Settings can change the severity."""
    message: str
    """The problem and its consequence."""
    advice: str
    """The change to make. May be empty."""
    path: str
    """File, relative if the path on the command line is, with forward slashes; `<stdin>` for standard input."""
    line: int
    """First line, from 1."""
    column: int
    """First column, in characters, from 1."""
    end_line: int
    """Last line, from 1."""
    end_column: int
    """Column after the last character, from 1."""
    related: list[ReportedLocation]
    """Other locations that contribute to the problem."""
    workflow: str | None
    """Name of the workflow, or null for a finding about a configuration or a file."""
    fix: Applicability | None
    """The kind of automatic fix: `safe` if `--fix` applies it, `unsafe` if `--fix` requires `--unsafe-fixes`; null
    without a fix."""
    fingerprint: str | None
    """Identity of the finding, independent of line numbers; null for an ignored finding."""
    url: str
    """URL of the documentation of the rule."""


class IgnoredFinding(Closed):
    """A finding that a comment suppresses."""

    reason: str
    """The reason in the comment. May be empty."""
    finding: ReportedFinding
    """The suppressed finding."""


class CheckReport(Closed):
    """The report that `stepgraph check -f json` prints."""

    version: Literal[2]
    """The version of this format."""
    tool: Tool
    """The program that wrote the report."""
    summary: Summary
    """The result of the check."""
    workflows: list[CheckedWorkflow]
    """The checked workflows, in the order of discovery."""
    findings: list[ReportedFinding]
    """The counted findings: of the project, then of the workflows, in source order."""
    known: list[ReportedFinding]
    """The findings of this check that the baseline contains."""
    ignored: list[IgnoredFinding]
    """The findings that comments suppress."""
