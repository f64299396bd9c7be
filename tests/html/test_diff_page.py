"""Pages of comparisons."""

from __future__ import annotations

from functools import cache

import pytest
from selenium.webdriver.common.keys import Keys

from stepgraph.model.payload import Node
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.report.diff.page import render_html
from tests.html.browser import Browser
from tests.html.hostile_text import HOSTILE
from tests.html.reading import read
from tests.render.graphs import branch, do, either
from tests.report.comparisons import (
    everything,
    everywhere,
    example,
    report,
    report_of,
    settlement_report,
    unchanged,
    version,
)

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
RENAMED = "settlement-settlement-settlement--node.try.body--post-journal-entries"
PATIENT = "settlement-settlement-settlement--node.parallel--call.ingest-klarna--node.loop--fetch-klarna"
SEVERAL = render_html(
    report_of(
        [
            (version(do("a"), name="one"), version(do("a"), do("b"), name="one")),
            (version(do("c"), name="two"), version(do("d"), name="two")),
            (version(do("e"), name="three"), None),
        ]
    )
)


@cache
def settlement_page() -> str:
    """Return the page of a comparison with 89 steps and two changes."""
    return render_html(settlement_report())


def entries(page: str) -> list[tuple[str, list[str], str, str | None]]:
    """Return the text, the code in it, the effect and the place of each change."""
    (changes,) = read(page).with_class("changes")
    return [
        (
            item.with_class("change")[0].text.rstrip(),
            [code.text for code in item.with_class("change")[0].all("code")],
            item.with_class("effect")[0].text,
            item.children[0].attributes.get("href"),
        )
        for item in changes.all("li")
    ]


def test_changes_are_listed_with_effects_and_places() -> None:
    rest: Node = {"type": "step_sleep", "name": "rest", "duration": "1 day"}
    old = version(do("a"), either(branch("x", do("b"))), rest)
    new = version(do("z"), either(branch("y", do("b"))), rest, do("c"))
    assert entries(render_html(report(old, new))) == [
        ("step 'a' renamed to 'z'", [], "breaking", "#orders-orders--z"),
        ("condition  changed to", ["x", "y"], "breaking", "#orders-orders--node.if.1.condition"),
        ("step 'c' added after 'rest'", [], "safe", "#orders-orders--c"),
    ]


def targets(sample: VersionComparison) -> tuple[list[str], set[str]]:
    root = read(render_html(sample))
    links = [link.attributes.get("href") or "" for changes in root.with_class("changes") for link in changes.all("a")]
    return links, {f"#{element.attributes['id']}" for element in root.walk() if "id" in element.attributes}


@pytest.mark.slow
def test_each_link_has_a_target() -> None:
    links, identities = targets(everything())
    assert len(links) > 50
    assert [link for link in links if link not in identities] == []


def test_comparison_without_changes_has_a_summary() -> None:
    (summary,) = read(render_html(unchanged())).with_class("nothing")
    assert summary.text == "no structural changes in 1 workflow. Compared main with the working tree."


def test_added_workflow_has_no_other_version() -> None:
    assert read(render_html(report(None, version(do("a"))))).with_class("version") == []


@pytest.mark.slow
def test_page_needs_no_javascript(browser: Browser) -> None:
    browser.open(SEVERAL)  # the page of a new tab needs scripts
    browser.let_scripts_run(allowed=False)
    browser.open(settlement_page(), RENAMED)
    assert len(browser.every(".viewport > svg")) == 3
    assert browser.is_in_view(RENAMED)


@pytest.mark.slow
def test_unchanged_parts_are_folded_and_can_be_unfolded(browser: Browser) -> None:
    browser.open(settlement_page())
    opening = "settlement-settlement-settlement--node.block"
    hidden = f"{opening}--open-the-day"
    assert (browser.is_shown(RENAMED), browser.is_shown(PATIENT), browser.is_shown(hidden)) == (True, True, False)
    assert browser.node(opening).find_element("css selector", ":scope > title").text == ""
    browser.band(opening).click()
    assert browser.is_shown(hidden)


@pytest.mark.slow
def test_full_comparison_is_open(browser: Browser) -> None:
    browser.open(render_html(settlement_report(), full=True))
    assert browser.is_shown("settlement-settlement-settlement--open-the-day")
    assert browser.is_shown(PATIENT)


@pytest.mark.slow
def test_keys_go_to_the_next_and_previous_change(browser: Browser) -> None:
    browser.open(settlement_page())
    positions = []
    for key in "nnnp":
        browser.press(key)
        positions.append((browser.find(".stepper output").text, browser.find("svg .is-change").get_dom_attribute("id")))
        assert browser.is_in_view(positions[-1][1] or "")
    assert positions == [
        ("1 of 2", RENAMED),
        ("2 of 2", PATIENT),
        ("1 of 2", RENAMED),
        ("2 of 2", PATIENT),
    ]


