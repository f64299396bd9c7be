"""Fixes of findings: the edited contents of files, and their changes as a patch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.diagnostic import Applicability, Finding
from stepgraph.diff.sequences import hunks
from stepgraph.escaping.file_names import patch_name
from stepgraph.escaping.plain_text import readable_patch_line
from stepgraph.large_stack import run_with_large_stack
from stepgraph.project.reading import unsaved_files

if TYPE_CHECKING:
    from stepgraph.syntax.edits.source_edits import Edit
    from stepgraph.syntax.module import SourceModule

_WITHOUT_NEWLINE = "\\ No newline at end of file\n"
# Maps each byte to one character, so a diff of such texts is a diff of bytes.
_BYTE_ENCODING = "latin-1"
_LINE_FEED = "\n"

_MAX_PASSES: Final = 10
"""The maximum number of repetitions. Fixes that uncover other fixable findings are rare, and several in a row have not
been observed.
"""


class FixedFile(Struct, frozen=True):
    """A file that fixes change."""

    path: str
    encoding: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...]
    """The fixed findings."""


def repeat_fixes(
    findings: Iterable[Finding],
    check_again: Callable[[], Iterable[Finding]],
    *,
    unsafe: bool = False,
    path: str | None = None,
) -> tuple[FixedFile, ...]:
    """Return the files that fixes change, computed as by `compute_fixes` until nothing changes.

    No file is written: `check_again` returns the findings while the fixed files are read as unsaved files.
    """
    files: tuple[FixedFile, ...] = ()
    with ExitStack() as passes:
        for _ in range(_MAX_PASSES):
            fixed = compute_fixes(findings, unsafe=unsafe, path=path)
            files = merge_passes(files, fixed)
            if not fixed:
                break
            passes.enter_context(unsaved_files({file.path: file.after for file in fixed}))
            findings = check_again()
    return files


def compute_fixes(findings: Iterable[Finding], *, unsafe: bool, path: str | None = None) -> tuple[FixedFile, ...]:
    """Return the files that the fixes of findings change, in the order of the findings.

    A fix that changes the same code as an earlier one is omitted. Unsafe fixes are omitted unless `unsafe`. With
    `path`, so are fixes that do not change this file.
    """
    compatible = _compatible_findings(findings, unsafe=unsafe)
    selected = (fix for fix in compatible if path is None or any(edit.place.module.path == path for edit in fix[1]))
    # Applying edits recurses as deeply as syntax is nested.
    return run_with_large_stack(lambda: _fixed_files(selected))


def _compatible_findings(findings: Iterable[Finding], *, unsafe: bool) -> Iterator[tuple[Finding, tuple[Edit, ...]]]:
    """Yield the findings with applicable fixes, and their edits, without fixes that contradict earlier ones."""
    # Imported here because a run without findings needs no edits.
    from stepgraph.syntax.edits.source_edits import combine

    edit_of_node: dict[int, Edit] = {}  # by the identity of the node
    for finding in findings:
        if finding.fix is None or not (unsafe or finding.fix.applicability is Applicability.SAFE):
            continue
        edits = finding.fix.edits
        combined = [combine(edit_of_node.get(id(edit.place.node), edit), edit) for edit in edits]
        if None not in combined:
            edit_of_node.update((id(edit.place.node), edit) for edit in combined if edit is not None)
            yield finding, edits


def _fixed_files(fixes: Iterable[tuple[Finding, tuple[Edit, ...]]]) -> tuple[FixedFile, ...]:
    # Imported here because LibCST takes longer to import than all other code, and a run without modules needs none.
    from stepgraph.syntax.edits.editing import apply_source_edits

    edits_of_module: dict[SourceModule, list[Edit]] = {}
    findings_of_module: dict[SourceModule, list[Finding]] = {}
    for finding, edits in fixes:
        for edit in edits:
            edits_of_module.setdefault(edit.place.module, []).append(edit)
        for module in dict.fromkeys(edit.place.module for edit in edits):
            findings_of_module.setdefault(module, []).append(finding)
    files = []
    for module, module_edits in edits_of_module.items():
        after = apply_source_edits(module, module_edits)
        if after != module.source:
            fixed = tuple(findings_of_module[module])
            files.append(FixedFile(module.path, module.tree.encoding, module.source, after, fixed))
    return tuple(files)


def merge_passes(earlier: Iterable[FixedFile], later: Iterable[FixedFile]) -> tuple[FixedFile, ...]:
    """Return the files that two passes of fixes change. The second pass started with the result of the first."""
    by_path = {file.path: file for file in earlier}
    for file in later:
        first = by_path.get(file.path, file)
        findings = file.findings if first is file else (*first.findings, *file.findings)
        by_path[file.path] = replace(file, before=first.before, findings=findings)
    return tuple(file for file in by_path.values() if file.before != file.after)


def patch(files: Sequence[FixedFile]) -> bytes:
    """Return the changes of all files as a unified diff, in the encodings of the files."""
    return b"".join(_file_header(file).encode() + "".join(_hunks(file)).encode(_BYTE_ENCODING) for file in files)


def readable_patch(files: Sequence[FixedFile]) -> str:
    """Return the changes of all files as a unified diff with control characters escaped."""
    lines = (line for file in files for line in _decoded_lines(file))
    return "".join(f"{readable_patch_line(line.removesuffix(_LINE_FEED))}\n" for line in lines)


def _file_header(file: FixedFile) -> str:
    name = file.path.removeprefix("./").removeprefix("/")
    return f"--- {patch_name(f'a/{name}')}\n+++ {patch_name(f'b/{name}')}\n"


def _hunks(file: FixedFile) -> Iterator[str]:
    """Yield the lines of the patch of a file, with one character per byte."""
    for line in hunks(_lines(file.before), _lines(file.after)):
        if line.endswith(_LINE_FEED):
            yield line
        else:
            yield f"{line}\n"
            yield _WITHOUT_NEWLINE


def _decoded_lines(file: FixedFile) -> Iterator[str]:
    yield from _file_header(file).splitlines(keepends=True)
    # `utf-8` shows a byte order mark, too.
    encoding = "utf-8" if file.encoding.startswith("utf-8") else file.encoding
    for line in _hunks(file):
        yield line.encode(_BYTE_ENCODING).decode(encoding, "replace")


def _lines(content: bytes) -> list[str]:
    """Split content into lines with their line endings. Only line feeds end lines, as in patches."""
    parts = content.decode(_BYTE_ENCODING).split(_LINE_FEED)
    complete_lines = [f"{part}\n" for part in parts[:-1]]
    return [*complete_lines, parts[-1]] if parts[-1] else complete_lines
