"""The colors and signs of states in the page of an instance, as in its picture."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from stepgraph.execution.instance import EntryState
from stepgraph.render.svg.figures.state_signs import ICONS
from stepgraph.render.svg.progress_style import DARK_PROGRESS, LIGHT_PROGRESS, ProgressPalette, StateColors
from stepgraph.render.svg.theme import DARK, Palette, by_theme
from stepgraph.render.view import Theme

ENTRY_STATES: Final[tuple[EntryState, ...]] = ("failed", "retrying", "waiting", "sleeping", "running", "done")
"""The states of entries in order of importance."""


def instance_style(theme: Theme) -> list[str]:
    """Return the rules of states, one per line."""
    return by_theme(theme, _rules)


def _rules(palette: Palette) -> list[str]:
    progress = DARK_PROGRESS if palette is DARK else LIGHT_PROGRESS
    return [_rule(state, _colors(progress, state)) for state in ENTRY_STATES]


def _rule(state: EntryState, colors: StateColors) -> str:
    """Return the variables of a state: its colors, and its sign as an image."""
    sign = _image(ICONS[state], colors.icon)
    return f'.is-{state}{{--state:{colors.line};--state-fill:{colors.fill};--sign:url("{sign}")}}'


def _colors(progress: ProgressPalette, state: EntryState) -> StateColors:
    match state:
        case "done":
            return progress.done
        case "failed":
            return progress.failed
        case "retrying":
            return progress.retrying
        case "waiting" | "sleeping" | "running":
            return progress.current


def _image(path: str, color: str) -> str:
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
        f"<path d='{path}' fill='none' stroke='{color}' stroke-width='1.8' stroke-linecap='round'/></svg>"
    )
    return "data:image/svg+xml," + quote(svg, safe=" ='/:.")
