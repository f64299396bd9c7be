"""Random input, generated from the fixtures and a seed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final

from tests.fixtures.files import FIXTURES
from tests.hostile.deep_programs import DEEP

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
""".split()  # noqa: SIM905 - one token per line would be long

_ODD_BYTES: Final = (b"\0", b"\xff", b"\r", b"\x0c", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\t", "\u202e\u00e9".encode())
_HEAD: Final = (
    "import asyncio\nfrom workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
    "    async def run(self, event, step):\n"
)


@cache
def texts(suffix: str) -> tuple[bytes, ...]:
    """Return the contents of all fixtures with this suffix."""
    return tuple(path.read_bytes() for path in sorted(FIXTURES.rglob(f"*{suffix}")))


def generate_module(rng: Random) -> bytes:
    """Return a mutated or random Python module. Most are syntactically valid."""
    kind: Callable[[Random], bytes] = rng.choices(
        [_mutated_module, _random_tokens, _deep_program, _mutated_deep_program, _lines, _bytes], [8, 4, 2, 2, 2, 1]
    )[0]
    program = kind(rng)
    for _ in range(rng.choice([0, _MOST_ATTEMPTS, _MOST_ATTEMPTS])):
        if _is_python(program):
            break
        program = kind(rng)
    return program


def _is_python(text: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def mutate(rng: Random, text: bytes, donors: Sequence[bytes]) -> bytes:
    """Return text with random changes, including inserted parts of `donors`."""
    for _ in range(rng.choice(_CHANGES_AT_ONCE)):
        text = rng.choice(_CHANGES)(rng, text, rng.choice(donors))
    return text


def _flipped(rng: Random, text: bytes, _: bytes) -> bytes:
    if not text:
        return text
    at = rng.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << rng.randrange(8))]) + text[at + 1 :]


def _without_a_span(rng: Random, text: bytes, _: bytes) -> bytes:
    first, last = _span(rng, text)
    return text[:first] + text[last:]


def _with_a_span_repeated(rng: Random, text: bytes, _: bytes) -> bytes:
    first, last = _span(rng, text)
    return text[:last] + text[first:last] * rng.choice([1, 1, 2, 20]) + text[last:]


def _with_a_span_inserted(rng: Random, text: bytes, donor: bytes) -> bytes:
    first, last = _span(rng, donor)
    at = rng.randint(0, len(text))
    return text[:at] + donor[first:last] + text[at:]


def _cut_off(rng: Random, text: bytes, _: bytes) -> bytes:
    return text[: rng.randint(0, len(text))]


def _with_a_line_inserted(rng: Random, text: bytes, donor: bytes) -> bytes:
    lines, donor_lines = text.splitlines(keepends=True), donor.splitlines(keepends=True) or [b""]
    lines.insert(rng.randint(0, len(lines)), rng.choice(donor_lines))
    return b"".join(lines)


def _with_lines_swapped(rng: Random, text: bytes, _: bytes) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"".join(lines)


def _with_a_line_reindented(rng: Random, text: bytes, _: bytes) -> bytes:
    """Give a line the indentation of another line, which often keeps the module valid."""
    lines = text.splitlines(keepends=True) or [b""]
    model, index = rng.choice(lines), rng.randrange(len(lines))
    indent = model[: len(model) - len(model.lstrip())]
    lines[index] = indent + lines[index].lstrip()
    return b"".join(lines)


def _with_a_word_replaced(rng: Random, text: bytes, donor: bytes) -> bytes:
    words = text.split(b" ")
    words[rng.randrange(len(words))] = rng.choice(donor.split(b" "))
    return b" ".join(words)


def _with_a_token_inserted(rng: Random, text: bytes, _: bytes) -> bytes:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(_TOKENS).encode() + text[at:]


def _with_odd_bytes_inserted(rng: Random, text: bytes, _: bytes) -> bytes:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice([b"\0", b"\xff", b"\r", b"\x0c", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\t"]) + text[at:]


_CHANGES: Final = (
    _flipped,
    _without_a_span,
    _with_a_span_repeated,
    _with_a_span_inserted,
    _cut_off,
    *[
        _with_a_line_inserted,
        _with_lines_swapped,
        _with_a_line_reindented,
        _with_a_word_replaced,
        _with_a_token_inserted,
    ]
    * 3,
    _with_odd_bytes_inserted,
)


def _span(rng: Random, text: bytes) -> tuple[int, int]:
    first = rng.randint(0, len(text))
    return first, min(len(text), first + rng.randint(0, _LONGEST_SPAN))


def _mutated_module(rng: Random) -> bytes:
    modules = texts(".py")
    return mutate(rng, rng.choice(modules), modules)


def _random_tokens(rng: Random) -> bytes:
    """Return a module with lines of random tokens in `run`."""
    lines = [
        " " * 4 * rng.choice([2, 2, 2, 3, 4]) + " ".join(rng.choices(_TOKENS, k=rng.randint(1, 9)))
        for _ in range(rng.randint(1, 12))
    ]
    return (_HEAD + "\n".join(lines) + "\n").encode()


def _lines(rng: Random) -> bytes:
    """Return a module with random lines of the fixtures in `run`."""
    fixture_lines = [rng.choice(rng.choice(texts(".py")).splitlines() or [b""]) for _ in range(rng.randint(1, 30))]
    depth, lines = 2, [_HEAD.encode()]
    for line in fixture_lines:
        lines.append(b"    " * depth + line.strip() + b"\n")
        opens = line.rstrip().endswith(b":")
        depth = depth + 1 if opens else max(2, depth - (rng.random() < 0.3))
    return b"".join(lines) + b"    " * depth + b"pass\n"


def _deep_program(rng: Random) -> bytes:
    return DEEP[rng.choice(sorted(DEEP))](rng.randint(2, _DEEPEST)).encode()


def _mutated_deep_program(rng: Random) -> bytes:
    return mutate(rng, _deep_program(rng), [_deep_program(rng)])


def _bytes(rng: Random) -> bytes:
    return rng.randbytes(rng.randint(0, 300))
