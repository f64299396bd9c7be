"""The JSON of `stepgraph check -f json`.

`version` is 2. It changes if a field is removed or changes its meaning; fields may be added without.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.constraints import Closed

Verdict: TypeAlias = Literal["passed", "failed", "unreadable", "empty"]
FailOn: TypeAlias = Literal["error", "warning", "new"]
Severity: TypeAlias = Literal["error", "warning", "note"]


class Tool(Closed):
    """What made the report."""

    name: Literal["stepgraph"]
    """The name of this package."""
    version: str
    """The version of this package."""


class Summary(Closed):
    """What the check comes to."""

    verdict: Verdict
    """`passed` (exit code 0), `failed` (1), `unreadable` for an input that could not be read (2), or `empty` where
    there was no workflow to check, which is no pass (3)."""
    text: str
    """The same for people, in a line."""
    fail_on: FailOn
    """What fails the check: errors, warnings too, or both where a baseline does not hold them."""
    require_dag: bool
    """Whether the check fails for a workflow without a complete graph."""
    workflows: int
    """How many workflows were checked."""
    errors: int
    """How many findings are errors."""
    warnings: int
    """How many findings are warnings."""
    notes: int
    """How many findings are notes, which never fail the check."""
    known: int
    """How many further findings are in the baseline, and do not count."""
    ignored: int
    """How many further findings a comment in the source ignores, so that they do not count."""


class CheckedWorkflow(Closed):
    """A workflow that was checked."""

    name: str
    """The workflow's name, as the configuration has it, or else that of its class."""
    class_name: str
    """The name of its class."""
    path: str
    """The file in which its class stands, as it was named, with forward slashes."""
    line: int
    """The line at which its class begins, from 1."""
    has_dag: bool
    """Whether it has a graph: at least one step of it can run."""
    steps: int
    """How many steps its graph shows."""
    complete: bool
    """Whether everything was resolved; if not, the graph may lack steps."""


class ReportedFinding(Closed):
    """Something that a rule found, at a place of a file."""

    code: str
    """The code of the rule, as in `SG101`."""
    name: str
    """The name of the rule, as in `unknown-step-parameter`."""
    severity: Severity
    """`error`: fails at run time; `warning`: behaves differently than it reads; `note`: informational."""
    message: str
    """What is wrong, and what comes of it."""
    advice: str
    """What to do; may be empty."""
    path: str
    """The file, as it was named, with forward slashes; `<stdin>` for standard input."""
    line: int
    """The line at which it begins, from 1."""
    column: int
    """The column at which it begins, in characters, from 1."""
    end_line: int
    """The line at which it ends, from 1."""
    end_column: int
    """The column behind its last character, from 1."""
    workflow: str | None
    """The name of the workflow in which it was found; null where none is meant."""
    fixable: bool
    """Whether `stepgraph check --fix` corrects it."""
    fingerprint: str | None
    """The same for the same finding when lines have moved; null where it is not known."""
    url: str
    """Where the rule is explained."""


class IgnoredFinding(Closed):
    """A finding that a comment in the source ignores."""

    reason: str
    """Why, as the comment says; may be empty."""
    finding: ReportedFinding
    """The finding."""


class CheckReport(Closed):
    """The report that `stepgraph check -f json` prints."""

    version: Literal[2]
    """The version of this format."""
    tool: Tool
    """What made the report."""
    summary: Summary
    """What the check comes to."""
    workflows: list[CheckedWorkflow]
    """The workflows that were checked, in the order in which they were found."""
    findings: list[ReportedFinding]
    """What was found and counts: in the project, then in the workflows, in the order of the source."""
    known: list[ReportedFinding]
    """What was found and is in the baseline."""
    ignored: list[IgnoredFinding]
    """What was found and is ignored by a comment in the source."""
