"""Reading baseline files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from stepgraph.checks.baseline import VERSION, Baseline, BaselineEntry
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.document import MalformedError
from stepgraph.project.configuration.fields import Fields
from stepgraph.project.configuration.jsonc import JsoncDocument
from stepgraph.project.encoding import decode_utf_8
from stepgraph.project.folders import folder_of, path_in
from stepgraph.project.reading import check_named, read_configuration_bytes
from stepgraph.project.root import Root, folder_root, root_of

_REWRITE_ADVICE = "Mend it, or remove it and write it anew with --update-baseline."


def read_baseline(path: str, root: Root | None = None) -> Baseline:
    """Read a baseline file inside a root or, without a root, a file that the user named.

    Raises InputError, with line and column, for a file that is not a baseline.
    """
    if root is None:
        check_named(path)
    bounds = folder_root(path) if root is None else root
    if bounds.contains(path) and not os.path.lexists(path):
        raise InputError(Problem(path, "no such file, where a baseline is meant.", "Write it with --update-baseline."))
    text = decode_utf_8(read_configuration_bytes(path, bounds, SAVED_BYTES), path)
    try:
        document = JsoncDocument(text)
    except MalformedError as error:
        message = f"no baseline: not valid JSON: {error.message}."
        raise InputError(Problem(path, message, _REWRITE_ADVICE, *error.position)) from None
    fields = Fields(path, document, [], document.data)
    version = fields.number("version")
    if version is not None and version > VERSION:
        message = f"a baseline of version {version}, and this stepgraph knows version {VERSION}."
        raise InputError(Problem(path, message, "Upgrade it.", *fields.position(("version",))))
    if version is None or "findings" not in fields.values:
        fields.report((), "no baseline: it has no `version` and `findings`.")
    entries = [_entry(each) for each in fields.nested_list("findings")]
    if fields.problems:
        problem = fields.problems[0]
        raise InputError(Problem(path, problem.message, _REWRITE_ADVICE, problem.line, problem.column))
    folder = folder_of(path)
    return Baseline(folder, tuple(entries), frozenset(_gone(entries, folder, root or root_of(path))))


def _gone(entries: Iterable[BaselineEntry], folder: str, bounds: Root) -> Iterator[str]:
    """Yield the paths of entries whose file is missing. Paths outside of the bounds are skipped."""
    for path in dict.fromkeys(entry.path for entry in entries):
        file = path_in(folder, path)
        if "\0" not in file and bounds.contains(file) and not os.path.lexists(file):
            yield path


def _entry(fields: Fields) -> BaselineEntry:
    fingerprint, code, path = (fields.text(name, required=True) or "" for name in ("fingerprint", "code", "path"))
    return BaselineEntry(fingerprint, code, path, fields.text("message") or "")
