"""Large pictures in a real browser, of which only the part near the visible part is drawn."""

from __future__ import annotations

from typing import Final

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from stepgraph.render.folding import Folding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.view import View
from tests.html.browser import Browser
from tests.render.graphs import do, graph, loop, parallel

pytestmark = pytest.mark.slow

OPEN: Final = View(folding=Folding(99))
FIRST, LAST, LOOP = "orders--part-0", "orders--part-299", "orders--node.loop"
PAGE: Final = render_page([Page(graph(*(do(f"part {number}") for number in range(300))), "orders")], OPEN)
LOOPED: Final = render_page(
    [Page(graph(loop(*(do(f"part {number}") for number in range(250))), do("ship")), "orders")], OPEN
)
GROUP: Final = render_page(
    [Page(graph(parallel("all", *(do(f"part {n}", starts=1) for n in range(250)))), "orders")],
    OPEN,
)


def _is_drawn(browser: Browser, identity: str) -> bool:
    shape = f"document.getElementById('{identity}').querySelector(':scope > .box, :scope > .edge')"
    return bool(browser.run(f"return {shape}.getClientRects().length > 0"))


def _scroll(browser: Browser, left: int, top: int) -> None:
    browser.run("document.querySelector('.viewport').scrollTo(...arguments)", left, top)
    browser.settle()


def test_only_nodes_near_the_visible_part_are_drawn(browser: Browser) -> None:
    browser.open(PAGE)
    assert (_is_drawn(browser, FIRST), _is_drawn(browser, LAST)) == (True, False)
    _scroll(browser, 0, 99_999)
    assert (_is_drawn(browser, FIRST), _is_drawn(browser, LAST)) == (False, True)
    assert browser.is_in_view(LAST)


def test_a_large_frame_is_drawn_in_part(browser: Browser) -> None:
    browser.open(GROUP)
    browser.press("0")
    _scroll(browser, 0, 0)
    first, last = "orders--node.parallel--part-0", "orders--node.parallel--part-249"
    assert _is_drawn(browser, "orders--node.parallel")
    assert (_is_drawn(browser, first), _is_drawn(browser, last)) == (True, False)
    _scroll(browser, 0, 99_999)
    assert (_is_drawn(browser, first), _is_drawn(browser, last)) == (False, True)


def test_the_search_shows_a_node_that_was_not_drawn(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("/", *"part 299", Keys.ENTER)
    browser.settle()
    assert browser.focused() == LAST
    assert browser.is_in_view(LAST)


def test_keys_reach_nodes_that_are_not_drawn(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(FIRST).click()
    browser.press(Keys.END)
    browser.settle()
    assert browser.focused() == LAST
    assert browser.is_in_view(LAST)
    browser.press(Keys.HOME)
    browser.settle()
    assert browser.is_in_view(FIRST)


def test_nodes_that_are_not_drawn_remain_accessible(browser: Browser) -> None:
    browser.open(PAGE)
    nodes = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = {node["name"]["value"] for node in nodes if not node["ignored"] and node["role"]["value"] == "button"}
    assert {"part 0 · step", "part 299 · step"} <= names


def test_the_browser_finds_texts_that_were_not_drawn(browser: Browser) -> None:
    browser.open(PAGE)
    assert not browser.run("return find('part 299')")
    ActionChains(browser.driver, duration=0).key_down(Keys.CONTROL).send_keys("f").key_up(Keys.CONTROL).perform()
    assert browser.run("return find('part 299')")
    browser.press(Keys.ESCAPE)
    browser.settle()
    assert browser.every(".is-out") != []


def test_paper_has_all_nodes(browser: Browser) -> None:
    browser.open(PAGE)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert _is_drawn(browser, LAST)


def test_folding_draws_the_nodes_that_move_into_view(browser: Browser) -> None:
    browser.open(LOOPED)
    assert not _is_drawn(browser, "orders--ship")
    browser.band(LOOP).click()
    assert browser.is_in_view("orders--ship")
    browser.button("Unfold all").click()
    assert _is_drawn(browser, f"{LOOP}--part-0")
    assert not _is_drawn(browser, f"{LOOP}--part-249")


def test_a_gesture_keeps_the_point_below_the_pointer(browser: Browser) -> None:
    browser.open(PAGE)
    _scroll(browser, 0, 9000)
    wheel = """
        const at = { clientX: 600, clientY: 400 }, boxes = [...document.querySelectorAll(".step > .box")];
        const box = boxes.find((one) => one.getBoundingClientRect().top > 300);
        const top = () => box.getBoundingClientRect().top;
        const scale = () => Number(document.querySelector(".zoom").textContent.replace(" %", ""));
        const before = { top: top(), scale: scale() };
        document.querySelector(".viewport").dispatchEvent(
          new WheelEvent("wheel", { deltaY: arguments[0], ctrlKey: true, cancelable: true, ...at }));
        const factor = scale() / before.scale, expected = 400 + (before.top - 400) * factor, during = top();
        return new Promise((done) => setTimeout(() => done([during - expected, top() - expected]), 300));
    """
    browser.press("0")
    for delta in (-60, 90):
        during, after = browser.run(wheel, delta)
        assert abs(during) < 3
        assert abs(after) < 3


def test_without_the_script_all_nodes_are_drawn(browser: Browser) -> None:
    browser.let_scripts_run(allowed=False)
    browser.open(PAGE)
    visible = "document.getElementById('orders--part-299').checkVisibility({ contentVisibilityAuto: true })"
    result = browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": visible})
    assert result["result"]["value"] is True
