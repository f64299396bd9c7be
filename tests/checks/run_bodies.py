"""Running rules over the body of a `run`."""

from __future__ import annotations

from pathlib import Path

from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.example import in_run
from stepgraph.checks.finding import Finding
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.running import findings

LEGACY = DependencyMode.LEGACY


def found_in(
    folder: Path, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT
) -> tuple[Finding, ...]:
    """Return what the rules find in a body, information left out."""
    found = findings(in_run("a body", body, imports=imports, mode=mode), folder)
    return tuple(finding for finding in found if finding.severity is not Severity.INFORMATION)


def codes_in(
    folder: Path, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT
) -> list[str]:
    """Return the codes of what the rules find in a body, in the order of the source."""
    return [finding.code for finding in found_in(folder, body, imports=imports, mode=mode)]
