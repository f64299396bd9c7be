import pytest

from stepgraph.model.payload import Number
from stepgraph.phrases.durations import counted, duration_text, is_same_duration, number_text


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (300000, "5 minutes"),
        (60000, "1 minute"),
        (90000, "90 seconds"),
        (5400000, "90 minutes"),
        (86400000, "1 day"),
        (1209600000, "2 weeks"),
        (2000.0, "2 seconds"),
    ],
)
def test_milliseconds_are_shown_in_the_largest_exact_unit(duration: Number, words: str) -> None:
    assert duration_text(duration) == words


@pytest.mark.parametrize(("duration", "words"), [(1500, "1500 ms"), (0, "0 ms"), (0.5, "0.5 ms"), (-1000, "-1000 ms")])
def test_milliseconds_without_an_exact_unit_stay(duration: Number, words: str) -> None:
    assert duration_text(duration) == words


def test_text_is_unchanged() -> None:
    assert duration_text("{delay}") == "{delay}"


def test_a_whole_number_has_no_fraction() -> None:
    assert number_text(3.0) == "3"


@pytest.mark.parametrize(("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps")])
def test_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "step") == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(60_000, "1 minute", True), ("1 day", 86_400_000, True), (1000, 1001, False), ("1 day", None, False)],
)
def test_durations_with_equal_texts_are_the_same(one: object, other: object, same: bool) -> None:  # noqa: FBT001
    assert is_same_duration(one, other) is same
