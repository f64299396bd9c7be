"""The drawing options of `stepgraph graph` and `stepgraph render`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar, cast

import click
from msgspec import Struct

from stepgraph.cli.console import Look, look_of_standard_output
from stepgraph.cli.formats import FORMATS, MARKDOWN, FormatOptions
from stepgraph.cli.options.output import Output

if TYPE_CHECKING:
    from stepgraph.render.folding import FoldedKind
    from stepgraph.render.view import Expansion, Theme, View


R = TypeVar("R")

# Copies of constants of the renderers, which every run would have to import.
COLLAPSIBLE: Final = ("loop", "parallel", "try", "if", "switch", "block", "function", "step")
EXPANSIONS: Final = ("first", "all", "none")
THEMES: Final = ("auto", "light", "dark")
ENGINES: Final = ("structured", "dot")
# Options that Graphviz does not support.
_STRUCTURED_ONLY: Final = frozenset({"--expand", "--theme", "--legend"})

_DEPTH_HELP = "Draw N levels open; what holds other nodes at level N is folded to one box."
_COLLAPSE_HELP = f"Fold what is of these kinds, with commas between them: {', '.join(COLLAPSIBLE)}."
_EXPAND_HELP = "Where an SVG shows the body of a function: at the first call (default), at all, or by itself."
THEME_HELP = "Colours of an SVG: those of the reader's system (default), light, or dark."
_LEGEND_HELP = "Explain the symbols beside an SVG."
_ENGINE_HELP = "What lays out an SVG: stepgraph's own layout (default), or Graphviz."


class DrawingOptions(Struct, frozen=True):
    """The values of the options; None or False for options that were not used."""

    depth: int | None
    collapse: tuple[str, ...] | None
    expand: str | None
    theme: str | None
    engine: str | None
    legend: bool

    def format_options(self, output: Output) -> FormatOptions:
        """Return the options of the format. Raises UsageError for options that it does not support."""
        for option in self._explicit_options():
            if option not in output.format.options:
                formats = ", ".join(each.name for each in FORMATS.values() if option in each.options)
                message = f"{option} is of no use to the format {output.format.name}, only to {formats}. Leave it out."
                raise click.UsageError(message)
            if self.engine == "dot" and option in _STRUCTURED_ONLY:
                raise click.UsageError(f"{option} is of no use to the engine dot. Leave it out.")
        view = None if self._explicit_options() in ([], ["--engine"]) else self._view()
        look = Look() if output.name else look_of_standard_output()
        in_markdown = output.name is not None and output.name.endswith(MARKDOWN)
        return FormatOptions(look, view=view, engine=self.engine or ENGINES[0], in_markdown=in_markdown)

    def _explicit_options(self) -> list[str]:
        values = {
            "--depth": self.depth,
            "--collapse": self.collapse,
            "--expand": self.expand,
            "--theme": self.theme,
            "--legend": self.legend or None,
            "--engine": self.engine,
        }
        return [option for option, value in values.items() if value is not None]

    def _view(self) -> View:
        from stepgraph.render.folding import Folding
        from stepgraph.render.view import View

        return View(
            Folding(self.depth, cast("tuple[FoldedKind, ...]", self.collapse or ())),
            cast("Expansion", self.expand or EXPANSIONS[0]),
            cast("Theme", self.theme or THEMES[0]),
            self.legend,
        )


def drawing_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the drawing options to a command, as one argument `drawing`."""

    @click.option("--depth", type=click.IntRange(min=1), metavar="N", help=_DEPTH_HELP)
    @click.option("--collapse", callback=_collapse, metavar="KINDS", help=_COLLAPSE_HELP)
    @click.option("--expand", type=click.Choice(EXPANSIONS), help=_EXPAND_HELP)
    @click.option("--theme", type=click.Choice(THEMES), help=THEME_HELP)
    @click.option("--legend", is_flag=True, help=_LEGEND_HELP)
    @click.option("--engine", type=click.Choice(ENGINES), help=_ENGINE_HELP)
    @wraps(command)
    def with_drawing(
        *,
        depth: int | None,
        collapse: tuple[str, ...] | None,
        expand: str | None,
        theme: str | None,
        engine: str | None,
        legend: bool,
        **others: object,
    ) -> R:
        return command(drawing=DrawingOptions(depth, collapse, expand, theme, engine, legend), **others)

    return with_drawing


def _collapse(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Return the kinds in a comma-separated text, in the order of `COLLAPSIBLE`."""
    if value is None:
        return None
    named = [kind.strip() for kind in value.split(",") if kind.strip()]
    for kind in named:
        if kind not in COLLAPSIBLE:
            raise click.BadParameter(f"'{kind}' is no kind that can be folded. There are {', '.join(COLLAPSIBLE)}.")
    if not named:
        raise click.BadParameter(f"no kind is named. There are {', '.join(COLLAPSIBLE)}.")
    return tuple(kind for kind in COLLAPSIBLE if kind in named)
