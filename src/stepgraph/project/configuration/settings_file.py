"""The search for the settings of this package: the table `[tool.stepgraph]` of a `pyproject.toml` file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.document import Fields, MalformedError, explain_malformed
from stepgraph.project.encoding import decode_utf_8
from stepgraph.project.folders import folder_of, is_inside, prefix_of, with_ancestors
from stepgraph.project.reading import StrPath, is_file, read_configuration_bytes, shown_path
from stepgraph.project.root import Root, link_leading_out, root_of

_FILE_NAME: Final = "pyproject.toml"
# A file without this word cannot have the table, and is not parsed.
_TABLE_NAME: Final = b"stepgraph"


def find_settings(paths: Sequence[StrPath]) -> Fields | None:
    """Return the table of the nearest `pyproject.toml` that has the table, or None.

    The search goes from the common directory of all paths up to the root of the repository. Paths without a common
    directory, and standard input, use the settings of the working directory. Raises InputError for an unreadable or
    invalid file that may have the table.
    """
    # Paths through a link that leads out of the repository are not read and therefore have no settings.
    readable_paths = [shown_path(path) for path in paths if link_leading_out(os.fspath(path)) is None]
    for prefix in with_ancestors(_common_folder(readable_paths)):
        path = f"{prefix}{_FILE_NAME}"
        root = root_of(prefix or ".")
        if not root.contains(prefix or "."):
            continue  # a directory in `.git`
        # A link that leads out of the root is reported even if its target is missing.
        exists = is_file(path) or not root.contains(path)
        table = _table(path, root) if exists else None
        if table is not None:
            return table
    return None


def _common_folder(paths: Sequence[str]) -> str:
    folders = [prefix_of(path) if os.path.isdir(path) else folder_of(path) for path in paths] or [""]
    ancestors = with_ancestors(folders[0])
    return next((above for above in ancestors if all(is_inside(folder, above) for folder in folders)), "")


def _table(path: str, root: Root) -> Fields | None:
    content = read_configuration_bytes(path, root)
    # A file in UTF-16 is reported: its characters are those of the table, with null bytes between them.
    if _TABLE_NAME not in content.replace(b"\0", b""):
        return None
    # Imported here for a fast start, because most files have no such table.
    from stepgraph.project.configuration.toml import TomlDocument

    text = decode_utf_8(content, path)
    try:
        document = TomlDocument(text)
    except MalformedError as error:
        message, advice, position = explain_malformed(text, error)
        raise InputError(Problem(path, message, advice, *position)) from None
    tool = Fields(path, document, [], document.data).nested("tool")
    if tool is None or "stepgraph" not in tool.values:
        return None
    settings = tool.nested("stepgraph")
    if settings is None:
        raise InputError(tool.problems[-1])
    return settings
