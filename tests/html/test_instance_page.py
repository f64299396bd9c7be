"""The page of an instance, without a browser: its header, its table and its data."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stepgraph.execution.matching.match import Misfit
from stepgraph.render.html.instance.log_view import log_axis
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from tests.html.hostile_text import HOSTILE
from tests.html.instances import PLACES, REFUSED, WAITING, at, failed, instance, page, step, time, wait
from tests.html.reading import Element, read
from tests.render.graphs import do, graph


def words(element: Element) -> str:
    """Return the texts in an element, in document order."""
    return " ".join(word for each in element.walk() for word in each.text.split())


def rows(text: str) -> list[list[str]]:
    """Return the texts of the cells of the table, without its bars."""
    (table,) = read(text).all("table")
    return [[words(cell) for cell in row.children[:-1]] for body in table.all("tbody") for row in body.all("tr")]


def header(text: str) -> str:
    (element,) = read(text).with_class("instance")
    return words(element)


def test_the_table_has_a_row_for_each_entry() -> None:
    assert rows(page(WAITING))[:2] == [
        ["1", "load-1", "done 2 attempts", "12:00:00.000", "6 s"],
        ["2", "fetch 1-1", "done", "12:00:06.000", "2 s"],
    ]
    assert rows(page(WAITING))[5:] == [
        ["6", "fetch 3-1 Error: page 3 is missing", "failed", "12:00:11.000", "1 s"],
        ["7", "approval-1", "waiting", "12:00:13.000", ""],
    ]


def test_the_header_tells_the_wait_and_the_next_steps() -> None:
    text = "waits for since approval 2026-11-28 12:00:13 UTC Started 2026-11-28 12:00:00 UTC Next ship"
    assert header(page(WAITING)) == f"running {text}"


def test_the_header_tells_when_a_next_step_begins() -> None:
    text = header(page(replace(WAITING, awaited={at("nodes[3]"): (6,)})))
    assert text.endswith("Next after approval-1 ship")


def test_the_header_of_an_ended_instance_has_its_times_and_error() -> None:
    ended = instance(PLACES, failed("load-1", 0, 2), failure=0, status="errored", end=time(90), error="Error: <no>")
    times = "failed at load Started 2026-11-28 12:00:00 UTC Ended 2026-11-28 12:01:30 UTC Took 1 min 30 s"
    assert header(page(ended)) == f"errored {times} Error Error: <no>"


def test_a_misfit_is_announced_with_the_expected_steps() -> None:
    (banner,) = read(page(REFUSED)).with_class("banner")
    assert [(link.attributes["href"], link.text) for link in banner.all("a")] == [
        ("#orders.log-2", "refund-1"),
        ("#orders--node.loop--fetch-page", "fetch {page}"),
        ("#orders--approval", "approval"),
    ]
    assert rows(page(REFUSED))[1][1] == "refund-1 does not fit"


def test_an_instance_that_ended_too_early_is_announced() -> None:
    early = instance(PLACES, step("load-1", (0, 2)), status="complete", misfit=Misfit(None, (at("nodes[2]"),)))
    (banner,) = read(page(early)).with_class("banner")
    assert banner.text.startswith("The instance is complete, but the graph continues: expected")


def test_an_ambiguous_entry_names_its_possible_steps() -> None:
    places = {"fetch 1-1": [at("nodes[1].nodes[0]", 1), at("nodes[3]")]}
    assert rows(page(instance(places, step("fetch 1-1", (0, 1)))))[0][1] == "fetch 1-1 one of , fetch {page} ship"


def test_each_link_has_a_target() -> None:
    for text in (page(WAITING), page(REFUSED)):
        root = read(text)
        identities = {f"#{identity}" for each in root.walk() if (identity := each.attributes.get("id"))}
        links = {str(link.attributes["href"]) for link in root.all("a")}
        assert len(links) > 2
        assert links <= identities


def test_other_pages_have_no_parts_for_instances() -> None:
    plain_page = render_page([Page(graph(do("load")), "orders")])
    assert [word in plain_page for word in ("InstanceLog", "run-state", "stepgraph.instances")] == [False] * 3


def test_a_log_without_entries_has_no_table() -> None:
    assert read(page(instance({}))).all("table") == []


def test_a_page_without_a_picture_shows_the_log() -> None:
    assert len(rows(page(WAITING, graph()))) == 7


def shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the elements of a page with their attributes, except the labels of the picture."""
    elements = read(text).walk()
    return [(each.name, tuple(each.attributes)) for each in elements if each.name not in {"tspan", "text"}]


def everywhere(text: str) -> str:
    """Return the page of an instance with this text as each name and error."""
    steps = [failed(f"{text}-1", 0, 1, f"{text}!"), step("fetch 1-1", (1, 2), (3, 4), failures=1, error=f"{text}!")]
    places = {f"{text}-1": [at("nodes[0]")], **PLACES}
    return page(instance(places, *steps, status=text, error=f"{text}!", end=time(5), id=text))


def plain_shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the elements of a page with letters instead of this text."""
    return shape(everywhere("x" * len(text)))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_text_of_a_log_makes_no_elements(text: str) -> None:
    assert shape(everywhere(text)) == plain_shape(text)


@pytest.mark.slow
@given(st.text(min_size=1, max_size=40).filter(str.strip))
@settings(max_examples=6, deadline=None)
def test_any_text_of_a_log_makes_no_elements(text: str) -> None:
    assert shape(everywhere(text)) == plain_shape(text)


def sections(*steps: dict[str, object]) -> list[tuple[int, float]]:
    """Return the lengths of the periods of an axis, in milliseconds and in percent of the axis."""
    axis = log_axis(instance({}, *steps).log)
    assert axis is not None
    periods = zip(pairwise(axis.times), pairwise(axis.positions), strict=True)
    return [(end - start, round(right - left)) for (start, end), (left, right) in periods]


def test_long_rests_are_shortened() -> None:
    steps = (step("a-1", (0, 1)), wait("b-1", 1, 3001), step("c-1", (3001, 3002)))
    assert sections(*steps) == [(1000, 43), (3_000_000, 14), (1000, 43)]


def test_work_is_never_shortened() -> None:
    assert sections(step("a-1", (0, 1)), step("b-1", (1, 3001))) == [(3_001_000, 100)]


def test_an_axis_with_open_entries_has_room_after_the_last_time() -> None:
    assert sections(step("a-1", (0, 1)), wait("b-1", 1)) == [(1000, 93)]


@pytest.mark.slow
def test_a_page_of_a_thousand_entries_is_small() -> None:
    steps = [step(f"fetch {number}-1", (number, number + 1)) for number in range(1000)]
    places = {f"fetch {number}-1": [at("nodes[1].nodes[0]", number)] for number in range(1000)}
    assert len(page(instance(places, *steps))) < 1_000_000
