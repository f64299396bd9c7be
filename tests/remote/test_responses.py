"""The bodies of responses."""

from __future__ import annotations

import pytest

from stepgraph.remote.responses import UnexpectedResponseError, read_envelope


def test_deep_responses_are_refused_before_they_are_parsed() -> None:
    with pytest.raises(UnexpectedResponseError, match="not JSON"):
        read_envelope(b'{"result":' + b"[" * 10_001)
