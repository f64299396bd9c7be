"""The search of a page and its list of shortcuts, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Block, Node
from stepgraph.render.folding import Folding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.view import View
from tests.html.browser import Browser
from tests.html.hostile_text import HOSTILE, everywhere
from tests.render.graphs import ORDERS, branch, do, either, graph, loop, protected

HANDLER: Block = {"type": "block", "nodes": [do("cancel the flight")]}
APPROVAL: Node = {
    "type": "step_wait_for_event",
    "name": "approval",
    "options": {"event_type": "trip-approved", "timeout": 172_800_000},
}
TRIP = graph(
    do("réserver le vol", config={"retries": {"limit": 8, "delay": 30_000, "backoff": "linear"}, "timeout": "1 hour"}),
    loop(either(branch('trip["needs_car"]', do("book the car")), branch(None, do("book the hotel")))),
    protected(catch=HANDLER),
    {"type": "step_sleep", "name": "cool down", "duration": "5 min"},
    APPROVAL,
    class_name="Trip",
)
DETAILS = Details([(HANDLER, Detail("except NonRetryableError as error"))])
TRIPS = Page(TRIP, "trips", lambda node: "src/trips.py:7" if node is APPROVAL else "", details=DETAILS)
PAGE = render_page([TRIPS, Page(graph(do("Refund"), do("Book it out"), class_name="Returns"), "returns")])
CAR = "trip--node.loop--node.if.1--book-the-car"
FACTS = {
    "BOOK": ["book the car", "book the hotel", "Book it out"],
    "hotel book": ["book the hotel"],
    "reserver": ["réserver le vol"],
    "needs_car": ['if trip["needs_car"]'],
    "NonRetry": ["try"],
    "trip-app": ["approval"],
    "30 seconds": ["réserver le vol"],
    "trips.py:7": ["approval"],
    "exponential": [],
    "nothing like it": [],
}
FILTERS = {
    "kind:wait": ["approval"],
    "kind:sleep": ["cool down"],
    "kind:step in:loop": ["book the car", "book the hotel"],
    "retries:>5": ["réserver le vol"],
    "retries:5 hotel": ["book the hotel"],
    "timeout:>10m": ["réserver le vol", "approval"],
    "timeout:<=10min kind:step workflow:returns": ["Refund", "Book it out"],
    "delay:30s": ["réserver le vol"],
    "duration:<1s": ["cool down"],  # the engine reads `5 min` as 5 ms
    "event:approved": ["approval"],
    "file:trips": ["approval"],
    "retries:many": [],
}


def _search(browser: Browser, text: str) -> list[str]:
    """Search, and return the names of the results."""
    browser.press("/", *text)
    return _names(browser)


def _results(browser: Browser, texts: Iterable[str]) -> dict[str, list[str]]:
    """Search each of the texts in an open page, and return the names of the results."""
    browser.open(PAGE)
    names = {}
    for text in texts:
        names[text] = _search(browser, text)
        browser.press(Keys.ESCAPE)
    return names


def _names(browser: Browser) -> list[str]:
    return [element.text for element in browser.every("[role=option] .what")]


def _chord(browser: Browser, key: str) -> None:
    ActionChains(browser.driver, duration=0).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()


def test_the_search_looks_at_all_facts(browser: Browser) -> None:
    assert _results(browser, FACTS) == FACTS


def test_the_search_finds_parts_without_a_figure_of_their_own(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    assert _search(browser, "CardDeclined") == ["try"]


def test_filters_narrow_the_search(browser: Browser) -> None:
    assert _results(browser, FILTERS) == FILTERS


def test_a_result_shows_its_frames_and_the_matching_text(browser: Browser) -> None:
    browser.open(PAGE)
    _search(browser, "30 sec")
    (result,) = browser.every("[role=option]")
    assert result.text.splitlines() == ["réserver le vol", "trips", "Retry delay 30 seconds"]
    assert [element.text for element in browser.every("mark")] == ["30", "sec"]
    browser.press(Keys.ESCAPE)
    _search(browser, "car")
    assert [element.text for element in browser.every(".where")] == ['loop \u203a if trip["needs_car"]', "loop"]


def test_the_key_after_escape_reaches_the_page_at_once(browser: Browser) -> None:
    browser.open(PAGE)
    is_open_again = browser.run(
        """
        for (const key of ["/", "Escape", "/"]) {
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }
        return document.querySelector(".palette").open;
        """
    )
    assert is_open_again


def test_enter_goes_to_the_chosen_result(browser: Browser) -> None:
    browser.open(
        render_page(
            [TRIPS, Page(graph(do("Book it out"), class_name="Returns"), "returns")], View(folding=Folding(depth=1))
        )
    )
    assert not browser.is_shown(CAR)
    _search(browser, "book")
    browser.press(Keys.ENTER)
    assert browser.is_in_view(CAR)
    assert browser.focused() == CAR
    assert browser.find("aside h2").text == "book the car"
    assert [element.get_dom_attribute("id") for element in browser.every(".is-here")] == [CAR]
    assert browser.find(".finder").text.splitlines()[:2] == ["book", "1 of 3"]


def test_arrow_keys_choose_a_result_of_any_workflow(browser: Browser) -> None:
    browser.open(PAGE)
    _search(browser, "book")
    browser.press(Keys.ARROW_UP)
    option = browser.find("[role=option][aria-selected=true]")
    assert browser.find("[role=combobox]").get_dom_attribute("aria-activedescendant") == option.get_dom_attribute("id")
    assert option.text.splitlines() == ["Book it out", "returns"]
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ENTER)
    assert browser.find("[role=tab][aria-selected=true]").text == "returns"
    assert browser.is_in_view("returns--book-it-out")


def test_results_of_the_open_workflow_come_first(browser: Browser) -> None:
    browser.open(PAGE, "returns--refund")
    assert _search(browser, "book") == ["Book it out", "book the car", "book the hotel"]


def test_highlights_stay_until_the_search_is_cleared(browser: Browser) -> None:
    browser.open(PAGE)
    _search(browser, "book")
    browser.press(Keys.ENTER, "n")
    assert len(browser.every(".is-hit")) == 3
    assert browser.find("aside h2").text == "book the hotel"
    browser.press_with_shift("n")
    assert browser.find("aside h2").text == "book the car"
    browser.press(Keys.ESCAPE)
    assert browser.details() == ""
    assert len(browser.every(".is-hit")) == 3
    browser.press(Keys.ESCAPE)
    assert browser.every(".is-hit, .is-here") == []
    assert browser.find(".finder").text.splitlines()[0] == "Search"


def test_the_highlight_of_a_frame_includes_its_band(browser: Browser) -> None:
    browser.open(PAGE)
    _search(browser, "kind:loop")
    browser.press(Keys.ENTER, Keys.ESCAPE)
    band, edge = (browser.find(f".is-hit>{css}").value_of_css_property("stroke") for css in (".band", ".edge"))
    assert band == edge


def test_the_previous_result_of_none_is_the_last(browser: Browser) -> None:
    browser.open(PAGE)
    _search(browser, "book")
    browser.press(Keys.ESCAPE)
    browser.find("[title^='Previous result']").click()
    assert browser.find("aside h2").text == "Book it out"
    assert browser.find("output").text == "3 of 3"


def test_escape_closes_the_search_and_returns_the_focus(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(CAR).click()
    _chord(browser, "k")
    assert browser.find("dialog.palette").is_displayed()
    browser.press("x", Keys.ESCAPE)
    assert not browser.find("dialog.palette").is_displayed()
    assert browser.focused() == CAR
    assert browser.find("aside h2").text == "book the car"


def test_a_click_outside_the_search_only_closes_it(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("/")
    ActionChains(browser.driver, duration=0).move_to_element(browser.button("Fold all")).click().perform()
    assert not browser.find("dialog.palette").is_displayed()
    assert browser.is_shown(CAR)


def test_a_click_in_a_dialog_keeps_it_open(browser: Browser) -> None:
    """Keys still belong to the dialog after a click on text in it."""
    browser.open(PAGE)
    browser.press("?")
    browser.find(".help dd").click()
    browser.find(".help h2").click()
    browser.press("]")
    assert browser.find("dialog.help").is_displayed()
    assert browser.details() == ""
    browser.press(Keys.ESCAPE)
    assert not browser.find("dialog.help").is_displayed()


def test_examples_of_filters_are_searches(browser: Browser) -> None:
    browser.open(PAGE)
    browser.find(".opener").click()
    examples = [element.text for element in browser.every("[role=option] code")]
    assert examples[:3] == ["kind:wait", "retries:>5", "timeout:>10m"]
    assert _names(browser)[:3] == ["trips", "returns", "Fold all"]
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert browser.find("[role=combobox]").get_property("value") == "retries:>5"
    assert _names(browser) == ["réserver le vol"]


def test_the_search_lists_workflows_and_commands(browser: Browser) -> None:
    browser.open(PAGE)
    assert _search(browser, "returns") == ["returns"]
    browser.press(Keys.ENTER)
    assert browser.find("[role=tab][aria-selected=true]").text == "returns"
    assert _search(browser, "show the whole") == ["Show the whole picture (f)"]
    browser.press(Keys.ENTER)
    assert not browser.find("dialog.palette").is_displayed()
    assert browser.every(".is-hit") == []


@pytest.mark.slow
@pytest.mark.parametrize("text", [text for text in HOSTILE if text][:6])
def test_results_with_hostile_text_have_no_markup(browser: Browser, text: str) -> None:
    browser.open(render_page([everywhere(text)]))
    _search(browser, "kind:")
    inside = {element.tag_name for element in browser.every("[role=option] *")}
    assert inside <= {"svg", "g", "path", "span", "mark"}
    assert len(browser.every("[role=option]")) > 5


def test_the_list_of_shortcuts_is_a_dialog(browser: Browser) -> None:
    browser.open(PAGE)
    browser.press("?")
    assert browser.find("dialog.help").is_displayed()
    browser.press(Keys.TAB, Keys.TAB, Keys.TAB)
    assert browser.run("return document.activeElement.closest('.help') !== null")
    browser.press(Keys.ESCAPE)
    assert not browser.find("dialog.help").is_displayed()
    browser.find("[title='Keyboard shortcuts (?)']").click()
    assert browser.find("dialog.help").is_displayed()


def test_the_list_has_all_shortcuts_of_buttons(browser: Browser) -> None:
    browser.open(PAGE)
    listed = {str(element.get_property("textContent")).lower() for element in browser.every(".help kbd")}
    shortcuts = {
        element.get_dom_attribute("aria-keyshortcuts") for element in browser.every("button[aria-keyshortcuts]")
    }
    keys = {key for text in shortcuts for key in str(text).lower().split()} - {"control+k", "meta+k"}
    assert {re.sub(r"\+(?=.)", "-", key) for key in keys} <= listed
