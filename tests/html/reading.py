"""A parser of pages that accepts only well-formed HTML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tests.svg.lengths import lengths_of, value_in

VOID = {"input", "link", "meta", "wbr"}
SELF_CLOSED = {"path", "rect", "circle"}


@dataclass(slots=True)
class Element:
    """An element with its children."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """The text directly inside, without text of children."""

    def walk(self) -> list[Element]:
        """Return this and all elements inside, in document order."""
        elements: list[Element] = []
        pending = [self]
        while pending:
            element = pending.pop()
            elements.append(element)
            pending.extend(reversed(element.children))
        return elements

    def all(self, name: str) -> list[Element]:
        return [element for element in self.walk() if element.name == name]

    def with_class(self, css: str) -> list[Element]:
        return [element for element in self.walk() if css in (element.attributes.get("class") or "").split()]


class _Reader(HTMLParser):
    """A parser that fails on elements without an end tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.opened = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>"
        element = Element(tag, dict(attrs))
        self.opened[-1].children.append(element)
        if tag not in VOID:
            self.opened.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SELF_CLOSED, f"<{tag}/> is not closed in HTML"
        self.opened[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop().name == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.opened[-1].text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: str) -> Element:
    """Return the root of a well-formed page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.opened == [reader.root]
    return reader.root


def data_of(root: Element) -> list[dict[str, Any]]:
    """Return the data for the script, with the rows of nodes in place of their indexes."""
    data = _json_of(root, "stepgraph.data")
    for workflow in data:
        rows = workflow.pop("rows")
        for node in workflow["nodes"].values():
            if "rows" in node:
                node["rows"] = [rows[index] for index in node["rows"]]
    return data


def sources_of(root: Element) -> list[dict[str, Any]]:
    """Return the source code for the script."""
    return _json_of(root, "stepgraph.sources")


def _json_of(root: Element, identity: str) -> list[dict[str, Any]]:
    (script,) = [element for element in root.all("script") if element.attributes.get("id") == identity]
    data: list[dict[str, Any]] = json.loads(script.text)
    return data


def at_rest(root: Element, folded: frozenset[str] = frozenset()) -> list[tuple[str | None, str]]:
    """Return the drawn and the computed value of each symbolic attribute while some frames are folded."""
    values = [lengths_of(**workflow["lengths"], folded=folded) for workflow in data_of(root)]
    pairs: list[tuple[str | None, str]] = []
    for number, svg in enumerate(root.all("svg")):
        for element in svg.walk():
            for part in filter(None, (element.attributes.get("data-vary") or "").split(";")):
                name, template = part.split("=", 1)
                pairs.append((element.attributes[name.lower()], _filled(template, values[number])))
    return pairs


def _filled(template: str, values: list[int]) -> str:
    return re.sub(r"\{(-?\d+),(-?\d+)\}", lambda mark: str(value_in(values, int(mark[1]), int(mark[2]))), template)
