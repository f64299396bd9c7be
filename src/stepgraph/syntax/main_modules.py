"""The possible main modules of a Worker, by the names and imports in their text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from stepgraph.limits import MAIN_MODULES, SEARCHED_FOR_MAIN
from stepgraph.syntax.derivations import classes_of
from stepgraph.syntax.import_graph import ImportGraph, import_graph_of

if TYPE_CHECKING:
    from stepgraph.project.module_files import ModuleFile
    from stepgraph.syntax.module import SourceModule
    from stepgraph.syntax.modules import Importer

_SDK_IMPORT: Final = re.compile(rb"\b(?:from|import)[ \t]++workers\b")


def main_modules_of(
    importer: Importer, module: SourceModule, users: Sequence[str] | None = None
) -> tuple[ModuleFile, ...]:
    """Return the modules that may be the main module of the Worker that runs the workflow classes of a module.

    A main module names one of the classes, or imports by star, and imports the module, directly or indirectly. If no
    configuration names it, and no module has a usual name, it is a module that no other such module imports. `users`
    are the files that name the classes, if they are known. The result is empty if no other module starts the Worker.
    """
    names = classes_of(module)
    files = importer.files
    graph = import_graph_of(importer)
    for file in files.main_modules() if names else ():
        if files.bounds is None or file.path is None or file.path == module.path:
            return ()
        if importer.mentions_any(file.path, names) and graph.imports(file.path, module.path):
            return (file,)
    if files.bounds is None or not names or files.worker is not None:
        return ()
    if users is None:
        users = tuple(islice(files.module_paths(), SEARCHED_FOR_MAIN)) if files.is_marked else ()
    mains = {
        main.path: main
        for main in map(files.possible_main, users)
        if main is not None
        and main.path is not None
        and main.path != module.path
        and importer.mentions_any(main.path, names)
        and graph.imports(main.path, module.path)
    }
    roots = list(_roots(graph, tuple(mains)))
    with_sdk = [path for path in roots if importer.mentions(path, _SDK_IMPORT)]  # the others may be scripts
    return tuple(mains[path] for path in with_sdk or roots)[:MAIN_MODULES]


def _roots(graph: ImportGraph, paths: Sequence[str]) -> Iterator[str]:
    """Yield the modules that no other of these modules imports, unless it imports the other one as well."""
    if len(paths) == 1:  # the usual case, which needs no search of all imports
        yield from paths
        return
    imports = {path: frozenset(graph.all_imports_of(path)) for path in paths}
    # Modules that import each other import the same modules, so one of them is enough.
    importers = {imported: path for path, imported in imports.items()}
    for path in paths:
        if not any(path in imported and other not in imports[path] for imported, other in importers.items()):
            yield path
