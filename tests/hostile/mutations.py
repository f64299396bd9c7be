"""Input that nobody meant, made of what somebody did: by a seed, always the same."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tests.hostile.deep_programs import DEEP

FIXTURES: Final = Path(__file__).resolve().parents[2] / "fixtures"
_CHANGES_AT_ONCE: Final = (1, 1, 2, 2, 3, 4, 8)
_MOST_ATTEMPTS: Final = 12
_LONGEST_SPAN: Final = 200
_DEEPEST: Final = 40

_TOKENS: Final = """
False None True and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield match case type _ ( ) [ ] { } , : ; . -> :=
= == != < > <= >= + - * / // % @ & | ^ ~ ** += -= ... 0 1 0x_f 1e999 1j '' "a" f"{a}" b'' r'' \\ # self step event a b
step.do step.sleep step.sleep_until step.wait_for_event asyncio.gather asyncio.create_task asyncio.wait range(3)
await\x20step.sleep("a",1) @step.do("a") @step.do()
""".split()  # noqa: SIM905 - a list would be as long as the file

_ODD: Final = (b"\0", b"\xff", b"\r", b"\x0c", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\t", "\u202e\u00e9".encode())
_HEAD: Final = (
    "import asyncio\nfrom workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
    "    async def run(self, event, step):\n"
)


@cache
def texts(suffix: str) -> tuple[bytes, ...]:
    """Return the contents of all fixtures whose names end so."""
    return tuple(path.read_bytes() for path in sorted(FIXTURES.rglob(f"*{suffix}")))


def module(chance: Random) -> bytes:
    """Return a module of Python that was something else before, or was never anything. Most are valid."""
    kind: Callable[[Random], bytes] = chance.choices(
        [_mutated_module, _soup, _deep_program, _mutated_deep_program, _lines, _bytes], [8, 4, 2, 2, 2, 1]
    )[0]
    made = kind(chance)
    for _ in range(chance.choice([0, _MOST_ATTEMPTS, _MOST_ATTEMPTS])):
        if _is_python(made):
            break
        made = kind(chance)
    return made


def _is_python(text: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def mutated(chance: Random, text: bytes, others: Sequence[bytes]) -> bytes:
    """Return a text with some changes by chance; what is put in comes from it or from others."""
    for _ in range(chance.choice(_CHANGES_AT_ONCE)):
        text = chance.choice(_CHANGES)(chance, text, chance.choice(others))
    return text


def _flipped(chance: Random, text: bytes, _: bytes) -> bytes:
    if not text:
        return text
    at = chance.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << chance.randrange(8))]) + text[at + 1 :]


def _without_a_span(chance: Random, text: bytes, _: bytes) -> bytes:
    first, last = _span(chance, text)
    return text[:first] + text[last:]


def _with_a_span_again(chance: Random, text: bytes, _: bytes) -> bytes:
    first, last = _span(chance, text)
    return text[:last] + text[first:last] * chance.choice([1, 1, 2, 20]) + text[last:]


def _with_a_span_elsewhere(chance: Random, text: bytes, other: bytes) -> bytes:
    first, last = _span(chance, other)
    at = chance.randint(0, len(text))
    return text[:at] + other[first:last] + text[at:]


def _cut_off(chance: Random, text: bytes, _: bytes) -> bytes:
    return text[: chance.randint(0, len(text))]


def _with_a_line_of_another(chance: Random, text: bytes, other: bytes) -> bytes:
    lines, found = text.splitlines(keepends=True), other.splitlines(keepends=True) or [b""]
    lines.insert(chance.randint(0, len(lines)), chance.choice(found))
    return b"".join(lines)


def _with_lines_swapped(chance: Random, text: bytes, _: bytes) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _with_a_line_moved(chance: Random, text: bytes, _: bytes) -> bytes:
    """Indent a line by that of another, so that it is often still valid."""
    lines = text.splitlines(keepends=True) or [b""]
    one, other = chance.choice(lines), chance.randrange(len(lines))
    indent = one[: len(one) - len(one.lstrip())]
    lines[other] = indent + lines[other].lstrip()
    return b"".join(lines)


def _with_a_word_of_another(chance: Random, text: bytes, other: bytes) -> bytes:
    words = text.split(b" ")
    words[chance.randrange(len(words))] = chance.choice(other.split(b" "))
    return b" ".join(words)


def _with_a_token(chance: Random, text: bytes, _: bytes) -> bytes:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(_TOKENS).encode() + text[at:]


def _with_odd_bytes(chance: Random, text: bytes, _: bytes) -> bytes:
    at = chance.randint(0, len(text))
    return (
        text[:at] + chance.choice([b"\0", b"\xff", b"\r", b"\x0c", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\t"]) + text[at:]
    )


_CHANGES: Final = (
    _flipped,
    _without_a_span,
    _with_a_span_again,
    _with_a_span_elsewhere,
    _cut_off,
    *[_with_a_line_of_another, _with_lines_swapped, _with_a_line_moved, _with_a_word_of_another, _with_a_token] * 3,
    _with_odd_bytes,
)


def _span(chance: Random, text: bytes) -> tuple[int, int]:
    first = chance.randint(0, len(text))
    return first, min(len(text), first + chance.randint(0, _LONGEST_SPAN))


def _mutated_module(chance: Random) -> bytes:
    modules = texts(".py")
    return mutated(chance, chance.choice(modules), modules)


def _soup(chance: Random) -> bytes:
    """Lines of tokens by chance in `run`."""
    lines = [
        " " * 4 * chance.choice([2, 2, 2, 3, 4]) + " ".join(chance.choices(_TOKENS, k=chance.randint(1, 9)))
        for _ in range(chance.randint(1, 12))
    ]
    return (_HEAD + "\n".join(lines) + "\n").encode()


def _lines(chance: Random) -> bytes:
    """Lines of fixtures, each valid by itself, in `run`."""
    found = [chance.choice(chance.choice(texts(".py")).splitlines() or [b""]) for _ in range(chance.randint(1, 30))]
    depth, lines = 2, [_HEAD.encode()]
    for line in found:
        lines.append(b"    " * depth + line.strip() + b"\n")
        opens = line.rstrip().endswith(b":")
        depth = depth + 1 if opens else max(2, depth - (chance.random() < 0.3))
    return b"".join(lines) + b"    " * depth + b"pass\n"


def _deep_program(chance: Random) -> bytes:
    return DEEP[chance.choice(sorted(DEEP))](chance.randint(2, _DEEPEST)).encode()


def _mutated_deep_program(chance: Random) -> bytes:
    return mutated(chance, _deep_program(chance), [_deep_program(chance)])


def _bytes(chance: Random) -> bytes:
    return chance.randbytes(chance.randint(0, 300))
