"""Examples of what a rule flags and what it does not: they are its tests and its documentation."""

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
    """A small project: its files by path, the entry module among them as `entry.py`, or as its configuration says.

    `title` says in a phrase what it shows. A line that is flagged ends in a comment with the code of the rule. `mode`
    is that of dependencies, where no configuration among the files says it.
    """

    title: str
    files: tuple[tuple[str, str], ...]
    mode: DependencyMode = DependencyMode.IMPLICIT

    @property
    def source(self) -> str:
        """The text of its first file."""
        return self.files[0][1]


def in_run(title: str, body: str, *, imports: str = "", mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example of which only the body of `run` matters, with the imports that it needs, one a line."""
    lines = [*dedent(imports).strip().splitlines(), "from workers import WorkflowEntrypoint"]
    plain = "".join(f"{line}\n" for line in lines if not line.startswith("from workers"))
    ours = "".join(f"{line}\n" for line in lines if line.startswith("from workers"))
    separator = "\n" if plain else ""
    source = f"{plain}{separator}{ours}\n\n{_CLASS}{indent(dedent(body).strip(), ' ' * 8)}\n"
    return Example(title, ((ENTRY, source),), mode)


def module(title: str, source: str, *, mode: DependencyMode = DependencyMode.IMPLICIT) -> Example:
    """Return an example that is a whole module."""
    return Example(title, ((ENTRY, dedent(source).strip() + "\n"),), mode)


def project(title: str, files: dict[str, str]) -> Example:
    """Return an example of several files, by their paths; the first one is what it is about."""
    return Example(title, tuple((path, dedent(text).strip() + "\n") for path, text in files.items()))
