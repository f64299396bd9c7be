"""JavaScript values as Pyodide represents them in Python: objects, arrays, dates, errors and proxies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace

from tests.execution.stub_values import StubValue
from tests.execution.values import JsValue, PyValue

_MAX_EXACT = 2**53  # larger integers may be inexact in JavaScript

Converter = Callable[[JsValue, PyValue, PyValue], PyValue]


class JsNull:
    """JavaScript's `null`. `undefined` is Python's None."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


jsnull = JsNull()


class ConversionError(Exception):
    """A value that JavaScript does not support as a key or a member of a set."""


class JsProxy:
    """A JavaScript value, identified by the name of its constructor."""

    js_name = "Object"

    @property
    def constructor(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.js_name)

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:
        return default_converter(self, None, None) if default_converter else self

    def destroy(self) -> None:
        """Do nothing. Pyodide requires proxies to be freed."""


class JsObject(JsProxy):
    """A plain object whose entries are attributes."""

    def __init__(self, entries: dict[str, JsValue] | None = None) -> None:
        self.entries = entries or {}

    def __getattr__(self, name: str) -> JsValue:
        try:
            return self.__dict__["entries"][name]
        except KeyError:
            raise AttributeError(name) from None

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:
        return {key: to_py(value, default_converter) for key, value in self.entries.items()}


class JsMap(JsProxy):
    """A dictionary converted without a `dict_converter`."""

    js_name = "Map"

    def __init__(self, entries: dict[JsValue, JsValue]) -> None:
        self.entries = entries

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:
        return {key: to_py(value, default_converter) for key, value in self.entries.items()}


class JsArray(JsProxy):
    js_name = "Array"

    def __init__(self, items: Iterable[JsValue]) -> None:
        self.items = list(items)

    def __iter__(self) -> Iterator[JsValue]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> JsValue:
        return self.items[index]

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:
        return [to_py(item, default_converter) for item in self.items]


class JsSet(JsProxy):
    js_name = "Set"

    def __init__(self, members: Iterable[JsValue]) -> None:
        self.members = list(members)

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:
        return {to_py(member, default_converter) for member in self.members}


class JsBytes(JsProxy):
    """A typed array, which converts to a memoryview."""

    js_name = "Uint8Array"

    def __init__(self, content: bytes) -> None:
        self.content = content

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:  # noqa: ARG002 # common signature
        return memoryview(self.content)


class JsDate(JsProxy):
    js_name = "Date"

    def __init__(self, milliseconds: float) -> None:
        self.milliseconds = milliseconds

    def getTime(self) -> float:  # noqa: N802 # JavaScript API
        return self.milliseconds


class JsError(JsProxy):
    """An error passed as a value, not thrown."""

    js_name = "Error"

    def __init__(self, message: str) -> None:
        self.message = message

    def toString(self) -> str:  # noqa: N802 # JavaScript API
        return f"Error: {self.message}"


class PyProxy(JsProxy):
    """A Python object referenced from JavaScript: callable, but not cloneable."""

    js_name = "PyProxy"

    def __init__(self, target: JsValue) -> None:
        self.target = target

    def __call__(self, *args: JsValue, **keywords: JsValue) -> JsValue:
        return self.target(*args, **keywords)

    def to_py(self, *, default_converter: Converter | None = None) -> PyValue:  # noqa: ARG002 # common signature
        return self.target


class JsException(JsProxy, Exception):  # noqa: N818 # name in Pyodide
    """An error thrown by JavaScript."""

    js_name = "Error"

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.stack = ""

    @property
    def js_error(self) -> JsException:
        return self

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"

    def __repr__(self) -> str:
        return str(self)


def to_js(
    value: JsValue,
    *,
    dict_converter: Callable[[Iterable[tuple[JsValue, JsValue]]], JsValue] | None = None,
    default_converter: Converter | None = None,
    **_options: JsValue,
) -> JsValue:
    """Convert a Python value to JavaScript. Unsupported types go through the converter or become proxies."""

    def convert(value: JsValue) -> JsValue:
        match value:
            case None | bool() | JsProxy() | JsNull():
                return value
            case int():
                return int(value)
            case float():
                return number(value)
            case str():
                return str.__str__(value)
            case list() | tuple():
                return JsArray(map(convert, value))
            case dict():
                pairs = [(_key(key, "Map"), convert(content)) for key, content in value.items()]
                return dict_converter(pairs) if dict_converter else JsMap(dict(pairs))
            case set():
                return JsSet([_key(member, "Set") for member in value])
            case _ if (content := _content(value)) is not None:
                return JsBytes(content)
        converted = default_converter(value, convert, None) if default_converter else value
        return converted if isinstance(converted, JsProxy | JsNull | StubValue) else PyProxy(converted)

    return convert(value)


def to_py(value: JsValue, default_converter: Converter | None = None) -> PyValue:
    """Convert a JavaScript value and its contents to Python."""
    if isinstance(value, JsProxy):
        return value.to_py(default_converter=default_converter)
    return default_converter(value, None, None) if default_converter and isinstance(value, JsNull) else value


def from_entries(pairs: Iterable[tuple[JsValue, JsValue]]) -> JsObject:
    """Implement `Object.fromEntries`, whose keys become text."""
    return JsObject({text(key): value for key, value in pairs})


def number(value: float) -> float:
    """Return integral floats as int, as Pyodide does."""
    return int(value) if value.is_integer() and abs(value) < _MAX_EXACT else value


def text(value: JsValue) -> str:
    """Implement `String(value)`."""
    match value:
        case None:
            return "undefined"
        case JsNull():
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return str(number(value))
        case JsProxy():
            return f"[object {value.js_name}]"
    return str(value)


def _key(value: JsValue, collection: str) -> JsValue:
    if value is None or isinstance(value, bool | int | str | JsNull):
        return value
    if isinstance(value, float):
        return number(value)
    raise ConversionError(f"Cannot use {value!r} as a key for a Javascript {collection}")


def _content(value: JsValue) -> bytes | None:
    try:
        with memoryview(value) as view:
            return bytes(view)
    except TypeError:
        return None
