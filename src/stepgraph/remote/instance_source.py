"""The servers that know instances, and the search for one instance or for all that have not ended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, Protocol

from msgspec import Struct

from stepgraph.execution.log import InstanceLog
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import near_names, quoted

LATEST: Final = "latest"
"""The name of the newest instance in place of its id."""

_NO_WORKFLOW: Final = "Deploy one, or check the address or account."
_LISTED_NAMES: Final = 10
"""The maximum number of workflows that a message lists."""


class RemoteWorkflow(Struct, frozen=True):
    """A workflow of a server."""

    name: str
    """The configured name."""
    class_name: str
    """The name of the class, or an empty string if the server does not send it."""


class RemoteInstance(Struct, frozen=True):
    """An instance in the list of a server."""

    id: str
    status: str
    """The status of the API: `running`, `complete`, another word, or an empty string if the server sends none."""
    created: str
    """The time of the creation in ISO 8601, or an empty string if the server does not send it."""

    @property
    def has_ended(self) -> bool:
        """Whether the instance has ended, so that no more steps begin."""
        return InstanceLog(self.status, ()).has_ended


class RemoteLog(Struct, frozen=True):
    """The log of an instance, and where it is from."""

    workflow: RemoteWorkflow
    instance_id: str
    content: bytes
    """The log as JSON, without the envelope of the API."""


class UnknownInstanceError(InputError):
    """A server has no such instance."""


class NoInstanceError(InputError):
    """A server has no instance at all, or no workflow."""


class InstanceSource(Protocol):
    """A server that knows workflows and their instances. The methods raise InputError if it does not answer well."""

    @property
    def title(self) -> str:
        """The name of the server in messages: `http://localhost:8787`."""

    def workflows(self) -> Sequence[RemoteWorkflow]:
        """Return all workflows."""

    def instances(self, workflow: str, *, not_ended: bool = False) -> Iterator[RemoteInstance]:
        """Return the instances of a workflow, newest first: all, or those that have not ended."""

    def log(self, workflow: str, instance_id: str) -> bytes:
        """Return the log of an instance as JSON. Raises UnknownInstanceError if the server has no such instance."""


def fetch_log(
    source: InstanceSource, instance_id: str, workflow: str | None = None, preferred: Collection[str] = ()
) -> RemoteLog:
    """Return the log of an instance, or with `latest` the log of the newest one.

    `workflow` is the name or the class of a workflow. Without it, workflows with a `preferred` name or class are
    searched or, if the server has none of these, all workflows. Raises InputError if several workflows have the
    instance, UnknownInstanceError if none has it, and NoInstanceError if `latest` has no candidates.
    """
    candidates = _candidates(source, workflow, preferred)
    if instance_id == LATEST:
        chosen, newest = _newest(source, candidates)
        return RemoteLog(chosen, newest.id, source.log(chosen.name, newest.id))
    logs = list(_logs_of_id(source, instance_id, candidates))
    if len(logs) == 1:
        return logs[0]
    if logs:
        names = _names([log.workflow for log in logs])
        message = f"{len(logs)} workflows have an instance `{instance_id}`: {names}."
        raise InputError(Problem(source.title, message, "Select a workflow with --workflow NAME."))
    subject = "no workflow has an" if len(candidates) > 1 else f"`{candidates[0].name}` has no"
    message = f"{subject} instance `{instance_id}`."
    raise UnknownInstanceError(Problem(source.title, message, f"`{LATEST}` selects the newest instance."))


def fetch_running_logs(source: InstanceSource, workflow: str | None = None) -> Iterator[RemoteLog]:
    """Yield the logs of all instances that have not ended, by workflow, newest first.

    With a `workflow`, only the workflows with this name or, without any, this class are searched. Instances that are
    deleted in the meantime are left out.
    """
    for candidate in _candidates(source, workflow):
        for instance in source.instances(candidate.name, not_ended=True):
            try:
                yield RemoteLog(candidate, instance.id, source.log(candidate.name, instance.id))
            except UnknownInstanceError:
                continue


def _candidates(source: InstanceSource, name: str | None, preferred: Collection[str] = ()) -> Sequence[RemoteWorkflow]:
    workflows = source.workflows()
    if not workflows:
        raise NoInstanceError(Problem(source.title, "no workflow found.", _NO_WORKFLOW))
    if name is None:
        return [each for each in workflows if each.name in preferred or each.class_name in preferred] or workflows
    named = [workflow for workflow in workflows if workflow.name == name]
    chosen = named or [workflow for workflow in workflows if workflow.class_name == name]
    if not chosen:
        near = near_names(name, [workflow.name for workflow in workflows])
        advice = f"Did you mean {', '.join(quoted(near))}?" if near else f"Available: {_names(workflows)}."
        raise InputError(Problem(source.title, f"no workflow `{name}`.", advice))
    return chosen


def _newest(source: InstanceSource, candidates: Sequence[RemoteWorkflow]) -> tuple[RemoteWorkflow, RemoteInstance]:
    newest = [(each, instance) for each in candidates for instance in _first(source.instances(each.name))]
    if not newest:
        subject = "no workflow has an" if len(candidates) > 1 else f"`{candidates[0].name}` has no"
        raise NoInstanceError(Problem(source.title, f"{subject} instance."))
    return max(newest, key=lambda pair: pair[1].created)


def _first(instances: Iterator[RemoteInstance]) -> Iterator[RemoteInstance]:
    for instance in instances:
        yield instance
        return


def _logs_of_id(source: InstanceSource, instance_id: str, candidates: Sequence[RemoteWorkflow]) -> Iterator[RemoteLog]:
    for candidate in candidates:
        try:
            yield RemoteLog(candidate, instance_id, source.log(candidate.name, instance_id))
        except UnknownInstanceError:
            continue


def _names(workflows: Sequence[RemoteWorkflow]) -> str:
    """Return the names of workflows in a message, or of many the first ones."""
    names = ", ".join(quoted(workflow.name for workflow in workflows[:_LISTED_NAMES]))
    return f"{names}, and {len(workflows) - _LISTED_NAMES} more" if len(workflows) > _LISTED_NAMES else names
