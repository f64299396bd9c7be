"""Measure the time from a save to the new picture in the browser, with `stepgraph serve` and 50 modules."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from benchmarks.watch import MODULES, write_workflows

MAXIMUM: Final = 300.0
"""The maximum time in milliseconds."""

_IDLE_SECONDS: Final = 1.5
"""The time between two edits, which is longer than the shortest time between two loads of a page."""
_PAINTED: Final = """
addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.painted = performance.timeOrigin + performance.now();
})));
"""


def print_serve(folder: Path, rounds: int) -> None:
    """Print the median time. Requires Chromium and its driver."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        print("serve: chromium and chromedriver are not both on PATH")
        return
    write_workflows(folder)
    command = [sys.executable, "-m", "stepgraph", "serve", "-q", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = "" if process.stdout is None else process.stdout.readline().strip()
            milliseconds = statistics.median(_edits(folder / "module_7.py", url, rounds, chromium, driver))
        finally:
            process.kill()
    print(f"{'':<44}{'ms':>8}{'at most':>9}")
    name = f"{MODULES} workflows, one edited, until painted"
    print(f"{name:<44}{milliseconds:>8.0f}{MAXIMUM:>9.0f}{' !' if milliseconds > MAXIMUM else ''}")


def _edits(path: Path, url: str, rounds: int, chromium: str, driver: str) -> list[float]:
    """Return the milliseconds from each edit of a file to the first frame with the edited picture."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    text = path.read_text(encoding="utf-8")
    step = re.search(r'step\.do\("([^"]+)"', text)
    try:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _PAINTED})
        browser.get(f"{url}workflows/Workflow7")
        return [_edit(browser, path, text, step[1] if step else "", number) for number in range(rounds)]
    finally:
        browser.quit()


def _edit(browser: webdriver.Chrome, path: Path, text: str, step: str, number: int) -> float:
    time.sleep(_IDLE_SECONDS)
    name = f"{step} of round {number}"
    began = time.time()
    path.write_text(text.replace(f'"{step}"', f'"{name}"'), encoding="utf-8")
    while True:
        try:
            painted = browser.execute_script(
                "return document.body.textContent.includes(arguments[0]) && window.painted || 0", name
            )
            if painted:
                return float(painted) - began * 1000
        except WebDriverException:
            pass  # the page is loading
        time.sleep(0.005)
