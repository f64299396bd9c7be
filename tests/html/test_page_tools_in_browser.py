"""The details panel, the menu and the bars of pages, and their printed form, in a real browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Node
from stepgraph.model.span import Code
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.view import View
from tests.html.browser import Browser
from tests.render.graphs import LEAVE, ORDERS, branch, do, either, graph, loop, parallel

LINES = ("", "    @step.do('Load')", "    async def load():", "        return '<b>'", "", "pack()")
LOAD, SHIP = do("Load"), do("Ship")
SHOP = graph(LOAD, loop(do("Pack"), either(branch("empty", LEAVE))), SHIP)
RECEIVES = Details([(SHIP, Detail(remarks=("receives order from Load, Pack",)))])


def code_of(node: Node) -> Code | None:
    return Code("src/orders.py", b"", LINES, 2, 2, 4) if node is LOAD else None


def shop(name: str = "orders") -> Page:
    return Page(SHOP, name, lambda _: "src/orders.py:2", details=RECEIVES, code=code_of)


PAGE = render_page([shop()], link_of=lambda _: ("https://example.com/src/orders.py#L", ""))
SEVERAL = render_page([shop(), shop("returns"), shop("invoices")])
WIDE = graph(parallel("all", *(do(f"Reserve {number}", starts=1, resolves=2) for number in range(5))))


@pytest.fixture
def phone(browser: Browser) -> Iterator[Browser]:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def open_menu(browser: Browser, item: str) -> None:
    browser.find(".menu summary").click()
    browser.button(item).click()


def test_the_panel_shows_the_code_of_a_step(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node("orders--load").click()
    lines = browser.every(".source .numbered")
    assert [line.get_dom_attribute("data-number") for line in lines] == ["2", "3", "4"]
    assert browser.find(".source").text == "@step.do('Load')\nasync def load():\n    return '<b>'"
    assert browser.find("aside dd a").get_dom_attribute("href") == "https://example.com/src/orders.py#L2"
    browser.node("orders--ship").click()
    assert browser.every(".source") == []


def test_the_location_is_plain_text_without_a_link(browser: Browser) -> None:
    browser.open(SEVERAL)
    browser.node("orders--load").click()
    assert browser.every("aside dd a") == []
    assert "src/orders.py:2" in browser.details()


def test_the_panel_links_to_the_nodes_before_and_after(browser: Browser) -> None:
    browser.open(PAGE, "orders--ship")
    rows = dict(zip(browser.every("aside dt"), browser.every("aside dd"), strict=True))
    texts = {label.text: row.text for label, row in rows.items()}
    assert texts["Runs after"] == "loop"
    assert texts["Receives"] == "order from Load, Pack"
    assert "Then" not in texts
    browser.button("Load").click()
    assert browser.find("aside h2").text == "Load"
    assert browser.focused() == "orders--load"


def test_buttons_and_keys_go_to_the_next_node(browser: Browser) -> None:
    browser.open(PAGE, "orders--load")
    browser.find("aside [title^=Next]").click()
    assert browser.find("aside h2").text == "loop"
    browser.press("]")
    assert browser.find("aside h2").text == "Pack"
    browser.press("[", "[", "[")
    assert browser.find("aside h2").text == "Load"


def test_a_button_in_the_band_of_a_frame_shows_its_details(browser: Browser) -> None:
    browser.open(PAGE)
    assert browser.every(".info") == []
    ActionChains(browser.driver, duration=0).move_to_element(browser.band("orders--node.loop")).perform()
    browser.find(".info").click()
    assert browser.find("aside h2").text == "loop"
    assert browser.is_shown("orders--node.loop--pack")


def test_hovering_lights_the_way_to_a_node(browser: Browser) -> None:
    browser.open(PAGE)
    ActionChains(browser.driver, duration=0).move_to_element(browser.node("orders--node.loop--pack")).perform()
    assert "is-lit" in (browser.node("orders--node.loop--pack").get_dom_attribute("class") or "")
    assert len(browser.every(".flow.is-lit")) == 2
    ActionChains(browser.driver, duration=0).move_to_element(browser.find("h1")).perform()
    assert browser.every(".is-lit") == []


def test_a_double_click_selects_the_name(browser: Browser) -> None:
    browser.open(PAGE)
    name = browser.node("orders--ship").find_element(By.CSS_SELECTOR, ".name")
    ActionChains(browser.driver).double_click(name).perform()
    assert browser.run("return getSelection().toString()") == "Ship"
    browser.node("orders--load").find_element(By.CSS_SELECTOR, ".name").click()
    assert browser.run("return getSelection().toString()") == ""


def test_the_name_of_a_workflow_is_shown_once(browser: Browser) -> None:
    browser.open(PAGE)
    names = [element for element in browser.every("h1, h2, .title") if element.is_displayed()]
    assert [element.text for element in names if element.size["height"] > 1] == ["orders"]


def test_the_scale_is_the_accessible_name_of_its_button(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("0", "+")
    assert browser.find(".zoom").accessible_name == "125 %"


def _paper(browser: Browser) -> str:
    return str(browser.run("return getComputedStyle(document.querySelector('.paper')).fill"))


def test_the_theme_can_be_switched_for_the_session(browser: Browser) -> None:
    browser.open(PAGE)
    browser.find(".menu summary").click()
    select = browser.find(".menu select")
    select.find_element(By.CSS_SELECTOR, "[value=dark]").click()
    assert _paper(browser) == "rgb(16, 22, 29)"
    browser.driver.refresh()
    assert _paper(browser) == "rgb(16, 22, 29)"
    browser.find(".menu summary").click()
    browser.find(".menu [value=auto]").click()
    assert _paper(browser) == "rgb(255, 255, 255)"


def test_a_page_of_one_theme_has_no_switch(browser: Browser) -> None:
    browser.open(render_page([shop()], View(theme="dark")))
    browser.find(".menu summary").click()
    assert browser.every(".menu select") == []


def test_the_legend_opens_in_a_dialog(browser: Browser) -> None:
    browser.open(PAGE)
    open_menu(browser, "Legend")
    assert "a step that runs code" in browser.find(".legend-dialog").text
    browser.press("]")
    assert browser.details() == ""
    browser.find(".legend-dialog button").click()
    assert not browser.find(".legend-dialog").is_displayed()


def downloaded(browser: Browser, item: str, folder: Path) -> bytes:
    """Return a downloaded file. Chromium creates it without content first, and replaces it when it is complete."""
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    open_menu(browser, item)
    file = folder / f"orders.{item.rpartition(' ')[2].lower()}"
    WebDriverWait(browser.driver, 10).until(lambda _: file.exists() and file.stat().st_size > 0)
    return file.read_bytes()


def test_the_picture_can_be_downloaded_as_svg(browser: Browser, tmp_path: Path) -> None:
    browser.open(PAGE)
    browser.band("orders--node.loop").click()
    width, height = (int(browser.find("svg").get_dom_attribute(name) or 0) for name in ("width", "height"))
    svg = downloaded(browser, "Download SVG", tmp_path).decode()
    assert f'width="{width}" height="{height + 26}" viewBox="0 -26 {width} {height + 26}"' in svg
    assert '<tspan class="title" x="24" y="7">' in svg
    assert ">Ship<" in svg
    assert 'id="orders--node.loop--pack"' not in svg
    assert not re.findall(r"toggle|tabindex|data-|<script|var\(", svg)


def test_the_picture_can_be_downloaded_as_png(browser: Browser, tmp_path: Path) -> None:
    browser.open(PAGE)
    png = downloaded(browser, "Download PNG", tmp_path)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 2 * int(browser.find("svg").get_dom_attribute("width") or 0)


def printed_pages(browser: Browser) -> list[bytes]:
    """Return the sizes of the printed pages in points."""
    return re.findall(rb"/MediaBox \[([^\]]*)\]", printed(browser, attempts=5))


def printed(browser: Browser, attempts: int) -> bytes:
    """Return the page as a PDF. Chromium sometimes fails to print on a busy machine, so several attempts are made."""
    try:
        return base64.b64decode(browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    except WebDriverException:
        if attempts == 1:
            raise
        return printed(browser, attempts - 1)


BACK = graph(loop(do("Ship back")), do("Refund"))


def test_each_workflow_is_printed_on_one_page(browser: Browser) -> None:
    browser.open(render_page([Page(BACK, "orders"), Page(WIDE, "wide"), Page(SHOP, "shop")]))
    browser.press("+", "+", "+")
    assert printed_pages(browser) == [b"0 0 612 792", b"0 0 792 612", b"0 0 612 792"]
    browser.let_scripts_run(allowed=False)
    browser.open(render_page([Page(WIDE, "wide"), Page(ORDERS, "orders")]))
    assert printed_pages(browser) == [b"0 0 792 612", b"0 0 612 792"]


LONG = graph(*(loop(*(do(f"step {number}-{part}") for part in range(6))) for number in range(12)))

PARTS = """
    return [...document.querySelectorAll(".sheet > svg")].map((svg) => {
      const { top, bottom } = svg.getBoundingClientRect();
      const cards = [...svg.querySelectorAll(".step > .box")].map((box) => box.getBoundingClientRect());
      return [cards.length, cards.every((card) => card.top > top && card.bottom < bottom)];
    })
