"""Applying the edits of fixable findings."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from stepgraph.checks.finding import Finding
from stepgraph.syntax.module import SourceModule


class FixedFile(Struct, frozen=True):
    """A file that fixes change."""

    path: str
    encoding: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...]
    """The fixed findings."""


def fixed_files(findings: Iterable[Finding]) -> tuple[FixedFile, ...]:
    """Return the files that the edits of all findings change, in the order of the findings.

    Recurses deeply, so call it on a large stack.
    """
    # Imported here for start-up: runs without fixes need no LibCST.
    from stepgraph.syntax.editing import apply_source_edits

    by_module: dict[SourceModule, list[Finding]] = {}
    for finding in findings:
        for module in dict.fromkeys(edit.place.module for edit in finding.edits):
            by_module.setdefault(module, []).append(finding)
    files = []
    for module, fixed in by_module.items():
        edits = [edit for finding in fixed for edit in finding.edits if edit.place.module is module]
        after = apply_source_edits(module, edits)
        if after != module.source:
            files.append(FixedFile(module.path, module.tree.encoding, module.source, after, tuple(fixed)))
    return tuple(files)
