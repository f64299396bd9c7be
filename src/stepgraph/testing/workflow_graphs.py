"""Graphs of the workflows of a project, each analysed once for as long as its sources stay as they are."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stepgraph.model.note import InputError
from stepgraph.phrases.near_names import quoted
from stepgraph.testing.errors import AmbiguousWorkflowError, IncompleteGraphWarning, WorkflowNotFoundError
from stepgraph.testing.names_instead import names_instead
from stepgraph.testing.shown_path import shown_path
from stepgraph.testing.workflow_graph import WorkflowGraph

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis, WorkflowAnalysis


@dataclass(slots=True)
class WorkflowGraphs:
    """What gives a test the graphs of a project's workflows. Paths are seen from its folder, the `root`."""

    root: Path
    _analyses: dict[Path, Analysis] = field(default_factory=dict, repr=False)

    def __call__(self, source: str | os.PathLike[str] | type, name: str | None = None) -> WorkflowGraph:
        """Return the graph of one workflow.

        It is given by a file or a folder and its name, or that of its class: `("src/entry.py", "OrderWorkflow")`, the
        name alone being enough for what `stepgraph list` lists: `("orders")`, and the file for one that is alone in
        it; or by its class: `(OrderWorkflow)`. Nothing is imported or executed.

        Raises WorkflowNotFoundError, AmbiguousWorkflowError, NoGraphError where no step can run, and InputError for
        what cannot be read or is no valid Python. Warns with IncompleteGraphWarning if the graph may lack steps.
        """
        __tracebackhide__ = True
        if isinstance(source, type):
            return _graph_of(self._workflow(_file_of(source), source.__name__))
        path = self.root / source
        if name is None and not path.exists() and path.suffix != ".py":
            return _graph_of(self._workflow(self.root, os.fspath(source)))
        return _graph_of(self._workflow(path, name))

    def analysis(self, path: Path) -> Analysis:
        """Return the analysis of a file or a folder, from before where nothing that it read has changed."""
        known = self._analyses.get(path)
        if known is None or not _is_current(known.read):
            known = self._analyses[path] = _analyse(path)
        return known

    def _workflow(self, path: Path, name: str | None) -> WorkflowAnalysis:
        __tracebackhide__ = True
        try:
            analysis = self.analysis(path)
        except InputError as error:
            # Told from here, where a traceback does not lead through the analysis.
            raise InputError(error.problem) from None
        where = "the project" if path == self.root else shown_path(path)
        found = [each for each in analysis.workflows if name is None or name in (each.name, each.class_name)]
        if not found:
            raise _not_found(where, name, analysis)
        if len(found) > 1:
            names = ", ".join(quoted([f"{each.name} ({each.path})" for each in found]))
            advice = "Give the file or folder of one, and its name or that of its class."
            raise AmbiguousWorkflowError(f"{where} has {len(found)} workflows that may be meant: {names}. {advice}")
        return found[0]


def _graph_of(workflow: WorkflowAnalysis) -> WorkflowGraph:
    __tracebackhide__ = True
    graph = WorkflowGraph.of(workflow)
    warn_if_incomplete(graph)
    return graph


def warn_if_incomplete(graph: WorkflowGraph) -> None:
    """Warn of a graph that may lack steps, with the notes that say why."""
    if not graph.complete:
        reasons = "\n".join(str(note) for note in graph.notes if note.incomplete)
        message = f"the graph of {graph.class_name} is incomplete, and may lack steps:\n{reasons}"
        warnings.warn(IncompleteGraphWarning(message), stacklevel=4)


def _analyse(path: Path) -> Analysis:
    from stepgraph.api import analyze_file, analyze_paths

    shown = shown_path(path)
    return analyze_paths([shown]) if path.is_dir() else analyze_file(shown)


def _is_current(read: Mapping[str, bytes]) -> bool:
    return all(_content(path) == content for path, content in read.items())


def _content(path: str) -> bytes | None:
    from stepgraph.project.reading import read_inside
    from stepgraph.project.root import folder_root

    try:
        # What was read before was inside of its root then, and nothing else is compared here.
        return read_inside(path, folder_root(path))
    except InputError:
        return None


def _file_of(workflow: type) -> Path:
    __tracebackhide__ = True
    module = sys.modules.get(workflow.__module__)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        raise WorkflowNotFoundError(f"the class `{workflow.__qualname__}` comes from no file.")
    return Path(file)


def _not_found(where: str, name: str | None, analysis: Analysis) -> Exception:
    """Return what to raise where no workflow is meant: why files could not be read, before anything else."""
    if analysis.problems:
        return InputError(analysis.problems[0])
    if name is None:
        return WorkflowNotFoundError(f"{where} has no workflow.")
    names = (known for each in analysis.workflows for known in (each.class_name, each.name))
    advice = names_instead(name, names, "It has none.")
    return WorkflowNotFoundError(f"{where} has no workflow `{name}`. {advice}")
