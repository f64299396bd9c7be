"""The list of findings and their badges, in a real browser."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from stepgraph.render.findings import ShownFinding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from tests.html.browser import Browser
from tests.html.test_in_browser import PHONE
from tests.render.graphs import do, graph, loop

STEP, PACKED = do("Load"), do("Pack")
REPEATED = loop(PACKED)
FINDINGS = render_page(
    [
        Page(
            graph(STEP, REPEATED),
            "orders",
            findings=[ShownFinding("error", "SG101", "`it` fails", node=node) for node in (STEP, REPEATED, PACKED)],
        ),
        Page(graph(do("Refund"), class_name="Returns"), "returns"),
    ]
)


def _link(browser: Browser, identity: str) -> WebElement:
    return browser.find(f'a[href="#{identity}"].place')


def test_a_finding_opens_its_step(browser: Browser) -> None:
    browser.open(FINDINGS)
    browser.button("Fold all").click()
    _link(browser, "orders--node.loop--pack").click()
    assert browser.is_in_view("orders--node.loop--pack")
    assert browser.find(".details h2").text == "Pack"
    assert browser.find(".details dd").text == "SG101: it fails"
    assert browser.find(".details dd code").text == "it"
    browser.press(Keys.ESCAPE)
    _link(browser, "orders--node.loop--pack").click()
    assert browser.find(".details h2").text == "Pack"


def test_a_narrow_screen_begins_with_a_closed_list(browser: Browser) -> None:
    browser.open(FINDINGS)
    assert browser.find(".notes").get_attribute("open")
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.open(FINDINGS)
        assert not browser.find(".notes").get_attribute("open")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_folded_frame_shows_the_badge_of_a_finding_inside(browser: Browser) -> None:
    browser.open(FINDINGS)
    badges = browser.every("#orders--node\\.loop > .finding")
    assert [badge.text for badge in badges if badge.is_displayed()] == ["!"]
    browser.band("orders--node.loop").click()
    assert [badge.text for badge in badges if badge.is_displayed()] == ["2"]
