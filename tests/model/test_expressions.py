"""Normal forms of expressions."""

from __future__ import annotations

import pytest

from stepgraph.model.expressions import (
    are_exclusive,
    condition_parts,
    conjunction,
    joined_pieces,
    normal_condition,
    normal_expression,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not (a == b)", "not a == b"),
        ("a != b", "not a == b"),
        ("a not in b", "not a in b"),
        ("a is not None", "not a is None"),
        ("None is not a", "not a is None"),
        ("not not a", "a"),
        ("bool(a)", "a"),
        ("(a and (b)) and c", "a and b and c"),
        ("not (a and b != c)", "not a or b == c"),
        ("not (a or b)", "not a and (not b)"),
        ("5 < a", "a > 5"),
        ("1 < a <= 5", "a > 1 and a <= 5"),
        ("1 < f() <= 5", "1 < f() <= 5"),
        ("len(a) > 0", "len(a)"),
        ("len(a) == 0", "not len(a)"),
        ("not 1 <= len(a)", "not len(a)"),
        ("len(a) > 1", "len(a) > 1"),
        ("a in ('x', \"y\")", "a == 'x' or a == 'y'"),
        ("a not in [1]", "not a == 1"),
        ("f() in (1, 2)", "f() in (1, 2)"),
        ("a in {1, 2}", "a in {1, 2}"),
        ("not a < b", "not a < b"),
        ("k in a and a[k]", "a.get(k)"),
        ("not (b and k in a and a[k])", "not b or not a.get(k)"),
        ("k in a or a[k]", "k in a or a[k]"),
        ("k in a and a[k] > 1", "k in a and a[k] > 1"),
        ("a has not run", "a has not run"),
    ],
)
def test_conditions(text: str, expected: str) -> None:
    assert normal_condition(text) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], ""),
        (["a  or b"], "a  or b"),
        (["a or b", "c"], "(a or b) and c"),
        (["a and b", "not (not c)"], "a and b and c"),
        (["not (not (a or b))"], "a or b"),
        (["case {'x': _} of a", "b"], "case {'x': _} of a and b"),
    ],
)
def test_conjunctions(conditions: list[str], expected: str) -> None:
    assert conjunction(conditions) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum([x.n for x in a], 1)", "sum((x.n for x in a), 1)"),
        ("len([x for x in a])", "len([x for x in a])"),
        ("sum([x, y])", "sum([x, y])"),
        ("a[k] if k in a else 0", "a.get(k, 0)"),
        ("None if k not in a.b else a.b[k]", "a.b.get(k)"),
        ("a[k] if k in b else 0", "a[k] if k in b else 0"),
        ("a[k] if j in a else 0", "a[k] if j in a else 0"),
        ("f()[k] if k in f() else 0", "f()[k] if k in f() else 0"),
        ("a.get(k, 0)", "a.get(k, 0)"),
        ("a['b'].get(k, None)", "a['b'].get(k)"),
        ("(await a).get(k, {}).get(j, None)", "(await a).get(k, {}).get(j)"),
        ("A().get(k, None)", "A().get(k, None)"),
        ("a.b.get(k, None)", "a.b.get(k, None)"),
    ],
)
def test_values_in_another_form(text: str, expected: str) -> None:
    assert normal_expression(text) == expected


def test_values_that_are_no_conditions_keep_their_operators() -> None:
    assert normal_expression('((a) != "b")') == "a != 'b'"


