import unicodedata

import pytest

from stepgraph.render.text_width import CELLS, Ruler, cell_width, cells_of, clip, distinct, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("注文", 4), ("é", 1), ("e\u0301", 1), ("\uff21\uff22", 4), ("●", 1), ("👩\u200d🚀", 4)],
)
def test_width_is_counted_in_cells(text: str, width: int) -> None:
    assert cell_width(text) == width


def test_text_that_fits_is_not_clipped() -> None:
    assert clip("abcde", 5) == "abcde"


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert clip("abcdef", 5) == "abcd…"


def test_a_wide_letter_is_not_cut_in_half() -> None:
    assert clip("注文確認", 4) == "注…"


def test_nothing_fits_into_no_room() -> None:
    assert clip("abc", 0) == ""


def test_lines_break_at_spaces() -> None:
    assert wrap("check the stock of it", 10, 3) == ("check the", "stock of", "it")


def test_lines_of_words_can_be_about_equally_long() -> None:
    assert CELLS.wrap_evenly("escalate to the manager on duty", 27, 3) == ("escalate to the", "manager on duty")
    assert CELLS.wrap_evenly("aaaa bbbb == cccc dddd", 14, 3) == ("aaaa bbbb", "== cccc dddd")
    assert CELLS.wrap_evenly("a abcdefghijkl", 6, 3) == ("a", "abcdef", "ghijkl")


def test_equal_beginnings_of_long_texts_are_omitted() -> None:
    texts = [f"{'a' * 70} and b == {value}" for value in (1, 2)]
    shown = ["… and b == 1", "… and b == 2"]
    assert distinct([*texts, "c"], lambda text: text[:75]) == [*shown, "c"]
    assert distinct(texts, lambda text: text) == texts


def test_a_long_word_is_cut_before_its_first_difference() -> None:
    assert distinct(["a" * 99 + "b", "a" * 99 + "c"], lambda text: text[:9]) == ["… b", "… c"]


def test_a_word_longer_than_a_line_is_broken() -> None:
    assert wrap("abcdefgh", 3, 3) == ("abc", "def", "gh")


def test_text_after_the_last_line_is_cut_off() -> None:
    assert wrap("abcdefgh", 3, 2) == ("abc", "de…")


def test_empty_text_is_one_empty_line() -> None:
    assert wrap("", 10, 3) == ("",)


def test_text_without_spaces_breaks_after_punctuation() -> None:
    assert wrap('check_liquidity()["available"]', 20, 3) == ("check_liquidity()", '["available"]')
    assert wrap("order.customer.address", 18, 3) == ("order.customer.", "address")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("notify {', '.join(names)}", ("notify", "{', '.join(names)}")),
        ("{p['region']}-{p['environment']}-setup", ("{p['region']}-", "{p['environment']}-", "setup")),
        ("move_{p['table']}_to_{p['new']}", ("move_{p['table']}_to_", "{p['new']}")),
        ("in a %%{init: {}}%% directive", ("in a %%{init:", "{}}%% directive")),
        ("wait {p['customer']['address']['id']}", ("wait", "{p['customer']", "['address']['id']}")),
    ],
)
def test_placeholders_stay_whole_if_possible(text: str, lines: tuple[str, ...]) -> None:
    assert CELLS.wrap_evenly(text, 21, 3) == lines


def test_lines_do_not_begin_with_a_closing_bracket() -> None:
    assert wrap('any(chunk["text"].strip() for', 24, 3) == ('any(chunk["text"].', "strip() for")
    assert wrap('classify())["confidence"] < 0.8', 24, 3) == ("classify())", '["confidence"] < 0.8')


def test_text_without_break_positions_breaks_at_the_width() -> None:
    assert wrap("a.bcdefghijk", 8, 3) == ("a.bcdefg", "hijk")


def test_a_word_breaks_before_a_capital() -> None:
    assert wrap("ReconcileTheLedgerEntries", 16, 3) == ("ReconcileThe", "LedgerEntries")
    assert wrap("RECONCILEledgerEntries", 16, 3) == ("RECONCILEledger", "Entries")
    assert wrap("AbcdefghijklmnopqrsTuv", 16, 3) == ("Abcdefghijklmnop", "qrsTuv")


def test_a_line_does_not_end_with_an_operator() -> None:
    assert wrap('order["total"] >= limit', 18, 3) == ('order["total"]', ">= limit")
    assert wrap("limit < order_total_of_all", 18, 3) == ("limit <", "order_total_of_all")


def test_combining_characters_on_a_letter_are_limited() -> None:
    assert clip("e" + "\u0301" * 1000, 5) == "e" + "\u0301" * 12 + "…"
    assert cell_width("e" + "\u0301" * 12) == 1


@pytest.mark.slow
def test_widths_agree_with_unicodedata() -> None:
    """Check the characters known to every supported version of Python."""
    old = unicodedata.ucd_3_2_0
    letters = (chr(code) for code in range(0x80, 0x110000))
    assigned = (letter for letter in letters if old.category(letter) not in {"Cn", "Cs", "Co"})
    assert [letter for letter in assigned if cells_of(letter) != _asked(letter)] == []


def test_an_unassigned_character_has_one_cell() -> None:
    assert cells_of("\u0378") == 1


def _asked(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me"} or letter in "\u200c\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


HYPHENATING = Ruler(cells_of, hyphenates=True)


def test_a_word_of_letters_is_hyphenated() -> None:
    assert HYPHENATING.wrap("Rechtsschutzversicherung prüfen", 12, 3) == ("Rechtsschut-", "zversiche-", "rung prüfen")


def test_at_least_four_letters_follow_a_hyphen() -> None:
    assert HYPHENATING.wrap("Bestätigung", 10, 3) == ("Bestäti-", "gung")


def test_identifiers_are_not_hyphenated() -> None:
    assert HYPHENATING.wrap("reconcile_ledgerentriesofyesterday", 16, 3) == (
        "reconcile_",
        "ledgerentriesofy",
        "esterday",
    )
    assert HYPHENATING.wrap("ReconcileTheLedgerEntries", 16, 3) == ("ReconcileThe", "LedgerEntries")
    assert HYPHENATING.wrap("注文を確認して", 6, 3) == ("注文を", "確認し", "て")
