"""The URIs of files. Editors differ in the characters that they encode, so files are identified by their paths."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

_IS_WINDOWS: Final = os.name == "nt"
_LOCAL_HOSTS: Final = frozenset({"", "localhost"})


def path_of(uri: str) -> str | None:
    """Return the normalized absolute path of a file, or None if the URI does not name a file on this machine."""
    try:
        parts = urlsplit(uri)
        path = os.fsdecode(unquote_to_bytes(parts.path))
    except ValueError:  # a lone surrogate, which JSON can express, has no bytes
        return None
    if parts.scheme != "file" or not path.startswith("/") or "\0" in path:
        return None
    if _IS_WINDOWS:
        return os.path.normpath(_windows_path(parts.netloc, path))
    # Two slashes at the start have a meaning of their own in POSIX, so `normpath` keeps them.
    return os.path.normpath("/" + path.lstrip("/")) if parts.netloc in _LOCAL_HOSTS else None


def uri_of(path: str) -> str:
    """Return the URI of a file with an absolute path."""
    if _IS_WINDOWS:
        path = path.replace("\\", "/")
        if path.startswith("//"):
            return "file:" + quote_from_bytes(os.fsencode(path), safe="/$")
        path = "/" + path
    return "file://" + quote_from_bytes(os.fsencode(path), safe="/")


def _windows_path(host: str, path: str) -> str:
    """Return a path with a drive letter, which editors write in both cases, or the path of a file on a host."""
    if host not in _LOCAL_HOSTS:
        return f"//{host}{path}"
    return path[1].lower() + path[2:] if path[2:3] == ":" else path
