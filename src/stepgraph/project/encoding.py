"""The encoding of Python modules: coding lines (PEP 263), positions in bytes, and validation of bytes."""

from __future__ import annotations

import codecs
import re
from typing import Final

from msgspec import Struct

from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import shortened

_DECLARATION: Final = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_BLANK_OR_COMMENT: Final = rb"^[ \t\f]*(?:#.*)?$"
_LINE_BREAK: Final = re.compile(rb"\r\n|\r|\n")
_HOST_NAME_ENCODINGS = frozenset({"idna", "punycode"})
"""Encodings whose decoders take quadratic time."""


_MARKED_ENCODINGS: Final = (  # The mark of UTF-32 starts with that of UTF-16.
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
_UNMARKED_ENCODINGS: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_MIN_BYTES: Final = 8
"""The fewest bytes of a file without a byte order mark that may show its encoding. `x\\0` is a null byte."""
_SAMPLE_BYTES: Final = 4096
"""The bytes at the start of a file that show its encoding."""
_SHOWN_CHARACTERS: Final = 60
_LAYOUT: Final = "\t\n\f\r"


def wide_encoding(content: bytes) -> str | None:
    """Return Python's name of the encoding of text in UTF-16 or UTF-32, or None for other content.

    Some editors and shells on Windows write them, also without a byte order mark. Most characters of such text are
    printable ASCII.
    """
    for mark, encoding in _MARKED_ENCODINGS:
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE_BYTES]
    if b"\0" not in sample or len(sample) < _MIN_BYTES:
        return None
    return next((encoding for encoding in _UNMARKED_ENCODINGS if _is_mostly_ascii(sample, encoding)), None)


def shown_encoding(encoding: str) -> str:
    """Return the name of a wide encoding in messages, without its byte order."""
    return encoding.upper()[: len("UTF-16")]


