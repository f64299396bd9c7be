"""The pieces of the rows of an outline, such as the signs of findings: `! SG205` beside a step, or `? incomplete`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.render.findings import LEVELS, FindingLevel, ShownFinding
from stepgraph.render.folding import LeavingKind
from stepgraph.render.node_text import name_text
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


def guard_pieces(condition: str, statement: str) -> tuple[LinePiece, ...]:
    """Return the pieces of a guard: `if not order: raise Declined()`."""
    return (LinePiece("if ", Ink.CHOICE), LinePiece(condition, elastic=True), LinePiece(": "), raise_piece(statement))


def raise_piece(statement: str) -> LinePiece:
    """Return the piece of a `raise` statement."""
    return LinePiece(statement, Ink.FAILURE, elastic=True)


def jump_piece(statement: str) -> LinePiece:
    """Return the piece of any other jump."""
    return LinePiece(statement, Ink.STRONG, elastic=True)


def exit_ink(kind: LeavingKind) -> Ink:
    """Return the ink of an exit."""
    return Ink.FAILURE if kind == "raise" else Ink.STRONG


def mark_piece(mark: str, ink: Ink) -> LinePiece:
    """Return the mark at the start of a row."""
    return LinePiece(f"{mark} ", ink, role="mark")


def name_piece(name: str) -> LinePiece:
    """Return the name of a step or function."""
    shown = name_text(name)
    return LinePiece(shown, Ink.STRONG if shown == name else Ink.QUIET, elastic=True)


def clock_pieces(clock: str) -> tuple[LinePiece, ...]:
    """Return the clocks of a row, if there are any."""
    return (LinePiece(f" {clock}", Ink.PARALLEL, role="remark"),) if clock else ()


def quiet_pieces(*phrases: str) -> tuple[LinePiece, ...]:
    """Return phrases at the end of a row, if there are any."""
    return (LinePiece("  " + " · ".join(phrases), Ink.QUIET, elastic=True, role="remark"),) if phrases else ()


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
