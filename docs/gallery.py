"""Draw the gallery anew, its pictures and its page: `python docs/gallery.py`; with `--check`, tell what is out of date.

There is a picture for each workflow in `fixtures/gallery`, for the one of the README, for some pairs of workflows in
`fixtures/diff` and for each graph in `fixtures/nodes`. What is said of one is the first line of the docstring of its
class, or else of its module, or the `about` beside the graph.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from stepgraph import analyze_file
from stepgraph.model.payload import Graph

if TYPE_CHECKING:
    from stepgraph.report.difference.report import VersionedWorkflow

DOCS = Path(__file__).resolve().parent
FIXTURES = DOCS.parent / "fixtures"
CHANGES = (
    "order_changed_in_many_ways",
    "steps_freed_from_a_try",
    "function_renamed_and_changed",
    "steps_made_sequential",
)
PAGE = "gallery.md"
PICTURES = "gallery"

_PAGE_START = """\
# Gallery

What stepgraph draws: first workflows in Python, then what changed of some, then graphs that show one type of node each,
or what is hard to draw.
`python docs/gallery.py` makes this page.
"""

Draw: TypeAlias = Callable[[Graph], str]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What is to be shown: under what title and file name, where it comes from, what it is: a graph, or a picture."""

    title: str
    stem: str
    source: Path
    about: str
    content: Graph | str

    def shown(self, draw: Draw) -> str:
        """Return its picture, which `draw` makes of a graph."""
        return self.content if isinstance(self.content, str) else draw(self.content)


def gallery(draw: Draw) -> dict[str, str]:
    """Return the files of the gallery, by their paths below `docs`: the page, and the pictures that `draw` makes."""
    files: dict[str, str] = {}
    page = [_PAGE_START]
    for heading, folder, exhibits in (
        ("Workflows", "workflows", workflows()),
        ("Changes", "changes", changes()),
        ("Nodes", "nodes", nodes()),
    ):
        page.append(f"## {heading}\n")
        for exhibit in exhibits:
            picture = f"{PICTURES}/{folder}/{exhibit.stem}.svg"
            files[picture] = exhibit.shown(draw)
            page.append(_entry(exhibit, picture))
    return {PAGE: "\n".join(page), **files}


def workflows() -> Iterator[Exhibit]:
    """Yield the workflow that the README shows, then those of each module in `fixtures/gallery`."""
    for source in (FIXTURES / "orders" / "entry.py", *sorted((FIXTURES / "gallery").glob("*.py"))):
        module = ast.parse(source.read_text(encoding="utf-8"))
        classes = {statement.name: statement for statement in module.body if isinstance(statement, ast.ClassDef)}
        found = analyze_file(source).workflows
        for workflow in found:
            if workflow.graph is None:
                raise ValueError(f"{workflow.class_name} in {source} has no graph")
            about = ast.get_docstring(classes[workflow.class_name]) or ast.get_docstring(module) or ""
            name = source.parent.name if source.stem == "entry" else source.stem
            stem = name if len(found) == 1 else f"{name}.{workflow.class_name}"
            yield Exhibit(workflow.class_name, stem, source, _first_line(about), workflow.graph)


def changes() -> Iterator[Exhibit]:
    """Yield what changed between the two workflows of some pairs in `fixtures/diff`."""
    for name in CHANGES:
        folder = FIXTURES / "diff" / name
        about = f"{name.replace('_', ' ').capitalize()}."
        after = folder / "after.py"
        yield Exhibit(f"`{name}`", name, after, about, draw_changes(folder / "before.py", after))


def nodes() -> Iterator[Exhibit]:
    """Yield the graph of each file in `fixtures/nodes`: a graph, or an answer of the API, in its envelope or not."""
    for source in sorted((FIXTURES / "nodes").glob("*.json")):
        data: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        response = data.get("result", data)
        graph = cast("Graph", response.get("graph", response))
        yield Exhibit(f"`{source.stem}`", source.stem, source, _first_line(data["about"]), graph)


def out_of_date(files: Mapping[str, str], docs: Path = DOCS) -> list[str]:
    """Return the paths of what is missing from the gallery in `docs`, is not as it should be, or has no source."""
    wrong = [path for path, text in files.items() if not _holds(docs / path, text)]
    found = (picture.relative_to(docs).as_posix() for picture in (docs / PICTURES).rglob("*.svg"))
    return sorted([*wrong, *(path for path in found if path not in files)])


def write(files: Mapping[str, str], docs: Path = DOCS) -> list[str]:
    """Write what is out of date, remove pictures that have no source, and return the paths of both."""
    changed = out_of_date(files, docs)
    for path in changed:
        target = docs / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path].encode())
        else:
            target.unlink()
    return changed


def draw_svg(graph: Graph) -> str:
    """Return the picture of a graph, as the command draws it when nothing else is asked for."""
    from stepgraph.render.svg.document import render_svg

    return render_svg(graph).text


def draw_changes(before: Path, after: Path) -> str:
    """Return the picture of what changed between two files, as `stepgraph diff` draws it."""
    from stepgraph.report.difference.build import compare_workflows
    from stepgraph.report.difference.pairing import pair_workflows
    from stepgraph.report.difference.report import DiffReport
    from stepgraph.report.difference.svg import render_svg

    pairs = pair_workflows(_versions(before), _versions(after))
    return render_svg(DiffReport(before.name, after.name, compare_workflows(pairs))).text


def _versions(source: Path) -> list[VersionedWorkflow]:
    from stepgraph.report.difference.report import VersionedWorkflow

    return [
        VersionedWorkflow(found.class_name, found.class_name, source.parent.name, source.name, found.graph)
        for found in analyze_file(source).workflows
    ]


def main(arguments: list[str] | None = None, draw: Draw = draw_svg, docs: Path = DOCS) -> int:
    """Write the gallery, or check it, and return the exit code: 1 if it was checked and is out of date."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if something is out of date")
    check: bool = parser.parse_args(arguments).check
    changed = (out_of_date if check else write)(gallery(draw), docs)
    sys.stdout.writelines(f"{'out of date' if check else 'changed'}: docs/{path}\n" for path in changed)
    return int(check and bool(changed))


def _entry(exhibit: Exhibit, picture: str) -> str:
    source = exhibit.source.relative_to(FIXTURES.parent).as_posix()
    linked = f"[![The graph of {exhibit.stem}]({picture})]({picture})"
    return f"### {exhibit.title}\n\n{exhibit.about} ([source](../{source}))\n\n{linked}\n"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


if __name__ == "__main__":
    sys.exit(main())
