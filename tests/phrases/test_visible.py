import pytest

from stepgraph.phrases.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("charge {order.id:>4}", "charge {order.id:>4}"),
        ("first\nsecond\ttabbed\r", "first\\nsecond\\ttabbed\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\u2066isolated\u2069", "\\u2066isolated\\u2069"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
        ("hidden \U000e0041 tag", "hidden \\U000e0041 tag"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
    ],
)
def test_what_steers_or_hides_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["Zahlung prüfen", "注文を確認", "क्\u200dष", "👩\u200d🚀 launch", "e\u0301"])
def test_words_of_all_languages_stay_as_they_are(text: str) -> None:
    assert visible(text) == text
