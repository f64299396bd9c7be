"""Code in the documentation whose findings are named at the ends of its lines."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.page import ENTRY, example_of_snippet
from stepgraph.project.configuration.compatibility import DependencyMode

_MARK: Final = re.compile(r"  # (SG\d{3}(?:, SG\d{3})*)(?:: |$)")
_DATES: Final = {DependencyMode.IMPLICIT: "2026-03-01", DependencyMode.LEGACY: "2026-01-01"}


def reject_unmarked_findings(code: str, mode: DependencyMode) -> None:
    """Raise ValueError unless the codes at the ends of lines are those of the errors and warnings of the code.

    The code is a module, or the body of `run` below the imports of its module.
    """
    source = example_of_snippet("", code, mode).source
    marked = {
        (number, name)
        for number, line in enumerate(source.splitlines(), 1)
        if (mark := _MARK.search(line)) is not None
        for name in mark[1].split(", ")
    }
    differences = sorted(marked ^ _findings(source, mode))
    if differences:
        lines = source.splitlines()
        shown = [f"{name} at `{lines[number - 1].strip()}`" for number, name in differences]
        raise ValueError(f"the marked and the reported findings differ: {', '.join(shown)}.")


def _findings(source: str, mode: DependencyMode) -> set[tuple[int, str]]:
    """Return the line and the code of each error and warning in the main module of a project."""
    configuration = f'{{"compatibility_date": "{_DATES[mode]}", "compatibility_flags": ["python_workers"]}}\n'
    with TemporaryDirectory() as folder:
        Path(folder, "wrangler.jsonc").write_text(configuration, encoding="utf-8")
        entry = Path(folder, ENTRY)
        entry.write_text(source, encoding="utf-8")
        findings = check_analysis(analyze_paths([entry]))
    return {(finding.span.line, finding.code) for finding in findings if finding.severity is not Severity.NOTE}
