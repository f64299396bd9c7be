"""The servers that know instances, and the search for one instance or for all that have not ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec import Struct

from stepgraph.execution.log import InstanceLog
from stepgraph.limits import LISTED_INSTANCES, LISTED_PAGES, LISTED_WORKFLOWS
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import near_names, quoted

LATEST: Final = "latest"
"""The name of the newest instance in place of its id."""

_NO_WORKFLOW: Final = "Deploy one, or check the address or account."
_LISTED_NAMES: Final = 10
"""The maximum number of workflows that a message lists."""

PER_PAGE: Final = 100
"""The number of instances or workflows in a page, which is the maximum of the APIs."""

_NOT_ENDED: Final = ("queued", "running", "waiting", "waitingForPause", "paused")
"""The states of instances that have not ended, by which all versions of the API can filter."""


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


def instances_of_pages(
    pages: Iterable[Sequence[RemoteInstance]], title: str, workflow: str
) -> Iterator[RemoteInstance]:
    """Yield the instances of pages, each once, up to a page without new ones.

    Servers repeat instances if others are created between two requests, or if they ignore the number of the page.
    Raises InputError for too many. `title` is the name of the server in its message.
    """
    ids: set[str] = set()
    for number, page in enumerate(pages, start=1):
        instances = list({each.id: each for each in page if each.id not in ids}.values())
        if not instances:
            return
        ids |= {each.id for each in instances}
        if len(ids) > LISTED_INSTANCES or number > LISTED_PAGES:
            message = f"`{workflow}` has too many instances: at most {LISTED_INSTANCES:,} are listed."
            raise InputError(Problem(title, message, "Name an instance by its id."))
        yield from instances


def running_instances(instances_in: Callable[[str], Iterable[RemoteInstance]]) -> Iterator[RemoteInstance]:
    """Yield the instances that have not ended, newest first. `instances_in` returns those with a status."""
    # One list for each status, because most instances have ended and would fill the pages.
    instances = {each.id: each for status in _NOT_ENDED for each in instances_in(status)}
    yield from sorted(instances.values(), key=lambda each: (each.created, each.id), reverse=True)


def workflows_of_pages(pages: Iterable[Sequence[RemoteWorkflow]], title: str) -> list[RemoteWorkflow]:
    """Return the workflows of pages, each once, up to a page without new ones. Raises InputError for too many."""
    workflows: dict[str, RemoteWorkflow] = {}
    for number, page in enumerate(pages, start=1):
        before = len(workflows)
        for each in page:
            workflows.setdefault(each.name, each)
        if len(workflows) == before:
            break
        if number > LISTED_PAGES or len(workflows) > LISTED_WORKFLOWS:
            raise InputError(Problem(title, f"too many workflows: at most {LISTED_WORKFLOWS:,} are listed."))
    return list(workflows.values())
