"""Durations, names and times that `%`, `str.format` and `str.join` make of a string literal."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_run


@pytest.mark.parametrize(
    "text",
    [
        "'%d min' % rows",
        "'%(n)d min' % {'n': rows}",
        "'%(n)d min' % rows",
        "'%s %s' % (rows, 'min')",
        "'{} min'.format(rows)",
        "'{1} {0}'.format('min', rows)",
        "'{n:.1f} {unit}'.format(n=rows, unit='min')",
        "'{0.length} min'.format(rows)",
        "'{n} min'.format(**rows)",
        "' '.join([str(rows), 'min'])",
        "' '.join(('5', 'min'))",
        "'{} {}'.format(5, 'min')",
    ],
)
def test_unknown_unit(text: str) -> None:
    assert flagged_in_run("SG205", f"await step.sleep('s', {text})") == [text]
    assert flagged_in_run("SG205", f"pause = {text}\nawait step.sleep('s', pause)") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "'%d minutes' % rows",
        "'%d %s' % (rows, rows)",
        "'%*d min' % (rows, rows)",
        "'%d min' % rows + 'utes'",
        "'{} minutes'.format(rows)",
        "'{} {}'.format(rows, rows.unit)",
        "'{} {} min'.format(rows)",
        "'{:{}} min'.format(rows, rows)",
        "'{ min'.format(rows)",
        "'{0} min{0}'.format(rows)",
        "' '.join([*rows, 'min'])",
        "' '.join(rows)",
        "b'%d min' % rows",
        "'{} {}'.format('5', *rows, 'min')",
        "5000 % rows",
    ],
)
def test_right_or_unknown_unit(text: str) -> None:
    assert flagged_in_run("SG205", f"await step.sleep('s', {text})") == []


@pytest.mark.parametrize("text", ["'order:%s' % rows", "'order.{}'.format(rows)", "':'.join(['order', rows])"])
def test_invalid_event_type(text: str) -> None:
    assert flagged_in_run("SG112", f"await step.wait_for_event('w', {text})") == [text]


def test_joined_bytes_are_unknown() -> None:
    assert flagged_in_run("SG112", "await step.wait_for_event('w', b'-'.join([b'order', b'paid']))") == []


@pytest.mark.parametrize("text", ["'order-%s' % rows", "'{:%}'.format(rows)", "'100%% of %s' % rows"])
def test_name_with_valid_constant_parts(text: str) -> None:
    assert flagged_in_run("SG111", f"@step.do({text})\nasync def c(): return 1\nawait c()") == []


def test_line_break_in_a_name() -> None:
    text = "'charge\\n%s' % rows"
    assert flagged_in_run("SG111", f"@step.do({text})\nasync def c(): return 1\nawait c()") == [text]


def test_text_as_a_timestamp() -> None:
    text = "'{}T00:00:00Z'.format(rows)"
    assert flagged_in_run("SG120", f"await step.sleep_until('s', {text})") == [text]


@pytest.mark.slow
def test_default_of_getattr() -> None:
    text = "getattr(self.env, 'PAUSE', '5 min')"
    assert flagged_in_run("SG205", f"await step.sleep('s', {text})") == [text]


@pytest.mark.parametrize(("default", "flagged"), [("'a.b'", ["rows.get('kind', 'a.b')"]), ("''", [])])
def test_default_of_a_variable_unless_it_is_empty(default: str, flagged: list[str]) -> None:
    body = f"kind = rows.get('kind', {default})\nawait step.wait_for_event('w', kind)"
    assert flagged_in_run("SG112", body) == flagged
