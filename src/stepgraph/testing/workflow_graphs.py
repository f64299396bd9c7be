"""Graphs of the workflows of a project, cached until their sources change."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stepgraph.analysis import DetailLevel, with_located_nodes, with_texts_of
from stepgraph.escaping.plain_text import brief_line
from stepgraph.model.note import InputError
from stepgraph.phrases import quoted, suggest_names, workflow_title
from stepgraph.testing.errors import (
    AmbiguousWorkflowError,
    IncompleteGraphWarning,
    WorkflowNotFoundError,
    shown_path,
)
from stepgraph.testing.workflow_graph import WorkflowGraph

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis, WorkflowAnalysis
    from stepgraph.project.sources import Sources
    from stepgraph.source_analysis import CheckResult
    from stepgraph.syntax.parsed_modules import ParsedModules


class WorkflowGraphs:
    """A factory for the graphs of a project's workflows, by default of the project in the working directory.

    Paths are relative to the `root` of the project.
    """

    root: Path
    """The absolute path of the directory of the project."""

    def __init__(self, root: str | os.PathLike[str] = ".") -> None:
        self.root = Path(root).absolute()
        self._analyses: dict[Path, Analysis] = {}
        """The analyses of `analyze`, by path."""
        self._graphs: dict[tuple[Path, DetailLevel], Analysis] = {}
        """Analyses without locations, by path. They need no syntax trees, on which garbage collection takes long."""
        self._parsed: ParsedModules | None = None

    def __repr__(self) -> str:
        return f"<WorkflowGraphs of {brief_line(str(self.root))}>"

    def __call__(self, source: str | os.PathLike[str] | type, name: str | None = None) -> WorkflowGraph:
        """Return the graph of one workflow.

        The workflow is identified by a file, directory or configuration and its name or class name, `("src/entry.py",
        "OrderWorkflow")`; by its name alone, `("orders")`, if `stepgraph list` lists it; by the file alone if it has a
        single workflow; or by its class, `(OrderWorkflow)`. The file is neither imported nor executed.

        Raises WorkflowNotFoundError, AmbiguousWorkflowError, NoGraphError for a workflow without a graph, and
        InputError for a file that cannot be read or is not valid Python. Warns with IncompleteGraphWarning if steps may
        be missing.
        """
        __tracebackhide__ = True
        if isinstance(source, type):
            return _graph_of(self._workflow(_file_of(source), source.__name__))
        path = self.root / source
        if name is None and not path.exists() and path.suffix != ".py":
            return _graph_of(self._workflow(self.root, os.fspath(source)))
        return _graph_of(self._workflow(path, name))

    def analyze(self, path: str | os.PathLike[str] = ".") -> Analysis:
        """Analyze a file, a directory or a wrangler configuration, by default the project.

        The result is cached until a file it read changes. Raises InputError if the file cannot be read or is not valid
        Python. For a directory or a configuration, such files are among the problems of the result.
        """
        absolute = self.root / path
        analysis = self._analyses.get(absolute)
        if analysis is None or not _is_current(analysis.read):
            analysis = self._analyses[absolute] = _analyze(absolute)
        return analysis

    def release(self) -> None:
        """Remove the syntax trees from memory that speed up further analyses."""
        self._parsed = None
        self._analyses.clear()

    def _workflow(self, path: Path, name: str | None) -> WorkflowAnalysis:
        __tracebackhide__ = True
        try:
            analysis = self._graphs_at(path, DetailLevel.DRAWING)
        except InputError as error:
            # Raised again to keep the frames of the analysis out of the traceback.
            problem = error.problem
            if not path.exists():
                problem = replace(problem, advice=f"Paths are relative to {self.root}.")
            raise InputError(problem) from None
        where = "the project" if path == self.root else shown_path(path)
        matches = [each for each in analysis.workflows if name is None or name in (each.name, each.class_name)]
        if not matches:
            raise _not_found(where, name, analysis)
        if len(matches) > 1:
            names = ", ".join(quoted([f"{each.name} ({each.path})" for each in matches]))
            advice = "Pass a file or directory, and the name or class name of the workflow."
            raise AmbiguousWorkflowError(f"{where} has {len(matches)} matching workflows: {names}. {advice}")
        return self._with_locations(self._with_texts(matches[0], path), path)

    def _graphs_at(self, path: Path, details: DetailLevel) -> Analysis:
        """Return an analysis without locations, from the cache if possible. Raises InputError like `analyze`."""
        analysis = self._graphs.get((path, details))
        if analysis is None or not _is_current(analysis.read):
            analysis = self._graphs[path, details] = self._load_graphs(path, details)
        return analysis

    def _load_graphs(self, path: Path, details: DetailLevel) -> Analysis:
        from stepgraph.cache.private_files import is_cache_off
        from stepgraph.cache.results import load_or_run, safe_store
        from stepgraph.cache.store import user_store
        from stepgraph.project.sources import Sources

        paths = [shown_path(path)]
        sources = Sources()
        if _is_module(path):
            sources.add_file(paths[0])
        else:
            sources.find(paths[0])
        store = None if is_cache_off() else safe_store(user_store(), paths)
        if store is None:
            return self._run(sources, details).analysis
        analysis = load_or_run(store, sources, paths, lambda: self._run(sources, details), details).analysis
        problem = next((problem for problem in analysis.problems if problem.path == paths[0]), None)
        if problem is not None and not path.is_dir():
            raise InputError(problem)
        return analysis

    def _run(self, sources: Sources, details: DetailLevel) -> CheckResult:
        from stepgraph.source_analysis import CheckResult, analyze_graphs
        from stepgraph.syntax.parsed_modules import ParsedModules

        if self._parsed is None:
            self._parsed = ParsedModules(records_reads=False)
        return CheckResult(analyze_graphs(sources, parsed=self._parsed, details=details))

    def _with_texts(self, workflow: WorkflowAnalysis, path: Path) -> WorkflowAnalysis:
        """Return a workflow with the texts that logs need, which take longer than the analysis."""

        def compared() -> WorkflowAnalysis | None:
            workflows = self._graphs_at(path, DetailLevel.COMPARISON).workflows
            return next((each for each in workflows if each == workflow), None)

        return with_texts_of(workflow, compared)

    def _with_locations(self, workflow: WorkflowAnalysis, path: Path) -> WorkflowAnalysis:
        """Return a workflow whose nodes are located in an analysis of its own, on the first request."""

        def located() -> WorkflowAnalysis:
            same = (each for each in self.analyze(path).workflows if each == workflow)
            return next(same, workflow)

        return with_located_nodes(workflow, located)


def _graph_of(workflow: WorkflowAnalysis) -> WorkflowGraph:
    __tracebackhide__ = True
    graph = WorkflowGraph.of(workflow)
    warn_if_incomplete(graph)
    return graph


def warn_if_incomplete(graph: WorkflowGraph) -> None:
    """Warn if a graph is incomplete, with the notes that state the reasons."""
    if not graph.complete:
        reasons = "\n".join(str(note) for note in graph.notes if note.incomplete)
        message = f"the graph of {graph.class_name} is incomplete, and may lack steps:\n{reasons}"
        warnings.warn(IncompleteGraphWarning(message), stacklevel=4)


def _analyze(path: Path) -> Analysis:
    from stepgraph.api import analyze_file, analyze_paths

    shown = shown_path(path)
    return analyze_file(shown) if _is_module(path) else analyze_paths([shown])


def _is_module(path: Path) -> bool:
    """Return whether a path is neither a directory nor a configuration, which select workflows of several files."""
    from stepgraph.project.root import is_configuration_name

    return not (path.is_dir() or is_configuration_name(path.name))


def _is_current(read: Mapping[str, bytes]) -> bool:
    from stepgraph.project.reading import read_inside_any
    from stepgraph.project.root import folder_root

    # The analysis has checked that each file is inside its root.
    return all(read_inside_any(path, [folder_root(path)]) == content for path, content in read.items())


def _file_of(workflow: type) -> Path:
    __tracebackhide__ = True
    module = sys.modules.get(workflow.__module__)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        raise WorkflowNotFoundError(f"the class `{workflow.__qualname__}` is not defined in a file.")
    return Path(file).absolute()


def _not_found(where: str, name: str | None, analysis: Analysis) -> Exception:
    """Return the error for a missing workflow: the first problem of the analysis, or WorkflowNotFoundError."""
    if analysis.problems:
        return InputError(analysis.problems[0])
    if name is None or not analysis.workflows:
        return WorkflowNotFoundError(f"{where} has no workflow. `stepgraph list` shows the probable reason.")
    names = [label for each in analysis.workflows for label in (each.name, each.class_name)]
    titles = [workflow_title(each.name, each.class_name) for each in analysis.workflows]
    advice = suggest_names(name, names, titles=titles)
    return WorkflowNotFoundError(f"{where} has no workflow `{name}`. {advice}")
