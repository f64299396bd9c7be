"""Pages in a real browser: folding, keyboard, details, and hostile text."""

from __future__ import annotations

from random import Random

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from stepgraph.render.findings import ShownFinding
from stepgraph.render.folding import Folding
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.view import View
from tests.html.browser import Browser
from tests.html.hostile_text import HOSTILE, everywhere
from tests.html.reading import at_rest, read
from tests.render.graphs import LEAVE, ORDERS, branch, call, deep, do, either, function, graph, loop, parallel
from tests.svg.examples import examples

SMALL = graph(
    do("Load"),
    loop(do("Pack"), either(branch("empty", LEAVE), branch(None, do("Weigh")))),
    do("Ship"),
    {"type": "function_call", "name": "notify"},
    functions={"notify": function("notify", do("Send the mail"))},
)
HALF_A_SCREEN = {"width": 720, "height": 450, "deviceScaleFactor": 2, "mobile": False}
"""A screen of 1440 pixels at a zoom of 200 %."""

PHONE = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
LOOP, IF, WEIGH = "orders--node.loop", "orders--node.loop--node.if", "orders--node.loop--node.if.2--weigh"
PAGE = render_page([Page(SMALL, "orders", lambda node: "src/orders.py:12" if node["type"] == "step_do" else "")])
WIDE = parallel("all", *(do(f"step {number}", starts=1, resolves=2) for number in range(9)))
SEVERAL = render_page(
    [
        Page(SMALL, "orders"),
        Page(
            graph(do("Refund"), do("Ship it back"), class_name="Returns"),
            "returns",
            findings=[ShownFinding("gap", "SG004", "a note")],
            complete=False,
        ),
        Page(None, "invoices", findings=[ShownFinding("gap", "SG004", "no step")], complete=False),
    ]
)


def test_folding_shrinks_a_frame_and_moves_figures_below(browser: Browser) -> None:
    browser.open(PAGE)
    before, height = browser.top("orders--ship"), int(browser.find("svg").get_dom_attribute("height") or 0)
    browser.band(LOOP).click()
    shrunk = height - int(browser.find("svg").get_dom_attribute("height") or 0)
    assert shrunk > 200
    assert browser.top("orders--ship") == pytest.approx(before - shrunk, abs=1)
    assert not browser.is_shown(WEIGH)
    assert browser.is_shown("orders--ship")
    browser.node(LOOP).find_element("css selector", ":scope > .toggle").click()
    assert browser.is_shown(WEIGH)
    assert browser.top("orders--ship") == pytest.approx(before, abs=1)


