"""Laws about completeness: every node is drawn, with its complete name in a title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from stepgraph.escaping.plain_text import visible
from stepgraph.model.payload import FunctionDef, Graph, Node
from stepgraph.model.walk import as_unknown, functions_of, is_step, node_lists
from stepgraph.render.node_text import name_text
from stepgraph.render.svg.layout.labels import title_line
from stepgraph.render.view import Expansion, View
from tests.svg.picture import Picture


def node_count_differs(graph: Graph, picture: Picture, view: View) -> Iterator[str]:
    """Each node is drawn once, and nodes of a function once for each drawing of its body."""
    expected = Counter(map(_words, _expected(graph, view.expand)))
    drawn = Counter(_words(node) for node in picture.nodes.values())
    for words in expected.keys() | drawn.keys():
        if words and expected[words] != drawn[words]:
            yield f"{words}: {drawn[words]} instead of {expected[words]}"


def name_is_incomplete(picture: Picture) -> Iterator[str]:
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        if node is not None and not all(word in figure.title for word in _words(node)[1:]):
            yield f"{_words(node)} in {figure.title!r}"


def condition_is_not_drawn(picture: Picture) -> Iterator[str]:
    """Each branch has its complete condition, or `else` or `default`. The title of a single branch contains it.

    The branches are in the order of the source, except for an `else` before a branch that leaves.
    """
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        is_drawn_open = bool(figure.css & {"frame", "guard"})
        if node is None or not (node["type"] == "if" or node["type"] == "switch") or not is_drawn_open:
            continue
        if node["type"] == "if" and len(node["branches"]) == 1:
            condition = node["branches"][0]["condition"]
            if not figure.title.startswith(title_line("if", visible(condition or ""))):
                yield f"{figure.title!r} without {condition!r}"
            continue
        default, branches = "else" if node["type"] == "if" else "default", node["branches"]
        expected = [default if branch["condition"] is None else visible(branch["condition"]) for branch in branches]
        drawn = [inner.title for inner in figure.inner if "condition" in inner.css and "implied" not in inner.css]
        if drawn not in (expected, expected[::-1] if drawn[:1] == ["else"] and len(drawn) == 2 else expected):
            yield f"{drawn} instead of {expected}"


def box_text_differs_from_name(picture: Picture) -> Iterator[str]:
    """The text in a box is the name, or its beginning with an ellipsis. An empty name is replaced by a remark.

    A line may end in a hyphen that the name lacks.
    """
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        if node is None or as_unknown(node) or not is_step(node):
            continue
        css = "name" if name_text(node["name"]) == node["name"] else "detail"
        written = "".join(text.text for text in figure.texts if text.css == css)
        written, name = (text.replace(" ", "").replace("-", "") for text in (written, _words(node)[1]))
        if css == "detail" and written.startswith(name):
            continue
        if written != name and not (written.endswith("…") and name.startswith(written.rstrip("…"))):
            yield f"{written!r} for {name!r}"


def _words(node: Node) -> tuple[str, ...]:
    """Return the type of a node and its identifying text."""
    if unknown := as_unknown(node):
        return (unknown["type"], visible(unknown.get("name") or unknown["type"]))
    if is_step(node):
        return (node["type"], visible(name_text(node["name"])))
    match node["type"]:
        case "function_call":
            return (node["type"], visible(name_text(node["name"])))
        case "function_def":
            return (node["type"], visible(node["name"]))
        case "switch":
            return (node["type"], visible(node["discriminant"]))
        case "start":
            return (node["type"], visible(node["class_name"]))
        case "break":
            return (node["type"], node["kind"])
        case "parallel":
            return (node["type"], node["kind"])
        case "block" | "try":
            return ()
        case "loop" | "if":
            return (node["type"],)


def _expected(graph: Graph, expand: Expansion) -> Iterator[Node]:
    """Yield each node as often as it has to be drawn."""
    functions = functions_of(graph["workflow"])
    shown: set[str] = set()
    yield from _drawn_nodes(graph["workflow"]["nodes"], functions, shown, (), expand)
    for name, function in functions.items():
        if name not in shown:
            shown.add(name)
            yield function
            yield from _drawn_nodes(function["nodes"], functions, shown, (name,), expand)


def _drawn_nodes(
    nodes: Sequence[Node],
    functions: Mapping[str, FunctionDef],
    shown: set[str],
    inside: tuple[str, ...],
    expand: Expansion,
) -> Iterator[Node]:
    for node in nodes:
        yield node
        if as_unknown(node) is None and node["type"] == "start":
            yield from _drawn_nodes(node["nodes"], functions, shown, inside, expand)
            continue
        inner = (*inside, node["name"]) if as_unknown(node) is None and node["type"] == "function_def" else inside
        for listed in node_lists(node):
            yield from _drawn_nodes(listed, functions, shown, inner, expand)
        if as_unknown(node) is None and node["type"] == "function_call" and node["name"] in functions:
            name = node["name"]
            if name not in inside and (expand == "all" or (expand == "first" and name not in shown)):
                shown.add(name)
                yield from _drawn_nodes(functions[name]["nodes"], functions, shown, (*inside, name), expand)