"""


def test_a_long_workflow_is_printed_on_several_pages(browser: Browser) -> None:
    browser.open(render_page([Page(LONG, "orders"), Page(SHOP, "shop")]))
    assert len(printed_pages(browser)) == 3
    assert browser.every(".sheets, .is-divided") == []
    assert browser.find("svg").is_displayed()


def test_pages_end_between_cards(browser: Browser) -> None:
    browser.open(render_page([Page(LONG, "orders")]))
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        parts = browser.run(PARTS)
        assert sum(count for count, _ in parts) == 72
        assert [is_whole for _, is_whole in parts] == [True] * len(parts)
        assert not browser.find(".viewport").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_many_workflows_are_in_a_list(browser: Browser) -> None:
    browser.open(render_page([shop(f"orders {number}") for number in range(7)]))
    assert browser.find(".chooser").is_displayed()
    assert not browser.find("[role=tablist]").is_displayed()


def test_the_bars_of_a_narrow_screen_are_low(phone: Browser) -> None:
    phone.open(SEVERAL)
    bars = phone.find(".masthead").rect["height"] + phone.find(".summary").rect["height"]
    assert bars <= 0.15 * 844
    assert phone.run("return document.documentElement.scrollWidth") == 390


def test_a_narrow_screen_has_a_list_of_workflows(phone: Browser) -> None:
    phone.open(SEVERAL)
    assert not phone.find("[role=tablist]").is_displayed()
    phone.find(".chooser [value=orders-3]").click()
    assert phone.find(".chooser").get_property("value") == "orders-3"
    assert [element.is_displayed() for element in phone.every("section")] == [False, False, True]
