"""Live pages: edits of files, problems, and the state that is kept when a page loads again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.common.exceptions import WebDriverException

from stepgraph.model.note import InputError, Problem
from tests.cli.sources import IMPORT, module, workflow
from tests.html.browser import Browser
from tests.serve.live_server import LiveServer
from tests.serve.serving import FakeDevServer
from tests.serve.test_instance_pages import ORDERS, WAITING

SECONDS: Final = 20
LOOP: Final = "        for item in event['items']:\n            await step.sleep('pause', '1 hour')\n"
STEPS: Final = tuple(f"step {number}" for number in range(12))
TEXT: Final = module(workflow("Orders", *STEPS)) + LOOP
STATE: Final = """\
[document.querySelector(".zoom").textContent, document.querySelectorAll(".is-folded").length,
  Math.round(document.getElementById("orders--step-6").getBoundingClientRect().top),
  document.querySelector(".is-selected")?.id]
"""
# One script reads all names, because the page may replace its elements at any time.
LISTED: Final = """\
return [...document.querySelectorAll(".list .name")].filter(name => name.checkVisibility()).map(name => name.innerText)
"""

Start = Callable[..., LiveServer]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser) -> Iterator[Start]:
    """Start a server, which ends after the test, when no page is connected to it."""
    monkeypatch.chdir(tmp_path)
    servers: list[LiveServer] = []

    def start_server(text: str, dev_server: FakeDevServer | None = None, port: int = 0) -> LiveServer:
        servers.append(LiveServer(text, dev_server, port))
        return servers[-1]

    yield start_server
    browser.driver.get("about:blank")
    for server in servers:
        server.close()


def shows(browser: Browser, expression: str) -> Any:  # noqa: ANN401 - the value of any expression
    """Return the value of a JavaScript expression as soon as it is true, also while pages load."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if value := browser.run(f"return document.readyState === 'complete' && ({expression})"):
                browser.settle()
                return value
        except WebDriverException:
            pass  # the page is loading
        time.sleep(0.02)
    return pytest.fail(f"not true: {expression}")


def text_of(css: str) -> str:
    return f"document.querySelector({css!r})?.textContent"


def test_an_edit_keeps_scale_folds_selection_and_position(browser: Browser, start: Start) -> None:
    server = start(TEXT)
    browser.driver.get(server.url("/workflows/Orders"))
    browser.find(".toggle").click()
    browser.press("+")
    browser.node("orders--step-6").click()
    browser.settle()
    before = browser.run(f"return {STATE}")
    server.save(TEXT.replace("step 1'", "first'").replace('"step 1"', '"first"').replace("step 7", "changed"))
    shows(browser, "document.getElementById('orders--changed')")
    assert browser.run(f"return {STATE}") == before
    assert before == ["125 %", 1, before[2], "orders--step-6"]


def test_a_problem_is_shown_with_the_last_good_picture(browser: Browser, start: Start) -> None:
    server = start(TEXT)
    browser.driver.get(server.url("/workflows/Orders#orders--step-3"))
    server.save(f"{IMPORT}\ndef (:\n")
    assert "orders.py:3:5 syntax error" in shows(browser, text_of(".problems"))
    assert "step 3" in browser.details()
    server.save(TEXT)
    shows(browser, "!document.querySelector('.problems')")


@pytest.mark.slow
def test_the_search_of_the_list_survives_an_edit(browser: Browser, start: Start) -> None:
    server = start(TEXT + workflow("Returns", "rest"))
    browser.driver.get(server.url("/"))
    browser.press("/", *"ret")
    assert browser.run(LISTED) == ["Returns"]
    server.save(TEXT + workflow("Returns", "rest", "ship"))
    shows(browser, f"{text_of('.list')}.includes('2 steps')")
    assert browser.run(LISTED) == ["Returns"]
    assert browser.run("return document.activeElement.className") == "filter"


@pytest.mark.slow
def test_a_form_sends_its_request(browser: Browser, start: Start) -> None:
    dev_server = FakeDevServer({"a": WAITING}, workflow="Orders")
    server = start(module(ORDERS), dev_server)
    browser.driver.get(server.url("/workflows/Orders/instances/a"))
    browser.find(".requests summary").click()
    browser.find(".requests textarea").clear()
    browser.find(".requests textarea").send_keys('{"by": ')
    browser.find(".requests details button").click()
    assert "JSON" in shows(browser, text_of(".outcome"))
    browser.find(".requests textarea").send_keys('"me"}')
    browser.find(".requests details button").click()
    assert shows(browser, text_of(".outcome")) == "Sent."
    path = "workflows/Orders/instances/a/events/order-approved"
    assert dev_server.requests == [("POST", path, b'{"by":"me"}')]


@pytest.mark.slow
def test_what_a_reader_writes_is_not_interrupted(browser: Browser, start: Start) -> None:
    dev_server = FakeDevServer({"a": WAITING}, workflow="Orders")
    browser.driver.get(start(module(ORDERS), dev_server).url("/workflows/Orders/instances/a"))
    browser.find(".requests summary").click()
    browser.find(".requests textarea").send_keys("x")
    browser.run("window.isFirst = true")
    dev_server.logs["a"] = {**WAITING, "status": "paused"}
    time.sleep(2)
    assert browser.run("return window.isFirst")
    browser.find("h1").click()
    shows(browser, "!window.isFirst")
    assert browser.run("return document.querySelector('.requests textarea').value.includes('x')")


@pytest.mark.slow
def test_a_page_continues_after_a_restart_of_the_server(browser: Browser, start: Start) -> None:
    server = start(TEXT)
    browser.driver.get(server.url("/workflows/Orders"))
    shows(browser, "!document.querySelector('.status').hidden")
    server.close()
    shows(browser, "!document.querySelector('.connection').hidden")
    browser.complaints()  # the refused connection
    start(TEXT.replace("step 7", "changed"), port=server.port)
    shows(browser, "document.getElementById('orders--changed')")
    browser.complaints()


@pytest.mark.slow
def test_a_picture_stays_while_the_development_server_is_away(
    browser: Browser, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev_server = FakeDevServer({"a": WAITING}, workflow="Orders")
    browser.driver.get(start(module(ORDERS), dev_server).url("/workflows/Orders/instances/a"))
    browser.run("window.isFirst = true")

    def fail(*_: object) -> bytes:
        raise InputError(Problem(dev_server.title, "cannot be reached."))

    with monkeypatch.context() as patch:
        patch.setattr(FakeDevServer, "log", fail)
        assert "cannot be reached" in shows(browser, text_of(".connection"))
        assert browser.is_shown("orders--approval")
    assert shows(browser, "document.querySelector('.connection').hidden && window.isFirst")


@pytest.mark.slow
def test_a_missing_development_server_is_explained_once(browser: Browser, start: Start) -> None:
    browser.driver.get(start(module(ORDERS)).url("/workflows/Orders/instances"))
    assert "found" in shows(browser, "document.querySelector('.connection').textContent")
    assert browser.run("return document.querySelector('.connection').hidden")
