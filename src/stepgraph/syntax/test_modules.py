"""Recognition of test modules. Their workflow classes are never deployed."""

from __future__ import annotations

from typing import Final

from stepgraph.syntax.module import SourceModule

TEST_CODE: Final = (
    *(b"import pytest", b"from pytest import", b"import unittest", b"from unittest", b"MagicMock("),
    *(b'sys.modules["workers', b"sys.modules['workers", b'sys.modules, "workers', b'ModuleType("workers'),
)
"""Source text of modules that test code, or that replace the SDK."""


def is_test_module(module: SourceModule) -> bool:
    """Return whether a module contains tests, or code for tests. Its name alone does not decide."""
    if any(map(module.mentions, TEST_CODE)):
        return True
    name = module.path.rpartition("/")[2]
    return (name.startswith("test_") or name.endswith("_test.py")) and module.mentions(b"def test_")
