"""The files of a report: their lines, and their places in the repository."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from stepgraph.analysis import Analysis
from stepgraph.model.note import InputError
from stepgraph.project.encoding import source_lines
from stepgraph.project.folders import path_from, repository_root
from stepgraph.project.reading import read_inside
from stepgraph.project.root import Root
from stepgraph.project.sources import STANDARD_INPUT_NAME, Sources
from stepgraph.report.report import SourceFile


def checked_files(paths: Iterable[str], sources: Sources, analysis: Analysis, settings: Root) -> dict[str, SourceFile]:
    """Return the files at these paths, with the lines that were analysed.

    Those of others are read now, if they are inside of the roots of the sources, or of the settings.
    """
    contents = {module.path: module.content for module in sources.modules} | dict(analysis.read)
    roots = (*sources.roots, settings)
    root = repository_root(".") or os.path.realpath(".")
    files: dict[str, SourceFile] = {}
    for path in dict.fromkeys(paths):
        content = contents.get(path)
        lines = source_lines(_read(path, roots) if content is None else content)
        files[path] = SourceFile(lines, _within(root, path))
    return files


def _read(path: str, roots: Iterable[Root]) -> bytes:
    """Return the content of a configuration, say; nothing of what may not or cannot be read: nothing of it is shown."""
    for root in roots:
        with suppress(InputError):
            return read_inside(path, root)
    return b""


def _within(root: str, path: str) -> str | None:
    """Return a path from the root; None if it leads elsewhere, or to no file."""
    if path == STANDARD_INPUT_NAME:
        return None
    place = path_from(root, path)
    return None if place.startswith("../") or os.path.isabs(place) else place
