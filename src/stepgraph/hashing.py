"""Digests of contents, by the hash functions in Python's interpreter.

`hashlib` offers the same functions, but its import loads OpenSSL, which takes longer than to hash the modules of most
projects.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from hashlib import _Hash, blake2b, sha1
else:
    try:
        from _blake2 import blake2b
        from _sha1 import sha1
    except ImportError:  # another implementation of Python
        from hashlib import blake2b, sha1

_DIGEST_BYTES: Final = 32

DIGEST_LENGTH: Final = 2 * _DIGEST_BYTES
"""The number of hexadecimal digits in the result of `digest`."""

_SHORT_LENGTH: Final = 16


def digest(content: bytes) -> str:
    """Return a digest that differs for different contents, even if somebody chooses them: 64 hexadecimal digits."""
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


def short_digest(content: str | bytes) -> str:
    """Return a digest of 16 hexadecimal digits, for an identifier. Invalid characters of a text are equal."""
    encoded = content.encode(errors="replace") if isinstance(content, str) else content
    return digest(encoded)[:_SHORT_LENGTH]


def sha1_digest(content: bytes) -> bytes:
    """Return the SHA-1 digest, for formats that require it."""
    return sha1(content, usedforsecurity=False).digest()


def sha256_hash(content: bytes) -> _Hash:
    """Return the SHA-256 hash of some content, to which more content can be added."""
    # Imported here because a graph needs no such hash.
    try:
        module = import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    except ImportError:  # another implementation of Python
        module = import_module("hashlib")
    return cast("_Hash", module.sha256(content))
