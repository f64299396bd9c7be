"""The symbols of a document, which are the outlines of its workflows, and the search for symbols in all workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from lsprotocol.types import DocumentSymbol, Location, Range, SymbolInformation, SymbolKind
from msgspec import Struct

from stepgraph.limits import SEARCHED_SYMBOLS
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.sessions.views import DocumentView, FolderView
from stepgraph.lsp.steps.outlines import OutlinedFile, OutlineItem, outline_in, symbol_kind, symbol_name
from stepgraph.model.payload import Node
from stepgraph.model.span import Span
from stepgraph.model.walk import is_step, walk_workflow

Rank: TypeAlias = tuple[int, int, str]
"""The quality of a match, from the best one: its kind, the characters that the query lacks, and the name."""

_EXACT, _PREFIX, _WORD, _WITHIN, _SCATTERED = range(5)


def document_symbols(view: DocumentView) -> list[DocumentSymbol]:
    """Return the outlines of the workflows of a document, as symbols inside each other.

    While a file is broken, these are the outlines of its last valid state. Code that several workflows share is listed
    once.
    """
    symbols: list[DocumentSymbol] = []
    files: dict[int, OutlinedFile] = {}
    """The states of the file that workflows have, by the identity of the map. A broken file has several ones."""
    # A class has its own `run`, even if a derived class of another file comes first.
    for workflow in sorted(view.workflows(), key=lambda each: each.analysis.path != view.path):
        code = view.code(workflow)
        file = files.setdefault(id(code), OutlinedFile(view.path, code.analyzed.lines))
        symbols += (_symbol(item, code.nearest_range) for item in outline_in(file, workflow))
    return symbols


def flat_symbols(uri: str, symbols: Sequence[DocumentSymbol]) -> list[SymbolInformation]:
    """Return symbols with the names of those around them, for a client that shows no tree."""
    flat: list[SymbolInformation] = []
    pending: list[tuple[DocumentSymbol, str | None]] = [(symbol, None) for symbol in reversed(symbols)]
    while pending:
        symbol, container = pending.pop()
        location = Location(uri, symbol.selection_range)
        flat.append(SymbolInformation(location, symbol.name, symbol.kind, container_name=container))
        pending += [(inner, symbol.name) for inner in reversed(symbol.children or ())]
    return flat


def find_symbols(folders: Iterable[FolderView], query: str) -> list[SymbolInformation]:
    """Return the workflows, steps, sleeps and waits whose names contain the characters of a query in order.

    The best matches come first. A symbol that several workflows share has the first one as its container.
    """
    ranked = ((_rank(query, candidate.name), candidate) for candidate in _candidates(folders))
    matches = sorted(
        ((rank, number, candidate) for number, (rank, candidate) in enumerate(ranked) if rank is not None),
        key=lambda match: match[:2],
    )
    symbols: dict[tuple[str, str, int, int], SymbolInformation] = {}
    for _, _, candidate in matches:
        if len(symbols) == SEARCHED_SYMBOLS:
            break
        location = candidate.location()
        if location is not None:
            start = location.range.start
            key = (candidate.name, location.uri, start.line, start.character)
            symbols.setdefault(key, candidate.symbol(location))
    return list(symbols.values())


class _Candidate(Struct, frozen=True):
    """A node or workflow before the computation of its location."""

    folder: FolderView
    workflow: LiveWorkflow
    name: str
    node: Node | None = None
    """The step, or None for the workflow."""

    def location(self) -> Location | None:
        """Return the location of the declaration, or None if it is unknown."""
        analysis = self.workflow.analysis
        span = analysis.span if self.node is None else analysis.span_of(self.node)
        if span is None:
            return None
        code = self.folder.code(self.workflow.contents, span.path)
        return Location(self.folder.uri_of(span.path), code.nearest_range(span))

    def symbol(self, location: Location) -> SymbolInformation:
        """Return the symbol at its location."""
        if self.node is None:
            return SymbolInformation(location, self.name, SymbolKind.Class)
        container = symbol_name(self.workflow.drawn.title)
        return SymbolInformation(location, self.name, symbol_kind(self.node), container_name=container)


def _candidates(folders: Iterable[FolderView]) -> Iterator[_Candidate]:
    for folder in folders:
        for workflow in folder.state.workflows:
            yield _Candidate(folder, workflow, symbol_name(workflow.drawn.title))
            graph = workflow.drawn.graph
            for node in () if graph is None else walk_workflow(graph["workflow"]):
                if is_step(node):
                    yield _Candidate(folder, workflow, symbol_name(node["name"]), node)


def _rank(query: str, name: str) -> Rank | None:
    """Return the quality of a match, or None if the name lacks the characters of the query in this order."""
    wanted, folded = query.strip().casefold(), name.casefold()
    if not wanted:
        return _EXACT, 0, ""
    characters = iter(folded)
    if not all(character in characters for character in wanted if not character.isspace()):
        return None
    return _match_of(wanted, folded), len(folded) - len(wanted), name


def _match_of(wanted: str, name: str) -> int:
    start = name.find(wanted)
    if start < 0:
        return _SCATTERED
    if start == 0:
        return _EXACT if name == wanted else _PREFIX
    return _WITHIN if name[start - 1].isalnum() else _WORD


def _symbol(item: OutlineItem, range_of: Callable[[Span], Range]) -> DocumentSymbol:
    """Return the symbol of an item. The recursion is as deep as `SYMBOL_LEVELS`."""
    return DocumentSymbol(
        item.title,
        item.kind,
        range_of(item.span),
        range_of(item.selection),
        item.detail or None,
        children=[_symbol(inner, range_of) for inner in item.below] or None,
    )