@pytest.mark.slow
def test_next_change_unfolds_its_frame(browser: Browser) -> None:
    browser.open(settlement_page())
    browser.button("Fold all").click()
    assert not browser.is_shown(RENAMED)
    browser.press("n")
    assert browser.is_shown(RENAMED)


@pytest.mark.slow
def test_versions_are_shown_in_place_of_the_picture(browser: Browser) -> None:
    browser.open(settlement_page())
    browser.press("n")
    before = RENAMED.replace("settlement--node", "settlement.before--node").replace("journal-entries", "entries")
    for name, shown in (("Before", before), ("After", before.replace("before", "after").replace("entries", ""))):
        browser.button(name).click()
        browser.settle()
        assert len([svg for svg in browser.every(".viewport > svg") if svg.is_displayed()]) == 1
        highlighted = browser.find("svg .is-change").get_dom_attribute("id") or ""
        assert highlighted.startswith(shown)
        assert browser.is_in_view(highlighted)
        assert browser.find(".changes").is_displayed()
    browser.button("Merged").click()
    assert browser.is_shown(RENAMED)


@pytest.mark.slow
def test_tools_on_a_phone_are_in_two_rows(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.open(settlement_page())
        assert browser.find(".masthead").rect["height"] < 90
        browser.find(".opener").click()
        assert "Fold all" in [one.text for one in browser.every("[role=option] .what")]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
def test_entry_of_the_list_goes_to_its_change(browser: Browser) -> None:
    browser.open(settlement_page())
    browser.every(".changes li")[1].click()
    browser.settle()
    assert browser.is_in_view(PATIENT)
    assert browser.find(".changes li[aria-current]").text.startswith("~\nstep 'fetch klarna'")


@pytest.mark.slow
def test_removed_part_is_shown_merged(browser: Browser) -> None:
    browser.open(render_html(report(version(do("a"), do("b")), version(do("a")))))
    browser.button("After").click()
    browser.press("n")
    assert browser.find(".versions [aria-pressed=true]").text == "Merged"
    assert browser.find("svg .is-change").get_dom_attribute("id") == "orders-orders--b"


@pytest.mark.slow
def test_several_workflows_are_tabs(browser: Browser) -> None:
    browser.open(SEVERAL)
    assert [tab.text for tab in browser.every("[role=tab]")] == ["one (Orders) 1", "two (Orders) 1", "three (Orders) 1"]
    assert [pill.get_dom_attribute("class") for pill in browser.every("[role=tab] .effect")] == [
        "effect safe",
        "effect safe",
        "effect breaking",
    ]
    browser.every("[role=tab]")[1].click()
    browser.press("n")
    assert [each.is_displayed() for each in browser.every(".changes")] == [False, True, False]
    assert browser.find(".stepper output").text == "1 of 1"
    browser.every("[role=tab]")[2].click()
    assert not browser.button("Before").is_enabled()


@pytest.mark.slow
def test_tabs_are_reached_by_arrows_while_a_version_is_shown(browser: Browser) -> None:
    browser.open(SEVERAL)
    browser.button("Before").click()
    browser.every("[role=tab]")[0].send_keys(Keys.ARROW_RIGHT)
    assert browser.find("[role=tab][aria-selected=true]").text == "two (Orders) 1"
    assert browser.find(".versions [aria-pressed=true]").text == "Merged"


@pytest.mark.slow
def test_link_to_a_node_of_a_version_opens_it(browser: Browser) -> None:
    node = RENAMED.replace("settlement--node", "settlement.after--node")
    browser.open(settlement_page(), node)
    assert browser.find(".versions [aria-pressed=true]").text == "After"
    assert browser.is_in_view(node)
    assert "seal the journal" in browser.details()


@pytest.mark.slow
def test_details_name_the_change(browser: Browser) -> None:
    browser.open(settlement_page())
    browser.node(RENAMED).click()
    assert "changed: was 'post entries'" in browser.details()
    assert "breaking: instances waiting at 'cut-off' run it again under the new name" in browser.details()


@pytest.mark.slow
def test_source_text_is_escaped(browser: Browser) -> None:
    workflows = [workflow for text in HOSTILE for workflow in everywhere(text).workflows]
    browser.open(render_html(VersionComparison("main", "<b>", tuple(workflows))))
    assert len(browser.every("[role=tab]")) == len(HOSTILE)
    assert browser.every("b, img, script[src]") == []


def test_example_page_is_well_formed() -> None:
    assert read(render_html(example())).all("section")
