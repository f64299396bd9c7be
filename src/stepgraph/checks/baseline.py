"""Findings that were there before: known by what stays the same of them when lines move."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.finding import Finding
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.json_text import canonical_json
from stepgraph.project.folders import path_from

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION: Final = 1
_LENGTH: Final = 24


def fingerprint(code: str, path: str, line_text: str, occurrence: int) -> str:
    """Return what stays the same of a finding: as long as the name of its file and its line of the source do.

    `path` is seen from the folder of the baseline. White space does not count. Of findings that agree in all this,
    `occurrence` is the number, from 1.
    """
    return _fingerprint(_hash(code, path, " ".join(line_text.split())), occurrence)


def fingerprints(findings: Sequence[Finding], read: Mapping[str, bytes], folder: str) -> list[str]:
    """Return the fingerprint of each finding, whatever their order, paths being seen from a folder."""
    lines = {path: _lines(read.get(path, b"")) for path in {finding.span.path for finding in findings}}
    names = {path: path_from(folder, path) for path in lines}
    met: Counter[tuple[str, str, str]] = Counter()
    hashes: dict[tuple[str, str, str], _Hash] = {}
    texts: dict[tuple[str, int], str] = {}
    found = [""] * len(findings)
    for index in sorted(range(len(findings)), key=lambda index: (findings[index].span, findings[index].message)):
        finding = findings[index]
        path, line = finding.span.path, finding.span.line
        if (path, line) not in texts:
            texts[path, line] = " ".join(lines[path][line - 1].split()) if line <= len(lines[path]) else ""
        same = (finding.code, names[path], texts[path, line])
        met[same] += 1
        if same not in hashes:
            hashes[same] = _hash(*same)
        found[index] = _fingerprint(hashes[same], met[same])
    return found


def _hash(code: str, path: str, text: str) -> _Hash:
    """Return the hash of all but the occurrence: a line may be long, and have many findings."""
    return sha256(canonical_json([code, path, text])[:-1].encode())


def _fingerprint(start: _Hash, occurrence: int) -> str:
    whole = start.copy()
    whole.update(f",{occurrence}]".encode())
    return whole.hexdigest()[:_LENGTH]


def _lines(content: bytes) -> list[str]:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8-sig", "replace").split("\n")


class Entry(Struct, frozen=True):
    """A finding that is known: its fingerprint, and for people the rest. `path` is seen from the baseline's folder."""

    fingerprint: str
    code: str
    path: str
    message: str


class Baseline(Struct, frozen=True):
    """The findings that are known, with the folder, a prefix, that their paths are seen from.

    `gone` are the paths among them at which there is no file any more.
    """

    folder: str
    entries: tuple[Entry, ...] = ()
    gone: frozenset[str] = frozenset()

    @property
    def fingerprints(self) -> frozenset[str]:
        """Those of the findings that are known."""
        return frozenset(entry.fingerprint for entry in self.entries)

    def outdated(
        self, found: Collection[str], read: Iterable[str], selects: Callable[[str], bool]
    ) -> tuple[Entry, ...]:
        """Return the entries whose findings are no more, `found` being the fingerprints of those that are.

        Of files that were not `read`, and of rules that no findings are selected of, it is not known.
        """
        looked_at = {path_from(self.folder, path) for path in read} | self.gone
        there = frozenset(found)
        return tuple(
            entry
            for entry in self.entries
            if entry.fingerprint not in there and entry.path in looked_at and selects(entry.code)
        )

    def updated(
        self, findings: Iterable[Finding], fingerprint_of: Callable[[Finding], str], outdated: Iterable[Entry]
    ) -> Baseline:
        """Return the baseline with these findings, and without the entries that are outdated."""
        dropped = {entry.fingerprint for entry in outdated}
        entries = {entry.fingerprint: entry for entry in self.entries if entry.fingerprint not in dropped}
        for finding in findings:
            if finding.code not in INPUT_RULES:
                path = path_from(self.folder, finding.span.path)
                entry = Entry(fingerprint_of(finding), finding.code, path, finding.message)
                entries[entry.fingerprint] = entry
        return Baseline(self.folder, tuple(entries.values()))

    def text(self) -> str:
        """Return the baseline as JSON, a finding a line, in an order that does not change when lines move."""
        ordered = sorted(self.entries, key=lambda entry: (entry.path, entry.code, entry.fingerprint))
        lines = [f"    {_line(entry)}" for entry in ordered]
        listed = "[\n" + ",\n".join(lines) + "\n  ]" if lines else "[]"
        return f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'


def _line(entry: Entry) -> str:
    fields = {"path": entry.path, "code": entry.code, "fingerprint": entry.fingerprint, "message": entry.message}
    return json.dumps(fields, ensure_ascii=False)
