"""Modules that functions import by partly constant names, as in `import_module(f"jobs.{kind}")`.

If any module may be imported, it may replace definitions of others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES
from stepgraph.interpreter.modules.imports import import_by_name
from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.objects.attributes.dynamic import literal_names, name_patterns
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.values import Value
from stepgraph.syntax.derivations import TEST_CODE
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.attributes.name_patterns import NamePattern


def import_any(interpreter: Interpreter, name: Argument, place: SourcePlace) -> Value | None:
    """Return the union of the modules that a name may denote. Return None if it may be the name of any module.

    If a name starts with constant packages, its modules are the modules of the project in the last package.
    """
    if interpreter.is_import_time:
        return None
    names = literal_names(interpreter, name) or _matching_modules(interpreter, name_patterns(interpreter, name))
    if not names or len(names) > MAX_CASES or any(each.startswith(".") for each in names):
        return None
    modules: list[Value] = []

    def load(name: str) -> None:
        modules.append(import_by_name(interpreter, name, place))

    for each in names:
        interpreter.branch(partial(load, each))
    return union_of_values(modules, [f'"{each}"' for each in names], name.place.text, place)


def _matching_modules(interpreter: Interpreter, patterns: Sequence[NamePattern]) -> list[str]:
    """Return the names of the modules that match a pattern, or an empty list for a pattern without a package."""
    from stepgraph.interpreter.objects.attributes.name_patterns import may_match

    matching: dict[str, None] = {}
    for pattern in patterns:
        package = pattern[0].rpartition(".")[0]
        importer = interpreter.modules.importer
        root = importer.find(interpreter.module.path, 0, package) if package and importer is not None else None
        if importer is None or root is None or root.folder is None:
            return []
        modules = importer.files.modules_below(root, MAX_CASES)
        if modules is None:
            return []
        matching.update(dict.fromkeys(each.name for each in modules if may_match(each.name, pattern)))
    return list(matching)


_TEST_CODE: Final = re.compile(b"|".join(map(re.escape, TEST_CODE)))


def may_be_replaced_by_unknown_import(modules: LoadedModules, scope: LexicalScope, name: str) -> bool:
    """Return whether an import by a computed name may load a module that assigns `name` in a module or class.

    `scope` is the scope of the module or class. Only modules without tests that mention its name count.
    """
    importer, owner = modules.importer, scope.last_component
    paths = tuple(modules.unknown_imports_assigning(name))
    if importer is None or not paths:
        return False
    mention = re.compile(rb"\b%s\b" % re.escape(owner).encode())
    return any(importer.mentions(path, mention) and not importer.mentions(path, _TEST_CODE) for path in paths)
