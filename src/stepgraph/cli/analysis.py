"""What every command does first: analyse, say what failed, and stop where nothing is left."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stepgraph.analysis import Analysis
from stepgraph.cli.caching import Cache
from stepgraph.cli.console import tell
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.options.inputs import Environment
from stepgraph.project.sources import STANDARD_INPUT, Sources, find_sources

_NAMES = {".": "the current folder", STANDARD_INPUT: "standard input"}
_MOST_NAMED = 5

_WHAT_A_WORKFLOW_IS = (
    "A workflow is a class with a method `run` and `WorkflowEntrypoint` of the module `workers` among its bases."
)


def found_sources(paths: Sequence[str], environment: Environment, cache: Cache) -> Sources:
    """Return the modules that `paths` name, with what the cache needs imported meanwhile."""
    on_find = cache.make_ready(paths, environment.name)
    return find_sources(paths, environment.name, on_find, needs_configuration=environment.is_option)


def analysed(sources: Sources, paths: Sequence[str], cache: Cache, *, places: bool = False) -> Analysis:
    """Return the analysis of the sources, which were found by these paths. Its problems have been told.

    With `places`, it knows where the nodes of graphs are from.
    """
    analysis = cache.analysed_with_places(sources) if places else cache.analysed(sources, paths)
    for problem in (*analysis.problems, *analysis.hints):
        tell(str(problem))
    return analysis


def demand_workflows(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> None:
    """Raise CommandError if there is no workflow in the sources, which `paths` named."""
    if analysis.workflows:
        return
    if analysis.problems:
        raise CommandError(ExitCode.ERROR)
    raise nothing_found(analysis, sources, paths)


def nothing_found(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> CommandError:
    """Return the end of a command that found no workflow in the sources, which `paths` named."""
    if analysis.external or analysis.hints:
        return CommandError(ExitCode.NOTHING, f"no workflow of this project in {_searched(sources, paths)}.")
    return CommandError(ExitCode.NOTHING, f"no workflow found in {_searched(sources, paths)}. {_WHAT_A_WORKFLOW_IS}")


def _searched(sources: Sources, paths: Sequence[str]) -> str:
    named = [_NAMES.get(path, path) for path in paths]
    where = ", ".join(named) if len(named) <= _MOST_NAMED else f"{len(named)} paths"
    if len(sources.searched) == len(paths) and not any(os.path.isdir(path) for path in paths):
        return where
    files = len(sources.searched)
    return f"{where} ({files} Python {'file' if files == 1 else 'files'} searched)"
