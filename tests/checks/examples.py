"""Analyze and check the examples of rules."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from msgspec.structs import replace

from stepgraph.analysis import Analysis
from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.page import ENTRY, Example
from stepgraph.checks.settings import Settings
from stepgraph.fixing import compute_fixes
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.source_analysis import apply_settings

CONFIGURATION_NAMES = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
_DATES = {DependencyMode.IMPLICIT: "2026-03-01", DependencyMode.LEGACY: "2026-01-01"}
_MARK = re.compile(r"(?:#|//) (SG\d{3}(?:, SG\d{3})*)\s*$")


def write_example(example: Example, folder: Path) -> None:
    """Write the files of an example, and a configuration of its dependency mode unless it has one."""
    for path, text in example.files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    if not any(Path(path).name in CONFIGURATION_NAMES for path, _ in example.files):
        date = f'{{"compatibility_date": "{_DATES[example.mode]}", "compatibility_flags": ["python_workers"]}}\n'
        (folder / "wrangler.jsonc").write_text(date, encoding="utf-8")


def analyze_example(example: Example, folder: Path) -> Analysis:
    """Analyze the entry module of an example, or the project if it has a configuration."""
    write_example(example, folder)
    configured = any(Path(path).name in CONFIGURATION_NAMES for path, _ in example.files)
    return analyze_paths([folder if configured else folder / ENTRY])


def findings_of_example(example: Example, folder: Path) -> tuple[Finding, ...]:
    """Return the findings in an example that no comment suppresses."""
    analysis = analyze_example(example, folder)
    return apply_settings(analysis, check_analysis(analysis), Settings()).findings


def fix_example(example: Example, folder: Path, *, unsafe: bool) -> Example:
    """Return an example after the fixes of its findings. Its files are in `folder`."""
    findings = findings_of_example(example, folder)
    fixed = {file.path: file.after.decode() for file in compute_fixes(findings, unsafe=unsafe)}
    files = tuple((path, fixed.get(str(folder / path), text)) for path, text in example.files)
    return replace(example, files=files)


def module(title: str, source: str, *, mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example from a whole module."""
    return Example(title, ((ENTRY, dedent(source).strip() + "\n"),), mode)


def project(title: str, files: dict[str, str]) -> Example:
    """Return an example of several files by path."""
    return Example(title, tuple((path, dedent(text).strip() + "\n") for path, text in files.items()))


def marked_lines(example: Example, code: str) -> list[tuple[str, int]]:
    """Return the path and number of each line that ends in a comment with this code."""
    return [
        (path, number)
        for path, text in example.files
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := _MARK.search(line)) is not None and code in mark[1].split(", ")
    ]
