"""The public functions of the library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.checks.subject import ProjectSubject
from stepgraph.limits import LOG_BYTES, SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text, encode_text
from stepgraph.project.reading import read_named, shown_path
from stepgraph.project.sources import Source, Sources, find_sources
from stepgraph.source_analysis import analyze_sources, analyze_strictly, import_pipeline

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.execution.instance import Instance
    from stepgraph.execution.log import InstanceLog
    from stepgraph.model.payload import Graph
    from stepgraph.model.saved import SavedGraph

Json: TypeAlias = Mapping[str, object] | str | bytes | os.PathLike[str]
"""A JSON object, JSON text, or the path of a file with JSON."""


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
    of the result. Raises InternalError, with the path of the module, if a bug in this package stops the analysis.
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


def instance(log: Json, graph: WorkflowAnalysis | Json) -> Instance:
    """Return the progress of an instance on the graph of its workflow.

    `log` is the response of the Workflows API for the instance, and `graph` an analyzed workflow, a version graph
    response, or its field `graph`. Both can be data, JSON text, or the path of a JSON file as an object of `pathlib`.
    Raises InputError for other data, and for a workflow without a graph. A log that does not fit is not an error.
    """
    from stepgraph.execution.instance import instance_of

    read = load_log(log)
    if isinstance(graph, WorkflowAnalysis):
        return instance_of(read, _require_graph(graph.graph, graph.path), graph.name, graph.comparable_details)
    return instance_of(read, _read_graph(graph))


def load_log(log: Json) -> InstanceLog:
    """Return the log of an instance in data, JSON text, or a file. Raises InputError like `instance`."""
    from stepgraph.execution.log import read_instance_log, read_log

    if isinstance(log, os.PathLike):
        return read_instance_log(read_named(log, LOG_BYTES), shown_path(log))
    _reject_path(log)
    return read_instance_log(log) if isinstance(log, str | bytes) else read_log(log)


def _read_graph(graph: Json) -> Graph:
    path = shown_path(graph) if isinstance(graph, os.PathLike) else "<graph>"
    saved = _saved_graphs(graph, path)
    if len(saved) != 1:
        raise InputError(Problem(path, f"has {len(saved)} graphs instead of one.", "Pass the graph of the instance."))
    return _require_graph(saved[0].graph, path)


def _saved_graphs(graph: Json, path: str) -> tuple[SavedGraph, ...]:
    from stepgraph.model.saved import read_saved_graphs, saved_graphs_in

    if isinstance(graph, os.PathLike):
        return read_saved_graphs(read_named(graph, SAVED_BYTES), path)
    _reject_path(graph)
    return read_saved_graphs(graph, path) if isinstance(graph, str | bytes) else saved_graphs_in(graph, path)


def _reject_path(text: object) -> None:
    """Raise InputError for a path in a string, which would be read as JSON."""
    if isinstance(text, str) and text.endswith(".json"):
        raise InputError(Problem(text, "a path, not JSON text.", "Pass a path as `pathlib.Path`."))


def _require_graph(graph: Graph | None, path: str) -> Graph:
    if graph is None:
        raise InputError(Problem(path, "the workflow has no graph.", "An instance of it cannot run a step."))
    return graph
