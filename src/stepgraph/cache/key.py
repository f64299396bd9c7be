"""Keys of cache entries: digests of the sources, and of the installed code that analyzes them.

The versions of stepgraph and LibCST do not suffice for the code: all commits between two releases share one. Sizes and
modification times of the modules take about a millisecond to collect, their contents would take twenty.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from stepgraph.project.sources import Source, Sources
from stepgraph.version import __version__

_FORMAT_VERSION: Final = 2
"""The version of the format of entries."""

PRESENTATION: Final = frozenset({"cli", "diff", "pytest_plugin", "render", "report", "testing"})
"""Packages that work on a finished analysis, so that a change of them makes no cache entry stale."""

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SKIPPED: Final = PRESENTATION | {"__pycache__"}
_MODULES: Final = (".py", ".so", ".pyd")


def digest(content: bytes) -> str:
    """Return the SHA-256 digest of a content, in hexadecimal."""
    return sha256(content).hexdigest()


def key_of(sources: Sources) -> str | None:
    """Return the key for sources: their paths, contents, configurations and settings, and the installed code.

    Returns None if the installation cannot be hashed.
    """
    installation = installation_digest()
    if installation is None:
        return None
    problems = [[str(problem), problem.kind] for problem in (*sources.problems, *sources.hints)]
    configurations = [[configuration.path, digest(configuration.content)] for configuration in sources.configurations]
    version = [_FORMAT_VERSION, __version__, installation]
    modules = [_module_data(module) for module in sources.modules]
    parts = [version, sources.environment, problems, configurations, modules]
    return digest(json.dumps(parts).encode())


def _module_data(module: Source) -> list[object]:
    project, workflows = module.project, module.workflows
    configuration = None if project.configuration is None else project.configuration.path
    names = None if workflows is None else [[workflow.name, workflow.class_name] for workflow in workflows]
    mode = None if project.mode is None else project.mode.value
    folders = [project.files.root, list(project.files.folders)]
    return [module.path, digest(module.content), module.on_disk, names, configuration, mode, folders]


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
    """Yield path, size and modification time of each module. Searches subdirectories, except if `skipped` is None."""
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
