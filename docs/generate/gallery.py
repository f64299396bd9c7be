"""Generate the gallery: its page and pictures.

It shows the workflows in `fixtures/gallery` and `fixtures/orders`, instances in `fixtures/instances`, some pairs of
workflows in `fixtures/diff`, and the graphs in `fixtures/nodes`. The description of a picture is the first line of the
docstring of the class or its module, or the field `about` of a graph.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from docs.generate.diff_pairs import DiffPair, diff_pair
from docs.generate.files import ROOT
from docs.generate.instances import INSTANCES, instance_pictures
from docs.generate.instances import entry as instance_entry
from stepgraph import WorkflowAnalysis, analyze_file, analyze_source, check_analysis
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph
from stepgraph.model.saved import read_saved_graphs

if TYPE_CHECKING:
    from stepgraph.render.view import Theme
    from stepgraph.report.diff.comparison import VersionedWorkflow

FIXTURES = ROOT / "fixtures"
CHANGES = (
    "order_changed_in_many_ways",
    "steps_moved_out_of_a_try",
    "function_renamed_and_changed",
    "steps_made_sequential",
)
PAGE = "docs/gallery.md"
PICTURES = "gallery"  # relative to the page
_REPOSITORY = "https://github.com/stepgraph/stepgraph/blob/main"

_PAGE_START = """\
# Gallery

stepgraph drew these pictures of Python workflows, of instances, of changes between two versions, and of graphs that
show a single type of node or are hard to draw.
"""

Draw: TypeAlias = Callable[[Graph, Details], str]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An entry of the gallery."""

    title: str
    stem: str
    """The name of the picture without its suffix."""
    source: Path
    about: str
    """The description, one sentence."""
    content: Graph | str
    """A graph, or a finished picture."""
    details: Details = NO_DETAILS

    def picture(self, draw: Draw) -> str:
        """Return the picture. `draw` converts a graph and its details to a picture."""
        return self.content if isinstance(self.content, str) else draw(self.content, self.details)


def gallery_files() -> dict[str, str]:
    """Return the files of the gallery, and the pictures of the README."""
    instances = {f"docs/{PICTURES}/instances/{name}": text for name, text in instance_pictures()}
    return {**gallery(draw_svg), **instances, **readme_pictures()}


def gallery(draw: Draw) -> dict[str, str]:
    """Return the page and the pictures of the gallery by path."""
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
            files[f"docs/{picture}"] = exhibit.picture(draw)
            page.append(_entry(exhibit, picture))
        if folder == "workflows":
            page += ["## Instances\n", *(instance_entry(instance, f"{PICTURES}/instances") for instance in INSTANCES)]
    return {PAGE: "\n".join(page), **files}


def readme_pictures() -> dict[str, str]:
    """Return the picture of the README in both themes, between which GitHub chooses, with the finding that it names."""
    from stepgraph.cli.formats import DEFAULT_FIT

    analysis = analyze_file(FIXTURES / "readme" / "src" / "entry.py")
    (workflow,) = analysis.workflows
    findings = check_analysis(analysis)
    themes: tuple[Theme, Theme] = ("light", "dark")
    return {
        f"docs/{PICTURES}/orders.{theme}.svg": workflow.svg(theme=theme, fit=DEFAULT_FIT, findings=findings)
        for theme in themes
    }


def workflows() -> Iterator[Exhibit]:
    """Yield the workflows of `fixtures/orders` and of each module in `fixtures/gallery`."""
    for source in (FIXTURES / "orders" / "entry.py", *sorted((FIXTURES / "gallery").glob("*.py"))):
        module = ast.parse(source.read_text(encoding="utf-8"))
        classes = {statement.name: statement for statement in module.body if isinstance(statement, ast.ClassDef)}
        workflows_of_source = analyze_file(source).workflows
        for workflow in workflows_of_source:
            about = ast.get_docstring(classes[workflow.class_name]) or ast.get_docstring(module) or ""
            name = source.parent.name if source.stem == "entry" else source.stem
            stem = name if len(workflows_of_source) == 1 else f"{name}.{workflow.class_name}"
            graph = _graph_of(workflow)
            yield Exhibit(workflow.class_name, stem, source, _first_line(about), graph, workflow.details)


def changes() -> Iterator[Exhibit]:
    """Yield the changes of the pairs `CHANGES` in `fixtures/diff`."""
    for name in CHANGES:
        pair = diff_pair(name)
        about = f"{name.replace('_', ' ').capitalize()}."
        yield Exhibit(f"`{name}`", name, pair.source, about, draw_changes(pair))


def nodes() -> Iterator[Exhibit]:
    """Yield the graph of each file in `fixtures/nodes`."""
    for source in sorted((FIXTURES / "nodes").glob("*.json")):
        yield saved_exhibit(source, source.relative_to(ROOT).as_posix())


def saved_exhibit(source: Path, path: str) -> Exhibit:
    """Read a graph or a response of the API, with or without envelope, and its description.

    `path` names the file in messages. Raises InputError for a file that cannot be drawn, and ValueError for a file
    without a graph or without a description.
    """
    text = source.read_text(encoding="utf-8")
    (saved,) = read_saved_graphs(text, path)
    if saved.graph is None:
        raise ValueError(f"{path}: the version has no graph")
    about = json.loads(text).get("about")
    if about is None:
        raise ValueError(f"{path}: missing `about`, the description of the graph in one sentence")
    return Exhibit(f"`{source.stem}`", source.stem, source, _first_line(about), saved.graph)


def draw_svg(graph: Graph, details: Details, theme: Theme = "auto") -> str:
    """Return the picture of a graph as `stepgraph graph` draws it."""
    from stepgraph.cli.formats import DEFAULT_FIT
    from stepgraph.render.svg.drawing import render_svg
    from stepgraph.render.view import View

    return render_svg(graph, View(theme=theme, fit=DEFAULT_FIT, details=details)).text


def draw_changes(pair: DiffPair) -> str:
    """Return the picture of the changes of a pair as `stepgraph diff` draws it."""
    from stepgraph.report.diff.comparison import VersionComparison, compare_workflows, pair_workflows
    from stepgraph.report.diff.svg import render_svg

    pairs = pair_workflows(_versions(pair.before, "before.py", pair), _versions(pair.after, "after.py", pair))
    return render_svg(VersionComparison("before.py", "after.py", compare_workflows(pairs))).text


def _versions(source: str, path: str, pair: DiffPair) -> list[VersionedWorkflow]:
    from stepgraph.report.diff.comparison import VersionedWorkflow

    return [
        VersionedWorkflow(
            workflow.class_name,
            workflow.class_name,
            pair.name,
            path,
            workflow.graph,
            details=partial(getattr, workflow, "comparable_details"),
        )
        for workflow in analyze_source(source, path).workflows
    ]


def _graph_of(workflow: WorkflowAnalysis) -> Graph:
    if workflow.graph is None:
        raise ValueError(f"{workflow.class_name} in {workflow.path} has no graph")
    return workflow.graph


def _entry(exhibit: Exhibit, picture: str) -> str:
    source = exhibit.source.relative_to(FIXTURES.parent).as_posix()
    # Sphinx copies linked Python files to the site, but resolves Markdown only within `docs`.
    link = f"{_REPOSITORY}/{source}" if exhibit.source.suffix == ".md" else f"../{source}"
    linked = f"[![The graph of {exhibit.stem}]({picture})]({picture})"
    return f"### {exhibit.title}\n\n{exhibit.about} ([source]({link}))\n\n{linked}\n"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
