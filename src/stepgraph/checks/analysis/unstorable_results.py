"""Library calls with results that a step cannot return, by dotted name."""

from __future__ import annotations

from typing import Final

_DATES: Final = (
    "datetime.date",
    "datetime.date.today",
    "datetime.date.fromisoformat",
    "datetime.date.fromtimestamp",
    "datetime.date.fromordinal",
    "datetime.date.fromisocalendar",
)
# Calls that return a datetime. The results of its `.date()` and `.time()` cannot be returned.
_DATETIMES: Final = (
    "datetime.datetime",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.datetime.fromisoformat",
    "datetime.datetime.fromtimestamp",
    "datetime.datetime.utcfromtimestamp",
    "datetime.datetime.strptime",
    "datetime.datetime.combine",
)

_ISO: Final = "Return its `.isoformat()`."
_STR: Final = "Convert it with `str(...)`."
_SECONDS: Final = "Return its `total_seconds()`."
_LIST: Final = "Convert it with `list(...)`."

# The kind of the result with its article, and advice.
UNSTORABLE: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(_DATES, ("a date", _ISO)),
    **dict.fromkeys((f"{call}().date" for call in _DATETIMES), ("a date", _ISO)),
    **dict.fromkeys((f"{call}().time" for call in _DATETIMES), ("a time", _ISO)),
    **dict.fromkeys(("datetime.time", "datetime.time.fromisoformat"), ("a time", _ISO)),
    "datetime.timedelta": ("a timedelta", _SECONDS),
    **dict.fromkeys(
        ("decimal.Decimal", *(f"decimal.Decimal().{name}" for name in ("quantize", "normalize", "to_integral_value"))),
        ("a Decimal", _STR),
    ),
    "fractions.Fraction": ("a Fraction", _STR),
    **dict.fromkeys(
        (f"uuid.{name}" for name in ("UUID", "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7", "uuid8")),
        ("a UUID", _STR),
    ),
    **dict.fromkeys(
        (f"pathlib.{name}" for name in ("Path", "PurePath", "PosixPath", "PurePosixPath", "Path.cwd", "Path.home")),
        ("a path", _STR),
    ),
    **dict.fromkeys(
        (f"ipaddress.{name}" for name in ("ip_address", "ip_network", "IPv4Address", "IPv6Address")),
        ("an address", _STR),
    ),
    **dict.fromkeys(("collections.namedtuple()", "typing.NamedTuple()"), ("a named tuple", "Return its `_asdict()`.")),
    "builtins.bytearray": ("a bytearray", "Convert it with `bytes(...)`."),
    "builtins.complex": ("a complex number", "Return its parts, `[z.real, z.imag]`."),
    "builtins.divmod": ("a tuple", _LIST),
    "builtins.frozenset": ("a frozenset", "Convert it with `set(...)` or `list(...)`."),
    "builtins.range": ("a range", _LIST),
    "collections.deque": ("a deque", _LIST),
    "builtins.filter": ("an iterator", _LIST),
    "builtins.object": ("an object", "Return a string or a number."),
    "re.compile": ("a compiled pattern", "Return its `.pattern`."),
    "types.SimpleNamespace": ("an object", "Convert it with `vars(...)`."),
    **dict.fromkeys(("io.BytesIO", "io.StringIO"), ("an in-memory file", "Return its `getvalue()`.")),
}
