"""Definitions that a module imported by a computed name may replace."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.syntax.test_modules import TEST_CODE

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
