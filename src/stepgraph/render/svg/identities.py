"""The identities of nodes: from names, so that a node more or less beside it changes none of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.model.payload import Node
from stepgraph.model.walk import as_unknown

BETWEEN: Final = "--"
_LONGEST: Final = 48
_LONGEST_AROUND: Final = 400
_OTHERS: Final = re.compile(r"[^a-z0-9]+")


def slug(text: str, otherwise: str) -> str:
    """Return `text` as lower case letters, digits and single hyphens, `otherwise` if nothing is left of it."""
    return _OTHERS.sub("-", text[: 4 * _LONGEST].lower()).strip("-")[:_LONGEST].strip("-") or otherwise


def identities(nodes: Sequence[Node], around: str) -> list[str]:
    """Return an identity for each node of a list that stands in the node, or part of one, `around`.

    Steps and functions are known by their names, all others by their types; further ones of the same are numbered.
    """
    around = _shortened(around)
    numbering = Numbering()
    return [numbering.of(f"{around}{BETWEEN}{_key(node)}") for node in nodes]


class Numbering(Struct, frozen=True):
    """Tells identities apart that stand side by side."""

    _known: Counter[str] = field(default_factory=Counter)

    def of(self, identity: str) -> str:
        """Return an identity as it is the first time, then with a number."""
        self._known[identity] += 1
        number = self._known[identity]
        return identity if number == 1 else f"{identity}.{number}"


def _shortened(identity: str) -> str:
    """Return an identity that is not too long to be repeated in all that is within it, however deep it is."""
    if len(identity) <= _LONGEST_AROUND:
        return identity
    # Imported here for start-up: few graphs are so deep.
    from hashlib import sha256

    return f"{identity[:_LONGEST]}.{sha256(identity.encode()).hexdigest()[:16]}"


def _key(node: Node) -> str:
    if unknown := as_unknown(node):
        return f"unknown.{slug(unknown.get('name', '') or unknown['type'], 'node')}"
    match node["type"]:
        case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event":
            return slug(node["name"], "step")
        case "function_call" | "function_def":
            return f"call.{slug(node['name'], 'function')}"
        case "break":
            return f"exit.{slug(node['kind'], 'break')}"
    return f"node.{node['type']}"
