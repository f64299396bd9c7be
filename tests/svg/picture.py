"""A parser of SVG drawings as nested figures, with boxes, lines and text in absolute coordinates."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from stepgraph.model.payload import Graph, Node
from stepgraph.render.folding import LeavingKind
from stepgraph.render.svg.drawing import SvgDrawing, draw
from stepgraph.render.svg.fonts import BADGE, CODE, DETAIL, EFFECT, HEADING, NAME, TITLE
from stepgraph.render.svg.lengths import BEGIN, END, LengthVariables
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.svg.lengths import lengths_of, value_in
from tests.svg.shapes import Box, Point, bounding_box
from tests.svg.strokes import Stroke, strokes

FONTS = {
    "name": NAME,
    "detail": DETAIL,
    "heading": HEADING,
    "code": CODE,
    "title": TITLE,
    "effect": EFFECT,
    "tally": BADGE,
    "fact": DETAIL,
    "error": DETAIL,
}
SVG = "{http://www.w3.org/2000/svg}"
_TRANSLATE = re.compile(r"translate\((-?\d+) (-?\d+)\)")
_TITLE = re.compile(
    r'(?:<(text|tspan) class="title"[^>]*>[^<]*</\1>)+(?:<(text|tspan) class="detail"[^>]*>[^<]*</\2>)*'
)
"""The name above the picture with the payload, which the style sheet of a page hides."""

_MARK = re.compile(f"{BEGIN}(-?[0-9]+):(-?[0-9]+):-?[0-9]+{END}")
_CIRCLE = re.compile(r"M(-?\d+) (-?\d+)a(\d+) \3 0 1 0 1 0z")
_ASCENT = 0.72
_DESCENT = 0.21


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text with its bounding box, as high as the highest letters."""

    css: str
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge of findings."""

    css: frozenset[str]
    title: str
    box: Box
    text: Text


@dataclass(slots=True)
class Chart:
    """The timeline or the status of an instance."""

    css: str
    boxes: list[Box] = field(default_factory=list)
    bars: list[Box] = field(default_factory=list)
    signs: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """The strokes of one path."""

    css: str
    strokes: tuple[Stroke, ...]
    figure: Figure
    """The innermost enclosing figure."""


@dataclass(eq=False, slots=True)
class Figure:
    """A group with a class: a node, a part of a node, or the whole picture."""

    css: frozenset[str]
    identity: str
    title: str
    parent: Figure | None
    boxes: list[Box] = field(default_factory=list)
    bars: list[Box] = field(default_factory=list)
    marks: list[Box] = field(default_factory=list)
    signs: list[Box] = field(default_factory=list)
    """Signs of marks on figures inside."""

    tabs: list[Box] = field(default_factory=list)
    """Tabs of marks on figures inside."""

    below_tabs: list[Box] = field(default_factory=list)
    """The boxes of the figure without the tab above it. Lines inside begin at their tops."""

    effects: list[Box] = field(default_factory=list)
    """The pills of effects on running instances."""

    tab_texts: list[Text] = field(default_factory=list)
    """The text on tabs."""
    badges: list[Badge] = field(default_factory=list)
    loose_ends: list[Box] = field(default_factory=list)
    icons: list[Box] = field(default_factory=list)
    band: Box | None = None
    charts: list[Chart] = field(default_factory=list)
    """The timeline and the status of an instance."""
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    inner: list[Figure] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """The bounding box, including a stacked box behind it and a tab above it."""
        return bounding_box(self.boxes)

    @property
    def box_with_mark(self) -> Box:
        """The bounding box with its mark, if any."""
        marks = [*self.parent.signs, *self.parent.tabs] if self.parent else []
        return bounding_box([self.box, *(mark for mark in marks if mark.overlaps(self.box))])

    @property
    def is_frame(self) -> bool:
        """Whether it may contain figures."""
        return "frame" in self.css

    @property
    def parents(self) -> Iterator[Figure]:
        """Yield the enclosing figures, innermost first."""
        figure = self.parent
        while figure is not None:
            yield figure
            figure = figure.parent

    def walk(self) -> Iterator[Figure]:
        """Yield the figure and all figures inside, in document order."""
        pending = [self]
        while pending:
            figure = pending.pop()
            yield figure
            pending.extend(reversed(figure.inner))


@dataclass(frozen=True, slots=True)
class Picture:
    """A parsed picture."""

    text: str
    width: int
    height: int
    whole: Figure
    nodes: Mapping[str, Node]
    """The nodes of figures, by identity."""

    exit_kinds: Mapping[str, Collection[LeavingKind]]
    """The exits of each figure of the class `shut`."""

    @property
    def figures(self) -> list[Figure]:
        """All figures with boxes."""
        return [figure for figure in self.whole.walk() if figure.boxes]

    @property
    def charts(self) -> list[Chart]:
        """The timeline and the status of an instance."""
        return self.whole.charts

    @property
    def lines(self) -> list[Line]:
        """All lines except icons and bands."""
        return [line for figure in self.whole.walk() for line in figure.lines]

    def figure(self, identity: str) -> Figure:
        """Return the figure with this identity."""
        return next(figure for figure in self.whole.walk() if figure.identity == identity)


def picture_of(graph: Graph, view: View = DEFAULT_VIEW) -> Picture:
    """Draw a graph and parse the picture."""
    drawn = draw(graph, view)
    return _picture(drawn, "\n".join(drawn.document()))


def page_of(
    graph: Graph, folded: Mapping[str, Collection[LeavingKind]] | None = None, view: View = DEFAULT_VIEW
) -> Picture:
    """Draw a graph for a page and parse its picture while some frames are folded.

    Folded frames are figures of the class `shut`. `folded` has their identities with the kinds of their exits.
    """
    folded = folded or {}
    variables = LengthVariables()
    drawn = draw(graph, view, variables)
    lengths = lengths_of(variables.frames, variables.definitions, folded)
    text = _MARK.sub(lambda mark: str(value_in(lengths, int(mark[1]), int(mark[2]))), "\n".join(drawn.document()))
    text = _TITLE.sub("", text)
    return _picture(drawn, text, folded)


def _picture(drawn: SvgDrawing, text: str, folded: Mapping[str, Collection[LeavingKind]] | None = None) -> Picture:
    root, folded = ET.fromstring(text), folded or {}  # noqa: S314 - it is our own
    whole = Figure(frozenset({"whole"}), "", "", None)
    _read(root, whole, folded)
    for figure in whole.walk():
        for tab in figure.tabs:
            _put_on_top(tab, figure)
    return Picture(text, int(root.attrib["width"]), int(root.attrib["height"]), whole, drawn.nodes, folded)


def _read(root: ET.Element, whole: Figure, folded: Container[str]) -> None:
    pending = [(root, whole, Point(0, 0))]
    while pending:
        element, figure, at = pending.pop()
        inner: list[tuple[ET.Element, Figure, Point]] = []
        for child in _shown(element, figure):
            if child.tag == f"{SVG}text" and "mark" in element.get("class", "").split():
                figure.tab_texts += [_text(span, at) for span in child]
            elif "finding" in child.get("class", "").split():
                figure.badges.append(_badge(child, at))
            elif child.tag == f"{SVG}g" and "legend" in figure.css:
                continue  # samples, which lead nowhere
            elif {"timeline", "status"} & set(child.get("class", "").split()):
                whole.charts.append(_chart(child, at))
            elif child.tag == f"{SVG}g":
                inner.append(_group(child, figure, at, folded))
            else:
                _read_shape(child, figure, at)
        pending.extend(reversed(inner))


def _put_on_top(tab: Box, figure: Figure) -> None:
    """Extend the figure below a tab to the top of the tab."""
    for inner in figure.inner:
        front = inner.boxes[-1] if inner.boxes else None
        if front is not None and front.left == tab.left and tab.top < front.top < tab.bottom:
            inner.below_tabs = inner.boxes
            inner.boxes = [Box(box.left, tab.top, box.right, box.bottom) for box in inner.boxes]


def _shown(element: ET.Element, figure: Figure) -> Iterator[ET.Element]:
    """Yield the visible children of an element, according to the style sheet of pages."""
    for child in element:
        css = child.get("class", "").split()
        if "shut" not in figure.css:
            if "while-folded" not in css:
                yield child
        elif "while-folded" in css or (_is_shown_while_folded(child) and not {"band", "while-open"} & set(css)):
            yield child


def _badge(element: ET.Element, at: Point) -> Badge:
    title, group = element
    box, text = group
    at = _moved(group, at)
    css = frozenset(element.attrib["class"].split())
    return Badge(css, title.text or "", _rectangle(box, at), _text(text[0], at))


def _chart(element: ET.Element, at: Point) -> Chart:
    """Read a group whose elements have no origin of their own, except for icons."""
    chart = Chart(element.attrib["class"])
    for each in element.iter():
        css = each.get("class", "").split()
        match each.tag.removeprefix(SVG):
            case "rect":
                boxes = chart.bars if "span" in css else chart.boxes
                boxes.append(_rectangle(each, at))
            case "circle":
                chart.signs.append(_circle(each, at))
            case "text":
                chart.texts += [_text(span, at) for span in each]
    return chart


def _circle(element: ET.Element, at: Point) -> Box:
    x, y = at.x + float(element.get("cx", "0")), at.y + float(element.attrib["cy"])
    radius = float(element.attrib["r"])
    return Box(x - radius, y - radius, x + radius, y + radius)


def _is_shown_while_folded(element: ET.Element) -> bool:
    return element.tag != f"{SVG}g" or "finding" in element.get("class", "").split()


def _group(element: ET.Element, figure: Figure, at: Point, folded: Container[str]) -> tuple[ET.Element, Figure, Point]:
    """Return a group with its figure and its origin."""
    if "transform" in element.attrib:
        return element, figure, _moved(element, at)
    css = frozenset(element.attrib["class"].split())
    if css & {"mark", "while-folded"}:
        return element, figure, at
    if "foldable" in css and element.attrib["id"] in folded:
        css = css - {"frame"} | {"shut"}
    inner = Figure(css, element.get("id", ""), element.findtext(f"{SVG}title") or "", figure)
    figure.inner.append(inner)
    return element, inner, at


def _moved(element: ET.Element, at: Point) -> Point:
    match = _TRANSLATE.fullmatch(element.attrib["transform"])
    if match is None:
        raise ValueError(f"no transformation that we use: {element.attrib['transform']}")
    return Point(at.x + int(match[1]), at.y + int(match[2]))


def _read_shape(element: ET.Element, figure: Figure, at: Point) -> None:
    css = element.get("class", "").removesuffix(" faded")
    match element.tag.removeprefix(SVG):
        case "rect" if css == "tab":
            figure.tabs.append(_rectangle(element, at))
        case "rect" if css in {"breaking", "out-of-order"}:
            figure.effects.append(_rectangle(element, at))
        case "rect" if element.attrib["width"] == "0" or css == "halo":
            pass  # not drawn, or only around the box of the figure
        case "rect" if css != "paper":
            bars = figure.bars if "bar" in css.split() else figure.boxes
            bars.append(_rectangle(element, at))
        case "circle":
            circles = figure.signs if css == "sign" else figure.marks
            circles.append(_circle(element, at))
        case "text":
            corner = _moved(element, at) if "transform" in element.attrib else at
            figure.texts += [_text(span, corner) for span in element]
        case "path" if "icon" in css.split() and "sign" not in css.split():
            corner = _moved(element, at)
            figure.icons.append(Box(corner.x, corner.y, corner.x + 16, corner.y + 16))
        case "path" if css == "cross" or "icon sign" in css:
            pass  # a part of its mark
        case "path" if css == "band":
            points = [point for stroke in strokes(element.attrib["d"], at) for point in stroke.points]
            figure.band = bounding_box([Box(point.x, point.y, point.x, point.y) for point in points])
        case "path" if css == "unawaited end":
            figure.loose_ends += _circles(element.attrib["d"], at)
        case "path":
            figure.lines.append(Line(css, tuple(strokes(element.attrib["d"], at)), figure))


def _rectangle(element: ET.Element, at: Point) -> Box:
    x, y, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
    return Box(at.x + x, at.y + y, at.x + x + width, at.y + y + height)


def _circles(path: str, at: Point) -> Iterator[Box]:
    """Yield the circles in a path, each of which begins at its top."""
    if "".join(match.group() for match in _CIRCLE.finditer(path)) != path:
        raise ValueError(f"not only circles: {path}")
    for x, y, radius in _CIRCLE.findall(path):
        left, top, size = at.x + int(x) + 0.5 - int(radius), at.y + int(y), 2 * int(radius)
        yield Box(left, top, left + size, top + size)


def _text(span: ET.Element, at: Point) -> Text:
    css, text = span.attrib["class"], span.text or ""
    x, y, font = at.x + float(span.attrib["x"]), at.y + float(span.attrib["y"]), FONTS[span.attrib["class"]]
    return Text(css, text, Box(x, y - font.size * _ASCENT, x + font.width(text), y + font.size * _DESCENT))
