"""The pages of instances on a development server: the list, and each instance on the graph of its workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.execution.instance import Instance, instance_of
from stepgraph.execution.log import InstanceLog, read_log
from stepgraph.execution.restarts import restart_points
from stepgraph.hashing import sha256_hash
from stepgraph.json_text import canonical_json
from stepgraph.limits import RESTART_POINTS
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.note import InputError
from stepgraph.model.payload import Graph, Shape
from stepgraph.model.span import Code
from stepgraph.model.walk import is_step, paths_of
from stepgraph.phrases import capitalized
from stepgraph.render.html.live import FormOption, LiveAction, LivePage
from stepgraph.render.html.live_pages import ListedItem, ListPage, render_list, render_message, render_text
from stepgraph.render.html.page import render_page
from stepgraph.render.view import DEFAULT_VIEW
from stepgraph.report.failure.restarting import point_label, request_body
from stepgraph.serve.envelopes import ApiError
from stepgraph.serve.instances_api import InstancesApi

API_PATH: Final = "/client/v4/accounts/local/workflows"
_LISTED: Final = 100
_DEEPEST_SHAPE: Final = 20
_NO_INSTANCE: Final = "No instance yet.\n\nCreate one here, or from your Worker. This list follows your server."
_RESTART_ADVICE: Final = (
    "The engine keeps the results of the steps before it, deletes the log from there on, and runs the workflow again."
)


class InstancePages(Struct, frozen=True):
    """The pages of the instances of a workflow."""

    instances: InstancesApi
    link_of: Callable[[Code], Sequence[str]] | None = None
    """Returns the parts of the URL that opens a file in an editor, between its line numbers."""

    def state(self, workflow: LiveWorkflow, instance_id: str) -> str:
        """Return a text that changes with the instances of a workflow or, with an id, with the log of an instance.

        Raises ApiError if the development server does not answer.
        """
        instances = self.instances
        shown: object = instances.log(workflow, instance_id) if instance_id else instances.rows(workflow, _LISTED)
        return sha256_hash(canonical_json(shown).encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def list(self, workflow: LiveWorkflow, live: LivePage) -> str:
        """Return the page with the instances of a workflow, newest first, and a form to create one."""
        try:
            rows = self.instances.rows(workflow, _LISTED)
        except ApiError as error:
            return render_message(_unreachable(error), live)
        base = f"/workflows/{quote(workflow.slug, safe='')}/instances/"
        items = [_listed(row, base) for row in rows if isinstance(row.get("id"), str)]
        label = "Create an instance"
        create = LiveAction(
            label=label,
            method="POST",
            url=_api_url(workflow),
            kind="params",
            text=_skeleton(workflow),
            question="",
            result_url=base,
            is_main=True,
        )
        remark = f"the newest {_LISTED}" if len(items) >= _LISTED else ""
        page = ListPage("instance", items, _NO_INSTANCE, filters_states=True)
        return render_list(page, replace(live, actions=[create], remark=remark))

    def view(self, workflow: LiveWorkflow, instance_id: str, live: LivePage) -> str:
        """Return the page of an instance."""
        live = replace(live, remark=instance_id)
        try:
            data = self.instances.log(workflow, instance_id)
            log = read_log(data, instance_id)
        except ApiError as error:
            return render_message(_unreachable(error), live)
        except InputError as error:
            return render_message(str(error), live)
        graph = workflow.drawn.graph
        if graph is None:
            return render_text(json.dumps(data, indent=2, ensure_ascii=False), live)
        instance = instance_of(log, graph, workflow.name, workflow.drawn.comparable_details())
        live = replace(live, actions=list(_actions(workflow, instance_id, instance, graph)))
        page = replace(workflow.drawn, instance=instance).page()
        return render_page([page], DEFAULT_VIEW, self.link_of, live=live)


def _unreachable(error: ApiError) -> str:
    """Return the message of an error as a sentence, with the advice in a paragraph below."""
    return capitalized(str(error).replace(". ", ".\n\n", 1))


def _listed(row: Mapping[str, object], base: str) -> ListedItem:
    created = row.get("created_on")
    return ListedItem(
        base + quote(str(row["id"]), safe=""),
        str(row["id"]),
        facts=_time(created) if isinstance(created, str) else "",
        state=str(row.get("status") or ""),
    )


def _time(text: str) -> str:
    """Return a time of the API, such as `2026-11-29T03:53:40.869Z`, with a precision of seconds."""
    return f"{text[:19].replace('T', ' ')} UTC" if text.endswith("Z") else text


def _actions(workflow: LiveWorkflow, instance_id: str, instance: Instance, graph: Graph) -> Iterator[LiveAction]:
    url = f"{_api_url(workflow)}/{quote(instance_id, safe='')}"
    for event_type in dict.fromkeys(_awaited_events(instance, graph)):
        path = f"{url}/events/{quote(event_type, safe='')}"
        yield LiveAction(f"Send event {event_type}", "POST", path, "json", "{}", is_main=True)
    yield from _status_actions(instance, graph, f"{url}/status")


def _awaited_events(instance: Instance, graph: Graph) -> Iterator[str]:
    """Yield the types of the events that the instance waits for. A type that is unknown before the run is left out."""
    if instance.log.has_ended:
        return
    nodes = dict(paths_of(graph["workflow"]))
    for entry in instance.current:
        for place in (entry.place, *entry.alternatives):
            node = None if place is None else nodes.get(place.path)
            if node is not None and node["type"] == "step_wait_for_event" and (options := node.get("options")):
                event_type = options["event_type"]
                if "{" not in event_type:
                    yield event_type


def _status_actions(instance: Instance, graph: Graph, url: str) -> Iterator[LiveAction]:
    def change(label: str, status: str, question: str = "") -> LiveAction:
        return LiveAction(label, "PATCH", url, "fixed", json.dumps({"status": status}), question)

    log = instance.log
    if log.status == "paused":
        yield change("Resume", "resume")
    elif not log.has_ended:
        yield change("Pause", "pause")
    yield change("Restart", "restart", "Run the instance again from the beginning? Its log is deleted.")
    if choices := list(_restart_choices(log, instance, graph)):
        label = "Restart from a step"
        yield LiveAction(label, "PATCH", url, "choice", choices=choices, advice=_RESTART_ADVICE)
    if not log.has_ended:
        yield change("Terminate", "terminate", "Terminate the instance? It cannot be resumed.")


def _restart_choices(log: InstanceLog, instance: Instance, graph: Graph) -> Iterator[FormOption]:
    """Yield the steps from which the instance can be restarted, the last one first."""
    if not log.entries:
        return
    points = restart_points(log.entries, log.entries[-1].index, _nested_entries(instance, graph), RESTART_POINTS)
    for point in points:
        yield FormOption(point_label(point).replace("`", ""), json.dumps(request_body(point)))


def _nested_entries(instance: Instance, graph: Graph) -> frozenset[int]:
    """Return the indexes of the entries in the bodies of other steps."""
    steps = tuple(f"{path}." for path, node in paths_of(graph["workflow"]) if is_step(node))
    return frozenset(
        entry.log.index
        for entry in instance.entries
        for place in (entry.place, *entry.alternatives)
        if place is not None and any(path.startswith(steps) for path in (place.path, *place.calls))
    )


def _api_url(workflow: LiveWorkflow) -> str:
    return f"{API_PATH}/{quote(workflow.name, safe='')}/instances"


def _skeleton(workflow: LiveWorkflow) -> str:
    """Return parameters with the keys that the workflow reads, as JSON."""
    graph = workflow.drawn.graph
    shape = None if graph is None else graph["workflow"].get("payload")
    return "" if shape is None else json.dumps(_value(shape, _DEEPEST_SHAPE), indent=2, ensure_ascii=False)


def _value(shape: Shape, depth: int) -> object:
    if shape["type"] != "object" or not depth:
        return None
    return {name: _value(field, depth - 1) for name, field in shape["fields"].items()}
