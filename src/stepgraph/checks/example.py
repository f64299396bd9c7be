"""Examples of code with and without findings of a rule, used as tests and documentation."""

from __future__ import annotations

from textwrap import dedent, indent

from msgspec import Struct

from stepgraph.project.configuration.compatibility import DependencyMode

ENTRY = "entry.py"

_CLASS = """\
class Example(WorkflowEntrypoint):
    async def run(self, event, step):
"""


class Example(Struct, frozen=True):
    """A small project as an example of a rule. Flagged lines end in a comment with the code of the rule."""

    title: str
    """A phrase that describes the example."""
    files: tuple[tuple[str, str], ...]
    """The paths and texts of the files. The main module is `entry.py` unless a configuration names another."""
    mode: DependencyMode = DependencyMode.IMPLICIT
    """The dependency mode, unless a configuration among the files decides it."""

    @property
    def source(self) -> str:
        """The text of the first file."""
        return self.files[0][1]


def in_run(title: str, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example from the body of `run` and its imports, one per line."""
    lines = [*dedent(imports).strip().splitlines(), "from workers import WorkflowEntrypoint"]
    plain = "".join(f"{line}\n" for line in lines if not line.startswith("from workers"))
    ours = "".join(f"{line}\n" for line in lines if line.startswith("from workers"))
    separator = "\n" if plain else ""
    source = f"{plain}{separator}{ours}\n\n{_CLASS}{indent(dedent(body).strip(), ' ' * 8)}\n"
    return Example(title, ((ENTRY, source),), mode)


def module(title: str, source: str, *, mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example from a whole module."""
    return Example(title, ((ENTRY, dedent(source).strip() + "\n"),), mode)


def project(title: str, files: dict[str, str]) -> Example:
    """Return an example of several files by path. The first file is the one that the documentation shows first."""
    return Example(title, tuple((path, dedent(text).strip() + "\n") for path, text in files.items()))
