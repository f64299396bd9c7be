"""Unsafe characters in plain text, and commands for CI runners in lines of a log."""

from __future__ import annotations

import unicodedata

import pytest

from stepgraph.escaping.plain_text import (
    log_line,
    log_lines,
    visible,
    visible_lines,
    without_commands,
    without_commands_within,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("charge {order.id:>4}", "charge {order.id:>4}"),
        ("first\nsecond\ttabbed\r", "first\\nsecond\\ttabbed\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\u2066isolated\u2069", "\\u2066isolated\\u2069"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
        ("hidden \U000e0041 tag", "hidden \\U000e0041 tag"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("joined\u034fgraphemes", "joined\\u034fgraphemes"),
        ("text \u2764\ufe0e", "text \u2764\\ufe0e"),
        ("\u2764\ufe0f\ufe0f", "\u2764\ufe0f\\ufe0f"),
        ("a\ufe0f", "a\\ufe0f"),
        ("1\ufe0f", "1\\ufe0f"),
        ("#\ufe0f\u20e3", "#\\ufe0f\u20e3"),
        ("a\ufe0f\u200d\u2764", "a\\ufe0f\\u200d\u2764"),
        ("braille\u2800blank", "braille\\u2800blank"),
        ("short\U0001bca0hand", "short\\U0001bca0hand"),
        ("music\U0001d173", "music\\U0001d173"),
        ("variant\U000e0100", "variant\\U000e0100"),
        ("private \ue000 \U0010fffd", "private \\ue000 \\U0010fffd"),
        ("noncharacter \ufdd0\ufffe", "noncharacter \\ufdd0\\ufffe"),
        ("zero\u200dwidth\u200c", "zero\\u200dwidth\\u200c"),
        ("\u6ce8\u200d\u6587", "\u6ce8\\u200d\u6587"),
    ],
)
def test_control_and_invisible_characters_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a replacement \ufffd",
        "Zahlung prüfen",
        "注文を確認",
        "क्\u200dष",
        "👩\u200d🚀 launch",
        "⚠\ufe0f warn, 1\ufe0f\u20e3 first",
        "🏳\ufe0f\u200d🌈 and 🏃\u200d♂\ufe0f",
        "e\u0301",
        "\u0645\u06cc\u200c\u062e",
    ],
)
def test_words_of_all_languages_are_unchanged(text: str) -> None:
    assert visible(text) == text


STEERING = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
# Default_Ignorable_Code_Point of Unicode 16, which `unicodedata` lacks.
IGNORABLE = [
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010)),
    *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0),
    *(*range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
]


@pytest.mark.slow
def test_each_control_character_is_escaped() -> None:
    steering = "".join(chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in STEERING)
    assert visible(steering).isascii()


def test_each_ignorable_character_is_escaped() -> None:
    assert visible("".join(map(chr, IGNORABLE))).isascii()


@pytest.mark.slow
def test_letters_digits_and_symbols_are_unchanged() -> None:
    blank = {0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x1D159, 0xFFFC}
    symbols = "".join(chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] in "LNPS")
    assert visible(symbols) == symbols.translate(
        {code: f"\\u{code:04x}" for code in blank if code <= 0xFFFF} | {0x1D159: "\\U0001d159"}
    )


def test_line_endings_are_preserved() -> None:
    assert visible_lines("a\r\n\tb\n") == "a\\r\n\\tb\n"


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