@pytest.mark.parametrize(
    ("text", "parts", "negated_parts"),
    [
        ("a and b", ("a", "b"), ("not a or not b",)),
        ("a or b", ("a or b",), ("not a", "not b")),
        ("__0 != 1 with __0 = <x>", ("not __0 == 1 with __0 = <x>",), ("__0 == 1 with __0 = <x>",)),
        ("no break", ("no break",), ("not no break",)),
        (
            "__0.a and __1.b with __0 = <x>, __1 = <y>, __ = <effects e>",
            ("__0.a with __0 = <x>, __ = <effects e>", "__0.b with __0 = <y>, __ = <effects e>"),
            ("not __0.a or not __1.b with __0 = <x>, __1 = <y>, __ = <effects e>",),
        ),
        ("a and b with __0 = <effects e>", ("a with __0 = <effects e>", "b with __0 = <effects e>"), None),
        (
            "__0 and __1 with __0 = <x>, __1 = <x>",
            ("__0 with __0 = <x>, __1 = <x>", "__1 with __0 = <x>, __1 = <x>"),
            None,
        ),
    ],
)
def test_parts_of_conditions(text: str, parts: tuple[str, ...], negated_parts: tuple[str, ...] | None) -> None:
    assert condition_parts(text) == parts
    if negated_parts is not None:
        assert condition_parts(text, negated=True) == negated_parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ('f"a {b}"', [("a ", False), ("b", True)]),
        ('"a " + str(b)', [("a ", False), ("b", True)]),
        ('f"a {b!s}" + c', [("a ", False), ("b", True), ("c", True)]),
        ('f"a {b:>3}"', [('f"a {b:>3}"', True)]),
        ("a + b", [("a + b", True)]),
        ('"a {} c{}".format(b, "d")', [("a ", False), ("b", True), (" c", False), ("d", False)]),
        ('"a %s c%s" % (b, "d")', [("a ", False), ("b", True), (" c", False), ("d", False)]),
        ('"a %s%%" % (b,)', [('"a %s%%" % (b,)', True)]),
        ('"a %s" % b', [('"a %s" % b', True)]),
        ('"a %d" % (b,)', [('"a %d" % (b,)', True)]),
        ('"a {}".format(*b)', [('"a {}".format(*b)', True)]),
        ('"a {0}".format(b)', [("a ", False), ("b", True)]),
        ('"{b}-{a}{b}".format(a=x, b=y.z)', [("y.z", True), ("-", False), ("x", True), ("y.z", True)]),
        ('"{{{}}}".format(b)', [("{", False), ("b", True), ("}", False)]),
        ('"{!s}".format(b)', [("b", True)]),
        ('"{1}{0}".format(f(), g())', [('"{1}{0}".format(f(), g())', True)]),
        ('"{}{0}".format(b)', [('"{}{0}".format(b)', True)]),
        ('"{!r}".format(b)', [('"{!r}".format(b)', True)]),
        ('"{b.c}".format(b=b)', [('"{b.c}".format(b=b)', True)]),
        ('"{}".format(**b)', [('"{}".format(**b)', True)]),
        ('"{".format(b)', [('"{".format(b)', True)]),
        (
            '"-".join(["a", b, f"c{d}"])',
            [("a", False), ("-", False), ("b", True), ("-", False), ("c", False), ("d", True)],
        ),
        ('"-".join((a,))', [("a", True)]),
        ('"-".join([*a])', [('"-".join([*a])', True)]),
        ('"-".join(a)', [('"-".join(a)', True)]),
        ('"a {{}}".format(b)', [('"a {{}}".format(b)', True)]),
    ],
)
def test_pieces_of_strings(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert joined_pieces(text) == pieces


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a == 1", "2 == a", True),
        ("a == 1 with __0 = <x>", "a == 2 with __0 = <x>", True),
        ("a == 1 with __0 = <x>", "a == 2 with __0 = <y>", False),
        ("a == 1", "a == True", False),
        ("a == 1", "a > 2", False),
    ],
)
def test_conditions_that_exclude_each_other(first: str, second: str, *, expected: bool) -> None:
    assert are_exclusive(first, second) is expected


def test_deep_expressions_stay() -> None:
    assert normal_condition("not " * 400 + "a") == "a"
    assert normal_condition("(" * 900 + "a" + ")" * 900) == "(" * 900 + "a" + ")" * 900
    assert normal_condition("a" * 3000 + "()") == "a" * 3000 + "()"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a b" or name', "'a b'"),
        ('None or name or "b"', "name or 'b'"),
        ('name or "a" or "b"', "name or 'a'"),
        ('"a" and name', "name"),
        ('"a" if None is None else "b"', "'a'"),
        ('"a" if 3 is not None else "b"', "'a'"),
        ('name or ""', "name or ''"),
        ('"ab".strip(name)', "'ab'.strip(name)"),
        ('"a_b".replace("_", " ").title()', "'A B'"),
        ('name.replace("_", " ")', "name.replace('_', ' ')"),
        ('"a".replace("_")', "'a'.replace('_')"),
        ("{'a': 1, 'b': 2}['b']", "2"),
        ("{'a': 1}['b']", "{'a': 1}['b']"),
        ("{'a': 1}.get('a', 2)", "1"),
        ("{'a': 1}.get('b', limit)", "limit"),
        ("{'a': 1}.get('b')", "None"),
        ("{'a': 1, **others}['a']", "{'a': 1, **others}['a']"),
        ("{key: 1, 'a': 2}.get('a')", "{key: 1, 'a': 2}.get('a')"),
        ("f\"{'' or 'pay'} {name}\"", "f'pay {name}'"),
    ],
)
def test_operations_on_constants_are_evaluated(text: str, expected: str) -> None:
    assert normal_expression(text) == expected


@pytest.mark.parametrize("text", [f"'{'a' * 150}'.replace('a', 'bb')", f"'{'a' * 300}'.strip('a')"])
def test_operations_on_long_constants_are_not_evaluated(text: str) -> None:
    assert normal_expression(text) == text
