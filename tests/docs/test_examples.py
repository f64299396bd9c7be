"""Running the examples of a page, and the errors for examples that fail."""

from __future__ import annotations

import pytest

from docs.generate.examples import run_examples


def page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def block(text: str, language: str = "text", comment: str = "") -> str:
    return f"<!-- {comment} -->\n```{language}\n{text}```" if comment else f"```{language}\n{text}```"


def test_the_output_of_a_command_replaces_its_block() -> None:
    shown = page(block("orders\n", "text", "file: names.txt"), block("of yesterday\n", "text", "run: cat names.txt"))
    assert run_examples("a.md", shown) == shown.replace("of yesterday", "orders")


def test_a_part_of_the_output_is_compared() -> None:
    shown = page(block("a\nb\nc\n", "text", "file: names.txt"), block("b\n", "text", "shows: cat names.txt"))
    assert run_examples("a.md", shown) == shown
    with pytest.raises(ValueError, match=r"a\.md:8: cat names\.txt does not print\nd\n"):
        run_examples("a.md", shown.replace("text\nb\n", "text\nd\n"))


def test_a_change_replaces_lines_that_occur_once() -> None:
    file = block("one\ntwo\n", "text", "file: names.txt")
    change = block("-two\n+three\n", "diff", "change: names.txt")
    result = page(file, change, block("", "text", "run: cat names.txt"))
    assert run_examples("a.md", result).endswith("```text\none\nthree\n```\n")
    with pytest.raises(ValueError, match="the removed lines do not occur exactly once:\ntwo\n"):
        run_examples("a.md", result.replace("one\ntwo\n", "one\n"))


def test_shell_lines_are_run_and_must_succeed() -> None:
    assert run_examples("a.md", page(block("mkdir made   # a folder\ncd made\n", "sh")))
    with pytest.raises(ValueError, match=r"a\.md:1: `cat missing` exits with 1:\ncat: missing:"):
        run_examples("a.md", page(block("cat missing\n", "sh")))


@pytest.mark.slow
def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`stepgraph check --strickt` exits with 2:\n.*--strickt"):
        run_examples("a.md", page(block("stepgraph check --strickt\n", "sh")))


def test_environment_variables_of_the_user_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_ENV", "staging")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    shown = page(block("", "text", "run: echo $CLOUDFLARE_ENV$SOURCE_DATE_EPOCH."))
    assert run_examples("a.md", shown).endswith("```text\n.\n```\n")


def test_comments_prepare_the_directory() -> None:
    before = "<!-- before: mkdir src -->\n<!-- copy: fixtures/orders/entry.py src/entry.py -->"
    shown = page(before, block("", "text", "run: ls src"))
    assert run_examples("a.md", shown).endswith("```text\nentry.py\n```\n")


def test_a_command_must_exit_with_the_stated_code() -> None:
    failing = block("", "text", "run, ends in 3: echo nothing; exit 3")
    assert run_examples("a.md", page(failing)).endswith("```text\nnothing\n```\n")
    with pytest.raises(ValueError, match="exits with 4"):
        run_examples("a.md", page(failing.replace("exit 3", "exit 4")))
    with pytest.raises(ValueError, match="exits with 1"):
        run_examples("a.md", page(block("", "text", "run: python -c 1/0")))


@pytest.mark.parametrize(
    "part",
    ["  ```sh\n  true\n  ```", "~~~sh\ntrue\n~~~", "````sh\ntrue\n````", "<!-- run: true -->", "<!-- befor: true -->"],
)
def test_malformed_examples_are_errors(part: str) -> None:
    with pytest.raises(ValueError, match=r"a\.md:3: .* is not a known block or comment"):
        run_examples("a.md", page("Text.", part))


def test_a_block_without_a_comment_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"a\.md:3: this block has no comment that states how to run it"):
        run_examples("a.md", page("Text.", block("x = 1\n", "python")))
    assert run_examples("a.md", page(block("x = 1\n", "python", "not run: it is a drawing")))
