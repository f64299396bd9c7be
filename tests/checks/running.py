"""Running rules over examples."""

from __future__ import annotations

import re
from pathlib import Path

from stepgraph.analysis import Analysis
from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.example import ENTRY, Example
from stepgraph.checks.finding import Finding
from stepgraph.checks.settings import Settings
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.source_analysis import apply_settings

CONFIGURATION_NAMES = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
_DATES = {DependencyMode.IMPLICIT: "2026-03-01", DependencyMode.LEGACY: "2026-01-01"}
_MARK = re.compile(r"(?:#|//) (SG\d{3}(?:, SG\d{3})*)\s*$")


def write_example(example: Example, folder: Path) -> None:
    """Write the files of an example; without a configuration among them, one for the mode that it is in."""
    for path, text in example.files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    if not any(Path(path).name in CONFIGURATION_NAMES for path, _ in example.files):
        date = f'{{"compatibility_date": "{_DATES[example.mode]}", "compatibility_flags": ["python_workers"]}}\n'
        (folder / "wrangler.jsonc").write_text(date, encoding="utf-8")


def analyzed(example: Example, folder: Path) -> Analysis:
    """Return the analysis of an example: of its entry module, or of the project that it configures."""
    write_example(example, folder)
    configured = any(Path(path).name in CONFIGURATION_NAMES for path, _ in example.files)
    return analyze_paths([folder if configured else folder / ENTRY])


def findings(example: Example, folder: Path) -> tuple[Finding, ...]:
    """Return all that the rules find in an example, but for what its comments ignore."""
    analysis = analyzed(example, folder)
    return apply_settings(analysis, check_analysis(analysis), Settings()).findings


def marked(example: Example, code: str) -> list[tuple[str, int]]:
    """Return the lines of an example, with their files, which end in a comment with a code."""
    return [
        (path, number)
        for path, text in example.files
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := _MARK.search(line)) is not None and code in mark[1].split(", ")
    ]
