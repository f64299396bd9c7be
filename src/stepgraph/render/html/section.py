"""The section of a workflow in a page: a summary, a foldable picture, and a list of findings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.model.details import NO_DETAILS, Details, Part
from stepgraph.model.span import Code, Span
from stepgraph.model.walk import count_steps, functions_of, levels
from stepgraph.phrases import counted, payload_text
from stepgraph.render.findings import LEVEL_WORDS, LEVELS, FindingLevel, ShownFinding
from stepgraph.render.folding import UNFOLDED, BodyTexts, Folding
from stepgraph.render.html.comparison import ListedChange, change_list
from stepgraph.render.html.facts import facts
from stepgraph.render.html.neighbors import Neighbors
from stepgraph.render.html.source import SourceTable
from stepgraph.render.node_text import name_text, node_words
from stepgraph.render.step_types import FactRow
from stepgraph.render.svg.badges import Badges
from stepgraph.render.svg.drawing import SvgDrawing, draw, folded_identities
from stepgraph.render.svg.lengths import BEGIN, END, LengthVariables, value_of
from stepgraph.render.view import Marks, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node
    from stepgraph.render.html.instance.instance_part import InstancePart
    from stepgraph.render.progress import Progress

MAX_OPEN: Final = 3
"""The maximum number of findings at which the list is initially open."""


class ListedFinding(Struct, frozen=True):
    """A finding with a link to its figure."""

    finding: ShownFinding
    identity: str = ""
    """The figure in the picture, or an empty string if no figure shows the finding."""

    name: str = ""
    """The text of the link."""


def finding_list(listed: Sequence[ListedFinding], source_url: Callable[[Span], str], *, checked: bool) -> Iterator[str]:
    """Yield the lines of the list, or none for an empty list. Without a check, it contains only notes.

    `source_url` returns the URL of a source location, or an empty string.
    """
    if not listed:
        return
    opened = " open" if len(listed) <= MAX_OPEN else ""
    heading = "Findings" if checked else "Notes"
    counts = " ".join(_counts([each.finding.level for each in listed]))
    yield f'<details class="notes"{opened}><summary>{heading} {counts}</summary>'
    yield "<ol>"
    for each in listed:
        yield from _finding_item(each, source_url)
    yield "</ol>"
    yield "</details>"


def _counts(levels: Sequence[FindingLevel]) -> Iterator[str]:
    counts = Counter(levels)
    for level in LEVELS:
        if counts[level]:
            number, word = counts[level], LEVEL_WORDS[level]
            text = f"{number} {word}" if level == "gap" else counted(number, word)
            yield f'<span class="level is-{level}">{text}</span>'


def _finding_item(listed: ListedFinding, source_url: Callable[[Span], str]) -> Iterator[str]:
    finding = listed.finding
    yield "<li>"
    yield f'<span class="level is-{finding.level}">{LEVEL_WORDS[finding.level]}</span>'
    if finding.url:
        yield _link(finding.url, _text(finding.code), "rule", "Documentation of the rule")
    message, advice = html_prose(visible(finding.message)), html_prose(visible(finding.advice))
    yield f'<p><span class="message">{message}</span> <span class="advice">{advice}</span></p>'
    if listed.identity:
        yield f'<a class="place" href="#{listed.identity}">{_text(listed.name)}</a>'
    if finding.span is not None:
        location, url = f"<code>{_location(finding.span)}</code>", source_url(finding.span)
        yield _link(url, location, "file", "Open the source code") if url else location
    yield "</li>"


def _location(span: Span) -> str:
    """Return a location in HTML, which may break before the line number."""
    path, line, column = str(span).rsplit(":", 2)
    return f"{_text(path)}<wbr>:{line}:{column}"


def _link(url: str, content: str, css: str, title: str) -> str:
    """Return a link with content in HTML. A web page opens in a new tab, and an editor beside the page."""
    target = ' target="_blank"' if url.startswith("http") else ""
    return f'<a class="{css}" href="{markup_text(url)}"{target} rel="noopener noreferrer" title="{title}">{content}</a>'


def _text(text: str) -> str:
    return markup_text(visible(text))


NO_GRAPH: Final = "No step of this workflow can run, so it has no graph."
UNRESOLVED: Final = "The steps of this workflow cannot be resolved, so it has no graph."
TOO_DEEP: Final = "This workflow is nested too deeply for a page. Draw it as SVG."


class Page(Struct, frozen=True):
    """A workflow for a page."""

    graph: Graph | None
    """The graph, or None if the workflow has none. `notes` may give the reason."""

    name: str
    places: Callable[[Node], str] | None = None
    """Returns the source location of a node (`src/orders.py:12`), or an empty string."""

    findings: Sequence[ShownFinding] = ()
    """The findings and notes to list, and to show at their nodes."""

    complete: bool | None = None
    """Whether the graph is complete, or None if this is unknown."""

    source: str = ""
    """The source location of the workflow."""

    details: Details = NO_DETAILS
    code: Callable[[Node], Code | None] = lambda _: None
    """Returns the lines of code of a node."""

    state: str = ""
    """A remark in the picture on an incomplete graph, which downloaded pictures need: `incomplete: 2 notes`."""

    checked: bool = False
    """Whether a check ran. Otherwise, only notes are listed."""

    marks: Marks | None = None
    """The marks of a comparison."""

    folding: Folding | None = None
    """The nodes that are folded initially, or None for the folding of the view."""

    changes: Sequence[ListedChange] = ()
    """The changes of a comparison, to list beside the picture."""
    assumption: str = ""
    """The assumption behind the effects of the changes, shown below their list."""

    changed_parts: Sequence[Part | None] = ()
    """The part of the graph at which each change is shown, or None for a change of the whole workflow."""

    versions: Sequence[VersionPage] = ()
    """The compared versions, to show in place of the picture."""

    progress: Progress | None = None
    """The progress of an instance, to show in the picture."""


class VersionPage(Struct, frozen=True):
    """A compared version of a workflow."""

    name: Literal["before", "after"]
    page: Page


class Section(Struct, frozen=True):
    """A workflow with its picture."""

    page: Page
    identity: str
    """The prefix of all identities in the section."""

    picture: FoldablePicture | None
    """The picture, or None if the graph is missing or nested too deeply."""

    title: str
    """The title of the page. A section with the same name hides its own heading."""

    places: Sequence[str] = ()
    """The identity of the figure of each change, or an empty string without one."""

    versions: Sequence[VersionSection] = ()
    css: str = "workflow"
    instance: InstancePart | None = None
    """The instance, if the page shows one."""

    def comparison_data(self, sources: SourceTable) -> dict[str, object]:
        """Return the places of changes and the data of versions for the script, as JSON data."""
        versions = [
            {"name": version.name, "places": version.section.places, "data": version.section.data(sources)}
            for version in self.versions
        ]
        return {"places": self.places, "versions": versions}

    def lines(self, sources: SourceTable) -> Iterator[str]:
        """Yield the lines of the section. `sources` has the files of the nodes."""
        name = markup_text(self.page.name)
        css = f"{self.css} wide" if self.picture is not None and self.picture.is_wide else self.css
        yield f'<section class="{css}" id="{self.identity}.section" aria-labelledby="{self.identity}.heading">'
        yield '<header class="summary">'
        hidden = ' class="said"' if self.page.name == self.title else ""
        yield f'<h2{hidden} id="{self.identity}.heading">{name}</h2>'
        yield from self._summary()
        yield "</header>"
        if self.instance is not None:
            yield from self.instance.header()
        if self.page.changes:
            page = self.page
            yield from change_list(self.identity, page.name, page.changes, self.places, page.assumption)
        if self.picture is None:
            missing = UNRESOLVED if self.page.complete is False else NO_GRAPH
            yield f'<p class="nothing" id="{self.identity}">{TOO_DEEP if self.page.graph else missing}</p>'
        else:
            yield f'<div class="viewport" tabindex="0" role="region" aria-label="Picture of {name}">'
            yield "".join(map(_with_line_feed_inside, self.picture.lines))
            yield "</div>"
        if self.instance is not None:
            yield from self.instance.table()
        yield from finding_list(list(self.listed()), sources.url, checked=self.page.checked)
        yield "</section>"
        for version in self.versions:
            yield from version.section.lines(sources)

    def data(self, sources: SourceTable) -> dict[str, object]:
        """Return the data for the script, as JSON data, and add the code of the nodes to `sources`."""
        if self.page.graph is None or self.picture is None:
            return {
                "identity": self.identity,
                "lengths": {"frames": [], "definitions": []},
                "folded": [],
                "nodes": {},
                "rows": [],
            }
        workflow = self.page.graph["workflow"]
        bodies = BodyTexts(functions_of(workflow))
        neighbors = Neighbors.of(workflow, self.picture.nodes, self.page.details)
        rows: dict[FactRow, int] = {}
        return {
            "identity": self.identity,
            "lengths": {"frames": self.picture.variables.frames, "definitions": self.picture.variables.definitions},
            "folded": self.picture.folded,
            "nodes": {
                identity: self._facts(identity, node, bodies, rows)
                | _nonempty(
                    before=neighbors.before(identity),
                    after=neighbors.after(identity),
                    code=sources.add(self.page.code(node)),
                )
                for identity, node in self.picture.nodes.items()
            },
            # Most rows are settings that many nodes share. The nodes have the indexes of their rows.
            "rows": list(rows),
        }

    def _facts(self, identity: str, node: Node, bodies: BodyTexts, rows: dict[FactRow, int]) -> dict[str, object]:
        place = "" if self.page.places is None else self.page.places(node)
        mark = None if self.page.marks is None else self.page.marks.of(cast("Part", node))
        findings = self.picture.badges.by_figure.get(identity, ()) if self.picture else ()
        description = facts(node, bodies, self.page.details, mark, findings)
        if self.instance is not None:
            description = replace(description, rows=(*self.instance.facts(node), *description.rows))
        return description.as_json(place, rows)

    def _summary(self) -> Iterator[str]:
        page = self.page
        yield "<ul>"
        if page.graph is not None:
            workflow = page.graph["workflow"]
            yield f"<li>{counted(count_steps(workflow), 'step')}</li>"
        if page.source:
            yield f"<li><code>{markup_text(page.source)}</code></li>"
        if page.complete is not None:
            word = "complete" if page.complete else "incomplete"
            # The status of an instance can be `complete`, too.
            text = page.state or (word if page.progress is None else f"{word} graph")
            yield f'<li><strong class="badge {word}">{text}</strong></li>'
        yield "</ul>"
        if page.graph is not None and "payload" in workflow:
            yield f'<p class="payload">{markup_text(payload_text(workflow["payload"]))}</p>'

    def listed(self) -> Iterator[ListedFinding]:
        """Yield the findings with links to their figures, then a note on the picture itself."""
        if self.picture is None:
            yield from map(ListedFinding, self.page.findings)
            return
        for finding, identity in zip(self.page.findings, self.picture.badges.identities, strict=True):
            yield ListedFinding(
                finding, identity, name_text(node_words(self.picture.nodes[identity]).title) if identity else ""
            )
        if self.picture.depth is not None:
            levels = counted(self.picture.depth, "level")
            message = f"Below {levels}, all nodes are folded: a page cannot show more levels."
            yield ListedFinding(ShownFinding("note", "", message))


class VersionSection(Struct, frozen=True):
    """The section of a compared version."""

    name: str
    section: Section


def _nonempty(**fields: Sequence[object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


MAX_OPEN_STEPS: Final = 40
"""The maximum number of steps of a workflow that is open initially, unless the view sets the folding."""

_MAX_ROWS_WIDTH: Final = 1400
"""The maximum width in pixels of a choice or group in two rows, which is the width of a small screen."""

_FOLDED_DEPTH: Final = 2
MAX_NESTING: Final = 480
"""The maximum nesting of groups. HTML parsers move elements nested deeper than 512 levels."""

_DEPTHS: Final = (None, 60, 30, 12, 4, 1)
_FOLDABLE: Final = re.compile('<g class="frame foldable [a-z ]+" id="([a-z0-9.-]+)"')

_MARK: Final = re.compile(f"{BEGIN}(-?[0-9]+):(-?[0-9]+):(-?[0-9]+){END}")
_VARIATION: Final = r"{\1,\2}"
_VALUE: Final = r"\3"
_ATTRIBUTE: Final = re.compile(f' ([A-Za-z-]++)="([^"{BEGIN}]*+{BEGIN}[^"]*+)"')


class FoldablePicture(Struct, frozen=True):
    """The SVG element of a workflow with the data for folding."""

    lines: Sequence[str]
    nodes: Mapping[str, Node]
    """The drawn nodes by identity."""

    variables: LengthVariables
    """The symbolic lengths."""

    folded: Sequence[str]
    """The identities of the frames that are folded initially."""

    badges: Badges
    """The findings at figures."""

    depth: int | None
    """The minimum level of nodes that are always folded, or None without a limit."""

    is_wide: bool
    """Whether the picture is wider than high, which prints better on a landscape page."""


def picture(graph: Graph, view: View, suffix: str) -> FoldablePicture | None:
    """Return the picture of a graph, or None if even its folded form is nested too deeply for a page.

    Folding in the view only sets the initial state, so folded nodes are drawn, too. Large workflows are folded to two
    levels if the view does not fold anything.
    """
    view = replace(view, max_rows_width=_MAX_ROWS_WIDTH)
    # Each level has at least one group, so deeper graphs are not drawn in vain.
    is_deep = levels(graph["workflow"]["nodes"]) > MAX_NESTING
    for depth in _DEPTHS[is_deep:]:
        variables = LengthVariables()
        drawing = draw(graph, replace(view, folding=Folding(depth)), variables, suffix)
        lines = drawing.document()
        if _nesting(lines) <= MAX_NESTING:
            folded = list(_folded(graph, replace(view, folding=_initial_folding(graph, view)), drawing, suffix))
            is_wide = value_of(drawing.width) > value_of(drawing.height)
            varied = list(with_variations(lines))
            return FoldablePicture(
                lines=varied,
                nodes=drawing.nodes,
                variables=variables,
                folded=folded,
                badges=drawing.badges,
                depth=depth,
                is_wide=is_wide,
            )
    return None


def _nesting(lines: Sequence[str]) -> int:
    """Return the maximum nesting of groups."""
    nesting = deepest = 0
    for line in lines:
        nesting += line.count("<g ") - line.count("</g>")
        deepest = max(deepest, nesting)
    return deepest


def _initial_folding(graph: Graph, view: View) -> Folding:
    """Return the folding of the view. If it is not set, a large workflow is folded to an overview."""
    is_large = count_steps(graph["workflow"]) > MAX_OPEN_STEPS
    is_unset = view.folding == UNFOLDED and view.marks is None
    return Folding(_FOLDED_DEPTH) if is_large and is_unset else view.folding


def _folded(graph: Graph, view: View, drawing: SvgDrawing, suffix: str) -> Iterator[str]:
    """Yield the identities of frames that the view folds."""
    if view.folding == UNFOLDED:
        return
    folded = folded_identities(graph, view, suffix)
    for line in drawing.lines:
        if (match := _FOLDABLE.match(line)) and match[1] in folded:
            yield match[1]


def _with_line_feed_inside(line: str) -> str:
    """Return a line of markup with its line feed inside of the last tag.

    Between tags, each line feed would be a text node, which takes time and memory in large pages.
    """
    end = "/>" if line.endswith("/>") else ">"
    return f"{line.removesuffix(end)}\n{end}"


def with_variations(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a drawing, with values in place of the markers of symbolic lengths.

    An element with markers also gets `data-vary="height={3,-8};d=M0 0V{3,20}"`: its attributes with `{variable,number}`
    in place of symbolic lengths. Markers occur in attributes only, and source text cannot contain one.
    """
    for line in lines:
        yield _varied(line) if BEGIN in line else line


def _varied(line: str) -> str:
    varying = [f"{name}={_MARK.sub(_VARIATION, value)}" for name, value in _ATTRIBUTE.findall(line)]
    end = line.index("/>" if line.endswith("/>") else ">")
    return _MARK.sub(_VALUE, f'{line[:end]} data-vary="{";".join(varying)}"{line[end:]}')
