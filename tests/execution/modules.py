"""Importable modules that exist only as text, and the workflow that they export."""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, ModuleType

from tests.execution import wall_clock
from tests.execution.platform import restore_modules
from tests.execution.values import PyValue

Imports = Callable[[str], ModuleType | None]
"""Returns a replacement for a module imported by workflow code, or None for the real one."""


@contextmanager
def importable_modules(sources: Mapping[str, str], imports: Imports = lambda _: None) -> Iterator[None]:
    """Make these modules importable within a block. Missing parent packages are empty."""
    packages = {name.rpartition(".")[0] for name in sources} - {""}
    packages |= {name[:end] for name in packages for end, character in enumerate(name) if character == "."}
    finder = _Finder({**dict.fromkeys(packages, ""), **sources}, packages, imports)
    before = {name: sys.modules.pop(name, None) for name in finder.sources}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        restore_modules(before)


class NotExportedError(LookupError):
    """The entry module exports no such workflow."""


def find_workflow(entry: ModuleType, base: type, name: str | None = None) -> type:
    """Find a workflow by class name as Workers does or, without a name, the only workflow."""
    names = getattr(entry, "__all__", None) or [name for name in dir(entry) if not name.startswith("_")]
    members = [getattr(entry, member) for member in names]
    workflows = {
        member.__name__: member
        for member in members
        if inspect.isclass(member) and issubclass(member, base) and member is not base
    }
    chosen = list(workflows.values()) if name is None else [workflows[name]] if name in workflows else []
    if len(chosen) != 1:
        raise NotExportedError(f"No workflow {name or 'that is the only one'} among those exported: {list(workflows)}")
    return chosen[0]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def __init__(self, sources: Mapping[str, str], packages: set[str], imports: Imports) -> None:
        self.sources = sources
        self._packages = packages
        self._imports = imports

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname in self.sources else None

    def is_package(self, fullname: str) -> bool:
        return fullname in self._packages

    def get_source(self, fullname: str) -> str:
        return self.sources[fullname]

    def get_code(self, fullname: str) -> CodeType:
        return _compile(self.sources[fullname], fullname)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 # runs test code

    def _import(
        self, name: str, globals_: PyValue = None, locals_: PyValue = None, fromlist: PyValue = (), level: int = 0
    ) -> PyValue:
        replacement = (
            None if level or name in self.sources else self._imports(name if fromlist else name.partition(".")[0])
        )
        return (
            replacement
            or wall_clock.REPLACED_MODULES.get(name)
            or builtins.__import__(name, globals_, locals_, fromlist, level)
        )


@lru_cache
def _compile(source: str, name: str) -> CodeType:
    """Compile a module once for all its runs."""
    return compile(source, f"<{name}>", "exec", dont_inherit=True)
