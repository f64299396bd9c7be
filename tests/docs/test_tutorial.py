"""Whoever follows the tutorial sees what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.refresh import FOLLOWED, ROOT, followed

PAGE = (ROOT / FOLLOWED).read_text(encoding="utf-8")


def test_each_step_shows_what_the_page_says(tmp_path: Path) -> None:
    assert followed(PAGE, tmp_path) == PAGE, "docs/tutorial.md is out of date: run `python docs/refresh.py`"
    assert Path(tmp_path, "orders.svg").read_text(encoding="utf-8").startswith("<svg")
    assert Path(tmp_path, "__snapshots__/workflows/Orders.json").exists()


def test_what_is_not_shown_is_an_error(tmp_path: Path) -> None:
    page = "<!-- shows: stepgraph rules SG101 -->\n```text\nnothing of the kind\n```\n"
    with pytest.raises(ValueError, match="does not show nothing of the kind"):
        followed(page, tmp_path)
