"""Laws about the markup: a fixed set of elements and attributes, without anything active or external."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from stepgraph.escaping.plain_text import visible
from tests.svg.picture import SVG, Picture

ATTRIBUTES = {
    "svg": {"class", "id", "role", "aria-labelledby", "width", "height", "viewBox", "data-above"},
    "title": {"id"},
    "style": set[str](),
    "g": {"class", "id", "transform"},
    "rect": {"class", "x", "y", "width", "height", "rx"},
    "circle": {"class", "cx", "cy", "r"},
    "path": {"class", "d", "transform"},
    "text": {"class", "transform"},
    "tspan": {"class", "x", "y"},
}
VALUES = {
    "class": re.compile(r"[a-z -]+"),
    "id": re.compile(r"[a-z0-9.-]+"),
    "aria-labelledby": re.compile(r"[a-z0-9.-]+"),
    "role": re.compile(r"graphics-document document"),
    "transform": re.compile(r"translate\(-?\d+ -?\d+\)"),
    "d": re.compile(r"[MmVvHhLlqcCaAz0-9 .-]+"),
    "viewBox": re.compile(r"0 0 \d+ \d+"),
}
NUMBER = re.compile(r"-?\d+|100%")


def element_or_attribute_is_not_ours(picture: Picture) -> Iterator[str]:
    for element in ET.fromstring(picture.text).iter():  # noqa: S314 - our own output
        name = element.tag.removeprefix(SVG)
        for attribute, value in element.attrib.items():
            if attribute not in ATTRIBUTES.get(name, set()) or not VALUES.get(attribute, NUMBER).fullmatch(value):
                yield f"{attribute}={value!r} of {name}"
        if name not in ATTRIBUTES:
            yield name


def identity_is_not_unique(picture: Picture) -> Iterator[str]:
    identities = Counter(re.findall(r' id="([^"]*)"', picture.text))
    yield from (identity for identity, count in identities.items() if count > 1)


def line_of_the_file_is_not_one_element(picture: Picture) -> Iterator[str]:
    """Text contains no line breaks and no invisible characters."""
    yield from (line for line in picture.text.split("\n") if not line.startswith("<") or visible(line) != line)
