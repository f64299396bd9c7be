"""The JSON of `stepgraph instance -f json`.

`version` is 1. The version changes when a field is removed or changes its meaning, but not when a field is added.

Nodes are named by their paths from the `workflow` of the graph: `nodes[0].branches[1].nodes[0]`, or
`functions["pack"].nodes[0]` in a function.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.check_report import Tool
from stepgraph.model.constraints import Closed
from stepgraph.model.vocabulary import NodeType

NodeKind: TypeAlias = Literal[
    NodeType,
    "unknown",
    "branch",
    "try_block",
    "catch_block",
    "finally_block",
    "function",
]
EntryKind: TypeAlias = Literal["step", "sleep", "wait"]
EntryState: TypeAlias = Literal["done", "failed", "retrying", "sleeping", "waiting", "running"]
NodeState: TypeAlias = Literal[
    "done", "failed", "retrying", "sleeping", "waiting", "running", "skipped", "not_reached", "unreachable"
]


class InstanceWorkflow(Closed):
    """The workflow of an instance."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""


class ReportedPass(Closed):
    """A pass of a loop around a step."""

    loop: str
    """Path of the loop."""
    number: int | None
    """Number of the pass, from 1; null if it is unknown. Passes in which no step begins are not counted."""


class ReportedAttempt(Closed):
    """An attempt of a step."""

    start: str | None
    """Start, in ISO 8601; null if the log lacks it."""
    end: str | None
    """End, in ISO 8601; null if the attempt has not ended."""
    succeeded: bool | None
    """Whether the attempt succeeded; null if it has not ended."""
    error: str
    """The error. Empty if the attempt has not failed."""


class ReportedEntry(Closed):
    """An entry of the log with its node."""

    index: int
    """Position in `steps` of the log, from 0."""
    name: str
    """Name in the log, with the counter: `charge card-1`."""
    kind: EntryKind
    """The kind of the entry. Logs do not distinguish sleeps of a duration from sleeps until a time."""
    node: str | None
    """Path of the step; null if the log does not determine it, or if the entry does not fit the graph."""
    call_path: list[str]
    """Paths of the calls of functions that lead to the step, outermost first, as far as the log determines them."""
    possible_call_paths: list[list[str]]
    """The possible values of `call_path` if the log does not determine it. Empty if it does, or if `node` is null."""
    passes: list[ReportedPass]
    """Passes of the loops around the step, outermost first."""
    alternatives: list[str]
    """Paths of the possible steps if `node` is null."""
    state: EntryState
    """State of the entry. If the instance has ended, the state at its end."""
    attempts: int
    """Number of attempts of a step. A sleep or wait has 0."""
    attempt_log: list[ReportedAttempt]
    """The attempts of a step."""
    start: str | None
    """Start, in ISO 8601; null if the log lacks it."""
    end: str | None
    """End, in ISO 8601; null if the entry has not ended."""
    duration: int | None
    """Time from start to end in milliseconds; null if one of them is unknown."""
    error: str
    """The error of a failed entry, or of the last attempt; empty without an error."""


class ReportedNode(Closed):
    """The progress of a node, a branch, a block or a function."""

    kind: NodeKind
    """Type of the node, `unknown` for types of other versions of the API, or the kind of another part of the graph."""
    name: str
    """Name of a step in the graph, with `{}` around parts that are unknown before the run; empty for other nodes."""
    state: NodeState
    """State of the last run, or of an open node inside. Without a run: `not_reached` may still run, `skipped` cannot
    run any more, and `unreachable` could have run if the instance had not ended early."""
    runs: int
    """Number of runs that the log proves. Passes of a loop and calls of a function count if a step began in them."""
    possible_runs: int
    """Number of entries that may be, but need not be, further runs of a step or runs inside of another node."""
    attempts: int
    """Number of attempts of all runs of a step, without those of nested steps; 0 for other nodes."""
    start: str | None
    """First start of a run, in ISO 8601; null without a run."""
    end: str | None
    """Last end of a run, in ISO 8601; null if a run is open, or without a run."""
    duration: int | None
    """Total time of the ended runs of a step in milliseconds, and of another node the time from `start` to `end`; null
    if it is unknown."""
    errors: list[str]
    """Different errors of failed attempts of a step, in order."""
    entries: list[int]
    """Indexes of the log entries that are certainly runs of the step; empty for other nodes."""


class ReportedNextStep(Closed):
    """A step that can begin next."""

    node: str
    """Path of the step."""
    name: str
    """Name in the graph, with `{}` around parts that are unknown before the run."""
    after_error: bool
    """Whether it begins only if the code between steps raises an exception, such as a step of a handler."""
    waits_for: list[int]
    """Indexes of the open entries that must end before it begins. Empty if it can begin at once or after any of several
    entries."""


class ReportedMisfit(Closed):
    """The first entry that no path through the graph explains."""

    index: int | None
    """Position in `steps` of the log, from 0; null if the instance ended too early."""
    message: str
    """The problem as a sentence."""
    expected: list[str]
    """Paths of the steps that could have begun there."""


class InstanceReport(Closed):
    """The report that `stepgraph instance -f json` prints."""

    version: Literal[1]
    """The version of this format."""
    tool: Tool
    """The program that wrote the report."""
    id: str | None
    """Id of the instance; null if the log does not contain it."""
    fits: bool
    """Whether a path through the graph explains the log."""
    status: str
    """Status of the instance as the API returned it: `running`, `paused`, `complete`, `errored` or `terminated`."""
    error: str
    """The error of a failed instance; empty for other instances."""
    start: str | None
    """Start of the instance, in ISO 8601; null if the log lacks it."""
    end: str | None
    """End of the instance, in ISO 8601; null if it has not ended."""
    workflow: InstanceWorkflow
    """The workflow of the graph."""
    entries: list[ReportedEntry]
    """The entries of the log in the order in which they began."""
    ignored_entries: int
    """Number of entries of unknown types in the log, which have no node."""
    defect: str | None
    """A sentence about a defect of the log, such as a missing or repeated entry; null without one."""
    nodes: dict[str, ReportedNode]
    """The progress of the nodes, branches, blocks and functions of the graph, by path."""
    current: list[int]
    """Indexes of the entries that have not ended."""
    failure: int | None
    """Index of the entry whose failure ended the instance; null without such an entry, or if it is uncertain."""
    next: list[ReportedNextStep]
    """The steps that can begin next. Empty if the instance has ended or does not fit."""
    misfit: ReportedMisfit | None
    """The first entry that does not fit the graph; null if the log fits."""
    unknown: str | None
    """The reason if the log could not be matched: `too ambiguous: ...`; null otherwise."""
