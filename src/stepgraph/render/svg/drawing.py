"""SVG documents of one graph or several drawings on a sheet, and the drawing of a graph for a document or a page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.walk import called_functions, functions_of, is_step
from stepgraph.phrases import counted, payload_text, shortened
from stepgraph.render.folding import BodyTexts, CallExpansion
from stepgraph.render.svg.badges import NO_BADGES, Badges, DrawnNodes, place_badges
from stepgraph.render.svg.figures.badge import SIZE, StatePill, badge_style, draw_pills, pills_width, state_pills
from stepgraph.render.svg.figures.figure import Drawable, Lanes
from stepgraph.render.svg.figures.stack import with_end, workflow_figure
from stepgraph.render.svg.fonts import DETAIL, HEADING, NAME, TITLE, max_width
from stepgraph.render.svg.identities import BETWEEN, Numbering, slug
from stepgraph.render.svg.layout.nodes import NodeLayout, measure_function
from stepgraph.render.svg.lengths import Length, LengthVariables, half, longest, value_of
from stepgraph.render.svg.pen import Pen, TextPiece
from stepgraph.render.svg.theme import SCOPE, style_sheet
from stepgraph.render.view import DEFAULT_VIEW, NodeContext, Theme, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node
    from stepgraph.render.progress import Progress
    from stepgraph.render.svg.figures.state_signs import Sign

MARGIN: Final = 24
MAX_WIDTH: Final = 4000
MAX_HEIGHT: Final = 12_000
_BETWEEN_FIGURES: Final = 32
_MAX_TITLE_WIDTH: Final = 560
_BELOW_TITLE: Final = 18
_ABOVE_PILLS: Final = 6
_LESS_ABOVE: Final = 6
"""The part of the margin above a picture that a page with its own bar above it does not need."""


class Picture(Struct, frozen=True):
    """An SVG document with its size in pixels."""

    text: str
    width: int
    height: int
    fit: int | None = None
    """The width in pixels at which the picture is shown, or None if it is unknown."""

    folded: int = 0
    """The number of nodes that are folded so that the picture is narrow enough."""

    @property
    def warnings(self) -> Iterator[str]:
        """Yield warnings if nodes are folded, or if the picture is too large to view."""
        is_legible = self.fit is None or self.width <= max_width(self.fit)
        if self.folded and is_legible:
            yield (
                f"{counted(self.folded, 'part')} of the picture {'is' if self.folded == 1 else 'are'} folded, so that "
                f"names are legible {self.fit} pixels wide. Use `--fit none` to draw everything."
            )
        if self.width > MAX_WIDTH or self.height > MAX_HEIGHT:
            yield (
                f"the picture is {self.width} by {self.height} pixels, which is hard to view."
                " Use `-f html` for a page to search, fold and zoom, or `--depth 2` or `--fold loop,if,function` to"
                " draw less."
            )
        elif self.fit is not None and not is_legible:
            yield (
                f"the names of steps are {self.fit * NAME.size // self.width} pixels high if the picture is "
                f"{self.fit} pixels wide. Use `--depth 2` or `--fold loop,if,function` to draw less."
            )


def render_svg(graph: Graph, view: View = DEFAULT_VIEW) -> Picture:
    """Return the graph as a self-contained SVG document.

    Equal graphs produce equal bytes. An added step changes only its own lines and the sizes of the figures around it.
    """
    # Figures recurse as deeply as the graph is nested.
    return run_with_large_stack(lambda: _picture(graph, view))


def _picture(graph: Graph, view: View) -> Picture:
    layout = _lay_out(graph, view)
    folded = 0
    if view.fit is not None and value_of(layout.width) > (width := max_width(view.fit)):
        nodes = _fitted_layout(graph, view, layout, width)
        folded = len(nodes.view.folding.nodes)
        layout = _lay_out(graph, nodes.view, nodes=nodes)
    drawing = layout.draw()
    lines = drawing.document([*_style(view), *(badge_style(view.theme) if drawing.has_badges else [])])
    return Picture("\n".join([*lines, ""]), value_of(drawing.width), value_of(drawing.height), view.fit, folded)


def _style(view: View) -> list[str]:
    if view.progress is None:
        return style_sheet(view.theme)
    from stepgraph.render.svg.progress_style import progress_style

    return [*style_sheet(view.theme, gray=True), *progress_style(view.theme)]


def fitted_view(graph: Graph, view: View, width: int) -> View:
    """Return the view with narrow boxes, and nodes folded, so that the picture is at most `width` pixels wide.

    If that is impossible, the picture may be wider.
    """
    return run_with_large_stack(lambda: _fitted_layout(graph, view, _lay_out(graph, view), width).view)


def _fitted_layout(graph: Graph, view: View, normal: _DrawingLayout, max_width: int) -> NodeLayout:
    """Return the layout of a picture that is at most `max_width` pixels wide, if that is possible.

    `normal` is the layout of the picture without a maximum width.
    """
    # Imported here and below because most pictures are narrow enough, and start-up time counts.
    from stepgraph.render.svg.layout.fitting import Measurement, containers_of, fold_to_fit, next_layout, widened

    workflow = graph["workflow"]
    functions = functions_of(workflow)
    containers = containers_of(workflow["nodes"], functions)
    called = called_functions(workflow["nodes"], functions)
    identity, title = slug(workflow["class_name"], "workflow"), _title_of(graph, view, 0)
    latest = NodeLayout(CallExpansion(functions, view.expand), BodyTexts(functions), view)

    def measure(current: View) -> Measurement:
        nonlocal latest
        latest = next_layout(latest, current, containers)
        return Measurement(value_of(_width(title, _figures(graph, latest, identity, called))), latest)

    fitted = measure(fold_to_fit(workflow["nodes"], functions, view, (value_of(normal.width), max_width), measure))
    return widened(workflow["nodes"], normal.nodes, fitted, max_width, measure).layout


def render_sheet(drawings: Sequence[SvgDrawing], title: str, theme: Theme) -> Picture:
    """Return an SVG document with drawings below each other, in the colors of marks.

    Without drawings, the document shows only its title.
    """
    title_lines = [] if drawings else HEADING.wrap(visible(title), _MAX_TITLE_WIDTH, 4)
    width = max(
        [
            0,
            *(value_of(drawing.width) for drawing in drawings),
            *(HEADING.width(line) + 2 * MARGIN for line in title_lines),
        ]
    )
    height = sum(value_of(drawing.height) for drawing in drawings)
    height += len(title_lines) * HEADING.line_height + 2 * MARGIN if title_lines else 0
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{SCOPE}" role="graphics-document document" {size}>',
        f"<title>{markup_text(title)}</title>",
        "<style>",
        *style_sheet(theme, marked=True),
        "</style>",
        '<rect class="paper" width="100%" height="100%"/>',
    ]
    pen = Pen()
    pen.text(("heading", MARGIN, MARGIN + n * HEADING.line_height - 4, text) for n, text in enumerate(title_lines, 1))
    lines += pen.lines if title_lines else []
    y = 0
    for drawing in drawings:
        name = markup_text(drawing.title)
        lines += [
            f'<g id="{drawing.identity}" transform="translate(0 {y})"><title>{name}</title>',
            *drawing.lines,
            "</g>",
        ]
        y += value_of(drawing.height)
    return Picture("\n".join([*lines, "</svg>", ""]), width, height)


class SvgDrawing(Struct, frozen=True):
    """A drawing of a graph as lines of SVG, with its size and its nodes."""

    identity: str
    lines: Sequence[str]
    width: Length
    """The width in pixels, which is symbolic in a page."""

    height: Length
    """The height in pixels, which is symbolic in a page."""

    nodes: Mapping[str, Node]
    """The drawn nodes by identity."""

    title: str
    about: str = "the steps of a workflow"
    """The description after the title, for screen readers."""

    badges: Badges = NO_BADGES
    """The findings at figures."""

    has_badges: bool = False
    """Whether the drawing contains badges or pills of findings, which have their own style sheet."""

    text_height: int = 0
    """The height of the title above the drawing, which only downloads from a page show."""

    def document(self, style: Sequence[str] = ()) -> list[str]:
        """Return the lines of the SVG element, with a style sheet unless `style` is empty."""
        width, height = self.width, self.height
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        size += f' data-above="{self.text_height}"' if self.text_height else ""
        title = f"{self.identity}.title"  # identities of nodes continue with two hyphens
        marks = f'class="{SCOPE}" id="{self.identity}" role="graphics-document document" aria-labelledby="{title}"'
        return [
            f'<svg xmlns="http://www.w3.org/2000/svg" {marks} {size}>',
            f'<title id="{title}">{markup_text(self.title)}, {markup_text(self.about)}</title>',
            *(["<style>", *style, "</style>"] if style else []),
            '<rect class="paper" width="100%" height="100%"/>',
            *self.lines,
            "</svg>",
        ]


def draw(
    graph: Graph, view: View, folds: LengthVariables | None = None, suffix: str = "", above: Sequence[Drawable] = ()
) -> SvgDrawing:
    """Return the drawing of a graph. With `folds`, frames are foldable.

    `suffix` makes identities unique among the drawings of a page. `above` are drawings between the title and the
    workflow.
    """
    # Figures recurse as deeply as the graph is nested.
    return run_with_large_stack(lambda: _lay_out(graph, view, folds, suffix, above).draw())


def folded_identities(graph: Graph, view: View, suffix: str) -> Collection[str]:
    """Return the identities of the nodes that the view folds in the drawing of a graph."""
    return run_with_large_stack(lambda: _lay_out(graph, view, suffix=suffix).nodes.folded)


def _lay_out(
    graph: Graph,
    view: View,
    folds: LengthVariables | None = None,
    suffix: str = "",
    above: Sequence[Drawable] = (),
    nodes: NodeLayout | None = None,
) -> _DrawingLayout:
    """Return the layout of a drawing, with the figures of the layout `nodes` if possible."""
    workflow = graph["workflow"]
    identity = slug(workflow["class_name"], "workflow") + suffix
    functions = functions_of(workflow)
    called = called_functions(workflow["nodes"], functions) if functions else frozenset()
    layout = NodeLayout(CallExpansion(functions, view.expand), BodyTexts(functions), view, folds)
    if nodes is not None:
        from stepgraph.render.svg.layout.fitting import is_complete, without_hidden_nodes

        layout = without_hidden_nodes(nodes) if is_complete(nodes) else layout
    figures = [*above, *_figures(graph, layout, identity, called)]
    figure_nodes = {name: node for name, node in layout.nodes_by_id.items() if id(node) not in layout.frameless}
    badges = place_badges(view.findings, graph, DrawnNodes(figure_nodes, layout.calls.shown, view.expand == "all"))
    pills = state_pills(view.state, view.findings, badges)
    has_badges = bool(pills or badges.by_figure)
    if view.progress is not None and folds is None:
        figures = _with_instance(graph, figures, len(above), view, view.progress)
    if view.legend:
        figures.append(_legend(layout, figures, pills, badges))
    title = _title_of(graph, view, pills_width(pills))
    name = view.title_of(workflow)
    has_status = view.progress is not None and folds is None
    index = len(above) + (1 if has_status else 0)
    return _DrawingLayout(
        identity=identity,
        name=name,
        title=title,
        pills=pills,
        figures=figures,
        workflow_index=index,
        badges=badges,
        has_badges=has_badges,
        nodes=layout,
        width=_width(title, figures),
    )


def _legend(layout: NodeLayout, figures: Sequence[Drawable], pills: Sequence[StatePill], badges: Badges) -> Drawable:
    """Return the legend of the symbols in figures, as wide as the widest of them."""
    # Imported here because most drawings have no legend, and start-up time counts.
    from stepgraph.render.svg.figures.legend import page_legend, picture_legend

    if layout.folds is None:
        pen = Pen(badges=badges)
        draw_pills(pen, pills, 0, 0)
        for figure in figures:
            figure.draw(pen, Lanes())
        legend = picture_legend(pen.lines, _signs(layout))
    else:
        legend = page_legend(has_badges=bool(pills or badges.by_figure), signs=_signs(layout))  # folds add symbols
    return legend.widened(value_of(longest([each.left_extent + each.right_extent for each in figures])))


def _signs(layout: NodeLayout) -> set[Sign]:
    """Return the signs of the states of an instance in a picture."""
    progress = layout.view.progress
    if progress is None:
        return set()
    steps = [node for node in layout.nodes_by_id.values() if is_step(node)]
    signs: set[Sign] = {"next"} if any(map(progress.is_next, steps)) else set()
    for step in steps:
        node_progress = progress.of(step)
        if node_progress is not None and (node_progress.is_uncertain or node_progress.state != "not_reached"):
            signs.add("uncertain" if node_progress.is_uncertain else node_progress.state)
    return signs


def _with_instance(
    graph: Graph, figures: Sequence[Drawable], index: int, view: View, progress: Progress
) -> list[Drawable]:
    """Return figures with the status of an instance before the figure at `index`, and with its timeline at the end."""
    # Imported here because most drawings have no instance, and start-up time counts.
    from stepgraph.render.svg.figures.status import status_figure
    from stepgraph.render.svg.figures.timeline import TimelineFigure, timeline_width
    from stepgraph.render.timeline import timeline_of

    workflow = value_of(longest([each.left_extent + each.right_extent for each in figures[index:]]))
    width = timeline_width(workflow, None if view.fit is None else max_width(view.fit) - 2 * MARGIN)
    timeline = timeline_of(progress)
    below = [] if timeline is None else [TimelineFigure(timeline, width, progress.instance.log.start)]
    return [*figures[:index], status_figure(progress.instance, graph, _MAX_TITLE_WIDTH), *figures[index:], *below]


class _DrawingLayout(Struct, frozen=True):
    """The figures of a drawing with their size."""

    identity: str
    name: str
    title: _Title
    pills: Sequence[StatePill]
    figures: Sequence[Drawable]
    workflow_index: int
    """The index of the workflow among the figures."""

    badges: Badges
    has_badges: bool
    nodes: NodeLayout
    width: Length

    def draw(self) -> SvgDrawing:
        """Return the drawing."""
        layout, title = self.nodes, self.title
        # Groups of faded figures contain no other figures.
        chains = layout.folds is None and layout.view.progress is None
        pen = Pen(chains=chains, badges=self.badges, links=_links(layout.nodes_by_id, layout.view))
        above = 0 if layout.folds is None else title.text_height  # a page shows them itself
        pen.text((css, x, y - above, text) for css, x, y, text in title.pieces)
        draw_pills(pen, self.pills, MARGIN, MARGIN + title.height - above - _BELOW_TITLE - SIZE)
        y: Length = MARGIN + title.height - above
        for index, figure in enumerate(self.figures):
            # The workflow is centered. Other figures are at the left edge.
            is_workflow = index == self.workflow_index
            left = figure.left_extent
            x = half(self.width - figure.right_extent + left) if is_workflow else left + MARGIN
            pen.open_at(x, y)
            figure.draw(pen, Lanes())
            pen.close()
            y = y + figure.height + _BETWEEN_FIGURES
        height = y + (MARGIN - _BETWEEN_FIGURES)
        drawing = SvgDrawing(
            self.identity,
            pen.lines,
            self.width,
            height,
            layout.nodes_by_id,
            self.name,
            badges=self.badges,
            has_badges=self.has_badges,
            text_height=above,
        )
        progress = layout.view.progress
        if progress is None:
            return drawing
        return replace(drawing, about=f"the steps of an instance: {visible(shortened(progress.instance.log.status))}")


def _links(nodes: Mapping[str, Node], view: View) -> Mapping[str, str]:
    """Return the URLs of the source code of nodes, by identity."""
    url_of = view.url_of
    return {} if url_of is None else {identity: url_of(node) for identity, node in nodes.items()}


def _figures(graph: Graph, layout: NodeLayout, identity: str, called: Collection[str]) -> list[Drawable]:
    """Return the workflow, then functions drawn separately.

    A function that only folded nodes call is not drawn, unless all functions are drawn separately.
    """
    workflow = graph["workflow"]
    nodes = layout.part(workflow, workflow["nodes"], NodeContext(identity), tail=0)
    figures: list[Drawable] = [workflow_figure(nodes)]
    if layout.functions.keys() - layout.calls.shown.keys():
        figures += _separate_functions(layout, identity, called)
    return figures


def _separate_functions(layout: NodeLayout, identity: str, called: Collection[str]) -> Iterator[Drawable]:
    """Yield the functions to draw separately: all if no call is expanded, otherwise those that are never called."""
    numbering = Numbering()
    for name, function in layout.functions.items():
        if name not in layout.calls.shown and (name not in called or layout.view.expand == "none"):
            unique = numbering.of(f"{identity}{BETWEEN}function.{slug(name, 'function')}")
            context = NodeContext(unique)
            layout.nodes_by_id[context.identity] = function
            remark = "" if name in called else "never called"
            with layout.calls.drawn(name, id(function)):
                figure = measure_function(layout, function, f"function {name}", context, remark)
            yield with_end(figure)


class _Title(Struct, frozen=True):
    pieces: Sequence[TextPiece]
    width: int
    height: int
    text_height: int
    """The height of the texts, which a page shows elsewhere, and of the margin that a page does not need."""


def _width(title: _Title, figures: Sequence[Drawable]) -> Length:
    return longest([title.width, *(figure.left_extent + figure.right_extent for figure in figures)]) + 2 * MARGIN


def _title_of(graph: Graph, view: View, pills: int) -> _Title:
    workflow = graph["workflow"]
    payload = payload_text(workflow["payload"]) if "payload" in workflow else ""
    return _title(view.title_of(workflow), payload, pills)


def _title(name: str, payload: str, pills: int) -> _Title:
    """Return the title, with room below it for pills of this width."""
    names = TITLE.wrap(visible(name), _MAX_TITLE_WIDTH, 2)
    details = DETAIL.wrap(visible(payload), _MAX_TITLE_WIDTH, 3) if payload else ()
    pieces: list[TextPiece] = []
    y = MARGIN - 6
    for text in names:
        y += TITLE.line_height
        pieces.append(("title", MARGIN, y - 5, text))
    for text in details:
        y += DETAIL.line_height
        pieces.append(("detail", MARGIN, y - 1, text))
    widths = [*map(TITLE.width, names), *map(DETAIL.width, details)]
    if pills:
        y += _ABOVE_PILLS + SIZE
        widths.append(pills)
    text_height = len(names) * TITLE.line_height + len(details) * DETAIL.line_height
    return _Title(pieces, max(widths), y - MARGIN + _BELOW_TITLE, text_height + _LESS_ABOVE)
