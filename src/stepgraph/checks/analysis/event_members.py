"""Members of events and payloads other than the keys of the data."""

from __future__ import annotations

from typing import Final

_OF_JAVASCRIPT: Final = ("to_py", "object_entries", "object_keys", "object_values", "as_object_map")
_MEMBERS: Final = frozenset([*dir(dict), *_OF_JAVASCRIPT])


def is_member(name: str) -> bool:
    """Return whether an attribute is a member of dictionaries, or of the object that older versions of the SDK pass."""
    return name in _MEMBERS or name.startswith("_")
