"""Reading pages as a browser does, without one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link"}
SELF_CLOSED = {"path", "rect", "circle"}


@dataclass(slots=True)
class Element:
    """An element with all in it. `text` is that of the element itself, not of those in it."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def walk(self) -> list[Element]:
        """Return this and all elements in it, in the order of the document."""
        found, pending = [], [self]
        while pending:
            one = pending.pop()
            found.append(one)
            pending.extend(reversed(one.children))
        return found

    def all(self, name: str) -> list[Element]:
        return [one for one in self.walk() if one.name == name]

    def with_class(self, css: str) -> list[Element]:
        return [one for one in self.walk() if css in (one.attributes.get("class") or "").split()]


class _Reader(HTMLParser):
    """Reads what is closed properly, as pages are written, and fails on all else."""

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
    """Return the root of a page, which is to be closed properly throughout."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.opened == [reader.root]
    return reader.root


def data_of(root: Element) -> list[dict[str, Any]]:
    """Return what the script is told."""
    (script,) = [one for one in root.all("script") if one.attributes.get("type") == "application/json"]
    found: list[dict[str, Any]] = json.loads(script.text)
    return found


def at_rest(root: Element, folded: frozenset[str] = frozenset()) -> list[tuple[str | None, str]]:
    """Return each attribute that varies as it is, and as it follows while these frames are folded."""
    known = [length for one in data_of(root) for length in [lengths(one["definitions"], folded)]]
    pairs: list[tuple[str | None, str]] = []
    for number, svg in enumerate(root.all("svg")):
        for element in svg.walk():
            for part in filter(None, (element.attributes.get("data-vary") or "").split(";")):
                name, template = part.split("=", 1)
                pairs.append((element.attributes[name.lower()], _filled(template, known[number])))
    return pairs


def _filled(template: str, known: list[int]) -> str:
    return re.sub(r"\{(\d+),(-?\d+)\}", lambda mark: str(known[int(mark[1])] + int(mark[2])), template)


def lengths(definitions: list[list[Any]], folded: frozenset[str]) -> list[int]:
    """Return the lengths that follow from definitions."""
    known: list[int] = []

    def value(term: Any) -> int:  # noqa: ANN401 - a number or a pair
        return int(term) if isinstance(term, int) else known[term[0]] + int(term[1])

    for kind, *terms in definitions:
        if kind == "fold":
            known.append(terms[2] if terms[0] in folded else value(terms[1]))
        elif kind == "sum":
            known.append(value(terms[0]) + value(terms[1]))
        else:
            known.append(max(map(value, terms)))
    return known
