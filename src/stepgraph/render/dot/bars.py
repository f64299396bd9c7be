"""The bars around concurrent work in DOT: as long as its arrows need, each of which has a port of its own.

Without ports all arrows would meet in the middle of a bar. Ports also keep the work in the order of the source.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from msgspec import Struct

from stepgraph.render.flow.chart import Box, BoxKind, Chart

INCHES_FOR_EACH: Final = 1.2
LONGEST: Final = 9.6


class Bars(Struct, frozen=True):
    """What the bars of a chart and the arrows at them need; arrows go by their place in the chart."""

    sizes: Counter[str]
    ports: dict[int, dict[str, str]]

    def of_box(self, box: Box) -> dict[str, str]:
        """Return attributes of a bar, none of another box."""
        if box.kind not in {BoxKind.FORK, BoxKind.MERGE}:
            return {}
        from graphviz import nohtml

        size = max(self.sizes[box.id], 1)
        fields = "|".join(f"<p{port}>" for port in range(size))
        return {"label": nohtml(fields), "width": f"{min(size * INCHES_FOR_EACH, LONGEST):.1f}"}

    def of_arrow(self, index: int) -> dict[str, str]:
        """Return attributes of an arrow that leaves a fork, or enters a merge, or does both."""
        return self.ports.get(index, {})


def bars_of(chart: Chart) -> Bars:
    """Find the bars of a chart, and number the arrows at each."""
    kinds = {item.id: item.kind for item in chart.content if isinstance(item, Box)}
    sizes: Counter[str] = Counter()
    ports: dict[int, dict[str, str]] = {}
    for index, arrow in enumerate(chart.arrows):
        if kinds[arrow.tail] is BoxKind.FORK:
            ports.setdefault(index, {})["tailport"] = f"p{sizes[arrow.tail]}:s"
            sizes[arrow.tail] += 1
        if kinds[arrow.head] is BoxKind.MERGE:
            ports.setdefault(index, {})["headport"] = f"p{sizes[arrow.head]}:n"
            sizes[arrow.head] += 1
    return Bars(sizes, ports)
