"""The page on the rules says what the rules say today."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.rules import PAGE, main
from stepgraph.checks.catalogue import RULES
from stepgraph.report.explained.page import rules_page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_bytes() == rules_page(RULES).encode(), "docs/rules.md is out of date: run `python docs/rules.py`"


def test_the_page_is_checked_without_writing_and_written_where_it_is_out_of_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "rules.md"
    assert main(["--check"], page) == 1
    assert not page.exists()
    assert main([], page) == 0
    assert main(["--check"], page) == 0
    assert main([], page) == 0
    assert capsys.readouterr().out == "out of date: docs/rules.md\nchanged: docs/rules.md\n"
