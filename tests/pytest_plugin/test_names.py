"""Names of workflow tests and their snapshots."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.pytest_plugin.snapshot_tests import names_of_tests


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["OrderWorkflow", "W[shop.orders]"], ["OrderWorkflow", "W[shop.orders]"]),
        (["W[a]", "W[a]", "W[a]"], ["W[a]", "W[a-2]", "W[a-3]"]),
        (["W[a/b]", "W[ab]", "W[a:b]"], ["W[ab-2]", "W[ab]", "W[ab-3]"]),
        (["W[a/b]"], ["W[ab]"]),
        (["Orders", "orders", "orders-2"], ["Orders", "orders-3", "orders-2"]),
        (["W[e\u0301]", "W[\u00e9]"], ["W[e\u0301]", "W[\u00e9-2]"]),
        (["W[\x1b]0;pwn\x07]"], ["W[x1b]0;pwnx07]"]),
        (["##[group]a", "::a", "#:#[a", "/"], ["#-#[group]a", "a", "#-#[a", "workflow"]),
        (["W[" + "x" * 400 + "]", "W[" + "x" * 401 + "]"], ["W[" + "x" * 237 + "]", "W[" + "x" * 237 + "-2]"]),
        (["注" * 100], ["注" * 79]),
    ],
)
def test_each_test_has_its_own_snapshot(names: list[str], unique: list[str]) -> None:
    assert names_of_tests(names) == unique


@pytest.mark.slow
@given(st.lists(st.text("aA/:é\u0301-2]", max_size=6), max_size=8))
def test_snapshots_differ_after_case_folding(names: list[str]) -> None:
    unique = names_of_tests(names)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in unique}) == len(names)
