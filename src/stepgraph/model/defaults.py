"""What the engine takes for what a step does not say (Cloudflare's documentation of Workflows)."""

from __future__ import annotations

from typing import Final

LIMIT: Final = 5
"""Retries of a step."""

DELAY: Final = 1000
"""Between a failure and its first retry, in milliseconds."""

BACKOFF: Final = "exponential"
TIMEOUT: Final = "10 minutes"
"""Of a single attempt at a step."""

EVENT_TIMEOUT: Final = "24 hours"
"""Of a wait for an event."""
