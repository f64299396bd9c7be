"""What the files become if findings that have one right answer are put right."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from stepgraph.checks.finding import Finding
from stepgraph.syntax.module import SourceModule


class FixedFile(Struct, frozen=True):
    """A file as it is and as it is to be, and the findings that this puts right."""

    path: str
    encoding: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...]


def fixed_files(findings: Iterable[Finding]) -> tuple[FixedFile, ...]:
    """Return the files that change if all findings with edits are put right, in the order of the findings.

    To be called where there is room for deep recursion.
    """
    # Imported here: most runs change nothing, and need no LibCST for it.
    from stepgraph.syntax.editing import apply_source_edits

    by_module: dict[SourceModule, list[Finding]] = {}
    for finding in findings:
        for module in dict.fromkeys(edit.place.module for edit in finding.edits):
            by_module.setdefault(module, []).append(finding)
    files = []
    for module, own in by_module.items():
        edits = [edit for finding in own for edit in finding.edits if edit.place.module is module]
        after = apply_source_edits(module, edits)
        if after != module.source:
            files.append(FixedFile(module.path, module.tree.encoding, module.source, after, tuple(own)))
    return tuple(files)
