"""Settings of hypothesis that several tests share."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

WITHOUT_DEADLINE: Final = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
