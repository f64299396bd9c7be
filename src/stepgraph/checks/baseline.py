"""Baselines of existing findings, and the files that store them.

A finding is identified by a fingerprint that does not depend on line numbers.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.hashing import sha256_hash
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.document import Fields, MalformedError, explain_malformed
from stepgraph.project.encoding import decode_utf_8
from stepgraph.project.folders import folder_of, path_from, path_in
from stepgraph.project.reading import check_named, read_configuration_bytes
from stepgraph.project.root import Root, folder_root, root_of

if TYPE_CHECKING:
    from hashlib import _Hash


VERSION: Final = 1
_LENGTH: Final = 24


def fingerprint(code: str, path: str, line_text: str, occurrence: int) -> str:
    """Return the fingerprint of a finding: a hash of its code, path, source line and occurrence.

    `path` is relative to the directory of the baseline. Indentation and the amount of whitespace between words do not
    matter. `occurrence` is the number of the finding, from 1, among those with the same code, path and text.
    """
    return _fingerprint(_hash(code, path, " ".join(line_text.split())), occurrence)


def fingerprints(findings: Sequence[Finding], read: Mapping[str, bytes], folder: str) -> list[str]:
    """Return the fingerprint of each finding. It does not depend on the order of the findings.

    Paths in fingerprints are relative to `folder`.
    """
    lines = {path: _lines(read.get(path, b"")) for path in {finding.span.path for finding in findings}}
    names = {path: path_from(folder, path) for path in lines}
    occurrences: Counter[tuple[str, str, str]] = Counter()
    hashes: dict[tuple[str, str, str], _Hash] = {}
    texts: dict[tuple[str, int], str] = {}
    result = [""] * len(findings)
    for index in sorted(range(len(findings)), key=lambda index: (findings[index].span, findings[index].message)):
        finding = findings[index]
        path, line = finding.span.path, finding.span.line
        if (path, line) not in texts:
            texts[path, line] = " ".join(lines[path][line - 1].split()) if line <= len(lines[path]) else ""
        same = (finding.code, names[path], texts[path, line])
        occurrences[same] += 1
        if same not in hashes:
            hashes[same] = _hash(*same)
        result[index] = _fingerprint(hashes[same], occurrences[same])
    return result


def _hash(code: str, path: str, text: str) -> _Hash:
    """Return the unfinished hash, without the occurrence. Findings with the same code, path and text share it."""
    from stepgraph.json_text import canonical_json

    return sha256_hash(canonical_json([code, path, text])[:-1].encode())


def _fingerprint(start: _Hash, occurrence: int) -> str:
    whole = start.copy()
    whole.update(f",{occurrence}]".encode())
    return whole.hexdigest()[:_LENGTH]


def _lines(content: bytes) -> list[str]:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8-sig", "replace").split("\n")


class BaselineEntry(Struct, frozen=True):
    """A finding in a baseline. Current findings are compared with it by fingerprint alone."""

    fingerprint: str
    code: str
    path: str
    """The path relative to the directory of the baseline."""
    message: str
    """The message, for readers of the file."""


class Baseline(Struct, frozen=True):
    """The findings in a baseline file."""

    folder: str
    """The directory of the file, as a path prefix."""
    entries: tuple[BaselineEntry, ...] = ()
    missing_files: frozenset[str] = frozenset()
    """The paths of entries whose file does not exist."""

    @property
    def fingerprints(self) -> frozenset[str]:
        """The fingerprints of the entries."""
        return frozenset(entry.fingerprint for entry in self.entries)

    def outdated(
        self, current: Collection[str], read: Iterable[str], selects: Callable[[str], bool]
    ) -> tuple[BaselineEntry, ...]:
        """Return the entries without a current finding.

        Only entries whose file was `read` or does not exist, and whose rule is selected, can be outdated.
        """
        checked = {path_from(self.folder, path) for path in read} | self.missing_files
        current_set = frozenset(current)
        return tuple(
            entry
            for entry in self.entries
            if entry.fingerprint not in current_set and entry.path in checked and selects(entry.code)
        )

    def updated(
        self, findings: Iterable[Finding], fingerprint_of: Callable[[Finding], str], outdated: Iterable[BaselineEntry]
    ) -> Baseline:
        """Return a baseline with `findings` added, except findings about inputs, and without the `outdated` entries."""
        dropped = {entry.fingerprint for entry in outdated}
        entries = {entry.fingerprint: entry for entry in self.entries if entry.fingerprint not in dropped}
        for finding in findings:
            if finding.code not in INPUT_RULES:
                path = path_from(self.folder, finding.span.path)
                entry = BaselineEntry(fingerprint_of(finding), finding.code, path, finding.message)
                entries[entry.fingerprint] = entry
        return Baseline(self.folder, tuple(entries.values()))

    def text(self) -> str:
        """Return the baseline as JSON, one finding per line, in an order that does not depend on line numbers."""
        ordered = sorted(self.entries, key=lambda entry: (entry.path, entry.code, entry.fingerprint))
        lines = [f"    {_line(entry)}" for entry in ordered]
        listed = "[\n" + ",\n".join(lines) + "\n  ]" if lines else "[]"
        return f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'


def _line(entry: BaselineEntry) -> str:
    fields = {"path": entry.path, "code": entry.code, "fingerprint": entry.fingerprint, "message": entry.message}
    return json.dumps(fields, ensure_ascii=False)


_REWRITE_ADVICE = "Correct it, or remove it and run with --update-baseline."


def read_baseline(path: str, root: Root | None = None) -> Baseline:
    """Read a baseline file inside a root or, without a root, a file that the user named.

    Raises InputError for a missing or unreadable file, an invalid baseline and an unsupported version.
    """
    # Imported here for a fast start, because most checks have no baseline.
    from stepgraph.project.configuration.jsonc import JsoncDocument

    if root is None:
        check_named(path)
    bounds = folder_root(path) if root is None else root
    if bounds.contains(path) and not os.path.lexists(path):
        raise InputError(Problem(path, "baseline file not found.", "Write it with --update-baseline."))
    text = decode_utf_8(read_configuration_bytes(path, bounds, SAVED_BYTES), path)
    try:
        document = JsoncDocument(text)
    except MalformedError as error:
        message, advice, position = explain_malformed(text, error)
        raise InputError(Problem(path, f"not a baseline: {message}", advice or _REWRITE_ADVICE, *position)) from None
    fields = Fields(path, document, [], document.data)
    version = fields.number("version")
    if version is not None and version > VERSION:
        message = f"unsupported baseline version {version}: this stepgraph supports version {VERSION}."
        raise InputError(Problem(path, message, "Upgrade stepgraph.", *fields.position(("version",))))
    if version is None or "findings" not in fields.values:
        fields.report((), "not a baseline: `version` and `findings` are missing.")
    entries = [_entry(each) for each in fields.nested_list("findings")]
    if fields.problems:
        problem = fields.problems[0]
        raise InputError(Problem(path, problem.message, _REWRITE_ADVICE, problem.line, problem.column))
    folder = folder_of(path)
    return Baseline(folder, tuple(entries), frozenset(_missing_files(entries, folder, root or root_of(path))))


def _missing_files(entries: Iterable[BaselineEntry], folder: str, bounds: Root) -> Iterator[str]:
    """Yield the paths of entries whose file is missing, except for paths outside `bounds`."""
    contained: dict[str, bool] = {}
    for path in dict.fromkeys(entry.path for entry in entries):
        file = path_in(folder, path)
        if "\0" not in file and not os.path.lexists(file):
            # Resolving the missing part, too, would take long for many deep paths.
            existing = _existing_part(file)
            if existing not in contained:
                contained[existing] = bounds.contains(existing)
            if contained[existing]:
                yield path


def _existing_part(file: str) -> str:
    """Return the innermost existing ancestor of a missing file, or an empty string for the working directory."""
    parts = file.split("/")
    lengths = range(1, len(parts))
    count = bisect_left(lengths, x=True, key=lambda length: not os.path.lexists("/".join(parts[:length]) or "/"))
    return "/".join(parts[:count]) or ("/" if file.startswith("/") else "")


def _entry(fields: Fields) -> BaselineEntry:
    fingerprint, code = (fields.text(name, required=True) or "" for name in ("fingerprint", "code"))
    path = fields.path_text("path", required=True) or ""
    return BaselineEntry(fingerprint, code, path, fields.text("message") or "")
