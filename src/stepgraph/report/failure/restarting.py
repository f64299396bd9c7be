"""The commands that restart a failed instance from one of its steps."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Final

from stepgraph.execution.failures.failure import Failure
from stepgraph.execution.log import LogEntry
from stepgraph.execution.restarts import RestartPoint
from stepgraph.phrases import enumeration
from stepgraph.report.failure.report import InstanceAddress

MAX_POINTS: Final = 3
"""The maximum number of restart points that text shows, besides the beginning."""

_DEFAULT_TYPE: Final = "do"
_DEFAULT_PORT: Final = 8787
_UNKNOWN_ID: Final = "INSTANCE_ID"
_UNKNOWN_NAME: Final = "WORKFLOW_NAME"
_PRODUCTION: Final = "https://api.cloudflare.com/client/v4/accounts/$CLOUDFLARE_ACCOUNT_ID"
_LOCAL_API: Final = "/cdn-cgi/local/explorer/api"
_TYPE_WORDS: Final = {"sleep": "the sleep ", "waitForEvent": "the wait "}


def shown_points(failure: Failure) -> tuple[RestartPoint, ...]:
    """Return the restart points to show, the last one first, without the first step, which is the beginning."""
    return tuple(point for point in failure.restarts if point.retained)[:MAX_POINTS]


def point_label(point: RestartPoint) -> str:
    """Return the name of a restart point: "`charge card`" or "the sleep `nap` (2)"."""
    count = f" ({point.count:,})" if point.count > 1 else ""
    return f"{_TYPE_WORDS.get(point.type, '')}`{point.name}`{count}"


def point_effect(point: RestartPoint) -> str:
    """Return the entries that run again, and those that are kept."""
    return f"runs {_names(point.reruns)} again, keeps {_names(point.retained)}"


def _names(entries: tuple[LogEntry, ...]) -> str:
    return enumeration([entry.log_name for entry in entries])


def wrangler_command(point: RestartPoint | None, address: InstanceAddress) -> str:
    """Return the wrangler command for a restart from a step, or from the beginning."""
    parts = [
        "npx wrangler workflows instances restart",
        shlex.quote(address.workflow_name or _UNKNOWN_NAME),
        _id_argument(address),
    ]
    if point is not None:
        parts.append(f"--from-step-name={shlex.quote(point.name)}")
        parts += [f"--from-step-count={point.count}"] if point.count > 1 else []
        parts += [f"--from-step-type={point.type}"] if point.type != _DEFAULT_TYPE else []
    return " ".join([*parts, *_local_options(address.local_url)])


def _local_options(url: str) -> list[str]:
    """Return the options of wrangler for the instances of `wrangler dev`, or an empty list for production."""
    if not url:
        return []
    from urllib.parse import urlsplit

    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    return ["--local"] if port in (None, _DEFAULT_PORT) else ["--local", f"--port={port}"]


def _id_argument(address: InstanceAddress) -> str:
    return shlex.quote(address.instance_id) if address.instance_id else _UNKNOWN_ID


def request_body(point: RestartPoint) -> dict[str, object]:
    """Return the body of the request `PATCH .../instances/{id}/status` for a restart from a step."""
    step = {"name": point.name, "count": point.count, "type": point.type}
    return {"status": "restart", "from": step}


def curl_command(point: RestartPoint, address: InstanceAddress) -> str:
    """Return the curl command for a restart from a step. The token and the account come from the environment."""
    instance = _url_part(address.instance_id) if address.instance_id else _UNKNOWN_ID
    path = f"/workflows/{_url_part(address.workflow_name or _UNKNOWN_NAME)}/instances/{instance}/status"
    if address.local_url:
        target = shlex.quote(f"{address.local_url}{_LOCAL_API}{path}")
    else:
        target = f'"{_PRODUCTION}{path}" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN"'
    body = shlex.quote(json.dumps(request_body(point)))
    return f"curl -X PATCH {target} -H 'Content-Type: application/json' -d {body}"


def _url_part(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="", errors="replace")


def restart_remarks(failure: Failure) -> Iterator[str]:
    """Yield sentences about results that a restart does not keep or does not delete."""
    reruns = failure.restarts[0].reruns if failure.restarts else ()
    waits = [entry.log_name for entry in reruns if entry.kind == "wait"]
    if waits:
        yield f"A restart deletes received events: send the events for {enumeration(waits)} again."
    retained = failure.restarts[0].retained if failure.restarts else ()
    failures = [entry.log_name for entry in retained if entry.outcome == "failed"]
    if failures:
        yield f"A kept step that failed fails again at once: {enumeration(failures)}."
    if failure.expired_sleeps:
        names = enumeration(dict.fromkeys(each.log.log_name for each in failure.expired_sleeps))
        yield f"Every restart calls `sleep_until` for {names} again, which fails if the time has passed."