def _is_mostly_ascii(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    letters = sum(each.isascii() and (each.isprintable() or each in _LAYOUT) for each in text)
    return letters * 2 > len(text) and "\0" not in text


class CodingLine(Struct, frozen=True):
    """A coding line of a module."""

    encoding: str
    """The name of the encoding, as written."""
    offset: int
    """The byte offset of that name."""

    @property
    def shown_name(self) -> str:
        """The name in messages, which a hostile file may make long."""
        return shortened(self.encoding, _SHOWN_CHARACTERS)


def coding_line(content: bytes) -> CodingLine | None:
    """Return the coding line, if any: the first line, or the second if the first is blank or a comment."""
    if b"coding" not in content:
        return None
    start = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(2):
        end = _LINE_BREAK.search(content, start)
        line = content[start : end.start()] if end else content[start:]
        declared = re.match(_DECLARATION, line)
        if declared:
            return CodingLine(declared[1].decode("ascii"), start + declared.start(1))
        if end is None or not re.match(_BLANK_OR_COMMENT, line):
            return None
        start = end.end()
    return None


_SAVE_AS_UTF_8 = "Save it as UTF-8, or name its encoding in the first line, as in `# coding: latin-1`."
_MEND_CODING_LINE = "Name an encoding that Python knows, or save the file as UTF-8 without a coding line."


def check_text(content: bytes, path: str) -> None:
    """Raise InputError, with line and column, if Python cannot decode a module.

    The causes are UTF-16 or UTF-32, a null byte, bytes that are invalid in the encoding of the coding line (default:
    UTF-8), an unknown encoding, and a coding line that contradicts the byte order mark.
    """
    wide = wide_encoding(content)
    if wide is not None:
        message = f"encoded as {shown_encoding(wide)}, which Python does not read."
        raise _error(content, path, 0, message, "Save it as UTF-8.")
    null = content.find(b"\0")
    if null >= 0:
        raise _error(content, path, null, "null byte, which Python source does not allow.", "Is this a binary file?")
    declared = coding_line(content)
    if declared is None:
        _check_utf_8(content, path, _SAVE_AS_UTF_8)
        return
    encoding = _text_encoding(content, path, declared)
    if content.startswith(codecs.BOM_UTF8) and encoding != "utf-8":
        message = f"the coding line declares {declared.shown_name}, but the file starts with a UTF-8 byte order mark."
        raise _error(content, path, declared.offset, message, "Remove one of the two.")
    _check_declared(content, path, declared)


def decode_utf_8(content: bytes, path: str) -> str:
    """Decode UTF-8 without the byte order mark. Raises InputError for bytes that are not UTF-8."""
    wide = wide_encoding(content)
    if wide is not None:
        raise _error(content, path, 0, f"encoded as {shown_encoding(wide)}, not UTF-8.", "Save it as UTF-8.")
    _check_utf_8(content, path, "Save it as UTF-8.")
    return content.decode("utf-8-sig")


def encode_text(text: str, path: str) -> bytes:
    """Encode a module in the encoding of its coding line (default: UTF-8).

    Raises InputError for text that cannot be encoded.
    """
    declared = coding_line(text.encode("utf-8", "replace"))
    encoding = "utf-8" if declared is None else declared.encoding
    if _canonical_name(encoding) is None:
        return text.encode("utf-8", "backslashreplace")  # `check_text` reports the unknown encoding with its position
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        before = text[: error.start]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the character {text[error.start]!a} cannot be written in {encoding}."
        raise InputError(Problem(path, message, "", line, column)) from None


def _check_utf_8(content: bytes, path: str, advice: str) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{content[error.start]:02x}."
        raise _error(content, path, error.start, message, advice) from None


def _text_encoding(content: bytes, path: str, declared: CodingLine) -> str:
    """Return Python's name of the declared encoding. Raises InputError if it cannot encode source code."""
    name = _canonical_name(declared.encoding)
    if name is None:
        message = f"unknown encoding `{declared.shown_name}` in the coding line."
        raise _error(content, path, declared.offset, message, _MEND_CODING_LINE)
    return name


def _canonical_name(encoding: str) -> str | None:
    """Return Python's name of an encoding, or None if it cannot encode source code or is for names of hosts."""
    try:
        name = codecs.lookup(encoding).name
        b"#".decode(name)
    except (LookupError, UnicodeError):
        return None
    return None if name in _HOST_NAME_ENCODINGS else name


def _check_declared(content: bytes, path: str, declared: CodingLine) -> None:
    try:
        content.decode(declared.encoding)
    except UnicodeDecodeError as error:
        message = (
            f"byte 0x{content[error.start]:02x} is invalid in {declared.shown_name}, the encoding of the coding line."
        )
        raise _error(content, path, error.start, message, "Save it in that encoding, or correct the line.") from None


def _error(content: bytes, path: str, offset: int, message: str, advice: str) -> InputError:
    """Return the error at a byte. Each byte that cannot be decoded counts as one character of the column."""
    before = content[:offset].removeprefix(codecs.BOM_UTF8)
    lines = before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return InputError(Problem(path, message, advice, len(lines), len(lines[-1].decode("utf-8", "replace")) + 1))


def source_lines(content: bytes) -> tuple[str, ...]:
    """Return the lines of a file without line ends. Bytes that cannot be decoded become replacement characters."""
    return tuple(readable_text(content).replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def readable_text(content: bytes) -> str:
    """Return the text of a file. Bytes that cannot be decoded become replacement characters."""
    declared = coding_line(content)
    encoding = None if declared is None else _canonical_name(declared.encoding)
    return content.decode(encoding or "utf-8-sig", "replace").removeprefix("\ufeff")


def utf_8_content(content: bytes) -> bytes:
    """Return the content of a module in UTF-8, for searches of names in it.

    Encodings such as UTF-7 can represent a name without its letters.
    """
    declared = coding_line(content)
    encoding = None if declared is None else _canonical_name(declared.encoding)
    return content if encoding in (None, "utf-8") else content.decode(encoding, "replace").encode(errors="replace")
