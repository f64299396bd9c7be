"""The JSON of `stepgraph why -f json`.

`version` is 1. The version changes when a field is removed or changes its meaning, but not when a field is added.

Nodes are named by their paths from the `workflow` of the graph: `nodes[0].branches[1].nodes[0]`, or
`functions["pack"].nodes[0]` in a function.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from stepgraph.model.check_report import Tool
from stepgraph.model.constraints import Closed
from stepgraph.model.instance_report import EntryState, InstanceWorkflow, ReportedAttempt

Cause: TypeAlias = Literal[
    "step_failed",
    "wait_timed_out",
    "result_rejected",
    "config_rejected",
    "name_rejected",
    "step_limit",
    "time_has_passed",
    "program_raised",
    "retrying",
]
Reason: TypeAlias = Literal[
    "other_type", "raised_again", "unknown", "no_handler", "in_else", "in_handler", "in_finally", "group", "step"
]
RestartType: TypeAlias = Literal["do", "sleep", "waitForEvent"]


class SourceRange(Closed):
    """A range of source code."""

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


class LoggedStep(Closed):
    """A step, sleep or wait in the log."""

    index: int
    """Position in `steps` of the log, from 0."""
    name: str
    """Name in the log, with the counter: `charge card-1`."""
    state: EntryState
    """State of the step or, if the instance has ended, the state at its end."""
    nodes: list[str]
    """Paths of the possible steps of the graph: one path if the step is certain, none if the log does not fit."""
    error: str
    """The error of a failed step, or of the last attempt; empty without an error."""


class FailedStep(LoggedStep):
    """The step or wait that failed."""

    attempts: list[ReportedAttempt]
    """The attempts of a step; empty for a wait."""
    retries: str
    """The retry settings: `2 retries, exponential from 10 seconds`. Empty if the log lacks them."""
    next_attempt: str | None
    """The time at which the next attempt is due, in ISO 8601; null if no attempt follows or the time is unknown."""
    caught_as: str
    """The type of the exception that the program receives: ValueError, TypeError, NonRetryableError or JsException."""
    inner: LoggedStep | None
    """The step in the body of the failed step that failed first; null if no such step failed."""


class PassedHandler(Closed):
    """A handler of a `try`."""

    clause: str
    """The source: `except CardError as error`. Empty if it is unknown."""
    catches: bool | None
    """Whether it catches the error; null if the clause does not determine it."""


class ReportedStatement(Closed):
    """A statement around the failed step that did not stop its error."""

    node: str
    """Path of the `try`, group or step."""
    reason: Reason
    """Why the error left it. `other_type`: no handler names its type. `raised_again`: a handler caught it and raised it
    again. `unknown`: the graph does not determine it. `no_handler`: a `try` with only a `finally`. `in_else`,
    `in_handler` and `in_finally`: the step is in this part of the `try`. `group`: a member of a group failed. `step`:
    the failed step runs in the body of another one."""
    text: str
    """The reason as a sentence."""
    handlers: list[PassedHandler]
    """The handlers of a `try`, up to the first one that catches the error."""
    location: SourceRange | None
    """The source; null for a saved graph."""


class RestartStep(Closed):
    """The step of a restart: the value of `from` in the request of the API."""

    name: str
    """Name of the step, without the counter."""
    count: int
    """Number of the run of the step, from 1, among the runs with this name and type in the order of the log."""
    type: RestartType
    """Type of the step."""


class ReportedRestart(Closed):
    """A step from which the instance can be restarted."""

    step: RestartStep
    """The step: the value of `from` in the request of the API."""
    reruns: list[str]
    """Names in the log of the steps that run again: this step, later steps, and earlier steps that had not ended."""
    retained: list[str]
    """Names in the log of the steps that do not run again, because their results or errors are kept."""
    command: str
    """The wrangler command for the restart. `WORKFLOW_NAME` and `INSTANCE_ID` stand for unknown names and ids."""


class FailureDocument(Closed):
    """The report that `stepgraph why -f json` prints."""

    version: Literal[1]
    """The version of this format."""
    tool: Tool
    """The program that wrote the report."""
    workflow: InstanceWorkflow
    """The workflow of the instance."""
    status: str
    """Status of the instance in the log."""
    fits: bool
    """Whether the log fits the graph. If not, the steps after the first misfit have no nodes."""
    cause: Cause
    """The cause of the failure. `retrying`: the instance has not failed, but one of its steps has."""
    text: str
    """The cause as a sentence."""
    remarks: list[str]
    """Sentences that explain the cause, with changes to make."""
    error: str
    """The error of the instance or, for `retrying`, of the last attempt, with its traceback."""
    step: FailedStep | None
    """The step or wait that failed; null if the program raised the error, if the step has no log entry, or if several
    steps are possible."""
    candidates: list[LoggedStep]
    """The steps that failed with the error of the instance, if there are several."""
    rejected: list[str]
    """Paths of the steps that the engine may have refused to run."""
    location: SourceRange | None
    """The source of the step; null if it is unknown."""
    before: list[LoggedStep]
    """The steps that began before the failure, in the order of the log."""
    after: str | None
    """Name in the log of the last step that ended before the program raised the error; null for other causes."""
    expected: list[str]
    """Paths of the steps that could have begun next when the program raised the error."""
    raises: list[SourceRange]
    """The parts of the code with a `raise` that may have raised the error of the program."""
    passed: list[ReportedStatement]
    """The statements that could have stopped the error, innermost first."""
    restarts: list[ReportedRestart]
    """The steps from which the instance can be restarted, the last one first. At most 50 are listed."""
