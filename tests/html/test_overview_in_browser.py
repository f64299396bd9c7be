"""The parts of a page that keep an overview, in a browser: the map, titles at the edge, and names at small scales."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from stepgraph.model.payload import Node
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from tests.html.browser import Browser
from tests.render.graphs import block, branch, call, do, either, function, graph, loop

LONG = graph(
    do("first"),
    loop(either(branch("order.is_large", *(do(f"part {number}") for number in range(30))))),
    call("ship"),
    functions={"ship": function("ship", do("last"))},
)
PAGE = render_page([Page(LONG, "orders")])
LOOP = "orders--node.loop"
SCROLL = "document.querySelector('.viewport').scrollTop = arguments[0]"


def _scroll(browser: Browser, top: int) -> None:
    browser.run(SCROLL, top)
    browser.settle()


def _zoom_out(browser: Browser, times: int) -> None:
    browser.press(*"-" * times)
    browser.settle()


def _scroll_top(browser: Browser) -> float:
    return float(browser.run("return document.querySelector('.viewport').scrollTop"))


def test_the_map_is_shown_for_pictures_larger_than_the_viewport(browser: Browser) -> None:
    browser.open(PAGE)
    assert browser.find(".minimap canvas").is_displayed()
    browser.button("Fold all").click()
    browser.settle()
    assert not browser.find(".minimap").is_displayed()


def test_the_map_scrolls_the_picture(browser: Browser) -> None:
    browser.open(PAGE)
    canvas = browser.find(".minimap canvas")
    ActionChains(browser.driver, duration=0).move_to_element_with_offset(canvas, 0, 90).click().perform()
    assert 300 < _scroll_top(browser) < 1400
    _scroll(browser, 0)
    ActionChains(browser.driver, duration=0).move_to_element_with_offset(
        canvas, 0, -90
    ).click_and_hold().move_by_offset(0, 180).release().perform()
    limit = browser.run("const one = document.querySelector('.viewport'); return one.scrollHeight - one.clientHeight")
    assert _scroll_top(browser) == pytest.approx(limit, abs=2)


def test_the_map_can_be_hidden(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("m")
    assert not browser.find(".minimap canvas").is_displayed()
    browser.find(".minimap button").click()
    browser.settle()
    assert browser.find(".minimap canvas").is_displayed()


def test_the_map_draws_the_visible_part(browser: Browser) -> None:
    browser.open(PAGE)
    pixels = "return document.querySelector('.minimap canvas').toDataURL()"
    before = browser.run(pixels)
    _scroll(browser, 600)
    assert browser.run(pixels) != before


def test_the_map_follows_the_theme(browser: Browser) -> None:
    browser.open(PAGE)
    pixels = "return document.querySelector('.minimap canvas').toDataURL()"
    before = browser.run(pixels)
    browser.find(".menu summary").click()
    browser.find("[aria-label=Theme] [value=dark]").click()
    browser.settle()
    after = browser.run(pixels)
    assert after != before


def test_phones_and_paper_have_no_map(browser: Browser) -> None:
    browser.open(PAGE)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find(".minimap").is_displayed()
    assert not browser.find(".titles").is_displayed()
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert not browser.find(".minimap").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_titles_of_frames_stay_at_the_upper_edge(browser: Browser) -> None:
    browser.open(PAGE)
    assert browser.every(".titles button") == []
    _scroll(browser, 700)
    assert [element.text for element in browser.every(".titles button")] == ["loop", "if order.is_large"]
    viewport = browser.find(".viewport").rect
    for title in browser.every(".titles button"):
        assert viewport["y"] <= title.rect["y"] <= viewport["y"] + 10
    first, second = browser.every(".titles button")
    assert first.rect["x"] + first.rect["width"] <= second.rect["x"]


def test_outer_titles_shrink_to_icons_without_room(browser: Browser) -> None:
    node: Node = block(*(do(f"step {number}") for number in range(20)))
    for number in range(9):
        node = either(branch(f"the_condition_number_{number}", node, do("then")))
    browser.open(render_page([Page(graph(node), "orders")]))
    _scroll(browser, 1000)
    titles = browser.every(".titles button")
    assert len(titles) == 10
    assert titles[0].text == ""
    assert titles[-2].text == "if the_condition_number_0"
    assert titles[-1].rect["x"] + titles[-1].rect["width"] <= browser.find(".viewport").rect["width"]


def test_a_title_at_the_edge_leads_to_its_frame(browser: Browser) -> None:
    browser.open(PAGE)
    _scroll(browser, 900)
    browser.find(".titles button").click()
    browser.settle()
    assert browser.focused() == LOOP
    top = browser.find(".viewport").rect["y"]
    assert top < browser.band(LOOP).rect["y"] < top + 60
    assert browser.every(".titles button") == []


def test_titles_stay_at_the_left_edge(browser: Browser) -> None:
    wide = graph(either(*(branch(f"x == {number}", do(f"step {number}")) for number in range(12))))
    browser.open(render_page([Page(wide, "orders")]))
    browser.press("0", "+", "+", "+")
    browser.run("document.querySelector('.viewport').scrollTo(500, 0)")
    browser.settle()
    (title,) = browser.every(".titles button")
    viewport, band = (
        browser.find(".viewport").rect,
        browser.node("orders--node.if").find_element("css selector", ".band"),
    )
    assert viewport["x"] <= title.rect["x"] < viewport["x"] + 10
    middles = [rect["y"] + rect["height"] / 2 for rect in (title.rect, band.rect)]
    assert middles[0] == pytest.approx(middles[1], abs=6)


def test_names_of_a_small_picture_are_readable(browser: Browser) -> None:
    browser.open(PAGE)
    assert browser.every(".names text") == []
    _zoom_out(browser, 7)
    assert browser.find(".zoom").text == "21 %"
    names = [element.text for element in browser.every(".names text")]
    assert {"first", "loop", "if order.is_large", "part 0", "part 29", "ship", "last"} <= set(names)
    heights = {round(element.rect["height"]) for element in browser.every(".names text")}
    assert heights <= {12, 13, 14}  # a font size of 11 px
    assert not browser.find("svg .box + .icon").is_displayed()


def test_names_of_a_small_picture_do_not_overlap(browser: Browser) -> None:
    wide = graph(
        either(*(branch(f"the long condition {number}", do(f"the long name {number}")) for number in range(9))), loop()
    )
    browser.open(render_page([Page(wide, "orders")]))
    browser.press("0")
    _zoom_out(browser, 5)
    boxes = [element.rect for element in browser.every(".names text")]
    assert len(boxes) > 10
    for index, first in enumerate(boxes):
        for second in boxes[index + 1 :]:
            apart = first["x"] + first["width"] <= second["x"] + 1 or second["x"] + second["width"] <= first["x"] + 1
            assert apart or abs(first["y"] - second["y"]) >= 9


def test_the_name_of_a_small_folded_frame_replaces_its_summary(browser: Browser) -> None:
    browser.open(PAGE)
    browser.button("Fold all").click()
    _zoom_out(browser, 5)
    texts = browser.node(LOOP).find_elements("css selector", ":scope > text")
    assert not any(text.is_displayed() for text in texts)
    assert "loop" in [element.text for element in browser.every(".names text")]


def test_names_disappear_when_the_picture_is_enlarged(browser: Browser) -> None:
    browser.open(PAGE)
    _zoom_out(browser, 5)
    assert browser.find(".names").is_displayed()
    browser.press("0")
    browser.settle()
    assert not browser.find(".names").is_displayed()
    assert browser.find("svg .name").is_displayed()


def test_a_small_picture_is_printed_with_all_texts(browser: Browser) -> None:
    browser.open(PAGE)
    _zoom_out(browser, 5)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.find("svg .name").is_displayed()
    assert not browser.find(".names").is_displayed()


def test_an_overview_of_five_hundred_steps_is_fast(browser: Browser) -> None:
    nodes = [
        node for index in range(125) for node in (loop(do(f"a {index}"), do(f"b {index}")), do(f"c {index}"), do("d"))
    ]
    browser.driver.execute_cdp_cmd("Performance.enable", {})
    browser.open(render_page([Page(graph(*nodes), "orders")]))

    def script_time() -> float:
        metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float({element["name"]: element["value"] for element in metrics}["ScriptDuration"])

    _zoom_out(browser, 6)
    before = script_time()
    for top in range(0, 2000, 100):
        _scroll(browser, top)
    assert script_time() - before < 0.4  # 20 frames, 0.02 on an idle machine
