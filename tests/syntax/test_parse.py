"""Parsing: invalid source is a problem with a location."""

from __future__ import annotations

import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.note import InputError
from stepgraph.syntax.parse import parse_module


def problem_of(source: bytes) -> str:
    with pytest.raises(InputError) as caught:
        run_with_large_stack(lambda: parse_module(source, "entry.py"))
    return str(caught.value)


def test_a_syntax_error_has_its_line_and_column() -> None:
    assert problem_of(b"x = 1\ny = = 2\n") == "entry.py:2:5: syntax error: invalid syntax."


def test_a_missing_indentation_has_its_line() -> None:
    assert problem_of(b"def f():\npass\n").startswith("entry.py:2:1: syntax error: expected an indented block")


CONFLICT = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> change\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_merge_conflict_has_the_line_of_its_first_marker(end: str) -> None:
    assert problem_of(f"y = 0\n{CONFLICT}".replace("\n", end).encode()) == (
        "entry.py:2:1: syntax error: unresolved merge conflict. Choose one version, and remove the lines that start"
        " with `<<<<<<<`, `=======` and `>>>>>>>`."
    )


def test_lines_in_strings_are_no_conflict() -> None:
    run_with_large_stack(lambda: parse_module(f'"""\n{CONFLICT}"""\n'.encode(), "entry.py"))
    assert problem_of(b"<<<<<<< HEAD\n").startswith("entry.py:1:1: syntax error: invalid syntax")


def test_5000_nested_brackets_are_refused() -> None:
    message = problem_of(b"x = " + b"(" * 5000 + b")" * 5000 + b"\n")
    assert message.startswith("entry.py:1:205: brackets are nested more than 200 deep")


@pytest.mark.slow
@pytest.mark.parametrize("literal", [b"'a' ", b"f'{a}' "])
def test_5000_adjacent_strings_are_refused(literal: bytes) -> None:
    message = problem_of(b"x = (" + literal * 5000 + b")\n")
    assert message == (
        f"entry.py:1:{6 + 3000 * len(literal)}: more than 3,000 string literals follow each other."
        " Write one literal in triple quotes, or join a list."
    )


def test_20000_signs_are_refused() -> None:
    message = problem_of(b"x = " + b"-" * 20_000 + b"1\n")
    assert (
        message == "entry.py:1:1005: more than 1,000 operators, calls and attributes are chained. Split the expression."
    )


def test_dashes_in_a_comment_are_not_signs() -> None:
    assert run_with_large_stack(lambda: parse_module(b"# " + b"-" * 2_000 + b"\nx = 1\n", "entry.py")).tree.body


def test_brackets_in_strings_are_not_nesting() -> None:
    source = b'x = "' + b"(" * 5000 + b'"\n'
    assert run_with_large_stack(lambda: parse_module(source, "entry.py")).tree.body


@pytest.mark.slow
@pytest.mark.parametrize(
    "expression",
    [
        b"f" + b"()" * 1_000,
        b"a" + b".b" * 1_000,
        b" + ".join([b"a"] * 1_000),
        b"not " * 1_000 + b"x",
        b"(" * 150 + b")" * 150,
    ],
    ids=["calls", "attributes", "operators", "negations", "brackets"],
)
def test_chains_of_1000_are_parsed(expression: bytes) -> None:
    assert run_with_large_stack(lambda: parse_module(b"x = " + expression + b"\n", "entry.py")).tree.body


@pytest.mark.parametrize(
    "source",
    [b"", b"# only a comment", b"\xef\xbb\xbfx = 1\r\ny = 2\r\n", b"if x:\n\ty = 1\n\x0c\nz = 2"],
    ids=["empty", "comment", "byte order mark and CRLF", "tabs and a form feed"],
)
def test_unusual_files_are_parsed(source: bytes) -> None:
    assert parse_module(source, "entry.py").source == source


def test_syntax_of_newer_python_versions_is_parsed() -> None:
    source = b"type Pair[T] = tuple[T, T]\ndef first[T](pair: Pair[T]) -> T:\n    return pair[0]\n"
    assert len(parse_module(source, "entry.py").tree.body) == 2


@pytest.mark.parametrize(
    "source",
    [
        b"x = " + b'[")",' * 5_000 + b"]" * 5_000,
        b"x = " + b'[f")",' * 5_000 + b"]" * 5_000,
        b"x = " + b"[#)\n" * 5_000 + b"]" * 5_000,
        b"x = f'{" + b"(" * 5_000 + b"1" + b")" * 5_000 + b"}'",
        b"x = rf'\\N{" + b"(" * 5_000 + b"1" + b")" * 5_000 + b"}'",
        b"x = " + b"f'{" * 5_000 + b"a" + b"}'" * 5_000,
        b"x = f'" + b"{a:" * 5_000 + b"a" + b"}" * 5_000 + b"'",
        b"# coding: utf-7\nx = " + b"+ACg-" * 5_000 + b"1" + b"+ACk-" * 5_000,
    ],
    ids=[
        "closed in strings",
        "closed in formatted strings",
        "closed in comments",
        "in a field",
        "in a field of a raw string",
        "formatted strings in each other",
        "fields in formats",
        "hidden by an encoding",
    ],
)
def test_nesting_behind_strings_and_comments_is_counted(source: bytes) -> None:
    assert "brackets are nested more than 200 deep" in problem_of(source)


