"""The pages of instances on a development server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.sources import module, write
from tests.html.reading import Element, read
from tests.serve.serving import FakeDevServer, Served, serve
from tests.serve.test_pages import page, text_of, texts

ORDERS = """

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = event["payload"]["order"]
        await step.sleep("rest", "1 hour")
        await step.wait_for_event("approval", "order-approved")
        print(order["id"], event["payload"]["note"])
"""
REST = {"name": "rest-1", "type": "sleep", "start": "2026-03-01T00:00:00Z", "end": "2026-03-01T01:00:00Z"}
WAIT = {"name": "approval-1", "type": "waitForEvent", "start": "2026-03-01T01:00:00Z", "end": None, "finished": False}
WAITING = {"status": "waiting", "steps": [{**REST, "finished": True}, WAIT]}
URL = "/workflows/Orders/instances"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("orders.py", module(ORDERS))


def served(logs: Mapping[str, Mapping[str, object]]) -> Served:
    server = FakeDevServer(dict(logs), workflow="Orders")
    return serve(".", lambda: server)


def forms(root: Element) -> dict[str, Element]:
    """Return the forms of a page by the text of their buttons."""
    return {text_of(form.all("button")[0]): form for form in root.all("form")}


def test_instances_are_listed_with_their_status() -> None:
    root = page(served({"a": WAITING, "b": {"status": "complete", "steps": []}}), URL)
    assert texts(root, "name") == ["b", "a"]
    assert texts(root, "badge") == ["complete", "waiting"]
    assert [option.text for option in root.all("option")] == ["All", "complete (1)", "waiting (1)"]


def test_the_form_of_a_new_instance_has_the_payload_keys() -> None:
    form = forms(page(served({}), URL))["Create an instance"]
    (parameters,) = form.all("textarea")
    assert json.loads(parameters.text) == {"order": {"id": None}, "note": None}
    assert form.attributes["data-url"] == "/client/v4/accounts/local/workflows/Orders/instances"


def test_a_waiting_instance_offers_its_event() -> None:
    buttons = forms(page(served({"a": WAITING}), f"{URL}/a"))
    assert list(buttons) == ["Send event order-approved", "Pause", "Restart", "Restart from a step", "Terminate"]
    url = "/client/v4/accounts/local/workflows/Orders/instances/a/events/order-approved"
    assert buttons["Send event order-approved"].attributes["data-url"] == url


def test_a_restart_begins_at_a_step_of_the_log() -> None:
    form = forms(page(served({"a": WAITING}), f"{URL}/a"))["Restart from a step"]
    bodies = [json.loads(str(option.attributes["value"])) for option in form.all("option")]
    assert bodies == [
        {"status": "restart", "from": {"name": "approval", "count": 1, "type": "waitForEvent"}},
        {"status": "restart", "from": {"name": "rest", "count": 1, "type": "sleep"}},
    ]


def test_an_ended_instance_can_only_be_restarted() -> None:
    ended = {
        "status": "complete",
        "steps": [{**REST, "finished": True}, {**WAIT, "end": REST["end"], "finished": True}],
    }
    assert list(forms(page(served({"a": ended}), f"{URL}/a"))) == ["Restart", "Restart from a step"]


@pytest.mark.parametrize("path", [URL, f"{URL}/a"])
def test_without_a_server_the_page_says_how_to_start_one(path: str) -> None:
    (explanation,) = read(serve(".").request("GET", path).text).with_class("explanation")
    assert explanation.all("p")[0].text == "No development server found."
    assert "wrangler dev" in [code.text for code in explanation.all("code")]


def test_an_unknown_instance_is_explained() -> None:
    root = page(served({}), f"{URL}/nope")
    assert "nope" in texts(root, "explanation")[0]
    assert root.all("form") == []
