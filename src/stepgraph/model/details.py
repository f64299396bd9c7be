"""Details beside the payload: source text of constructs that have no field in the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.model.payload import Graph

Part: TypeAlias = Mapping[str, object]
"""A node of a graph, or a block of a `try`."""

DetailTexts: TypeAlias = tuple[tuple[int, str], ...]
"""Details as plain data: the index of a part in the order of `parts_of`, and its text."""

_WITHOUT_PARTS: Final = frozenset({"payload", "config", "options"})


class Details(Struct, frozen=True, eq=False):
    """The source text of parts of one or several graphs, by the identity of the parts.

    - Loops: the head, `for item in order["items"]`.
    - Catch blocks: the handler, `except CardError as error`.
    - Exits: the statement, `raise Declined("no")`.
    - Function calls: the arguments, `(step, "after B3")`.
    """

    texts: Sequence[tuple[Part, str]] = ()
    _by_identity: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_identity.update((id(part), text) for part, text in self.texts)

    def of(self, part: Part) -> str:
        """Return the text of a part, empty where it has none."""
        return self._by_identity.get(id(part), "")


NO_DETAILS: Final = Details()


def details_of(graph: Graph, text_of: Callable[[Part], str]) -> Details:
    """Return the details of a graph. `text_of` returns the text of a part, or an empty string."""
    texts = ((part, text_of(part)) for part in parts_of(graph))
    return Details([(part, text) for part, text in texts if text])


def as_texts(graph: Graph, details: Details) -> DetailTexts:
    """Return the details of a graph as plain data."""
    texts = ((index, details.of(part)) for index, part in enumerate(parts_of(graph)))
    return tuple((index, text) for index, text in texts if text)


def from_texts(graph: Graph, texts: DetailTexts) -> Details:
    """Return the details of a graph from plain data. Indexes beyond the graph are ignored."""
    by_index = dict(texts)
    return Details([(part, by_index[index]) for index, part in enumerate(parts_of(graph)) if index in by_index])


def parts_of(graph: Graph) -> Iterator[Part]:
    """Yield the nodes and blocks of a graph in document order, those of its functions included."""
    pending: list[object] = [graph["workflow"]]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "type" in value:
                yield value
            pending.extend(reversed([inner for key, inner in value.items() if key not in _WITHOUT_PARTS]))
        elif isinstance(value, list):
            pending.extend(reversed(value))
