"""Test which results steps may return, and how they are converted."""

from __future__ import annotations

import pytest

from tests.execution.run_body import run
from tests.execution.runner import Execution
from tests.execution.values import PyValue


def result_of(expression: str) -> Execution:
    return run(f"""
        import array, collections, dataclasses, decimal, enum, fractions, pathlib, re, types, uuid

        class Color(enum.Enum):
            RED = 1

        class Name(enum.StrEnum):
            A = "a"

        class Number(enum.IntEnum):
            ONE = 1

        @dataclasses.dataclass
        class Order:
            id: int = 1

        Point = collections.namedtuple("Point", "x")

        @step.do("give", config={{"retries": {{"limit": 0, "delay": 0}}}})
        async def give():
            return {expression}

        return await give()
    """)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("None", None),
        ("True", True),
        ("1", 1),
        ("2 ** 52", 2**52),
        ("1.5", 1.5),
        ("2.0", 2),
        ("'text'", "text"),
        ("b'ab'", b"ab"),
        ("memoryview(b'ab')", b"ab"),
        ("[1, [None]]", [1, [None]]),
        ("{'a': {'b': [None]}}", {"a": {"b": [None]}}),
        ("{1: 'a', 1.5: 'b', 2.0: 'c'}", {"1": "a", "1.5": "b", "2": "c"}),
        ("{None: 'a', False: 'b'}", {"undefined": "a", "false": "b"}),
        ("{1, 'a', None}", {1, "a", None}),
        ("[{1}]", [{1}]),
        ("collections.OrderedDict(a=1)", {"a": 1}),
        ("collections.defaultdict(int, a=1)", {"a": 1}),
        ("collections.Counter('aab')", {"a": 2, "b": 1}),
        ("Name.A", "a"),
        ("Number.ONE", 1),
        ("array.array('b', [1])", b"\x01"),
        ("[n for n in range(2)]", [0, 1]),
    ],
)
def test_result_round_trip(expression: str, expected: PyValue) -> None:
    execution = result_of(expression)
    assert execution.error is None
    assert execution.result == expected


def test_integral_float_becomes_int() -> None:
    assert type(result_of("2.0").result) is int


def test_bytes_become_memoryview() -> None:
    assert type(result_of("b'ab'").result) is memoryview


def test_datetime_loses_its_time_zone() -> None:
    aware = "datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)"
    execution = run(f"""
        given = {aware}
        back = await step.do("give")(lambda: given)()
        return [back.tzinfo is None, back.timestamp() == given.timestamp()]
    """)
    assert execution.result == [True, True]


@pytest.mark.parametrize(
    "expression",
    [
        "(1, 2)",
        "[(1, 2)]",
        "{'a': (1,)}",
        "{(1, 2)}",
        "[*{'a': 1}.items()]",
        "Point(1)",
        "bytearray(b'a')",
        "[asyncio.sleep(0)]",
    ],
)
def test_results_that_raise_type_errors(expression: str) -> None:
    assert isinstance(result_of(expression).error, TypeError)


@pytest.mark.parametrize(
    "expression",
    [
        "datetime.date(2026, 1, 1)",
        "datetime.time(1)",
        "datetime.timedelta(1)",
        "[datetime.date(2026, 1, 1)]",
        "{'a': {'b': datetime.date(2026, 1, 1)}}",
        "decimal.Decimal(1)",
        "fractions.Fraction(1)",
        "uuid.UUID(int=1)",
        "Color.RED",
        "Order()",
        "object()",
        "types.SimpleNamespace(a=1)",
        "(n for n in [1])",
        "iter([1])",
        "range(3)",
        "{'a': 1}.keys()",
        "frozenset({1})",
        "collections.deque([1])",
        "collections.ChainMap({'a': 1})",
        "types.MappingProxyType({'a': 1})",
        "pathlib.PurePath('a')",
        "1j",
        "re.compile('a')",
        "...",
        "asyncio",
    ],
)
def test_results_that_cannot_be_cloned(expression: str) -> None:
    execution = result_of(expression)
    assert str(execution.error).startswith("DataCloneError: ")
    assert [event.type for event in execution.events] == ["start", "fail"]


@pytest.mark.parametrize("expression", ["{(1, 2): 3}", "{b'a': 1}", "{frozenset(): 1}", "{datetime.date(2026, 1, 1)}"])
def test_invalid_keys_and_set_members(expression: str) -> None:
    assert "as a key for a Javascript" in str(result_of(expression).error)


@pytest.mark.parametrize("expression", ["lambda: 1", "[print]", "Order", "{'a': len}"])
def test_function_as_result_ends_the_run(expression: str) -> None:
    execution = run(f"""
        class Order:
            pass

        try:
            await step.do("give")(lambda: {expression})()
        except BaseException:
            pass
    """)
    assert "cannot be serialised" in str(execution.error)
    assert [event.type for event in execution.events] == ["start", "fail"]


def test_big_integer_is_stored_but_not_serializable() -> None:
    execution = result_of("2 ** 53")
    assert isinstance(execution.error, TypeError)
    assert [event.type for event in execution.events] == ["start", "end"]


def test_result_size_limit() -> None:
    assert not result_of("'x' * 2 ** 20").failed
    assert "too large" in str(result_of("'x' * (2 ** 20 + 1)").error)
    assert "too large" in str(result_of("{'a': [b'x' * 2 ** 20]}").error)


def test_exception_as_result_loses_its_type() -> None:
    assert run("return repr(await step.do('give')(lambda: ValueError('x'))())").result == "Exception('Error: x')"


def test_result_of_a_binding() -> None:
    assert not run("""
        rows = await step.do("query")(lambda: self.env.DB.prepare("select").all())()
        await self.env.KV.put("key", rows["results"][0].name)
    """).failed


@pytest.mark.parametrize("expression", ["(1, 2)", "datetime.date(2026, 1, 1)", "{'at': datetime.timedelta(1)}"])
def test_result_of_run_must_be_cloneable(expression: str) -> None:
    assert run(f"return {expression}").failed
