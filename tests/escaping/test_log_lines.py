"""Commands for CI runners in lines of a log."""

from __future__ import annotations

import pytest

from stepgraph.escaping.log_lines import log_line, log_lines, without_commands, without_commands_within


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::stop-commands::t/entry.py:8:23: note", "\\::stop-commands::t/entry.py:8:23: note"),
        (" \u3000::add-mask::x", " \u3000\\::add-mask::x"),
        ("\u200d::add-mask::x", "\\u200d::add-mask::x"),
        ("##[add-mask]x", "#\\#[add-mask]x"),
        ("a ###[group]", "a ##\\#[group]"),
        ("a ##vso[task.prependpath]b", "a #\\#vso[task.prependpath]b"),
        ("##teamcity[message]", "#\\#teamcity[message]"),
        ("section_start:12:name", "section_start\\:12:name"),
        ("\x1b[1m::error::", "\\x1b[1m::error::"),
        ("a\r::error::", "a\\r::error::"),
    ],
)
def test_commands_are_disabled(line: str, shown: str) -> None:
    assert log_line(line) == shown


@pytest.mark.parametrize("line", ["a::b", "orders.py:3:5: error: x", "## heading", "# ##", "section_start: now", ""])
def test_other_text_is_unchanged(line: str) -> None:
    assert log_line(line) == line


def test_each_line_of_a_text_is_a_line_of_the_log() -> None:
    assert log_lines("a\n::error::b\n  ::c::\n") == "a\n\\::error::b\n  \\::c::\n"


def test_colors_do_not_hide_a_command() -> None:
    assert without_commands("\x1b[1m ::error::\x1b[0m") == "\x1b[1m \\::error::\x1b[0m"


def test_text_within_a_line_may_begin_with_colons() -> None:
    assert without_commands_within("::a ##[b]") == "::a #\\#[b]"
