"""Sequence patterns of `match`, and the elements that they capture."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of


def test_a_pattern_of_another_length_or_tag_captures_nothing() -> None:
    body = """
        match ("do", a):
            case ("do", job, other): await other()
            case ("skip", job): await job()
            case ("do", job): await job()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        switch ("do", a)
        | case ("do", job, other)
        | case ("skip", job)
        | case ("do", job)
          a
    """)


def test_a_pattern_of_another_length_in_an_attribute_captures_nothing() -> None:
    body = """
        from dataclasses import dataclass
        @dataclass
        class Batch:
            jobs: list
        match Batch([a, b]):
            case Batch(jobs=[only]):
                print(only * 2)
            case Batch(jobs):
                for job in jobs:
                    await job()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        switch Batch([a, b])
        | case Batch(jobs=[only])
        | case Batch(jobs)
          a
          b
    """)


def test_a_tag_that_may_have_changed_may_match() -> None:
    graph = graph_of("""
        pair = ["do", a]
        if event:
            pair[0] = "skip"
        match pair:
            case ["skip", job]: await job()
    """)
    assert "a" in graph.split()


def test_a_pattern_captures_from_the_tuples_that_it_matches() -> None:
    assert graph_of("""
        pair = ("all", a, b) if event else ("one", c)
        match pair:
            case ("all", *jobs):
                for job in jobs: await job()
            case ("one", job): await job()
    """) == text("""
        switch pair
        | case ("all", *jobs)
          a
          b
        | case ("one", job)
          c
    """)


@pytest.mark.parametrize("pattern", ["[job, *rest]", "[job, _]"])
def test_elements_in_an_unknown_order_are_a_choice(pattern: str) -> None:
    body = f"match sorted([a, b], key=id):\n    case {pattern}: await job()"
    assert workflow_of(body).complete
    assert graph_of(body).splitlines()[2:] == [
        "  switch job",
        "  | case a",
        "    a",
        "  | case b",
        "    b",
    ]


def test_a_set_matches_no_sequence_pattern() -> None:
    assert graph_of("match {a}:\n    case [job]: await job()\nawait b()") == "b"


def test_rest_of_a_payload_in_a_sequence_is_data() -> None:
    body = """
        answer = event["payload"] if event["payload"] else None
        match answer, event["payload"]["kind"]:
            case {"action": "retry", **rest}, kind:
                await a()
                return {**rest, "kind": kind}
        await b()
    """
    assert workflow_of(body).complete
    assert graph_of(body) == text("""
        switch answer, event["payload"]["kind"]
        | case {"action": "retry", **rest}, kind
          a
          return
        b
    """)
