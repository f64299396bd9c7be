"""That all of a graph is in its picture, with every name in full where a pointer or a screen reader finds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from stepgraph.escaping.visible import visible
from stepgraph.model.payload import FunctionDef, Graph, Node
from stepgraph.model.walk import as_unknown, functions_of, node_lists
from stepgraph.render.view import Expansion, View
from tests.svg.picture import Picture


def nodes_not_drawn_as_often_as_expected(graph: Graph, picture: Picture, view: View) -> Iterator[str]:
    """Each node once, those of a function as often as its body is to be seen."""
    expected = Counter(map(_words, _expected(graph, view.expand)))
    drawn = Counter(_words(node) for node in picture.nodes.values())
    for words in expected.keys() | drawn.keys():
        if words and expected[words] != drawn[words]:
            yield f"{words}: {drawn[words]} instead of {expected[words]}"


def name_is_not_in_full(picture: Picture) -> Iterator[str]:
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        if node is not None and not all(word in figure.title for word in _words(node)[1:]):
            yield f"{_words(node)} in {figure.title!r}"


def condition_is_not_drawn(picture: Picture) -> Iterator[str]:
    """Each branch has its condition in full, those without one a word for that."""
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        if node is None or not (node["type"] == "if" or node["type"] == "switch") or not figure.is_frame:
            continue
        otherwise, branches = "else" if node["type"] == "if" else "default", node["branches"]
        expected = [otherwise if branch["condition"] is None else visible(branch["condition"]) for branch in branches]
        drawn = [inner.title for inner in figure.inner if "condition" in inner.css and "implied" not in inner.css]
        if drawn != expected:
            yield f"{drawn} instead of {expected}"


def text_is_not_what_it_should_be(picture: Picture) -> Iterator[str]:
    """What stands in a box is the name, or its beginning and three dots."""
    for figure in picture.whole.walk():
        node = picture.nodes.get(figure.identity)
        if node is None or as_unknown(node) or not node["type"].startswith("step_"):
            continue
        written = "".join(text.text for text in figure.texts if text.css == "name").replace(" ", "")
        name = _words(node)[1].replace(" ", "")
        if written != name and not (written.endswith("…") and name.startswith(written.rstrip("…"))):
            yield f"{written!r} for {name!r}"


def _words(node: Node) -> tuple[str, ...]:
    """Return the type of a node, and the text that it is known by."""
    if unknown := as_unknown(node):
        return (unknown["type"], visible(unknown.get("name") or unknown["type"]))
    match node["type"]:
        case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event" | "function_call" | "function_def":
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
        case _:
            return (node["type"],)


def _expected(graph: Graph, expand: Expansion) -> Iterator[Node]:
    """Yield all nodes that are to be seen, as often as they are to be seen."""
    functions = functions_of(graph["workflow"])
    shown: set[str] = set()
    yield from _seen(graph["workflow"]["nodes"], functions, shown, (), expand)
    for name, function in functions.items():
        if name not in shown:
            shown.add(name)
            yield function
            yield from _seen(function["nodes"], functions, shown, (name,), expand)


def _seen(
    nodes: Sequence[Node],
    functions: Mapping[str, FunctionDef],
    shown: set[str],
    inside: tuple[str, ...],
    expand: Expansion,
) -> Iterator[Node]:
    for node in nodes:
        yield node
        if as_unknown(node) is None and node["type"] == "start":
            yield from _seen(node["nodes"], functions, shown, inside, expand)
            continue
        inner = (*inside, node["name"]) if as_unknown(node) is None and node["type"] == "function_def" else inside
        for listed in node_lists(node):
            yield from _seen(listed, functions, shown, inner, expand)
        if as_unknown(node) is None and node["type"] == "function_call" and node["name"] in functions:
            name = node["name"]
            if name not in inside and (expand == "all" or (expand == "first" and name not in shown)):
                shown.add(name)
                yield from _seen(functions[name]["nodes"], functions, shown, (*inside, name), expand)
