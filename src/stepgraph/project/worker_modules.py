"""The modules that a Worker loads, with their names at run time."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.project.folders import folder_of

VENDORED = "python_modules/"
"""The directory of vendored packages, which pywrangler installs."""


def is_test_module(path: str) -> bool:
    """Return whether a file is named like a test module."""
    name = path.rpartition("/")[2]
    return name.startswith(("test_", "conftest")) or name.endswith("_test.py")


class WorkerModules(Struct, frozen=True):
    """The modules below the module root of a Worker. Their names are relative to this directory."""

    root: str
    """The module root: `base_dir` or the directory of `main`, as the prefix of the paths in it."""
    main: str
    """The path of the main module."""
    source_folder: str = ""
    """The dotted name of the module root in the directory of the configuration; empty if it is this directory."""

    def contains(self, path: str) -> bool:
        """Return whether a file is a module of the Worker, and not of a vendored package."""
        relative = path.removeprefix(self.root)
        is_below = path.startswith(self.root) and not relative.startswith(("/", "../"))
        return is_below and not relative.startswith(VENDORED)

    def is_entry(self, path: str) -> bool:
        """Return whether the Worker loads a module: the main module, or one next to it that is not a test."""
        is_beside = self.contains(path) and folder_of(path) == self.root
        return path == self.main or (is_beside and not is_test_module(path))

    def names_source_folder(self, name: str) -> bool:
        """Return whether an absolute name starts with the name of the module root."""
        return bool(self.source_folder) and f"{name}.".startswith(f"{self.source_folder}.")

    def package_of(self, path: str) -> tuple[str, ...]:
        """Return the components of the name of the package that contains a module, or that the module initializes."""
        return tuple(path.removeprefix(self.root).split("/")[:-1])

    def name_of(self, path: str) -> str:
        """Return the dotted name of a module or package of the Worker."""
        return path.removeprefix(self.root).removesuffix(".py").removesuffix("/__init__").rstrip("/").replace("/", ".")
