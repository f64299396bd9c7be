"""Names, conditions, notes and locations from source code never become markup or script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.escaping.plain_text import visible
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.node_text import name_text
from tests.html.hostile_text import HOSTILE, everywhere
from tests.html.reading import Element, data_of, read, sources_of
from tests.render import graphs


def _shape(root: Element) -> list[tuple[str, tuple[str, ...]]]:
    """Return the names of all elements and of their attributes, except labels, whose number depends on the text."""
    return [
        (element.name, tuple(name for name in element.attributes if name != "data-vary"))
        for element in root.walk()
        if element.name not in {"tspan", "text"}
    ]


PLAIN = _shape(read(render_page([everywhere("plain")])))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_text_makes_no_elements_or_attributes(text: str) -> None:
    assert _shape(read(render_page([everywhere(text)]))) == PLAIN


@pytest.mark.slow
@given(st.text(min_size=1, max_size=60))
@settings(max_examples=25)
def test_any_text_makes_no_elements_or_attributes(text: str) -> None:
    assert _shape(read(render_page([everywhere(text)]))) == PLAIN


@pytest.mark.slow
@given(st.text(alphabet="<>&\"'/!-=;{}\x02\x03[]abscript \u2028", min_size=1, max_size=60))
@settings(max_examples=25)
def test_markup_characters_make_no_elements_or_attributes(text: str) -> None:
    assert _shape(read(render_page([everywhere(text)]))) == PLAIN


def _step(root: Element) -> dict[str, str]:
    """Return the facts about the first step."""
    facts: dict[str, str] = data_of(root)[0]["nodes"][root.with_class("do")[0].attributes["id"]]
    return facts


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_text_is_preserved_exactly(text: str) -> None:
    root = read(render_page([everywhere(text)]))
    expected = visible(text)
    assert root.all("title")[0].text == expected
    assert root.all("h2")[0].text == expected
    assert root.with_class("message")[0].text == expected
    assert _step(root)["name"] == expected
    assert _step(root)["place"] == expected
    assert sources_of(root)[0]["runs"] == [[1, [expected if len(expected) <= 200 else f"{expected[:199]}…"]]]


@pytest.mark.slow
@given(st.text(max_size=200))
@settings(max_examples=25)
def test_the_title_of_a_step_has_its_complete_name(text: str) -> None:
    root = read(render_page([Page(graphs.graph(graphs.do(text)), "a")]))
    assert root.with_class("do")[0].all("title")[0].text == f"{visible(name_text(text))} · step"


@pytest.mark.slow
@given(st.text(max_size=40))
@settings(max_examples=25)
def test_every_page_can_be_encoded(text: str) -> None:
    render_page([everywhere(text)]).encode()


def test_a_step_with_an_empty_name_has_facts() -> None:
    root = read(render_page([everywhere("")]))
    assert _step(root)["name"] == "(empty name)"


@pytest.mark.slow
def test_identities_have_letters_digits_hyphens_and_dots_only() -> None:
    def identities(text: str) -> set[str]:
        return {
            element.attributes["id"] or ""
            for element in read(render_page([everywhere(text)])).walk()
            if "id" in element.attributes
        }

    for text in HOSTILE:
        assert not {
            identity for identity in identities(text) if identity.strip("abcdefghijklmnopqrstuvwxyz0123456789-.")
        }


def detailed(text: str) -> Page:
    """Return a page with this text as every detail."""
    return Page(graphs.DETAILED, "a", details=graphs.details_everywhere(text))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_details_make_no_elements_or_attributes(text: str) -> None:
    plain = _shape(read(render_page([detailed("plain")])))
    assert _shape(read(render_page([detailed(text)]))) == plain


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_details_are_preserved_exactly(text: str) -> None:
    nodes = data_of(read(render_page([detailed(text)])))[0]["nodes"].values()
    rows = [row for node in nodes for row in node["rows"] if row[0] == "Errors"]
    assert {row[1] for row in rows} == {visible(text)}
