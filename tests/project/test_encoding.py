"""Decoding of modules, and problems of undecodable ones."""

from __future__ import annotations

import pytest

from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text, encode_text, source_lines, utf_8_content

SAVE_AS_UTF_8 = "Save it as UTF-8, or name its encoding in the first line, as in `# coding: latin-1`."
MEND = "Name an encoding that Python knows, or save the file as UTF-8 without a coding line."


def problem_of(content: bytes) -> Problem:
    with pytest.raises(InputError) as caught:
        check_text(content, "a.py")
    return caught.value.problem


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x = 1\r\n\ty = 2\f",
        "name = 'Grüße 注文'".encode(),
        b"\xef\xbb\xbfx = 1",
        b"\xef\xbb\xbf# coding: utf-8\n",
        b"# -*- coding: latin-1 -*-\nname = '\xe9'",
        b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nname = '\x80'",
        b"\n# coding: latin-1\nname = '\xe9'",
        b"import os\n# coding: nonsense\n",
        b"#\n#\n# coding: nonsense\n",
        b"name = '# coding: nonsense'\n",
    ],
)
def test_text_is_accepted(content: bytes) -> None:
    check_text(content, "a.py")


def test_invalid_utf_8_is_reported_at_its_position() -> None:
    content = "first\r\nsecond = 'é".encode() + b"\xe9'\n"
    assert problem_of(content) == Problem("a.py", "not UTF-8: byte 0xe9.", SAVE_AS_UTF_8, 2, 12)


def test_columns_do_not_count_a_byte_order_mark() -> None:
    assert problem_of(b"\xef\xbb\xbf\xff").column == 1


def test_truncated_utf_8_is_reported() -> None:
    assert problem_of("x = 'é".encode()[:-1]).message == "not UTF-8: byte 0xc3."


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        *(("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16")),
        *(("utf-32", "UTF-32"), ("utf-32-le", "UTF-32"), ("utf-32-be", "UTF-32")),
    ],
)
@pytest.mark.parametrize("text", ["x = 1\n", "# Grüße 注文 💥, then ASCII\n", "x = '" + "a" * 4090 + "💥'\n"])
def test_wide_encodings_are_reported_with_and_without_a_byte_order_mark(text: str, codec: str, encoding: str) -> None:
    message = f"encoded as {encoding}, which Python does not read."
    assert problem_of(text.encode(codec)) == Problem("a.py", message, "Save it as UTF-8.", 1, 1)


def test_big_endian_text_with_a_byte_order_mark_is_reported() -> None:
    assert problem_of("\ufeffx".encode("utf-16-be")).message.startswith("encoded as UTF-16")
    assert problem_of("\ufeffx".encode("utf-32-be")).message.startswith("encoded as UTF-32")


@pytest.mark.parametrize("content", [b"\0", b"\0asm\x01\0\0\0", b"\x7fELF\x02\x01\x01\0\0", b"\x01\0\x02\0\x03\0"])
def test_binary_files_are_no_text(content: bytes) -> None:
    assert problem_of(content).advice == "Is this a binary file?"


def test_a_null_byte_is_reported_at_its_position() -> None:
    assert problem_of(b"x = 1\ny = '\0'\n") == Problem(
        "a.py", "null byte, which Python source does not allow.", "Is this a binary file?", 2, 6
    )


@pytest.mark.parametrize("name", ["nonsense", "hex", "rot13", "undefined", "utf-16", "idna", "punycode"])
def test_an_unknown_encoding_is_reported_in_the_coding_line(name: str) -> None:
    assert problem_of(b"#!python\n# coding: %s\n" % name.encode()) == Problem(
        "a.py", f"unknown encoding `{name}` in the coding line.", MEND, 2, 11
    )


def test_a_long_name_of_an_encoding_is_shortened() -> None:
    assert len(problem_of(b"# coding: %s\n" % (b"x" * 10_000)).message) < 120


def test_bytes_that_contradict_the_coding_line_are_reported() -> None:
    problem = problem_of(b"# coding: ascii\nname = '\xe9'\n")
    assert problem == Problem(
        "a.py",
        "byte 0xe9 is invalid in ascii, the encoding of the coding line.",
        "Save it in that encoding, or correct the line.",
        2,
        9,
    )


def test_a_coding_line_must_match_the_byte_order_mark() -> None:
    assert problem_of(b"\xef\xbb\xbf# coding: latin-1\n") == Problem(
        "a.py",
        "the coding line declares latin-1, but the file starts with a UTF-8 byte order mark.",
        "Remove one of the two.",
        1,
        11,
    )


def test_text_is_encoded_by_its_coding_line() -> None:
    assert encode_text("name = 'é'", "a.py") == b"name = '\xc3\xa9'"
    assert encode_text("# coding: latin-1\nname = 'é'", "a.py") == b"# coding: latin-1\nname = '\xe9'"


def test_a_character_outside_the_encoding_is_reported() -> None:
    with pytest.raises(InputError) as caught:
        encode_text("# coding: latin-1\nname = '→'", "a.py")
    assert caught.value.problem == Problem("a.py", r"the character '\u2192' cannot be written in latin-1.", "", 2, 9)


def test_a_lone_surrogate_is_reported() -> None:
    with pytest.raises(InputError) as caught:
        encode_text("name = '\ud83d'", "a.py")
    assert caught.value.problem == Problem("a.py", r"the character '\ud83d' cannot be written in utf-8.", "", 1, 9)


@pytest.mark.parametrize("encoding", ["nonsense", "undefined", "punycode"])
def test_text_with_an_unknown_encoding_is_reported_like_bytes(encoding: str) -> None:
    with pytest.raises(InputError, match=f"unknown encoding `{encoding}`"):
        check_text(encode_text(f"# coding: {encoding}\n", "a.py"), "a.py")


@pytest.mark.parametrize("encoding", [b"idna", b"punycode"])
def test_source_is_not_shown_in_an_encoding_of_host_names(encoding: bytes) -> None:
    """The decoders of these encodings take quadratic time."""
    assert source_lines(b"# coding: %s\n.xn--bbb" % encoding) == (f"# coding: {encoding.decode()}", ".xn--bbb")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x = 1\n", b"x = 1\n"),
        (b"# coding: utf-7\n+AGcAbABvAGIAYQBs- x\n", b"# coding: utf-7\nglobal x\n"),
        (b"# coding: raw_unicode_escape\n\\u0067lobal x\n", b"# coding: raw_unicode_escape\nglobal x\n"),
        (b"# coding: latin-1\n\xf6 = 1\n", b"# coding: latin-1\n\xc3\xb6 = 1\n"),
        (b"# coding: unknown\n\xf6 = 1\n", b"# coding: unknown\n\xf6 = 1\n"),
    ],
)
def test_a_module_in_utf_8(content: bytes, expected: bytes) -> None:
    assert utf_8_content(content) == expected
