"""Identities of nodes, made from names so that an inserted node does not change others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field

from stepgraph.hashing import sha256_hash
from stepgraph.model.walk import as_unknown, is_step

if TYPE_CHECKING:
    from stepgraph.model.payload import Node

BETWEEN: Final = "--"
_LONGEST: Final = 48
_LONGEST_PARENT: Final = 400
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")


def slug(text: str, default: str) -> str:
    """Return `text` as up to 48 lower case ASCII letters, digits and single hyphens, or `default` if none remain."""
    return _SEPARATORS.sub("-", text[: 4 * _LONGEST].lower()).strip("-")[:_LONGEST].strip("-") or default


def identities(nodes: Sequence[Node], parent: str) -> list[str]:
    """Return a unique identity for each node of a list inside the node or part `parent`.

    Steps, calls and functions are identified by name, exits by kind, and most other nodes by type. Duplicates are
    numbered.
    """
    parent = _shortened(parent)
    numbering = Numbering()
    return [numbering.of(f"{parent}{BETWEEN}{_key(node)}") for node in nodes]


class Numbering(Struct, frozen=True):
    """Makes identities unique among siblings."""

    _counts: dict[str, int] = field(default_factory=dict)

    def of(self, identity: str) -> str:
        """Return the identity, with a number from its second use on."""
        number = self._counts.get(identity, 0) + 1
        self._counts[identity] = number
        return identity if number == 1 else f"{identity}.{number}"


def _shortened(identity: str) -> str:
    """Return an identity short enough to be repeated in all identities inside it."""
    if len(identity) <= _LONGEST_PARENT:
        return identity
    return f"{identity[:_LONGEST]}.{sha256_hash(identity.encode()).hexdigest()[:16]}"


def _key(node: Node) -> str:
    if is_step(node):
        return slug(node["name"], "step")
    if unknown := as_unknown(node):
        return f"unknown.{slug(unknown.get('name', '') or unknown['type'], 'node')}"
    match node["type"]:
        case "function_call" | "function_def":
            return f"call.{slug(node['name'], 'function')}"
        case "break":
            return f"exit.{slug(node['kind'], 'break')}"
        case "loop" | "parallel" | "try" | "block" | "if" | "switch" | "start":
            return f"node.{node['type']}"
        case _ as never:
            assert_never(never)
