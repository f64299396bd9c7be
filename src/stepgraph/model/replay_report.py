"""The JSON of `stepgraph replay -f json`.

`version` is 1. The version changes when a field is removed or changes its meaning, but not when a field is added.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias

from stepgraph.model.check_report import Tool
from stepgraph.model.constraints import Closed

ReplayEffect: TypeAlias = Literal["resumes", "reruns", "out_of_order", "stuck", "fails", "unknown"]


class ReplaySummary(Closed):
    """The numbers of instances by effect."""

    text: str
    """The summary in words."""
    assumption: str
    """The assumption behind the effects, one or two sentences."""
    fail_on: Literal["any", "unknown", "reruns", "stuck", "none"]
    """The value of `--fail-on`."""
    fails: bool
    """Whether an effect is one that `--fail-on` selects, so that the exit code is 1."""
    instances: int
    """The number of instances that have not ended."""
    ended: int
    """The number of instances that have ended, which are omitted."""
    resumes: int
    """The number of instances that continue where they are."""
    out_of_order: int
    """The number of instances that run steps out of order."""
    unknown: int
    """The number of instances whose effect cannot be predicted."""
    reruns: int
    """The number of instances that run finished work again."""
    stuck: int
    """The number of instances that get stuck."""
    fails_to_resume: int
    """The number of instances with the effect `fails`."""


class ReportedReplay(Closed):
    """An instance, and the effect of the new code on it. Names of entries have counters: `charge card-1`."""

    id: NotRequired[str]
    """Id of the instance. Absent for a log from a file."""
    file: NotRequired[str]
    """File of the log. Absent for a log from an API or standard input."""
    workflow: str
    """Title of the workflow under the new code, or an empty string if the log does not determine it."""
    location: str | None
    """Location in the source of the node in `at`, such as `src/entry.py:12`, or null if it is unknown."""
    status: str
    """Status of the API, such as `running`."""
    effect: ReplayEffect
    """The worst effect of the new code: `resumes` continues where the instance is, `reruns` runs finished work again,
    `out_of_order` runs a step after steps that it now precedes, `stuck` waits for something that never happens,
    `fails` ends with an error, and `unknown` cannot be predicted."""
    reruns: list[str]
    """Steps that run although their work is finished, possibly under another name."""
    added: list[str]
    """Other steps that run although steps that now follow them have already run."""
    reused: list[str]
    """Finished entries whose stored results the new code uses."""
    taken_up: list[str]
    """Entries that have not ended and that the new code continues."""
    restarted_waits: list[str]
    """Sleeps and waits that begin although the instance has passed their place."""
    begun_anew: list[str]
    """The former name of `restarted_waits`, with the same value."""
    orphans: list[str]
    """Entries of the log that no call of the new code reads."""
    reasons: list[str]
    """The reasons for the effect and for lesser effects, one sentence each, the worst first. Empty for `resumes`."""
    notes: list[str]
    """Remarks that do not change the effect, one sentence each."""
    at: str | None
    """Path of the node under the new code that the first reason is about; null for other reasons."""


class ReplayDocument(Closed):
    """The report that `stepgraph replay -f json` prints."""

    version: Literal[1]
    """The version of this format."""
    tool: Tool
    """The program that wrote the report."""
    deployed: str | None
    """Title of the version that the instances run, or null without `--from`."""
    summary: ReplaySummary
    """The numbers of instances by effect."""
    instances: list[ReportedReplay]
    """The instances that have not ended, in the order of the logs."""
