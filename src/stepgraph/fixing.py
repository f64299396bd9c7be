"""Fixes of findings: the edited contents of files, and their changes as a patch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from difflib import Match, SequenceMatcher
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.diagnostic import Applicability, Finding
from stepgraph.diff.sequences import common_sequence
from stepgraph.escaping.file_names import patch_name
from stepgraph.escaping.plain_text import readable_patch_line
from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import DIFFLIB_LINES
from stepgraph.project.reading import unsaved_file

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
    with ExitStack() as unsaved_files:
        for _ in range(_MAX_PASSES):
            fixed = compute_fixes(findings, unsafe=unsafe, path=path)
            files = merge_passes(files, fixed)
            if not fixed:
                break
            for file in fixed:
                unsaved_files.enter_context(unsaved_file(file.path, file.after))
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


def changed_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[range, range]]:
    """Yield the ranges of indices of lines that differ, each with the lines that replace them."""
    for tag, old, old_end, new, new_end in _LineMatcher(before, after).get_opcodes():
        if tag != "equal":
            yield range(old, old_end), range(new, new_end)


def hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the hunks, like `difflib.unified_diff`. Each line keeps the line ending of its file.

    Unlike `difflib`, it does not take cubic time for long files.
    """
    for group in _LineMatcher(before, after).get_grouped_opcodes():
        _, first_old, _, first_new, _ = group[0]
        _, _, last_old, _, last_new = group[-1]
        yield f"@@ -{_range(first_old, last_old)} +{_range(first_new, last_new)} @@\n"
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[old:old_end])
                continue
            yield from (f"-{line}" for line in before[old:old_end])
            yield from (f"+{line}" for line in after[new:new_end])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


class _LineMatcher(SequenceMatcher[str]):
    """Matches lines. In long files, it matches lines with equal numbers, or unique lines if the lengths differ."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(None, before, after)
        self._before, self._after = before, after

    def get_matching_blocks(self) -> list[Match]:
        """Return the blocks of equal lines, and an empty block at the end."""
        if max(len(self._before), len(self._after)) <= DIFFLIB_LINES:
            return super().get_matching_blocks()
        blocks: list[Match] = []
        for old, new in self._pairs():
            last = blocks[-1] if blocks else Match(0, 0, 0)
            if (old, new) == (last.a + last.size, last.b + last.size) and blocks:
                blocks[-1] = Match(last.a, last.b, last.size + 1)
            else:
                blocks.append(Match(old, new, 1))
        return [*blocks, Match(len(self._before), len(self._after), 0)]

    def _pairs(self) -> list[tuple[int, int]]:
        if len(self._before) != len(self._after):
            return common_sequence(self._before, self._after)
        pairs = enumerate(zip(self._before, self._after, strict=True))
        return [(number, number) for number, (old, new) in pairs if old == new]
