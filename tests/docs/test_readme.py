"""What the README shows is what the command prints."""

from __future__ import annotations

import pytest

from docs.refresh import PAGES, ROOT, refreshed


@pytest.mark.parametrize("page", PAGES)
def test_the_output_shown_is_the_output_given(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert refreshed(text) == text, f"{page} is out of date: run `python docs/refresh.py`"


def test_the_readme_shows_the_outline_of_the_order_workflow() -> None:
    assert "OrderWorkflow  fixtures/orders/entry.py:11" in (ROOT / "README.md").read_text(encoding="utf-8")
