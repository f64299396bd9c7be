"""The page of an instance in a real browser: rows and nodes, runs, passes, the filter and the time axis."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from stepgraph.execution.instance import instance_of
from stepgraph.execution.matching.match import LoopPass, Place
from tests.html.browser import Browser
from tests.html.instances import FETCH, LOAD, LOOP, PACK, PLACES, REFUSED, WAITING, failed, instance, page, step
from tests.html.test_in_browser import PHONE
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, protected

LABEL = function("label", do("print"))
PAGE, MISFIT = page(WAITING), page(REFUSED)


def shown_rows(browser: Browser) -> list[str]:
    rows: list[str] = browser.run(
        "return [...document.querySelectorAll('.log tbody tr')].filter((row) => !row.hidden)"
        ".map((row) => row.querySelector('th a').textContent)"
    )
    return rows


def marked_rows(browser: Browser, css: str) -> list[str]:
    return [row.get_dom_attribute("id") or "" for row in browser.every(f".log tbody {css}")]


def fragment(browser: Browser) -> str:
    return str(browser.run("return location.hash"))


def test_a_row_selects_its_node(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node("orders.log-2").find_element("css selector", ".time").click()
    assert browser.find(".details h2").text == "fetch {page}"
    assert browser.find("svg .is-selected").get_dom_attribute("id") == FETCH
    assert marked_rows(browser, "[aria-current]") == ["orders.log-2"]
    assert fragment(browser) == "#orders.log-2"


def test_a_node_marks_its_rows(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(FETCH).click()
    browser.settle()
    assert marked_rows(browser, ".is-selected") == ["orders.log-2", "orders.log-4", "orders.log-6"]
    browser.press(Keys.ESCAPE)
    browser.settle()
    assert marked_rows(browser, ".is-selected") == []


def test_a_link_to_a_row_selects_it(browser: Browser) -> None:
    browser.open(PAGE, "orders.log-3")
    assert browser.find("svg .is-selected").get_dom_attribute("id") == PACK
    assert browser.is_in_view(PACK)


def test_arrow_keys_move_between_rows_and_light_their_nodes(browser: Browser) -> None:
    browser.open(PAGE, "orders.log-1")
    browser.press(Keys.ARROW_DOWN)
    assert [element.get_dom_attribute("id") for element in browser.every("svg g.is-lit")] == [FETCH]
    browser.press(Keys.ENTER)
    assert fragment(browser) == "#orders.log-2"
    browser.press(Keys.END)
    assert browser.run("return document.activeElement.closest('tr').id") == "orders.log-7"


def test_the_picture_begins_at_the_open_entry(browser: Browser) -> None:
    tall = graph(*(do(f"step {number}") for number in range(30)))
    browser.open(page(instance({"step 29-1": [Place("nodes[29]")]}, step("step 29-1", (0, None))), tall))
    assert browser.is_in_view("orders--step-29")


def test_details_of_a_step_have_its_attempts(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(LOAD).click()
    assert [row.text.replace("\n", " ") for row in browser.every(".runs tbody tr")] == [
        "load-1 done 12:00:00.000 6 s",
        "attempt 1 failed 12:00:00.000 2 s",
        "Error: the shop does not answer",
        "attempt 2 done 12:00:04.000 2 s",
    ]


def test_details_of_a_step_have_the_pass_of_each_run(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(FETCH).click()
    assert [run.text for run in browser.every(".runs .remark")] == ["pass 1", "pass 2", "pass 3"]


def test_a_chosen_pass_filters_rows_runs_and_picture(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(LOOP).find_element("css selector", ":scope > .toggle").send_keys("i")
    browser.find("aside [aria-label='Next pass']").click()
    browser.find("aside [aria-label='Next pass']").click()
    assert shown_rows(browser) == ["load-1", "fetch 2-1", "pack it-2", "approval-1"]
    assert [run.text for run in browser.every("aside .runs th .link")] == ["fetch 2-1", "pack it-2"]
    browser.find("aside [aria-label='Next pass']").click()
    assert [element.get_dom_attribute("id") for element in browser.every("svg .is-other-pass")] == [PACK]
    assert browser.find(".chosen-passes").text.startswith("Only loop")
    assert browser.run("return document.activeElement.getAttribute('aria-label')") == "Next pass"
    browser.press(Keys.ENTER)
    assert len(shown_rows(browser)) == 7
    assert browser.every(".is-other-pass") == []


@pytest.mark.slow
def test_entries_of_a_function_belong_to_its_callers(browser: Browser) -> None:
    pack = function("pack", either(branch("x", do("wrap"))), call("label"))
    calls = graph(loop(call("pack")), protected(block(call("pack"))), functions={"pack": pack, "label": LABEL})
    first, second = "nodes[0].nodes[0]", "nodes[1].try_block.nodes[0]"
    wrap, label = 'functions["pack"].nodes[0].branches[0].nodes[0]', 'functions["label"].nodes[0]'
    places = {
        "wrap-1": [Place(wrap, (first,))],
        "wrap-2": [Place(wrap, (second,))],
        "print-1": [Place(label, (second, 'functions["pack"].nodes[1]'))],
    }
    browser.open(page(instance(places, *(step(name, (0, 1)) for name in places)), calls))
    packed = "orders--node.loop--call.pack"
    inside = {
        identity: [run.text for run in _runs(browser, identity)]
        for identity in ("orders--node.loop", "orders--node.try", packed, f"{packed}--node.if", f"{packed}--call.label")
    }
    assert inside == {
        "orders--node.loop": ["wrap-1"],
        "orders--node.try": ["wrap-2", "print-1"],
        packed: ["wrap-1"],
        f"{packed}--node.if": ["wrap-1", "wrap-2"],
        f"{packed}--call.label": ["print-1"],
    }


def _runs(browser: Browser, identity: str) -> list[WebElement]:
    browser.node(identity).find_element("css selector", ":scope > .toggle").send_keys("i")
    return browser.every("aside .runs th .link")


@pytest.mark.slow
def test_another_outer_pass_drops_a_missing_inner_pass(browser: Browser) -> None:
    nested = graph(loop(loop(do("x {n}"))))
    places = {
        f"x {outer}{inner}-1": [Place("nodes[0].nodes[0].nodes[0]", (), _nested(outer, inner))]
        for outer, inner in ((1, 1), (1, 2), (2, 1))
    }
    browser.open(page(instance(places, *(step(name, (0, 1)) for name in places)), nested))
    browser.node("orders--node.loop--node.loop").find_element("css selector", ":scope > .toggle").send_keys("i")
    browser.find("aside [aria-label='Previous pass']").click()
    assert shown_rows(browser) == ["x 12-1"]
    browser.node("orders--node.loop").find_element("css selector", ":scope > .toggle").send_keys("i")
    browser.find("aside [aria-label='Previous pass']").click()
    assert shown_rows(browser) == ["x 21-1"]


def _nested(outer: int, inner: int) -> tuple[LoopPass, ...]:
    return LoopPass("nodes[0]", outer), LoopPass("nodes[0].nodes[0]", inner)


@pytest.mark.slow
def test_the_filter_shows_failed_and_open_entries(browser: Browser) -> None:
    browser.open(PAGE)
    shown = {}
    for name in ("failed", "retried", "open", "all"):
        button = browser.find(f"[data-filter={name}]")
        button.click()
        shown[button.text] = len(shown_rows(browser))
    assert shown == {"Failed 1": 1, "Retried 1": 1, "Open 1": 1, "All 7": 7}


@pytest.mark.slow
def test_the_search_finds_names_and_errors_of_entries(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("/", *"page 3 is missing", Keys.ENTER)
    assert fragment(browser) == "#orders.log-6"
    browser.press("/", *"fetch 2-1", Keys.ENTER)
    assert fragment(browser) == "#orders.log-4"


@pytest.mark.slow
def test_the_banner_leads_to_the_entry_that_does_not_fit(browser: Browser) -> None:
    browser.open(MISFIT)
    browser.find(".banner .row").click()
    assert browser.run("return document.activeElement.closest('tr').id") == "orders.log-2"
    browser.find(".banner .place").click()
    assert browser.find(".details h2").text == "fetch {page}"


@pytest.mark.slow
def test_a_drag_on_the_axis_zooms_to_a_range(browser: Browser) -> None:
    browser.open(PAGE)
    axis = browser.find(".axis")
    browser.drag(axis, axis.size["width"] // 4, 0)
    browser.settle()
    # The range begins at the middle of the axis, so the first bar ends before it.
    first = browser.node("orders.log-1").find_element("css selector", ".bars rect")
    assert first.rect["x"] + first.rect["width"] <= axis.rect["x"] + axis.rect["width"] / 2
    assert browser.node("orders.log-7").find_element("css selector", ".bars rect").rect["x"] > axis.rect["x"]
    before = first.get_dom_attribute("x")
    browser.find("[title='Show the whole time']").click()
    assert (before, first.get_dom_attribute("x")) == ("-100.00%", "0.00%")


@pytest.mark.slow
def test_times_have_the_time_zone_of_the_reader(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        browser.open(PAGE)
        assert "9:00:00" in (browser.find(".instance .times time").get_dom_attribute("title") or "")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_a_phone_shows_the_picture_first(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.open(PAGE)
        assert browser.run("return document.querySelector('.viewport').clientHeight") > 400
        browser.find(".log > summary").click()
        assert browser.run("return document.documentElement.scrollWidth") == PHONE["width"]
        assert browser.node("orders.log-1").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_phone_cuts_a_long_error_until_it_is_opened(browser: Browser) -> None:
    error = "Error: " + "the payment provider does not answer " * 12
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.open(page(instance({}, failed("load-1", 0, 2, error), status="errored", error=error)))
        text = browser.find(".instance summary .error-text")
        before = text.size["height"]
        text.click()
        assert before < 60 < text.size["height"]
        assert not browser.find(".instance .on-wide-screens").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
def test_an_open_row_of_the_log_shows_its_whole_error(browser: Browser) -> None:
    browser.open(page(instance(PLACES, failed("load-1", 0, 2, "Error: " + "the shop does not answer " * 18))))
    text = browser.find(".log .error-text")
    before = text.size["height"]
    browser.find(".log tbody th a").click()
    assert before < 60 < text.size["height"]


def test_the_log_needs_no_javascript(browser: Browser) -> None:
    browser.open(PAGE)  # the page of a new tab needs scripts
    browser.let_scripts_run(allowed=False)
    browser.open(PAGE, "orders.log-7")
    row = browser.node("orders.log-7")
    assert row.text.split("\n") == ["7", "approval-1", "waiting", "12:00:13.000"]
    assert row.find_element("css selector", ".bars rect").rect["width"] > 10


@pytest.mark.slow
def test_the_height_of_the_log_can_be_changed(browser: Browser) -> None:
    browser.open(PAGE)
    before = browser.find(".log").size["height"]
    browser.drag(browser.find(".splitter"), 0, -150)
    after = browser.find(".log").size["height"]
    assert after == pytest.approx(before + 150, abs=4)
    browser.find(".splitter").send_keys(Keys.ARROW_DOWN)
    assert browser.find(".log").size["height"] == after - 24
    browser.find(".log > summary").click()
    assert browser.find(".log").size["height"] < 50


@pytest.mark.slow
def test_a_folded_frame_shows_the_state_of_its_open_step(browser: Browser) -> None:
    nested = graph(loop(do("a"), do("b")))
    log = instance({}, step("a-1", (0, 1)), step("b-1", (1, None))).log
    browser.open(page(instance_of(log, nested), nested))
    frame = browser.node("orders--node.loop")
    before = frame.get_dom_attribute("class")
    browser.button("Fold all").click()
    browser.settle()
    assert "running" in (frame.get_dom_attribute("class") or "").split()
    assert frame.find_element("css selector", ":scope > circle.sign").is_displayed()
    browser.button("Unfold all").click()
    browser.settle()
    assert (frame.get_dom_attribute("class"), browser.every(".folded-sign")) == (before, [])


@pytest.mark.slow
def test_a_long_log_opens_fast(browser: Browser) -> None:
    steps = [step(f"fetch {number}-1", (number, number + 1)) for number in range(1000)]
    places = {f"fetch {number}-1": [Place("nodes[1].nodes[0]", (), _nested(number, 1))] for number in range(1000)}
    browser.open(page(instance(places, *steps)))
    loaded = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert loaded < 1500  # 150 on an idle machine


def test_forced_colors_highlight_the_active_filter(browser: Browser) -> None:
    media = [{"name": "forced-colors", "value": "active"}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    try:
        browser.open(PAGE)
        color = "const style = getComputedStyle(document.querySelector('[data-filter=all]'));"
        highlight = "document.body.style.cssText = 'forced-color-adjust:none;color:Highlight';"
        script = f"{color}{highlight}return [style.backgroundColor, getComputedStyle(document.body).color]"
        background, expected = browser.run(script)
        assert background == expected
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_page_at_high_zoom_scrolls_to_its_picture(browser: Browser) -> None:
    size = {"width": 320, "height": 256, "deviceScaleFactor": 4, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.open(PAGE)
        assert browser.find(".viewport").rect["height"] >= 200
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
