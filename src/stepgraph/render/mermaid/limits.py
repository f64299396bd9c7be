"""How large a Mermaid diagram may be: these limits are Mermaid's own, and only who draws it could raise them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.render.flow.chart import Chart
from stepgraph.render.mermaid.chart import mermaid_chart

MOST_ARROWS: Final = 500
MOST_CHARACTERS: Final = 50_000


def excess(charts: Sequence[Chart]) -> str:
    """Return in words which limit one diagram of these charts would exceed, empty for none."""
    arrows = sum(len(chart.arrows) for chart in charts)
    if arrows > MOST_ARROWS:
        return f"GitHub draws no diagram with more than {MOST_ARROWS:,} arrows, and it has {arrows:,}"
    characters = _length(mermaid_chart(charts))
    if characters > MOST_CHARACTERS:
        return f"GitHub draws no diagram of more than {MOST_CHARACTERS:,} characters, and it has {characters:,}"
    return ""


def _length(text: str) -> int:
    """Return the length as JavaScript measures it: what is beyond the first 65,536 characters counts twice."""
    return len(text.encode("utf-16-le")) // 2
