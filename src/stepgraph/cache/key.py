"""What an analysis is known by: all that goes into it when it begins."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Final

from stepgraph.cache.installation import installation_digest
from stepgraph.project.sources import Source, Sources
from stepgraph.version import __version__

_FORM: Final = 2
"""Counts how entries have changed: none is read that was written otherwise."""


def digest(content: bytes) -> str:
    """Return what stands for a content."""
    return sha256(content).hexdigest()


def key_of(sources: Sources) -> str | None:
    """Return what is the same for the same sources and the same installation only; None if either cannot be told.

    Sources are the same with their paths, contents, configurations and settings.
    """
    installation = installation_digest()
    if installation is None:
        return None
    problems = [[str(problem), problem.kind] for problem in (*sources.problems, *sources.hints)]
    configurations = [[one.path, digest(one.content)] for one in sources.configurations]
    version = [_FORM, __version__, installation]
    modules = [_described(module) for module in sources.modules]
    parts = [version, sources.environment, problems, configurations, modules]
    return digest(json.dumps(parts).encode())


def _described(module: Source) -> list[object]:
    project, workflows = module.project, module.workflows
    configuration = None if project.configuration is None else project.configuration.path
    named = None if workflows is None else [[one.name, one.class_name] for one in workflows]
    mode = None if project.mode is None else project.mode.value
    folders = [project.files.root, list(project.files.folders)]
    return [module.path, digest(module.content), module.on_disk, named, configuration, mode, folders]
