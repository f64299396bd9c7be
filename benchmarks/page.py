"""Measure pages of large pictures in headless Chromium, without a graphics processor, and the drawing of an SVG."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from benchmarks.drawing import milliseconds, mixed
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page

STEPS: Final = (500, 5000)
MAX_SVG: Final = 30.0
"""The maximum processor time in milliseconds to draw 500 steps as SVG."""

_MEASUREMENTS: Final = 60
"""The number of frames of a movement."""
_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    "--window-size=1400,900",
)
_PAINTED: Final = """
addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.painted = performance.now();
})));
"""
_FRAMES: Final = f"""
const done = arguments[0], viewport = document.querySelector(".viewport"), box = viewport.getBoundingClientRect();
let frames = -2, began = 0;
const tick = (now) => {{
  if (frames === 0) began = now;
  if (frames === {_MEASUREMENTS} || (began && now - began > 5000)) return done([1000 * frames / (now - began), frames]);
  act(frames);
  frames += 1;
  requestAnimationFrame(tick);
}};
requestAnimationFrame(tick);
"""
_ONCE: Final = """
const done = arguments[0], began = performance.now();
act();
requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done([performance.now() - began, 1]);
  channel.port2.postMessage(null);
});
"""
_SETTLE: Final = "requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()));"
_PRESS: Final = (
    "const act = () => [...document.querySelectorAll('button')].find((one) => one.textContent === '{}').click();"
)
_BEGIN: Final = "document.querySelector('.zoom').click(); document.querySelector('.viewport').scrollTo(0, 3000);"
_PAN: Final = "const act = () => viewport.scrollBy(0, 37);"
_ZOOM: Final = """
const act = (frame) => viewport.dispatchEvent(new WheelEvent("wheel", { ctrlKey: true, cancelable: true,
  deltaY: frame % 30 < 15 ? -12 : 12, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
"""
_FOLD: Final = """
const edge = document.querySelector(".viewport").getBoundingClientRect().top + 60;
const frame = [...document.querySelectorAll(".foldable")].find((one) => one.getBoundingClientRect().top > edge);
const act = () => frame.querySelector(":scope > .toggle").dispatchEvent(new MouseEvent("click", { bubbles: true }));
"""
_SEARCH: Final = """
const act = () => {
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "/", cancelable: true }));
  const field = document.querySelector("[role=combobox]");
  field.value = "part 49";
  field.dispatchEvent(new Event("input"));
};
"""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader does in a page."""

    name: str
    script: str
    """The definition of the function `act`."""
    limit: float
    """The maximum milliseconds or, of a movement, the minimum frames per second."""
    is_movement: bool = False


ACTIONS: Final = (
    Action("pan", _PAN, 58, is_movement=True),
    Action("zoom", _ZOOM, 30, is_movement=True),
    Action("fold one group", _FOLD, 150),
    Action("unfold it", _FOLD, 150),
    Action("search", _SEARCH, 200),
)
OPEN: Final = "open"
MAX_OPEN: Final = 1000.0
Measurement: TypeAlias = tuple[float, float]
"""The milliseconds or the frames per second, and the processor time of the page in milliseconds, or per frame."""


def print_page(folder: Path, rounds: int) -> None:
    """Print the median of each measurement. Requires Chromium and its driver."""
    drawing = milliseconds(mixed(500))
    print(f"{'':<44}{'':>8}{'goal':>9}{'processor ms':>14}")
    print(f"{'SVG of 500 steps':<44}{'':>8}{MAX_SVG:>9.0f}{drawing:>14.1f}{' !' if drawing > MAX_SVG else ''}")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        print("page: chromium and chromedriver are not both on PATH")
        return
    for steps in STEPS:
        path = folder / f"page-{steps}.html"
        path.write_text(render_page([Page(mixed(steps), "Large")]), encoding="utf-8")
    for steps, measurements in measure_pages(folder, rounds, chromium, driver):
        print_rows(steps, measurements)
    print(f"load average: {os.getloadavg()[0]:.1f}")


def print_rows(steps: int, measurements: dict[str, list[Measurement]]) -> None:
    """Print a row for each action, with `!` if it missed its goal."""
    actions = (Action(OPEN, "", MAX_OPEN), *ACTIONS)
    for action in actions:
        value, processor = (statistics.median(numbers) for numbers in zip(*measurements[action.name], strict=True))
        missed = value < action.limit if action.is_movement else value > action.limit
        unit = " fps" if action.is_movement else "  ms"
        name = f"{steps:,} steps, {action.name}"
        print(f"{name:<44}{value:>4.0f}{unit}{action.limit:>9.0f}{processor:>14.1f}{' !' if missed else ''}")


def measure_pages(
    folder: Path, rounds: int, chromium: str, driver: str
) -> Iterator[tuple[int, dict[str, list[Measurement]]]]:
    """Yield the number of steps of each page, with the measurements of each action."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(60)
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _PAINTED})
        browser.execute_cdp_cmd("Performance.enable", {})
        for steps in STEPS:
            measurements: dict[str, list[Measurement]] = {}
            for _ in range(rounds):
                for name, measurement in measure_page(browser, (folder / f"page-{steps}.html").as_uri()):
                    measurements.setdefault(name, []).append(measurement)
            yield steps, measurements
    finally:
        browser.quit()


def measure_page(browser: webdriver.Chrome, url: str) -> Iterator[tuple[str, Measurement]]:
    """Yield the measurement of each action in a page, in which all frames are open."""
    browser.get("about:blank")
    began = _processor_time(browser)
    browser.get(url)
    while not (painted := browser.execute_script("return window.painted || 0")):
        time.sleep(0.005)
    yield OPEN, (float(painted), _processor_time(browser) - began)
    browser.execute_async_script(_PRESS.format("Unfold all") + _ONCE)
    browser.execute_script(_BEGIN)
    for action in ACTIONS:
        browser.execute_async_script(_SETTLE)
        began = _processor_time(browser)
        value, frames = browser.execute_async_script(action.script + (_FRAMES if action.is_movement else _ONCE))
        yield action.name, (float(value), (_processor_time(browser) - began) / frames)


def _processor_time(browser: webdriver.Chrome) -> float:
    """Return the processor time of the process of the page in milliseconds."""
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(float(one["value"]) * 1000 for one in metrics if one["name"] == "ProcessTime")
