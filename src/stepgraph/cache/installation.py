"""The digest of the installed code that analyzes: of this package and of LibCST.

Versions do not suffice: all commits between two releases share one. Sizes and modification times of the modules take
about a millisecond to collect, their contents would take twenty.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

PRESENTATION: Final = frozenset({"cli", "diff", "pytest_plugin", "render", "report", "testing"})
"""Packages that work on a finished analysis, so that a change of them makes no cache entry stale."""

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SKIPPED: Final = PRESENTATION | {"__pycache__"}
_MODULES: Final = (".py", ".so", ".pyd")


def installation_digest() -> str | None:
    """Return the digest of this installation, None if it is not in plain files, as in a zip archive."""
    libcst = _libcst_folder()
    if libcst is None:
        return None
    try:
        facts = sorted([*_module_facts(_PACKAGE, _SKIPPED), *_module_facts(libcst, None)])
    except OSError:
        return None
    return sha256(f"{sys.version} {facts}".encode(errors="surrogateescape")).hexdigest()


def _libcst_folder() -> str | None:
    """Return the directory of LibCST, which is not imported for this: that takes longer than a cached run."""
    # Imported here, as it is loaded by then in every run of the command.
    from importlib.util import find_spec

    spec = find_spec("libcst")
    return None if spec is None or spec.origin is None else os.path.dirname(spec.origin)


def _module_facts(folder: str, skipped: frozenset[str] | None) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and modification time of each module, of subdirectories too unless `skipped` is None."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in listing:
                name = entry.name
                if name.endswith(_MODULES):
                    status = entry.stat()
                    yield entry.path, status.st_size, status.st_mtime_ns
                elif skipped is not None and "." not in name and name not in skipped:
                    pending.append(entry.path)
