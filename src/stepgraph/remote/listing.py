"""Lists of instances that a server sends in pages. Their length is limited for any response of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from stepgraph.limits import LISTED_INSTANCES, LISTED_PAGES, LISTED_WORKFLOWS
from stepgraph.model.note import InputError, Problem
from stepgraph.remote.instance_source import RemoteInstance, RemoteWorkflow

PER_PAGE: Final = 100
"""The number of instances or workflows in a page, which is the maximum of the APIs."""

_NOT_ENDED: Final = ("queued", "running", "waiting", "waitingForPause", "paused")
"""The states of instances that have not ended, by which all versions of the API can filter."""


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
