"""Deep nesting is rejected before parsing."""

from __future__ import annotations

import pytest

from stepgraph.project.configuration.document import LineIndex, MalformedError, position_at
from stepgraph.project.configuration.jsonc import JsoncDocument
from stepgraph.project.configuration.toml import TomlDocument


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 24_000) + " = 1",
        "[" + ".".join(["a"] * 24_000) + "]",
        "x = {" + " . ".join(["a"] * 24_000) + " = 1}",
        ".".join(['"a.b"'] * 24_000) + " = 1",
    ],
)
def test_a_long_dotted_name_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="nested too deeply"):
        TomlDocument(text)


@pytest.mark.parametrize("text", ["a = '" + "." * 1_000 + "'", "# " + "." * 1_000, "a = [" + "1.5, " * 1_000 + "]"])
def test_dots_in_strings_and_numbers_do_not_nest(text: str) -> None:
    assert TomlDocument(text).data.keys() <= {"a"}


@pytest.mark.parametrize("text", ['{"a":' * 101 + "1" + "}" * 101, '{"a":' + "[" * 24_000 + "]" * 24_000 + "}"])
def test_deep_json_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="nested too deeply"):
        JsoncDocument(text)


def test_json_may_be_nested_moderately() -> None:
    assert JsoncDocument('{"a":' * 100 + "1" + "}" * 100).data.keys() == {"a"}


@pytest.mark.parametrize("text", ["", "\n", "a\nbc\n\nd", "abc"])
def test_deep_configurations_have_positions(text: str) -> None:
    lines = LineIndex(text)

    assert [lines.position(at) for at in range(len(text) + 1)] == [position_at(text, at) for at in range(len(text) + 1)]