@pytest.mark.parametrize(
    "expression",
    [
        b"f" + b"()" * 20_000,
        b"a" + b".b" * 20_000,
        b"a" + b"[0]" * 20_000,
        b"a" + b".b(c, [d], ')').e" * 20_000,
        b"a" + b" + (b)" * 20_000,
        b"a" + b" ** -b" * 20_000,
        b"lambda: " * 20_000 + b"a",
        b"a if b else " * 20_000 + b"c",
        b"(" + b"not #\n" * 20_000 + b"a)",
        b"-\\\n" * 20_000 + b"a",
        b"[a " + b"for a in b " * 20_000 + b"]",
    ],
    ids=[
        "calls",
        "attributes",
        "subscripts",
        "calls of methods",
        "sums",
        "powers",
        "lambdas",
        "conditions",
        "negations on lines of their own",
        "signs on lines of their own",
        "clauses of a comprehension",
    ],
)
def test_chains_that_take_quadratic_time_are_refused(expression: bytes) -> None:
    assert "more than 1,000 operators, calls and attributes are chained" in problem_of(b"x = " + expression + b"\n")


@pytest.mark.parametrize(
    "pattern",
    [
        b"[" * 50 + b"]" * 50,
        b"(" * 50 + b"x" + b",)" * 50,
        b"{1: " * 50 + b"x" + b"}" * 50,
        b"A(" * 50 + b")" * 50,
        b"(1 | " * 50 + b"x" + b")" * 50,
    ],
    ids=["lists", "tuples", "mappings", "classes", "alternatives"],
)
def test_patterns_that_take_exponential_time_are_refused(pattern: bytes) -> None:
    message = problem_of(b"match x:\n    case " + pattern + b":\n        pass\n")
    assert message.startswith("entry.py:2:")
    assert message.endswith(
        "a pattern is nested more than 8 deep. Match the inner part in a separate `match` statement."
    )


@pytest.mark.parametrize(
    "source",
    [
        b"match x:\n    case [[[[A(b={1: (2, 3)})]]]]:\n        pass\n",
        b"match x:\n    case y if " + b"(" * 50 + b"y" + b")" * 50 + b":\n        pass\n",
        b"match x:\n    case y:\n        z = " + b"(" * 50 + b"y" + b")" * 50 + b"\n",
        b"case = " + b"(" * 50 + b"1" + b")" * 50 + b"\n",
    ],
    ids=["8 levels", "a guard", "a body", "no pattern"],
)
def test_brackets_outside_of_patterns_may_be_deeper(source: bytes) -> None:
    assert run_with_large_stack(lambda: parse_module(source, "entry.py")).tree.body


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        b"x = [" + b"a.b(c) + d, " * 1_500 + b"]\n",
        b"x = {" + b"'a': (1, [2], {3}), " * 1_500 + b"}\n",
        b"x = a.b(c)\n" * 1_500,
        b"x = a.b(c); " * 1_500 + b"\n",
        b"x = '" + b"(-" * 1_500 + b"'\n",
        b"x = '''\n" + b"(-\n" * 1_500 + b"'''\n",
        b"x = 1  # " + b"(-" * 1_500 + b"\n",
        b"x = f'" + b"{a.b(c)}" * 2_000 + b"'\n",
        b"x = f'" + b"{{(-" * 1_500 + b"'\n",
        b"x = f'''" + b"(\n" * 1_500 + b"{a}'''\n",
        b"x = f'" + b"\\'(" * 1_500 + b"'\n",
    ],
    ids=[
        "in a list",
        "in a dictionary",
        "lines",
        "statements on a line",
        "in a string",
        "in a long string",
        "in a comment",
        "fields",
        "braces that are text",
        "in a long formatted string",
        "behind quotes that are text",
    ],
)
def test_long_flat_source_is_parsed(source: bytes) -> None:
    assert run_with_large_stack(lambda: parse_module(source, "entry.py")).tree.body


@pytest.mark.parametrize("source", [b'x = f"text\n', b'x = f"""text\n'], ids=["on a line", "on several lines"])
def test_an_unterminated_f_string_is_a_syntax_error(source: bytes) -> None:
    assert problem_of(source).startswith("entry.py:1:5: syntax error: unterminated")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("x = ﬁ\n", "1:5: Python reads the name `ﬁ` as `fi`"),
        ("y = 'ö'\nx.\uff44\uff4f()\n", "2:3: Python reads the name `\uff44\uff4f` as `do`"),
        ("x = f'é{ﬁ}'\n", "1:9: Python reads the name `ﬁ` as `fi`"),
        ("f(ﬁ=1, \u017f=2)\n", "1:3: Python reads the name `ﬁ` as `fi`"),
        ("def f(µ): return µ\n", "1:7: Python reads the name `µ` as `μ`"),
        ("x = 1\n" * 2_000 + "from ﬁle import y\n", "2001:6: Python reads the name `ﬁle` as `file`"),
    ],
)
def test_a_name_that_python_reads_as_another_one(source: str, problem: str) -> None:
    assert problem_of(source.encode()).startswith(f"entry.py:{problem}, so the code differs from what it seems to be.")


@pytest.mark.parametrize("source", ["x = 'ﬁ'  # ﬁ\n", "größe = f'ﬁ{größe}'\n", "名前 = '\uff21\uff22\uff23…'\n"])
def test_other_names_and_texts_outside_of_ascii(source: str) -> None:
    assert run_with_large_stack(lambda: parse_module(source.encode(), "entry.py")).tree.body


def test_a_module_in_another_encoding_mentions_its_names() -> None:
    module = parse_module(b"# coding: utf-7\n+AGcAbABvAGIAYQBs- x\n", "entry.py")
    assert [module.mentions(word) for word in (b"global", b"AGcA")] == [True, False]
