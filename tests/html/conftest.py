"""A browser for all tests. Without a browser the tests are skipped, unless one is required."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.html.browser import Browser, launch

SETTING = "STEPGRAPH_BROWSER"
"""The environment variable that is `required` where the tests in a browser must run, and `skipped` to skip them."""


@pytest.fixture(scope="session")
def running_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if os.environ.get(SETTING) == "skipped":
        pytest.skip(f"{SETTING} is set to skipped")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        message = "chromium and chromedriver are not both on PATH (Debian: apt install chromium chromium-driver)"
        if os.environ.get(SETTING) == "required":
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("browser")
    browser = launch(chromium, driver, folder / "profile", folder)
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """Return the browser, and fail if a page logged an error or a violation of its policy."""
    yield running_browser
    running_browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    running_browser.let_scripts_run(allowed=True)
    running_browser.run("try { sessionStorage.clear() } catch { /* a test that opened no page has no storage */ }")
    assert running_browser.complaints() == []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a browser as slow, before tests are selected by their markers."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
