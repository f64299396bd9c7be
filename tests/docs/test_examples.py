"""How examples on a page are done, and what is said where one is not as the page has it."""

from __future__ import annotations

import pytest

from docs.generate.examples import followed


def page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def block(text: str, language: str = "text", comment: str = "") -> str:
    return f"<!-- {comment} -->\n```{language}\n{text}```" if comment else f"```{language}\n{text}```"


def test_what_a_command_prints_takes_the_place_of_what_a_page_shows() -> None:
    shown = page(block("orders\n", "text", "file: names.txt"), block("of yesterday\n", "text", "run: cat names.txt"))
    assert followed("a.md", shown) == shown.replace("of yesterday", "orders")


def test_a_part_of_what_is_printed_is_looked_for() -> None:
    shown = page(block("a\nb\nc\n", "text", "file: names.txt"), block("b\n", "text", "shows: cat names.txt"))
    assert followed("a.md", shown) == shown
    with pytest.raises(ValueError, match=r"a\.md:8: cat names\.txt does not show\nd\n"):
        followed("a.md", shown.replace("text\nb\n", "text\nd\n"))


def test_a_change_is_that_of_lines_in_one_place() -> None:
    file = block("one\ntwo\n", "text", "file: names.txt")
    change = block("-two\n+three\n", "diff", "change: names.txt")
    result = page(file, change, block("", "text", "run: cat names.txt"))
    assert followed("a.md", result).endswith("```text\none\nthree\n```\n")
    with pytest.raises(ValueError, match="there is no one place for\ntwo\n"):
        followed("a.md", result.replace("one\ntwo\n", "one\n"))


def test_lines_of_a_shell_are_done_and_have_to_succeed() -> None:
    assert followed("a.md", page(block("mkdir made   # a folder\ncd made\n", "sh")))
    with pytest.raises(ValueError, match=r"a\.md:1: `cat missing` ends in 1:\ncat: missing:"):
        followed("a.md", page(block("cat missing\n", "sh")))


def test_a_wrong_option_of_the_command_is_no_example() -> None:
    with pytest.raises(ValueError, match=r"`stepgraph check --strickt` ends in 2:\n.*--strickt"):
        followed("a.md", page(block("stepgraph check --strickt\n", "sh")))


def test_settings_of_who_runs_it_are_not_those_of_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_ENV", "staging")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    shown = page(block("", "text", "run: echo $CLOUDFLARE_ENV$SOURCE_DATE_EPOCH."))
    assert followed("a.md", shown).endswith("```text\n.\n```\n")


def test_what_a_reader_has_done_before_is_done_unseen() -> None:
    before = "<!-- before: mkdir src -->\n<!-- copy: fixtures/orders/entry.py src/entry.py -->"
    shown = page(before, block("", "text", "run: ls src"))
    assert followed("a.md", shown).endswith("```text\nentry.py\n```\n")


def test_a_command_has_to_end_as_the_page_says() -> None:
    failing = block("", "text", "run, ends in 3: echo nothing; exit 3")
    assert followed("a.md", page(failing)).endswith("```text\nnothing\n```\n")
    with pytest.raises(ValueError, match="ends in 4"):
        followed("a.md", page(failing.replace("exit 3", "exit 4")))
    with pytest.raises(ValueError, match="ends in 1"):
        followed("a.md", page(block("", "text", "run: python -c 1/0")))


@pytest.mark.parametrize(
    "part",
    ["  ```sh\n  true\n  ```", "~~~sh\ntrue\n~~~", "````sh\ntrue\n````", "<!-- run: true -->", "<!-- befor: true -->"],
)
def test_what_looks_like_an_example_and_is_none_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=r"a\.md:3: .* is no block or comment of the known kinds"):
        followed("a.md", page("Text.", part))


def test_a_block_that_nobody_accounts_for_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"a\.md:3: this block is neither done nor said not to be"):
        followed("a.md", page("Text.", block("x = 1\n", "python")))
    assert followed("a.md", page(block("x = 1\n", "python", "not run: it is a drawing")))
