"""The probable reason why a command found no workflow.

Modules are searched by regular expressions, so a reason may come from a comment. The search runs only if a command has
nothing else to report.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.model.note import InputError
from stepgraph.project.encoding import shown_encoding, wide_encoding
from stepgraph.project.folders import folder_of, parent_of, prefix_of, with_ancestors
from stepgraph.project.project import configuration_in
from stepgraph.project.reading import shown_path
from stepgraph.project.root import root_of
from stepgraph.project.sources import STANDARD_INPUT, Source, Sources

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration
    from stepgraph.project.module_files import ModuleFiles

_BASE: Final = "WorkflowEntrypoint"
_CORRECT_BASES: Final = (f"workers.{_BASE}", f"workers.entrypoints.{_BASE}")
_WRITE_IMPORT: Final = f"Write `from workers import {_BASE}`."
_CLASS: Final = re.compile(r"^class\s++(\w++)\s*+(?:\(([^()]{0,500}+)\))?+\s*+:", re.MULTILINE)
_IMPORT: Final = re.compile(r"^[ \t]*+from[ \t]++([\w.]++)[ \t]++import[ \t]++(\([^()]*+\)|[^\n(]++)", re.MULTILINE)
_IMPORTED_NAME: Final = re.compile(r"(\w++|\*)(?:\s++as\s++(\w++))?+")
_BASE_CLASS: Final = re.compile(r"\s*+([\w.]++)\s*+(?:\[[^\]]*+\]\s*+)?+")
# The next statement at the top level ends the body of a class.
_BODY_END: Final = re.compile(r"^[^\s#)]", re.MULTILINE)
_RUN: Final = re.compile(r"^[ \t]++(?:async[ \t]++)?+def\s++run\b", re.MULTILINE)
_RUN_WITH_STEP: Final = re.compile(
    r"^[ \t]++(?:async[ \t]++)?+def\s++run\s*+\(\s*+self\b[^(),]*+,[^(),]*+,\s*+step\b", re.MULTILINE
)
# A step that a class declares in its body, or in a method.
_DECLARATION: Final = re.compile(r"^[ \t]++@step\.do\b", re.MULTILINE)
_WORKFLOW_WORDS: Final = (b"run", b"@step.do")


class ClassText(Struct, frozen=True):
    """A class statement at the top level of a module."""

    place: str
    """The path and line."""
    name: str
    bases: tuple[str, ...]
    """The dotted names of the base classes, as imported."""
    body: str

    @property
    def label(self) -> str:
        """The name and location in a sentence."""
        return f"`{self.name}` ({self.place})"


def near_miss(sources: Sources) -> str | None:
    """Return one or two sentences about a class that only looks like a workflow, or None."""
    reasons = (_first_reason(module, _misused_base) for module in sources.modules)
    return next(filter(None, reasons), None)


def unrecognized_module(sources: Sources) -> str | None:
    """Return one or two sentences about a module whose workflow was not recognized, or None.

    Such a module has a class with `run` or steps whose base class is not in the project, or is encoded as UTF-16 or
    UTF-32.
    """
    undecodable = None
    for module in chain(sources.modules, sources.other_modules()):
        reason = _first_reason(module, _unknown_base) if _has_workflow_words(module) else None
        # Whether git ignores a file is asked last, because this takes longer than reading many files.
        if reason is not None and not sources.ignores(module.path):
            return reason
        wide = None if undecodable else wide_encoding(module.content)
        if wide and _BASE in module.content.decode(wide, "replace") and not sources.ignores(module.path):
            encoding = shown_encoding(wide)
            undecodable = f"{module.path} is encoded as {encoding}, which Python does not read. Save it as UTF-8."
    return undecodable


def _has_workflow_words(module: Source) -> bool:
    return any(word in module.content for word in _WORKFLOW_WORDS)


def _first_reason(module: Source, reason: Callable[[ClassText, ModuleFiles], str | None]) -> str | None:
    reasons = (reason(each, module.project.files) for each in _classes(module))
    return next(filter(None, reasons), None)


def excluded_workflow(sources: Sources, paths: Sequence[str]) -> str | None:
    """Return two sentences about a module that may have a workflow and that the settings of a directory exclude."""
    # Imported here because most commands search no directory twice.
    from stepgraph.project.file_selection import read_selection
    from stepgraph.project.scan import Words, scan
    from stepgraph.project.search import ignored, search_folder

    for folder in filter(os.path.isdir, paths):
        settings = read_selection(folder)
        if not settings.names:
            continue
        modules = [path for path in search_folder(folder).files if path not in sources.searched]
        words = scan(modules, root_of(folder))
        named = [path for path, word in zip(modules, words, strict=True) if word is Words.BASE_CLASS]
        skipped = ignored(folder, named)
        module = next((path for path in named if path not in skipped), None)
        if module is not None:
            names = " and ".join(f"`{name}`" for name in settings.names)
            verb, noun = ("excludes", "setting") if len(settings.names) == 1 else ("exclude", "settings")
            advice = f"Change the {noun}, or name the file."
            return f"{names} in {settings.path} {verb} {module}, which names `{_BASE}`. {advice}"
    return None


def workflows_above(paths: Sequence[str], environment: str | None, command: str) -> str | None:
    """Return two sentences about a configuration with workflows above the named paths, or None.

    The repository of the path limits the search.
    """
    for path in paths:
        configuration = None if path == STANDARD_INPUT else _configuration_above(shown_path(path), environment)
        if configuration is not None:
            prefix = folder_of(configuration.path)
            folder = prefix.rstrip("/") or prefix or "."
            run = f"Run `stepgraph {command} {shlex.quote(folder)}`."
            return f"The workflows of {configuration.path} are in {configuration.main}. {run}"
    return None


def _configuration_above(path: str, environment: str | None) -> Configuration | None:
    """Return the nearest configuration with Python workflows above a directory, or at or above that of a file."""
    root = root_of(path)
    folder = parent_of(prefix_of(path)) if os.path.isdir(path) else folder_of(path)
    for ancestor in () if folder is None else with_ancestors(folder):
        if not root.contains(ancestor):
            return None
        name = configuration_in(ancestor)
        if name is None:
            continue
        # Imported here for a fast start, because most runs need no configuration.
        from stepgraph.project.configuration.wrangler import read_configuration

        try:
            configuration = read_configuration(name, root, environment)
        except InputError:
            return None
        if configuration.own_workflows and configuration.is_python and os.path.isfile(configuration.main or ""):
            return configuration
    return None


def _misused_base(class_text: ClassText, _: ModuleFiles) -> str | None:
    """Return the reason why a class with the base class `WorkflowEntrypoint` is not a workflow."""
    base = next((base for base in class_text.bases if base.split(".")[-1] == _BASE), None)
    if base is None:
        return None
    if base == _BASE:
        return f"{class_text.label} derives from `{_BASE}`, which is not imported. {_WRITE_IMPORT}"
    if base not in _CORRECT_BASES:
        return f"{class_text.label} derives from `{base}`, which is not the base class of the SDK. {_WRITE_IMPORT}"
    if len(class_text.bases) > 1 or _RUN.search(class_text.body):
        return None
    return f"{class_text.label} has no method `run`, which the engine calls. Add `async def run(self, event, step)`."


def _unknown_base(class_text: ClassText, files: ModuleFiles) -> str | None:
    """Return the reason why a class with `run(self, event, step)`, or with steps, is not a workflow."""
    has_run = _RUN_WITH_STEP.search(class_text.body)
    if not has_run and not _DECLARATION.search(class_text.body):
        return None
    base = next((base for base in class_text.bases if _is_external(base, files)), None)
    if base in _CORRECT_BASES:
        return None
    if base is not None and base.rpartition(".")[2].casefold() == _BASE.casefold():
        return f"{class_text.label} derives from `{base}`, a misspelled name. {_WRITE_IMPORT}"
    if base is not None and base.startswith("workers."):
        return f"{class_text.label} derives from `{base}`, which is not the base class of workflows. {_WRITE_IMPORT}"
    if base is not None:
        return (
            f"{class_text.label} derives from `{base}`, which is not in the project. To analyze it, name the class in"
            " `workflows` of a wrangler configuration."
        )
    if class_text.bases in ((), ("object",)):
        content = "has a method `run`" if has_run else "declares steps"
        return f"{class_text.label} {content}, but does not derive from `workers.{_BASE}`."
    return None


def _is_external(base: str, files: ModuleFiles) -> bool:
    """Return whether a base class is imported from a package that is not in the project."""
    package, _, name = base.partition(".")
    return bool(package and name) and package not in sys.stdlib_module_names and files.find(package) is None


def _classes(module: Source) -> Iterator[ClassText]:
    """Yield the classes at the top level of a module."""
    text = module.content.decode(errors="replace")
    imported = _imported_names(text)
    line, at = 1, 0
    for match in _CLASS.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        end = _BODY_END.search(text, match.end())
        body = text[match.end() : len(text) if end is None else end.start()]
        yield ClassText(f"{module.path}:{line}", match[1], tuple(_bases(match[2] or "", imported)), body)


def _bases(arguments: str, imported: dict[str, str]) -> Iterator[str]:
    """Yield the base classes in the arguments of a class statement, with the modules that they are imported from."""
    for argument in arguments.split(","):
        base = _BASE_CLASS.fullmatch(argument)
        if base is not None:
            name, *attributes = base[1].split(".")
            yield ".".join([imported.get(name, name), *attributes])


def _imported_names(text: str) -> dict[str, str]:
    """Return the dotted name of each name that an import statement of the form `from ... import` binds.

    A star import may bind the SDK's base class.
    """
    return {
        local or (_BASE if name == "*" else name): f"{source}.{_BASE if name == '*' else name}"
        for source, names in _IMPORT.findall(text)
        for name, local in _IMPORTED_NAME.findall(names)
    }
