"""The pipeline: source in, version graphs and notes out."""

from __future__ import annotations

from collections.abc import Iterable

from stepgraph.analysis import Analysis, WorkflowAnalysis
from stepgraph.internal_error import InternalError
from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text, encode_text
from stepgraph.project.reading import StrPath, read_source, shown_path
from stepgraph.project.sources import Sources, find_sources


def analyze_source(source: str | bytes, path: str = "<string>") -> Analysis:
    """Return the workflows of a module, given as text or as the bytes of its file.

    `path` is where it stands or will stand, for places in notes and for dates. Raises InputError, with line and column,
    for what is not valid Python.
    """
    content = encode_text(source, path) if isinstance(source, str) else source
    check_text(content, path)
    return Analysis(_analyze_module(content, path), ())


def analyze_file(path: StrPath) -> Analysis:
    """Return the workflows of the Python file at `path`. Raises InputError if it cannot be read or is not Python."""
    return Analysis(_analyze_module(read_source(path), shown_path(path)), ())


def analyze_paths(paths: Iterable[StrPath]) -> Analysis:
    """Return the workflows of files, and of the Python files below folders; `-` is standard input.

    What cannot be read is among the problems of the result, and the rest is analysed. Raises InternalError, which names
    the file, where the analysis itself fails.
    """
    return analyze_sources(find_sources(paths))


def analyze_sources(sources: Sources) -> Analysis:
    """Return the workflows of modules that were found before. Problems of finding come first. Raises InternalError."""
    workflows: list[WorkflowAnalysis] = []
    problems: list[Problem] = list(sources.problems)
    for module in sources.modules:
        try:
            workflows.extend(_analyze_module(module.content, module.path))
        except InputError as error:
            problems.append(error.problem)
        except Exception as error:
            raise InternalError(module.path) from error
    return Analysis(tuple(workflows), tuple(problems))


def _analyze_module(source: bytes, path: str) -> tuple[WorkflowAnalysis, ...]:
    """Return the workflows of one module, in source order. Raises InputError for what is not valid Python."""
    # Imported here: LibCST costs more than all the rest, and a tree without workflows never needs it.
    from stepgraph.pipeline import analyze_module

    return analyze_module(source, path)
