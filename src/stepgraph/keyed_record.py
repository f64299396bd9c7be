"""Records that are compared by some of their fields, the key."""

from __future__ import annotations


class KeyedRecord:
    """A base class of records whose other fields locate or describe them.

    A subclass that is a `Struct` has the option `eq=False`. Its definition takes a tenth of the time of a
    dataclass with fields that are not compared.
    """

    __slots__ = ()

    def key(self) -> tuple[object, ...]:
        """Return the fields that decide about equality."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyedRecord) and type(other) is type(self) and other.key() == self.key()

    def __hash__(self) -> int:
        return hash(self.key())