def test_unfolding_restores_each_attribute(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    before = browser.varying()
    browser.button("Fold all").click()
    folded = browser.varying()
    assert sum(old != new for old, new in zip(before, folded, strict=True)) > 40
    browser.button("Unfold all").click()
    assert browser.varying() == before


def test_a_folded_frame_stays_where_it_is_on_the_screen(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    browser.run("document.querySelector('.viewport').scrollTop = 60")
    frame = "orderworkflow--node.if"
    before = browser.node(frame).rect["y"]
    browser.node(frame).find_element("css selector", ":scope > .toggle").click()
    assert not browser.is_shown(f"{frame}.2--cool-down")
    assert browser.node(frame).rect["y"] == pytest.approx(before, abs=1)


@pytest.mark.parametrize("across", [0, 150, 744])
def test_a_folded_frame_stays_below_the_pointer(browser: Browser, across: int) -> None:
    browser.open(render_page([Page(graph(do("a"), WIDE, do("b")), "orders")]))
    edge = browser.node("orders--node.parallel").find_element("css selector", ":scope > .edge")
    before = edge.rect
    x, y = before["x"] + across, before["y"] + 10
    browser.click_at(x, y)
    folded = edge.rect
    assert folded["width"] == 160
    assert folded["x"] < x < folded["x"] + folded["width"]
    assert folded["y"] < y < folded["y"] + folded["height"]
    browser.click_at(x, y)
    assert edge.rect == pytest.approx(before, abs=1)


def test_folding_all_leaves_a_picture_as_wide_as_its_spine(browser: Browser) -> None:
    browser.open(render_page([Page(graph(do("a"), WIDE, do("b")), "orders")]))
    browser.press("+", "+")
    assert browser.find("svg").get_dom_attribute("width") == "824"
    browser.button("Fold all").click()
    assert browser.find("svg").get_dom_attribute("width") == "208"  # a card of 160 pixels, and margins
    assert browser.run("const one = document.querySelector('.viewport'); return one.scrollHeight <= one.clientHeight")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MortgageApplicationWorkflow", "TravelBookingWorkflow", "VideoPipelineWorkflow"])
def test_the_script_computes_the_lengths_of_any_folding(browser: Browser, name: str) -> None:
    page = render_page([Page(examples()[name], "orders")], View(folding=Folding(99)))
    root = read(page)
    frames = [str(element.attributes["id"]) for element in root.with_class("foldable")]
    browser.open(page)
    for seed in range(5):
        chosen = {frame for frame in frames if Random(f"{seed} {frame}").random() < 0.5}  # noqa: S311
        browser.fold(chosen)
        assert browser.varying() == [value for _, value in at_rest(root, frozenset(chosen))]


def test_a_folded_frame_shows_a_summary_with_its_exits(browser: Browser) -> None:
    browser.open(PAGE)
    toggle = browser.node(LOOP).find_element("css selector", ":scope > .toggle")
    assert toggle.get_dom_attribute("aria-expanded") == "true"
    toggle.click()
    assert toggle.get_dom_attribute("aria-expanded") == "false"
    shown = [line.text for line in browser.label(LOOP) if line.is_displayed()]
    assert shown == ["loop", "Pack, Weigh", "2 steps · may return"]
    assert toggle.accessible_name == "loop · 2 steps · may return"


def test_screen_readers_skip_the_content_of_a_folded_frame(browser: Browser) -> None:
    browser.open(PAGE)
    browser.band(LOOP).click()
    nodes = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = {node["name"]["value"] for node in nodes if not node["ignored"] and node["role"]["value"] == "button"}
    assert names & {"Pack · step", "Weigh · step", "Ship · step"} == {"Ship · step"}


def test_a_folded_frame_in_a_function_shows_its_exit_lines(browser: Browser) -> None:
    leaving = graph(call("f"), functions={"f": function("f", either(branch("x", LEAVE), branch(None, do("a"))))})
    browser.open(render_page([Page(leaving, "orders")]))
    choice = browser.node("orders--call.f--node.if")
    line = choice.find_element("css selector", ":scope > .out.while-folded")
    assert not line.is_displayed()
    choice.find_element("css selector", ":scope > .toggle").click()
    assert line.is_displayed()


def test_folding_of_the_view_is_the_initial_state(browser: Browser) -> None:
    browser.open(render_page([Page(SMALL, "orders")], View(folding=Folding(kinds=("loop",)))))
    assert not browser.is_shown(WEIGH)
    browser.band(LOOP).click()
    assert browser.is_shown(WEIGH)


def test_tabs_follow_the_arrow_keys(browser: Browser) -> None:
    browser.open(SEVERAL)
    assert [tab.text for tab in browser.every("[role=tab]")] == ["orders", "returns", "invoices"]
    assert [element.is_displayed() for element in browser.every("section")] == [True, False, False]
    browser.find("[aria-selected=true]").click()
    browser.press(Keys.ARROW_RIGHT)
    assert [element.is_displayed() for element in browser.every("section")] == [False, True, False]
    assert browser.find("#returns\\.section .badge").text == "incomplete"
    browser.press(Keys.END)
    assert browser.find("#invoices\\.section .nothing").is_displayed()
    browser.press(Keys.ARROW_RIGHT)
    assert browser.find("[aria-selected=true]").text == "orders"
    assert browser.run("return document.activeElement.id") == "orders.tab"


def test_the_panel_shows_a_step(browser: Browser) -> None:
    browser.open(PAGE)
    assert browser.details() == ""
    browser.node(WEIGH).click()
    assert [element.text for element in browser.every("aside h2, aside .kind")] == ["Weigh", "Step that runs code"]
    rows = dict(
        zip(
            [element.text for element in browser.every("dt")],
            [element.text for element in browser.every("dd")],
            strict=True,
        )
    )
    assert rows["Retries"] == "5default"
    assert rows["In"] == "loop\nif empty"
    assert rows["Source"] == "src/orders.py:12"
    assert browser.driver.current_url.endswith(f"#{WEIGH}")
    assert browser.find("aside a").get_dom_attribute("href") == f"#{WEIGH}"
    browser.button("if empty").click()
    assert browser.find("aside h2").text == "if empty"
    assert "empty" in browser.details()
    browser.press(Keys.ESCAPE)
    assert browser.details() == ""
    assert browser.focused() == IF


def test_opening_the_panel_keeps_the_step_in_view(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    browser.press("0")
    step = "orderworkflow--node.try.catch--node.switch.2--ask-for-another-card"
    browser.node(step).click()
    assert browser.is_in_view(step)


def test_all_actions_work_by_keyboard(browser: Browser) -> None:
    browser.open(PAGE)
    browser.run("document.querySelector('.viewport').focus()")
    browser.press(Keys.TAB)
    assert browser.focused() == "orders--load"
    browser.press(Keys.ENTER)
    assert browser.find("aside h2").text == "Load"
    browser.press(Keys.ESCAPE, Keys.ARROW_DOWN)
    assert browser.focused() == LOOP
    ring = "return getComputedStyle(document.activeElement.querySelector('.disc')).strokeWidth"
    assert browser.run(ring) == "4px"
    browser.press(Keys.ENTER)
    assert not browser.is_shown(WEIGH)
    browser.press(Keys.ARROW_DOWN)
    assert browser.focused() == "orders--ship"
    browser.press(Keys.ARROW_UP, Keys.SPACE)
    assert browser.is_shown(WEIGH)
    browser.press(Keys.ARROW_LEFT, Keys.ARROW_RIGHT, "i")
    assert browser.find("aside h2").text == "loop"
    browser.press(Keys.END)
    assert browser.focused() == "orders--call.notify--send-the-mail"
    browser.press(Keys.ARROW_LEFT)
    assert browser.focused() == "orders--call.notify"
    assert browser.find("aside .kind").text == "Call of a function that runs steps"


def test_arrow_keys_reach_all_nodes_in_order(browser: Browser) -> None:
    browser.open(PAGE)
    browser.run("document.querySelector('.viewport').focus()")
    browser.press(Keys.TAB)
    reached = [browser.focused()]
    for _ in browser.every("[data-node]")[1:]:
        browser.press(Keys.ARROW_DOWN)
        reached.append(browser.focused())
        assert browser.is_in_view(reached[-1])
    assert reached == browser.run("return [...document.querySelectorAll('[data-node]')].map((one) => one.id)")


def test_folding_the_focused_node_keeps_a_focusable_node(browser: Browser) -> None:
    browser.open(PAGE)
    browser.node(WEIGH).click()
    browser.button("Fold all").click()
    assert [element.is_displayed() for element in browser.every("svg [tabindex='0']")] == [True]


def test_a_link_to_a_step_opens_and_unfolds_it(browser: Browser) -> None:
    browser.open(SEVERAL, "returns--ship-it-back")
    assert browser.find("[aria-selected=true]").text == "returns"
    assert browser.find("aside h2").text == "Ship it back"
    assert browser.focused() == "returns--ship-it-back"
    browser.run(f"location.hash = '{WEIGH}'")
    browser.settle()
    assert browser.find("[aria-selected=true]").text == "orders"
    assert browser.find("aside h2").text == "Weigh"
    assert browser.is_in_view(WEIGH)


def test_a_link_into_a_folded_frame_unfolds_it(browser: Browser) -> None:
    browser.open(render_page([Page(SMALL, "orders")], View(folding=Folding(depth=1))), WEIGH)
    assert browser.is_in_view(WEIGH)
    assert browser.find("aside h2").text == "Weigh"


@pytest.mark.parametrize("fragment", ["%E0%A4%A", "no-such-step", "__proto__", "<script>"])
def test_a_link_to_nothing_opens_the_page(browser: Browser, fragment: str) -> None:
    browser.open(PAGE, fragment)
    assert browser.details() == ""
    assert browser.find(".tools").is_displayed()


def _scale(browser: Browser) -> float:
    width = "document.querySelector('svg').getBoundingClientRect().width"
    return float(browser.run(f"return {width} / document.querySelector('svg').getAttribute('width')"))


def test_zoom_by_keys_and_buttons(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    browser.press("0")
    assert _scale(browser) == pytest.approx(1, abs=0.01)
    browser.press("+")
    assert _scale(browser) == pytest.approx(1.25, abs=0.01)
    browser.press("-", "-")
    assert _scale(browser) == pytest.approx(0.8, abs=0.01)
    assert browser.find(".zoom").text == "80 %"
    browser.find(".zoom").click()
    assert browser.find(".zoom").text == "100 %"
    browser.button("Fit").click()
    fits = "const one = document.querySelector('.viewport'); return one.scrollHeight <= one.clientHeight"
    assert browser.run(fits)


def test_zoom_by_the_wheel_keeps_what_is_below_the_pointer(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    where = """
        const box = document.getElementById("orderworkflow--load-the-order").getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2];
    """
    x, y = browser.run(where)
    browser.run(
        """
        document.querySelector(".viewport").dispatchEvent(new WheelEvent("wheel",
          { deltaY: -150, ctrlKey: true, clientX: arguments[0], clientY: arguments[1], cancelable: true }));
        """,
        x,
        y,
    )
    assert _scale(browser) > 1.3
    # A centered picture, or one scrolled to its end, cannot keep the exact position.
    assert browser.run(where)[1] == pytest.approx(y, abs=3)


def test_a_drag_moves_the_picture_and_chooses_nothing(browser: Browser) -> None:
    browser.open(render_page([Page(ORDERS, "orders")]))
    browser.drag(browser.node("orderworkflow--load-the-order"), 0, -120)
    assert browser.run("return document.querySelector('.viewport').scrollTop") == pytest.approx(120, abs=4)
    assert browser.details() == ""
    browser.node("orderworkflow--load-the-order").click()
    assert browser.find("aside h2").text == "Load the order"


def test_without_javascript_only_pictures_and_links_are_shown(browser: Browser) -> None:
    browser.let_scripts_run(allowed=False)
    browser.open(SEVERAL)
    assert [element.is_displayed() for element in browser.every("svg")] == [True, True]
    assert browser.every("svg")[0].size["height"] > 400
    assert [element.text for element in browser.every("nav a")] == ["orders", "returns", "invoices"]
    assert browser.every("button, input") == []
    assert not any(element.is_displayed() for element in browser.every(".while-folded"))


@pytest.mark.slow
@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_text_runs_no_script_and_makes_no_elements(browser: Browser, text: str) -> None:
    browser.open(render_page([everywhere("plain"), everywhere(text)]))
    browser.every("[role=tab]")[1].click()
    assert (
        len({len(element.find_elements("css selector", "*:not(tspan, text)")) for element in browser.every("section")})
        == 1
    )
    browser.run("arguments[0].dispatchEvent(new MouseEvent('click', { bubbles: true }))", browser.every(".do")[-1])
    assert browser.run("return [document.scripts.length, document.images.length]") == [4, 0]
    assert browser.run("return document.querySelector('aside h2').children.length") == 0


@pytest.mark.parametrize(("features", "is_dark"), [([], False), (["dark"], True)])
def test_dark_colors_follow_the_preference(browser: Browser, features: list[str], *, is_dark: bool) -> None:
    media = [{"name": "prefers-color-scheme", "value": value} for value in features]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    browser.open(PAGE)
    expected = "rgb(16, 22, 29)" if is_dark else "rgb(255, 255, 255)"
    assert browser.run("return getComputedStyle(document.documentElement).backgroundColor") == expected
    assert browser.run("return getComputedStyle(document.querySelector('.paper')).fill") == expected


def test_forced_colors_keep_the_picture_and_the_chosen_result(browser: Browser) -> None:
    media = [{"name": "forced-colors", "value": "active"}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    try:
        browser.open(PAGE)
        assert browser.run("return getComputedStyle(document.querySelector('.paper')).fill") == "rgb(255, 255, 255)"
        browser.press("/", "a")
        chosen, other = ".results [aria-selected=true]", ".results [aria-selected=false]"
        color = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
        assert browser.run(color, chosen) != browser.run(color, other)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_tools_of_half_a_screen_are_in_one_row(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", HALF_A_SCREEN)
    try:
        browser.open(SEVERAL)
        assert browser.find(".masthead").rect["height"] < 50
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_print_shows_all_pictures_in_light_colors(browser: Browser) -> None:
    browser.open(SEVERAL)
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    assert [element.is_displayed() for element in browser.every("svg")] == [True, True]
    assert [element.is_displayed() for element in browser.every("section h2")] == [True, True, True]
    assert not any(element.is_displayed() for element in browser.every("button, .toggle"))
    assert browser.run("return getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_a_narrow_screen_has_the_panel_below(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.open(PAGE, WEIGH)
        viewport, panel = browser.find(".viewport").rect, browser.find("aside").rect
        assert panel["y"] == pytest.approx(viewport["y"] + viewport["height"], abs=1)  # sizes are rounded
        assert viewport["height"] > 150
        assert browser.run("return document.documentElement.scrollWidth") == 390
        assert browser.is_in_view(WEIGH)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_deep_nesting_survives_the_html_parser(browser: Browser) -> None:
    browser.open(render_page([Page(deep(100), "a")]))
    nested = "for (let at = arguments[0], depth = 0; ; at = at.parentElement, depth += 1) if (!at) return depth"
    assert browser.run(nested, browser.find(".do")) > 300


def test_five_hundred_steps_open_and_fold_quickly(browser: Browser) -> None:
    steps = [
        node
        for index in range(125)
        for node in (loop(do(f"a {index}"), do(f"b {index}")), do(f"c {index}"), do(f"d {index}"))
    ]
    browser.driver.execute_cdp_cmd("Performance.enable", {})
    browser.open(render_page([Page(graph(*steps), "orders")]))
    metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    assert {element["name"]: element["value"] for element in metrics}["ScriptDuration"] < 0.5  # 0.01 on an idle machine
    browser.button("Fold all").click()
    assert len(browser.every(".is-folded")) == 125


@pytest.mark.slow
def test_arrow_keys_search_many_frames_once(browser: Browser) -> None:
    browser.open(render_page([Page(graph(*(loop(do(f"Step {number}")) for number in range(2000))), "orders")]))
    searches = browser.run(
        """
        let calls = 0;
        const count = (prototype, name) => {
            const property = Object.getOwnPropertyDescriptor(prototype, name), key = property.get ? "get" : "value";
            const original = property[key];
            property[key] = function (...args) { calls++; return original.apply(this, args); };
            Object.defineProperty(prototype, name, property);
        };
        for (const name of ["closest", "id", "matches", "querySelector", "querySelectorAll"])
            count(Element.prototype, name);
        for (const name of ["contains", "compareDocumentPosition", "parentNode", "parentElement"])
            count(Node.prototype, name);
        const first = document.querySelector("[data-node]");
        first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
        return calls;
        """
    )
    assert searches < 4 * 2000  # each loop and each step at most twice
    assert browser.focused().endswith("--step-0")


def test_a_key_pressed_with_alt_is_left_to_the_browser(browser: Browser) -> None:
    browser.open(PAGE)
    before = _scale(browser)
    ActionChains(browser.driver, duration=0).key_down(Keys.ALT).send_keys("0").key_up(Keys.ALT).perform()
    assert _scale(browser) == before


def test_a_step_with_an_empty_name_can_be_selected(browser: Browser) -> None:
    browser.open(render_page([Page(graph(do("")), "")]))
    browser.find(".do").click()
    assert browser.find("aside h2").text == "(empty name)"
