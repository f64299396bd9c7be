"""Names of the platform and of the standard library that code commonly uses without an import."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class ImportableName(Struct, frozen=True):
    """The import that binds a name."""

    module: str
    """The dotted name of the module to import, or to import the name from."""
    is_member: bool
    """Whether the name is a member of the module, rather than the module."""

    def qualified(self, name: str) -> str:
        """Return the dotted name of the object that the import binds to `name`."""
        return f"{self.module}.{name}" if self.is_member else self.module

    def statement(self, name: str) -> str:
        """Return the import statement."""
        return f"from {self.module} import {name}" if self.is_member else f"import {self.module}"


# Modules whose names are rarely meant as anything else.
_MODULES: Final = (
    "asyncio base64 collections contextlib csv dataclasses datetime functools hashlib hmac inspect itertools js"
    " json logging math os pyodide random re sys textwrap time traceback typing uuid workers zlib"
)
# The public classes and functions of the SDK, of Pyodide, of JavaScript and of the standard library, by module. A
# name stands below the module that the documentation of Workers imports it from. Type aliases are omitted.
_MEMBERS: Final = {
    "workers": (
        "DurableObject FormData Request Response WorkerEntrypoint WorkflowEntrypoint env fetch import_from_javascript"
        " python_from_rpc python_to_rpc waitUntil wait_until"
    ),
    "workers.workflows": "NonRetryableError",
    "pyodide.ffi": "JsException JsProxy create_once_callable create_proxy run_sync to_js",
    "js": (
        "AbortController Headers JSON Object Promise ReadableStream TextDecoder TextEncoder URL URLSearchParams"
        " Uint8Array caches console crypto setTimeout"
    ),
    "abc": "ABC abstractmethod",
    "base64": "b64decode b64encode",
    "collections": "Counter OrderedDict defaultdict deque namedtuple",
    "contextlib": "asynccontextmanager contextmanager suppress",
    "dataclasses": "asdict dataclass",
    "datetime": "UTC timedelta timezone",
    "decimal": "Decimal",
    "enum": "Enum IntEnum StrEnum",
    "functools": "lru_cache partial wraps",
    "io": "BytesIO StringIO",
    "pathlib": "Path",
    "typing": "Any Optional TypedDict",
    "urllib.parse": "parse_qs quote_plus urlencode urljoin urlparse",
    "uuid": "uuid4",
    "zoneinfo": "ZoneInfo",
}

IMPORTABLE_NAMES: Final = {name: ImportableName(name, is_member=False) for name in _MODULES.split()} | {
    name: ImportableName(module, is_member=True) for module, names in _MEMBERS.items() for name in names.split()
}
"""The import of each name. An undefined name that is not here may have any meaning."""
