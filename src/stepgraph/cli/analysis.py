"""Finding and analyzing the inputs of a command, with messages about problems."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stepgraph.analysis import Analysis
from stepgraph.cli.caching import Cache
from stepgraph.cli.console import write_message
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.options.inputs import Environment
from stepgraph.project.sources import STANDARD_INPUT, Sources, find_sources

_NAMES = {".": "the current folder", STANDARD_INPUT: "standard input"}
_MAX_NAMES = 5

_WORKFLOW_DEFINITION = (
    "A workflow is a class with a method `run` and `WorkflowEntrypoint` of the module `workers` among its bases."
)


def load_sources(paths: Sequence[str], environment: Environment, cache: Cache) -> Sources:
    """Return the modules that `paths` select. Modules of the cache are imported during the search."""
    on_find = cache.first_module_callback(paths, environment.name)
    return find_sources(paths, environment.name, on_find, needs_configuration=environment.is_option)


def analyze_inputs(sources: Sources, paths: Sequence[str], cache: Cache, *, with_locations: bool = False) -> Analysis:
    """Return the analysis of sources, after writing its problems to standard error.

    With `with_locations`, nodes of graphs have source locations, and the cache is not used.
    """
    analysis = cache.analyze_with_locations(sources) if with_locations else cache.analyze(sources, paths)
    for problem in (*analysis.problems, *analysis.hints):
        write_message(str(problem))
    return analysis


def require_workflows(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> None:
    """Raise CommandError for an analysis without workflows."""
    if analysis.workflows:
        return
    if analysis.problems:
        raise CommandError(ExitCode.ERROR)
    raise no_workflow_error(analysis, sources, paths)


def no_workflow_error(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> CommandError:
    """Return the error of a command without workflows to process."""
    if analysis.external or analysis.hints:
        return CommandError(ExitCode.NOTHING, f"no workflow of this project in {_searched_paths(sources, paths)}.")
    return CommandError(
        ExitCode.NOTHING, f"no workflow found in {_searched_paths(sources, paths)}. {_WORKFLOW_DEFINITION}"
    )


def _searched_paths(sources: Sources, paths: Sequence[str]) -> str:
    names = [_NAMES.get(path, path) for path in paths]
    paths_text = ", ".join(names) if len(names) <= _MAX_NAMES else f"{len(names)} paths"
    if len(sources.searched) == len(paths) and not any(os.path.isdir(path) for path in paths):
        return paths_text
    files = len(sources.searched)
    return f"{paths_text} ({files} Python {'file' if files == 1 else 'files'} searched)"
