"""A page in a real browser: headless Chromium, controlled by pointer and keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    # New frames and processes for pages that are never left again.
    "--disable-features=BackForwardCache,PaintHolding,RenderDocument,SpareRendererForSitePerProcess",
    "--disable-sync",
    "--no-first-run",
    "--force-prefers-reduced-motion",
    "--force-device-scale-factor=1",
    "--window-size=1200,900",
)


@dataclass(slots=True)
class Browser:
    """A browser."""

    driver: webdriver.Chrome
    folder: Path
    """The directory of the pages to open."""

    pages: int = 0
    runs_scripts: bool = True

    def open(self, page: str, fragment: str = "") -> None:
        """Open a new page, as a file. The pointer is in a corner, not where the previous test left it."""
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 0, "y": 0})
        self.pages += 1
        file = self.folder / f"page-{self.pages}.html"
        file.write_bytes(page.encode())
        self.driver.get(file.as_uri() + (f"#{fragment}" if fragment else ""))
        if self.runs_scripts:
            self.settle()

    def let_scripts_run(self, *, allowed: bool) -> None:
        self.runs_scripts = allowed
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def settle(self) -> None:
        """Wait until the page has finished its work for the next frame."""
        self.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - the result of any script
        return self.driver.execute_script(script, *arguments)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def every(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def node(self, identity: str) -> WebElement:
        return self.driver.find_element(By.ID, identity)

    def button(self, text: str) -> WebElement:
        return self.driver.find_element(By.XPATH, f"//button[text()='{text}']")

    def press(self, *keys: str) -> None:
        actions = ActionChains(self.driver, duration=0)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def press_with_shift(self, key: str) -> None:
        ActionChains(self.driver, duration=0).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def drag(self, element: WebElement, x: int, y: int) -> None:
        ActionChains(self.driver, duration=20).drag_and_drop_by_offset(element, x, y).perform()

    def band(self, identity: str) -> WebElement:
        """Return the first line of the label of a frame."""
        return next(line for line in self.label(identity) if line.is_displayed())

    def label(self, identity: str) -> list[WebElement]:
        """Return the lines of the label of a frame: first in its band, then in its folded form."""
        return self.node(identity).find_elements(By.CSS_SELECTOR, ":scope > text > tspan")

    def is_shown(self, identity: str) -> bool:
        """Return whether a node is drawn rather than folded away."""
        return bool(self.run("return document.getElementById(arguments[0]).getClientRects().length > 0", identity))

    def is_in_view(self, identity: str) -> bool:
        """Return whether the box of a node is in the visible part of the picture."""
        return bool(
            self.run(
                """
                const node = document.getElementById(arguments[0]);
                const box = node.querySelector(":scope > .box, :scope > .edge").getBoundingClientRect();
                const view = node.closest(".viewport").getBoundingClientRect();
                return box.left >= view.left && box.right <= view.right && box.top >= view.top && box.top < view.bottom;
                """,
                identity,
            )
        )

    def top(self, identity: str) -> float:
        """Return the y position of a node in its picture, at a scale of 1."""
        return float(
            self.run(
                """
                const node = document.getElementById(arguments[0]);
                const svg = node.closest("svg");
                const scale = svg.getBoundingClientRect().height / svg.getAttribute("height");
                return (node.getBoundingClientRect().top - svg.getBoundingClientRect().top) / scale;
                """,
                identity,
            )
        )

    def varying(self) -> list[str]:
        """Return the values of all attributes with symbolic lengths, in document order."""
        attributes: list[str] = self.run(
            """
            return [...document.querySelectorAll("[data-vary]")].flatMap((one) =>
              one.dataset.vary.split(";").map((part) => one.getAttribute(part.split("=")[0])));
            """
        )
        return attributes

    def fold(self, identities: Collection[str]) -> None:
        """Fold these frames, and unfold all others."""
        self.run(
            """
            const chosen = new Set(arguments[0]);
            for (const frame of document.querySelectorAll(".foldable")) {
              if (frame.classList.contains("is-folded") === chosen.has(frame.id)) continue;
              frame.querySelector(":scope > .toggle").dispatchEvent(new MouseEvent("click", { bubbles: true }));
            }
            """,
            sorted(identities),
        )

    def click_at(self, x: float, y: float) -> None:
        """Click a position on the screen."""
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, **at})

    def details(self) -> str:
        """Return the text of the side panel, or an empty string while it is closed."""
        return self.find("aside").text if self.find("aside").is_displayed() else ""

    def focused(self) -> str:
        """Return the identity of the focused node, or of the frame whose toggle is focused."""
        return str(
            self.run("const at = document.activeElement; return (at.matches('.toggle') ? at.parentNode : at).id || ''")
        )

    def complaints(self) -> list[str]:
        """Return the new messages of the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


def launch(chromium: str, driver: str, profile: Path, folder: Path) -> Browser:
    """Return a new browser with an empty profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Browser(webdriver.Chrome(options=options, service=Service(driver)), folder)
