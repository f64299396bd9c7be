"""Fix findings: apply their edits, show them as a patch, or write the files.

Only runs with --fix or --diff import this module.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.diagnostic import Applicability, Finding
from stepgraph.cli.console import encode, write_bytes, write_message
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.output_files import OutputFile, command_error, prepare_output
from stepgraph.diff.sequences import common_sequence
from stepgraph.escaping.file_names import patch_name
from stepgraph.escaping.plain_text import readable_patch_line
from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import DIFFLIB_LINES
from stepgraph.phrases import counted
from stepgraph.project.reading import read_named
from stepgraph.project.root import Root
from stepgraph.project.writing import WriteError, source_target

if TYPE_CHECKING:
    from stepgraph.syntax.edits import Edit
    from stepgraph.syntax.module import SourceModule


_WITHOUT_NEWLINE = "\\ No newline at end of file\n"
# Maps each byte to one character, so a diff of such texts is a diff of bytes.
_BYTE_ENCODING = "latin-1"
_LINE_FEED = "\n"
# CI services set one of these variables.
_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
_READABLE_PATCH_NOTE = (
    "this patch is for display only: control characters are escaped. Use `--fix` to change the files, or `-o FILE` to"
    " write a patch for `git apply`."
)


class FixedFile(Struct, frozen=True):
    """A file that fixes change."""

    path: str
    encoding: str
    before: bytes
    after: bytes
    findings: tuple[Finding, ...]
    """The fixed findings."""


def compute_fixes(findings: Iterable[Finding], *, unsafe: bool) -> tuple[FixedFile, ...]:
    """Return the files that the fixes of findings change, in the order of the findings.

    A fix that changes the same code as an earlier one is omitted. Unsafe fixes are omitted unless `unsafe`.
    """
    # Applying edits recurses as deeply as syntax is nested.
    return run_with_large_stack(lambda: _fixed_files(_compatible_findings(findings, unsafe=unsafe)))


def _compatible_findings(findings: Iterable[Finding], *, unsafe: bool) -> Iterator[tuple[Finding, tuple[Edit, ...]]]:
    """Yield the findings with applicable fixes, and their edits, without fixes that contradict earlier ones."""
    edit_of_node: dict[int, Edit] = {}  # by the identity of the node
    for finding in findings:
        if finding.fix is None or not (unsafe or finding.fix.applicability is Applicability.SAFE):
            continue
        edits = finding.fix.edits
        if all(edit_of_node.get(id(edit.place.node), edit) == edit for edit in edits):
            edit_of_node.update((id(edit.place.node), edit) for edit in edits)
            yield finding, edits


def _fixed_files(fixes: Iterable[tuple[Finding, tuple[Edit, ...]]]) -> tuple[FixedFile, ...]:
    # Imported here because LibCST takes longer to import than all other code, and a run without modules needs none.
    from stepgraph.syntax.editing import apply_source_edits

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


def show_fixes(files: Sequence[FixedFile], output: str | None, sources: Collection[str]) -> None:
    """Write the fixes as a patch to the file `output`, or to standard output.

    Files and pipes get a patch for `git apply` and `patch -p1`. On terminals and in logs, control characters are
    escaped. Raises CommandError if writing fails, or if `output` is one of the `sources`.
    """
    exact = patch(files)
    if output is not None:
        prepare_output(output, sources).write(exact)
        return
    readable = encode(readable_patch(files)) if _is_for_people() else exact
    if readable != exact:
        write_message(_READABLE_PATCH_NOTE)
    write_bytes(readable)


def patch(files: Sequence[FixedFile]) -> bytes:
    """Return the changes of all files as a unified diff, in the encodings of the files."""
    return b"".join(_file_header(file).encode() + "".join(_hunks(file)).encode(_BYTE_ENCODING) for file in files)


def readable_patch(files: Sequence[FixedFile]) -> str:
    """Return the changes of all files as a unified diff with control characters escaped."""
    lines = (line for file in files for line in _decoded_lines(file))
    return "".join(f"{readable_patch_line(line.removesuffix(_LINE_FEED))}\n" for line in lines)


def _is_for_people() -> bool:
    """Return whether standard output is a terminal or the log of a CI job."""
    return (sys.stdout is not None and sys.stdout.isatty()) or any(map(os.environ.get, _CI_VARIABLES))


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


def write_fixes(files: Sequence[FixedFile], roots: Collection[Root]) -> None:
    """Write the fixed files, each atomically.

    Nothing is written outside of the roots. Raises CommandError if a file cannot be written or has changed since the
    analysis, and InputError if it cannot be read.
    """
    try:
        outputs = [OutputFile(source_target(file.path, roots)) for file in files]
    except WriteError as error:
        raise command_error(error) from None
    for output, file in zip(outputs, files, strict=True):
        if read_named(output.target.path) != file.before:
            raise CommandError(ExitCode.ERROR, f"{file.path} has changed since it was read. Run the command again.")
    for output, file in zip(outputs, files, strict=True):
        output.write(file.after)


def fix_summary(files: Sequence[FixedFile], findings: Iterable[Finding], *, written: bool, unsafe: bool) -> str:
    """Return a one-line summary of the fixes, with the number of unsafe fixes that were omitted."""
    fixed = sum(len(file.findings) for file in files)
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    omitted = 0 if unsafe else sum(fix.applicability is Applicability.UNSAFE for fix in fixes)
    hint = f"; {counted(omitted, 'finding')} can be fixed with --unsafe-fixes" if omitted else ""
    if not fixed:
        return f"nothing to fix{hint}"
    return f"{'fixed' if written else 'would fix'} {counted(fixed, 'finding')} in {counted(len(files), 'file')}{hint}"


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
