"""The tables in which the interpreter finds the function for a type of syntax node or value."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TypeVar

Kind = TypeVar("Kind")
Handler = TypeVar("Handler")


class HandlerTable(dict[Kind, Handler]):
    """The handlers of nodes or values, by type.

    A handler outside of the module with the table is named like an entry point, as `package.module:function`. Its
    module is imported at the first node or value of the type, because most workflows contain few types, and importing
    all modules takes longer than analyzing a small workflow.
    """

    __slots__ = ("_default", "names")

    def __init__(self, handlers: Mapping[Kind, Handler], names: Mapping[Kind, str], default: Handler) -> None:
        """Create a table of handlers and the names of further ones. `default` handles all other types."""
        super().__init__(handlers)
        self.names = names
        self._default = default

    def __missing__(self, kind: Kind) -> Handler:
        name = self.names.get(kind)
        if name is None:
            return self._default
        module, _, function = name.partition(":")
        handler: Handler = getattr(import_module(module), function)
        self[kind] = handler
        return handler
