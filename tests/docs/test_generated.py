"""Generated pages and pictures, and the output on handwritten pages, are up to date."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from docs.generate.__main__ import PARTS
from docs.generate.examples import pages, run_examples
from docs.generate.files import ROOT, obsolete, out_of_date
from tests.effort import sample

generated = cache(lambda part: PARTS[part]())
"""The files of a part, generated once for all tests."""

ADVICE = "run `python -m docs.generate`"


QUICK_PARTS = ("agents", "api", "commands", "layers", "rules")
"""The parts that are generated within a fraction of a second."""


@pytest.mark.slow
@pytest.mark.parametrize("part", QUICK_PARTS)
def test_quickly_generated_files_are_up_to_date(part: str) -> None:
    assert out_of_date(generated(part)) == [], ADVICE


@pytest.mark.slow
@pytest.mark.parametrize("part", sorted(PARTS.keys() - {*QUICK_PARTS, "examples"}))
def test_generated_files_are_up_to_date(part: str) -> None:
    assert out_of_date(generated(part)) == [], ADVICE


@pytest.mark.slow
@pytest.mark.parametrize("page", sample([*pages()], 4))
def test_the_examples_of_a_page_are_up_to_date(page: str) -> None:
    text = Path(ROOT, page).read_text(encoding="utf-8")
    assert run_examples(page, text) == text, ADVICE


@pytest.mark.slow
def test_no_generated_file_is_obsolete() -> None:
    files = {path: text for part in ("agents", "gallery", "rules", "schemas") for path, text in generated(part).items()}
    assert obsolete(files) == []
