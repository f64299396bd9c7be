"""Workflows as a single HTML file: their pictures, and a script to move, fold and search them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.json_strings import script_data
from stepgraph.escaping.markup import markup_text
from stepgraph.model.span import Code
from stepgraph.model.walk import functions_of
from stepgraph.render.html.comparison import place_identities
from stepgraph.render.html.document import Head, asset, document, script_of
from stepgraph.render.html.section import FoldablePicture, ListedFinding, Page, Section, VersionSection, picture
from stepgraph.render.html.source import SourceTable
from stepgraph.render.svg.figures.badge import badge_style
from stepgraph.render.svg.figures.legend import page_legend
from stepgraph.render.svg.figures.state_signs import ICONS
from stepgraph.render.svg.identities import slug
from stepgraph.render.svg.theme import DARK, SCOPE, Palette, by_theme, style_sheet
from stepgraph.render.view import DEFAULT_VIEW, Theme, View

__all__ = ["Page", "PageComparison", "render_page"]

if TYPE_CHECKING:
    from stepgraph.render.html.instance.instance_part import InstancePart
    from stepgraph.render.html.live import LivePage

SEVERAL: Final = "Workflows"
SCRIPTS: Final = (
    "making",
    "lengths",
    "view",
    "regions",
    "picture",
    "zooming",
    "figures",
    "navigation",
    "source",
    "order",
    "details",
    "query",
    "help",
    "palette",
    "hits",
    "names",
    "titles",
    "minimap",
    "overlay",
    "findings",
    "bars",
    "theme",
    "export",
    "legend",
    "menu",
    "toolbar",
    "hover",
    "selection",
    "input",
    "sheets",
    "printing",
    "begin",
)
"""The parts of the script in dependency order."""

COMPARISON_SCRIPTS: Final = (*SCRIPTS[:-1], "changes", SCRIPTS[-1])
INSTANCE_SCRIPTS: Final = (
    *SCRIPTS[:-1],
    *(
        f"instance/{name}"
        for name in ("log", "passes", "runs", "search", "time_axis", "splitter", "folded_states", "rows")
    ),
    SCRIPTS[-1],
)
LIVE_SCRIPTS: Final = ("live/connection", "live/actions", "live/state")
_VERSION: Final = "workflow version compared"


class PageComparison(Struct, frozen=True):
    """The texts of a page that compares two versions."""

    title: str
    summary: str
    """A sentence that counts the changes, shown if no workflow changed."""


def render_page(
    pages: Sequence[Page],
    view: View = DEFAULT_VIEW,
    link_of: Callable[[Code], Sequence[str]] | None = None,
    comparison: PageComparison | None = None,
    live: LivePage | None = None,
) -> str:
    """Return a self-contained HTML document of workflows, which needs no network.

    The title of a page with one workflow is the name of the workflow, except for comparisons. The folding of the view
    is the initial state of the page. `link_of` returns the parts of the URL of a file between its line numbers. With
    `live`, the page follows the changes that a server tells. Equal arguments produce equal bytes.
    """
    title = _title(pages, comparison, live)
    sections = _sections(pages, view, title)
    style = "\n".join(["", *_style(view.theme, pages, marked=comparison is not None, is_live=live is not None)])
    script = script_of(_script_names(pages, is_comparison=comparison is not None, is_live=live is not None))
    sources = SourceTable(link_of)
    data = [section.data(sources) for section in sections]
    comparison_data = [_comparison_data(sections, sources)] if comparison else []
    body = [
        *_header(sections, title, live),
        "<main>",
        *(line for section in sections for line in section.lines(sources)),
        *([f'<p class="nothing">{markup_text(comparison.summary)}</p>'] if comparison and not pages else []),
        "</main>",
        f'<script type="application/json" id="{SCOPE}.data">{script_data(data)}</script>',
        *comparison_data,
        *_instance_data(sections),
        *([live.data()] if live else []),
        *_sources(sources),
        *_legend(pages),
    ]
    return document(Head(title, view.theme, style, script, connects=live is not None), body)


def _title(pages: Sequence[Page], comparison: PageComparison | None, live: LivePage | None) -> str:
    if live is not None:
        return live.title
    return comparison.title if comparison else pages[0].name if len(pages) == 1 else SEVERAL


def listed_findings(page: Page) -> list[ListedFinding]:
    """Return the findings of a workflow, with the identities of their figures in a page with this workflow alone."""
    (section,) = _sections([page], DEFAULT_VIEW, page.name)
    return list(section.listed())


def _script_names(pages: Sequence[Page], *, is_comparison: bool, is_live: bool) -> Sequence[str]:
    """Return the parts of the script that the pages need."""
    names = INSTANCE_SCRIPTS if _has_instance(pages) else SCRIPTS
    if is_comparison and pages:
        names = COMPARISON_SCRIPTS
    return (*names[:-1], *LIVE_SCRIPTS, names[-1], "live/start") if is_live else names


def _has_instance(pages: Sequence[Page]) -> bool:
    return any(page.progress is not None for page in pages)


def _instance_data(sections: Sequence[Section]) -> Iterator[str]:
    """Yield the logs of instances for the script, if any."""
    if _has_instance([section.page for section in sections]):
        data = script_data([section.instance and section.instance.data() for section in sections])
        yield f'<script type="application/json" id="{SCOPE}.instances">{data}</script>'


def _has_badges(pages: Sequence[Page]) -> bool:
    return any(page.findings or page.state for page in pages)


def _legend(pages: Sequence[Page]) -> Iterator[str]:
    """Yield the picture of the legend for the script."""
    yield f'<script type="image/svg+xml" id="{SCOPE}.legend">'
    yield from page_legend(has_badges=_has_badges(pages), signs=ICONS if _has_instance(pages) else ()).picture()
    yield "</script>"


def _sources(sources: SourceTable) -> Iterator[str]:
    """Yield the source code for the script, if any."""
    if data := sources.data():
        yield f'<script type="application/json" id="{SCOPE}.sources">{script_data(data)}</script>'


def _sections(pages: Sequence[Page], view: View, title: str) -> list[Section]:
    """Return a section for each workflow, with unique identities."""
    sections: list[Section] = []
    identities: set[str] = set()
    numbers: Counter[str] = Counter()
    for page in pages:
        class_name = page.graph["workflow"]["class_name"] if page.graph else page.name
        stem, suffix = slug(class_name, "workflow"), ""
        while stem + suffix in identities:
            numbers[stem] += 1
            suffix = f"-{numbers[stem] + 1}"
        identities.add(stem + suffix)
        sections.append(_section(page, stem + suffix, suffix, view, title))
    return sections


def _section(page: Page, identity: str, suffix: str, view: View, title: str, css: str = "workflow") -> Section:
    """Return the section of a workflow with the sections of its versions. `suffix` is the end of its identity."""
    folding = view.folding if page.folding is None else page.folding
    page_view = replace(
        view,
        details=page.details,
        title=page.name,
        state=page.state,
        findings=page.findings,
        marks=page.marks,
        progress=page.progress,
        folding=folding,
    )
    drawn = picture(page.graph, page_view, suffix) if page.graph else None
    versions = [
        VersionSection(
            version.name,
            _section(version.page, f"{identity}.{version.name}", f"{suffix}.{version.name}", view, title, _VERSION),
        )
        for version in page.versions
    ]
    css = f"{css} compared" if page.changes else css
    instance = _instance_part(page, identity, drawn)
    return Section(
        page=page,
        identity=identity,
        picture=drawn,
        title=title,
        places=_places(page, drawn),
        versions=versions,
        css=css,
        instance=instance,
    )


def _instance_part(page: Page, identity: str, drawn: FoldablePicture | None) -> InstancePart | None:
    """Return the parts of a section that show an instance, if the page has one."""
    if page.progress is None or page.graph is None:
        return None
    # Imported here because most pages have no instance, and start-up time counts.
    from stepgraph.render.html.instance.instance_part import InstancePart

    nodes, lines = ({}, ()) if drawn is None else (drawn.nodes, drawn.lines)
    return InstancePart.of(identity, page.progress, page.graph["workflow"], nodes, lines)


def _places(page: Page, drawn: FoldablePicture | None) -> Sequence[str]:
    """Return the identity of the figure of each change, or an empty string without one."""
    if drawn is None or page.graph is None:
        return [""] * len(page.changed_parts)
    return place_identities(drawn.nodes, functions_of(page.graph["workflow"]), drawn.lines, page.changed_parts)


def _comparison_data(sections: Sequence[Section], sources: SourceTable) -> str:
    data = script_data([section.comparison_data(sources) for section in sections])
    return f'<script type="application/json" id="{SCOPE}.changes">{data}</script>'


def _style(theme: Theme, pages: Sequence[Page], *, marked: bool, is_live: bool) -> Iterator[str]:
    """Yield the style sheet of pictures and of the page."""
    has_instance = _has_instance(pages)
    yield from style_sheet(theme, marked=marked, gray=has_instance)
    if _has_badges(pages):
        yield from badge_style(theme)
    yield from color_rules(theme, marked=marked, gray=has_instance)
    yield asset("page.css")
    if marked:
        yield asset("changes.css")
    if has_instance:
        from stepgraph.render.html.instance.style import instance_style
        from stepgraph.render.svg.progress_style import progress_style

        yield from progress_style(theme)
        yield from instance_style(theme)
        yield asset("instance.css")
    if is_live:
        yield asset("live.css")


def _header(sections: Sequence[Section], title: str, live: LivePage | None) -> Iterator[str]:
    if live is not None:
        yield from live.header()
        return
    yield '<header class="masthead">'
    yield f"<h1>{markup_text(title)}</h1>"
    if len(sections) > 1:
        yield '<nav class="contents" aria-label="Workflows">'
        yield "<ul>"
        yield from (
            f'<li><a href="#{section.identity}">{markup_text(section.page.name)}</a></li>' for section in sections
        )
        yield "</ul>"
        yield "</nav>"
    yield "</header>"


def color_rules(theme: Theme, *, marked: bool = False, gray: bool = False) -> list[str]:
    """Return the rules that define the variables and color folded frames. With `auto`, printed pages are light."""
    return by_theme(theme, _marked_rules if marked else _gray_rules if gray else _rules)


def _marked_rules(palette: Palette) -> list[str]:
    """Return the rules of a comparison, with the colors of marks."""
    variables, folded = _gray_rules(palette)
    marks = ";".join(f"--{kind.value}:{colors.line}" for kind, colors in palette.marks.items())
    return [variables, f":root{{{marks}}}", folded]


def _gray_rules(palette: Palette) -> list[str]:
    """Return the rules of pictures in which colors show marks or states: folded frames are gray."""
    return [_variables(palette), f".{SCOPE} .is-folded>.edge{{fill:{palette.unmarked.band}}}"]


def _rules(palette: Palette) -> list[str]:
    """Return the variables of a theme, and the rules that give a folded frame the look of its band."""
    folded = (
        f".{SCOPE} .is-folded.{name}>.edge{{fill:{colors.band}}}"
        for name, colors in palette.by_kind.items()
        if colors.band
    )
    return [_variables(palette), *folded]


def _variables(palette: Palette) -> str:
    by_kind = palette.by_kind
    colors = {
        "paper": palette.paper,
        "surface": by_kind["block"].fill if palette is DARK else by_kind["finally"].fill,
        "raised": by_kind["block"].band,
        "line": by_kind["finally"].band,
        "border": by_kind["body"].line,
        "text": palette.text,
        "detail": palette.detail,
        "accent": by_kind["do"].line,
        "accent-fill": by_kind["do"].band,
        "good": by_kind["loop"].line,
        "good-fill": by_kind["loop"].band,
        "warning": by_kind["choice"].line,
        "warning-fill": by_kind["choice"].band,
        "error": palette.failure,
        "error-fill": by_kind["catch"].band,
    }
    return ":root{" + ";".join(f"--{name}:{color}" for name, color in colors.items()) + "}"
