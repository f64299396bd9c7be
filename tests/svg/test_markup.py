"""A picture is self-contained and contains nothing active."""

from __future__ import annotations

import re
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.escaping.plain_text import visible
from stepgraph.model.details import Detail, Details
from stepgraph.render.node_text import name_text
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.view import Theme, View
from tests.render.graphs import ORDERS, block, branch, do, either, graph, protected, switch
from tests.svg.picture import SVG


@pytest.mark.parametrize("theme", get_args(Theme))
def test_a_picture_has_no_url_except_the_namespace(theme: Theme) -> None:
    text = render_svg(ORDERS, View(theme=theme)).text
    assert re.findall(r"https?:[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"url\(|@import|@font-face|href|<script|foreignObject|javascript:| on\w+=", text) == []


@pytest.mark.parametrize("theme", get_args(Theme))
def test_style_rules_apply_to_our_pictures_only(theme: Theme) -> None:
    style = ET.fromstring(render_svg(ORDERS, View(theme=theme)).text).findtext(f"{SVG}style") or ""  # noqa: S314
    rules = [line for line in style.splitlines() if line and not line.startswith(("@media", "}"))]
    selectors = [selector for rule in rules for selector in rule.partition("{")[0].split(",")]
    assert [selector for selector in selectors if not selector.startswith(".stepgraph ")] == []


@pytest.mark.slow
@given(st.text())
def test_any_text_is_preserved_in_the_file(text: str) -> None:
    drawn = graph(do(text), switch(text, branch(text, do("a"))), class_name=text)
    root = ET.fromstring(render_svg(drawn).text)  # noqa: S314 - it is our own
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert titles[:4] == [
        f"{visible(text)}, the steps of a workflow",
        f"{visible(name_text(text))} · step",
        f"switch {visible(text)}",
        visible(text),
    ]


@pytest.mark.parametrize("condition", ["no break", "no continue", "no exception", "return", "charge has not run"])
def test_a_generated_condition_is_set_as_text(condition: str) -> None:
    text = render_svg(graph(either(branch(condition, do("a"))))).text
    assert re.findall(rf'class="(\w+)"[^>]*>{condition}<', text) == ["detail"]


@pytest.mark.parametrize(
    ("source", "title"), [("", "catch, on failure"), ("except CardError", "except CardError, on failure")]
)
def test_a_handler_is_described_by_its_source(source: str, title: str) -> None:
    handler = block(do("undo"))
    details = Details([(handler, Detail(source))])
    text = render_svg(graph(protected(block(do("a")), catch=handler)), View(details=details)).text
    assert f"<title>{title}</title>" in text


@pytest.mark.parametrize(("name", "shown"), [("", "(empty name)"), ("  ", "(blank name)")])
def test_a_name_without_characters_is_a_remark(name: str, shown: str) -> None:
    text = render_svg(graph(do(name))).text
    assert re.findall(r'class="(\w+)"[^>]*>([^<]*)</tspan>', text)[1:] == [("detail", shown)]


def test_a_remark_as_a_name_is_set_as_a_name() -> None:
    text = render_svg(graph(do("(empty name)"))).text
    assert re.findall(r'class="(\w+)"[^>]*>\(empty name\)<', text) == ["name"]


def test_a_condition_in_the_source_is_set_as_code() -> None:
    text = render_svg(graph(either(branch("paid", do("a"))))).text
    assert re.findall(r'class="(\w+)"[^>]*>paid<', text) == ["code"]
