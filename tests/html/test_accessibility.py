"""Pages have no violations of the rules of axe-core, which is not installed with the other packages.

To run the tests, set STEPGRAPH_AXE to the path of `axe.min.js` from the npm package `axe-core`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepgraph.report.diff.page import render_html
from tests.cli.sources import IMPORT, module, workflow
from tests.html.browser import Browser
from tests.html.instances import LOOP, REFUSED, WAITING, page
from tests.html.test_findings_in_browser import FINDINGS
from tests.html.test_page_tools_in_browser import PAGE, SEVERAL
from tests.report.comparisons import settlement_report
from tests.serve.live_server import LiveServer
from tests.serve.serving import FakeDevServer
from tests.serve.test_instance_pages import ORDERS
from tests.serve.test_instance_pages import WAITING as WAITING_LOG

AXE = os.environ.get("STEPGRAPH_AXE", "")

pytestmark = pytest.mark.skipif(not AXE, reason="STEPGRAPH_AXE is not set")

_RUN = """
const done = arguments[0], rules = { "label-content-name-mismatch": { enabled: true } };
axe.run(document, { rules }).then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html }) => `${id}: ${html}`))));
"""


@pytest.fixture(params=[(1400, 900), (390, 844)], ids=["wide", "narrow"])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Browser]:
    width, height = request.param
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def violations(browser: Browser) -> list[str]:
    browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": Path(AXE).read_text(encoding="utf-8")})
    violations: list[str] = browser.driver.execute_async_script(_RUN)
    return violations


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("shown", [PAGE, SEVERAL, FINDINGS], ids=["one", "several", "findings"])
def test_a_page_violates_no_rule(screen: Browser, shown: str, colors: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": colors}]}
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    screen.open(shown)
    assert violations(screen) == []
    screen.node("orders--load").click()
    assert violations(screen) == []
    screen.press("-", "-", "-", "-")
    screen.settle()
    assert violations(screen) == []
    screen.press("/", *"kind:")
    assert violations(screen) == []
    screen.press("\ue00c", "?")
    assert violations(screen) == []
    screen.press("\ue00c")
    screen.find(".menu summary").click()
    assert violations(screen) == []
    screen.button("Legend").click()
    assert violations(screen) == []


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_a_comparison_violates_no_rule(screen: Browser, colors: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": colors}]}
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    screen.open(render_html(settlement_report()))
    assert violations(screen) == []
    screen.press("n")
    assert violations(screen) == []
    screen.button("Before").click()
    assert violations(screen) == []


def _live_violations(screen: Browser, url: str) -> list[str]:
    screen.driver.get(url)
    screen.run("for (const part of document.querySelectorAll('.requests details')) part.open = true")
    return violations(screen)


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_live_pages_violate_no_rule(
    screen: Browser, colors: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": colors}]}
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    monkeypatch.chdir(tmp_path)
    text = module(ORDERS).replace("1 hour", "5 min") + workflow("Returns", "rest")
    server = LiveServer(text, FakeDevServer({"a": WAITING_LOG, "b": WAITING_LOG}, workflow="Orders"))
    base = "/workflows/Orders"
    paths = ["/", base, *(f"{base}/{view}" for view in ("findings", "outline", "instances", "instances/a"))]
    try:
        violations = {path: _live_violations(screen, server.url(path)) for path in paths}
        server.save(f"{IMPORT}\ndef (:\n")
        violations |= {f"{path} with a problem": _live_violations(screen, server.url(path)) for path in ("/", base)}
    finally:
        screen.driver.get("about:blank")
        server.close()
    assert {path: names for path, names in violations.items() if names} == {}
    screen.complaints()  # the unknown page


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_an_instance_violates_no_rule(screen: Browser, colors: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": colors}]}
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    screen.open(page(REFUSED))
    assert violations(screen) == []
    screen.open(page(WAITING), "orders.log-1")
    screen.run("document.querySelector('.log').open = true")
    assert violations(screen) == []
    screen.node(LOOP).find_element("css selector", ":scope > .toggle").send_keys("i")
    screen.find("aside [aria-label='Next pass']").click()
    screen.settle()
    assert violations(screen) == []
