"""The project of `stepgraph serve` and `stepgraph lsp`, which is analyzed again after each change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stepgraph.analysis import Analysis
from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.cli.graph import project_criteria
from stepgraph.live.live_project import LiveProject
from stepgraph.project.folder_searches import FolderSearches
from stepgraph.project.sources import Sources, find_sources
from stepgraph.source_analysis import apply_settings, import_pipeline


def open_live_project(
    paths: Callable[[], Sequence[str]],
    environment: str | None = None,
    searches: FolderSearches | None = None,
    *,
    needs_configuration: bool = False,
) -> LiveProject:
    """Return a project before its first analysis.

    `paths` returns the files and directories to analyze. They, the settings and the baseline are read for each
    analysis. `environment` is that of the configurations, and `searches` may remember the files in directories. With
    `needs_configuration`, it is an error that no configuration defines the environment.
    """

    def find() -> Sources:
        return find_sources(
            paths(), environment, import_pipeline, needs_configuration=needs_configuration, searches=searches
        )

    def filter_findings(analysis: Analysis, findings: Sequence[Finding]) -> tuple[FilteredFindings, Sequence[str]]:
        settings, baseline = (criteria := project_criteria(paths())).settings, criteria.baseline
        files = () if settings.baseline is None else (settings.baseline,)
        return apply_settings(analysis, findings, settings, baseline), files

    return LiveProject(find, filter_findings)
