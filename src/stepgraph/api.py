"""The public functions of the library."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from stepgraph.analysis import Analysis
from stepgraph.checks.subject import ProjectSubject
from stepgraph.project.encoding import check_text, encode_text
from stepgraph.project.reading import shown_path
from stepgraph.project.sources import Source, Sources, find_sources
from stepgraph.source_analysis import analyze_sources, analyze_strictly, import_pipeline

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding


def analyze_source(source: str | bytes, path: str | os.PathLike[str] = "<string>") -> Analysis:
    """Analyze the source text of a module, or the bytes of its file.

    Notes name the module `path`. If this file exists, versions have its dates by default. Imports are not followed.
    Raises InputError, with line and column, for invalid Python.
    """
    name = shown_path(path)
    content = encode_text(source, name) if isinstance(source, str) else source
    check_text(content, name)
    return analyze_strictly(Sources(modules=[Source(name, content)]))


def analyze_file(path: str | os.PathLike[str], *, environment: str | None = None) -> Analysis:
    """Analyze the Python file at `path`, following its imports within its project.

    The names of the workflows come from the nearest configuration, with the settings of `environment` if it is set.
    Raises InputError if the file cannot be read or is invalid Python.
    """
    sources = Sources(environment)
    sources.add_file(path)
    sources.require_environment()
    return analyze_strictly(sources)


def analyze_paths(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, environment: str | None = None
) -> Analysis:
    """Analyze files and projects. The path `-` is standard input.

    `paths` is one path or several. A directory selects the workflows that the configurations in it name for
    `environment` or, if they name none, all workflow classes in it. Unreadable and invalid files are among the problems
    of the result. Raises InternalError, with the path of the module, if a defect of this package stops the analysis.
    """
    # Iterating over a string would yield its characters.
    several = (paths,) if isinstance(paths, (str, os.PathLike)) else paths
    return analyze_sources(find_sources(several, environment, import_pipeline))


def check_analysis(analysis: Analysis) -> tuple[Finding, ...]:
    """Return the findings of all rules: first in the configurations, then in each workflow in source order.

    Equal findings are returned only once. Settings and suppression comments are ignored.
    """
    # Imported here because only checks need the rules.
    from stepgraph.checks.run import check
    from stepgraph.large_stack import run_with_large_stack

    subjects = [workflow.subject for workflow in analysis.workflows if workflow.subject is not None]
    project = analysis.project or ProjectSubject(problems=analysis.problems)
    # Rules recurse as deeply as programs are nested.
    return run_with_large_stack(lambda: check(project, subjects))
