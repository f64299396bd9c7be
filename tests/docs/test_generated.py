"""What is made of something else is up to date: pages from the code, pictures, and the output that pages show."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate.__main__ import PARTS
from docs.generate.examples import followed, pages
from docs.generate.files import ROOT, left_over, out_of_date

ADVICE = "run `python -m docs.generate`"


@pytest.mark.slow
@pytest.mark.parametrize("part", sorted(PARTS.keys() - {"examples"}))
def test_what_is_made_is_up_to_date(part: str) -> None:
    assert out_of_date(PARTS[part]()) == [], ADVICE


@pytest.mark.slow
@pytest.mark.parametrize("page", pages())
def test_whoever_follows_a_page_sees_what_it_shows(page: str) -> None:
    text = Path(ROOT, page).read_text(encoding="utf-8")
    assert followed(page, text) == text, ADVICE


def test_nothing_is_left_over_from_before() -> None:
    files = {path: text for part in ("gallery", "schemas") for path, text in PARTS[part]().items()}
    assert left_over(files) == []
