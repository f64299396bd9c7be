"""Names of files for workflows: safe on every system, and no two the same on any."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Final

from stepgraph.cli.subject import Subject
from stepgraph.phrases.visible import visible

# Of ASCII, what means nothing to a shell, a file system or a URL; of the rest, all but spaces.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._\-\u00a1-\U0010ffff]|[\u1680\u2000-\u200d\u202f\u205f\u3000]")
_DASHES: Final = re.compile(r"-{2,}")
# Windows takes these for devices, whatever follows the first dot.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
_NAMELESS: Final = "workflow"
# File systems allow 255 bytes; the class name, a number and the suffix have to find room too.
_MOST_BYTES: Final = 100


def file_stems(subjects: Sequence[Subject]) -> list[str]:
    """Return names of files, yet without suffix, in the order of the workflows.

    A workflow's name serves if it is the only one to give its file name. Else those that do are told apart by the names
    of their classes or, where that does not help, by numbers.
    """
    stems = [_safe(subject.name) for subject in subjects]
    keys = [_key(stem) for stem in stems]
    alone = {key for key, number in Counter(keys).items() if number == 1}
    taken = set(alone)
    names: list[str] = []
    for subject, stem, key in zip(subjects, stems, keys, strict=True):
        name = stem if key in alone else _free(_with_class(stem, subject), taken)
        taken.add(_key(name))
        names.append(name)
    return names


def _safe(name: str) -> str:
    # What is invisible is spelt out by `visible`, with characters that are unsafe here.
    plain = unicodedata.normalize("NFC", _DASHES.sub("-", _UNSAFE.sub("-", visible(name))))
    stem = _clipped(plain.strip("-.")).rstrip("-.") or _NAMELESS
    return f"_{stem}" if _RESERVED.match(stem) else stem


def _clipped(name: str) -> str:
    return name.encode()[:_MOST_BYTES].decode(errors="ignore")


def _with_class(stem: str, subject: Subject) -> str:
    class_name = _safe(subject.class_name)
    return stem if _key(class_name) == _key(stem) else f"{stem}-{class_name}"


def _free(stem: str, taken: set[str]) -> str:
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(name for name in numbered if _key(name) not in taken)


def _key(name: str) -> str:
    """Return what names have in common that are one to a file system that folds case and composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
