"""The signs of findings in an outline: `! SG205` beside a step, and `? incomplete` where steps may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.render.findings import LEVELS, FindingLevel, ShownFinding
from stepgraph.render.terminal import Ink, LinePiece

if TYPE_CHECKING:
    from stepgraph.model.payload import Node

_SIGNS: Final[dict[FindingLevel, tuple[str, Ink]]] = {
    "error": ("!", Ink.FAILURE),
    "warning": ("!", Ink.WARNING),
    "gap": ("?", Ink.WARNING),
    "note": ("i", Ink.QUIET),
}
_GAP: Final = "incomplete"


class FindingSigns(Struct, frozen=True):
    """The findings at nodes, by the identity of the node."""

    findings: Sequence[ShownFinding] = ()
    _by_node: dict[int, list[ShownFinding]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for finding in self.findings:
            if finding.node is not None:
                self._by_node.setdefault(id(finding.node), []).append(finding)

    def __bool__(self) -> bool:
        return bool(self._by_node)

    def pieces(self, nodes: Iterable[Node]) -> Iterator[LinePiece]:
        """Yield a sign with the codes of rules for each level of the findings at nodes, the most important first."""
        findings = [finding for node in nodes for finding in self._by_node.get(id(node), ())]
        for level in LEVELS:
            codes = dict.fromkeys(finding.code for finding in findings if finding.level == level)
            if codes:
                sign, ink = _SIGNS[level]
                yield LinePiece(f"  {sign} {_GAP if level == 'gap' else ', '.join(filter(None, codes)) or level}", ink)
