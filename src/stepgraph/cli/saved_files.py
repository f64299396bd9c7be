"""The saved graphs that `stepgraph render` is given."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from stepgraph.cli.streams import tell
from stepgraph.cli.subject import Subject, saved_subject
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.reading import read_named, read_standard_input, shown_path
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME


def saved_subjects(paths: Iterable[str]) -> tuple[list[Subject], bool]:
    """Return the workflows in these files, `-` being standard input, and whether any failed, which has been told."""
    subjects: list[Subject] = []
    failed = False
    for path in dict.fromkeys(paths):
        try:
            subjects += saved_in(path)
        except InputError as error:
            tell(str(error.problem))
            failed = True
    return subjects, failed


def saved_in(path: str) -> Iterator[Subject]:
    """Return the workflows in one file, `-` being standard input. Raises InputError where it holds no graph."""
    from stepgraph.model.saved import read_saved_graphs

    name = STANDARD_INPUT_NAME if path == STANDARD_INPUT else shown_path(path)
    content = read_standard_input(name, SAVED_BYTES) if path == STANDARD_INPUT else _content(path, name)
    try:
        graphs = read_saved_graphs(content, name)
    except InputError as error:
        if path.endswith(".py"):
            advice = f"To draw the workflows of a Python file, run `stepgraph graph {name}`."
            raise InputError(Problem(name, "Not JSON, but Python.", advice)) from None
        raise error from None
    return (saved_subject(graph, name) for graph in graphs)


def _content(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise InputError(Problem(name, "a folder, where a saved graph is meant.", "Name the files in it."))
    return read_named(path, SAVED_BYTES)
