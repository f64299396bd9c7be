"""The search for a development server: at the address that the user names, or at the default one of `wrangler dev`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from stepgraph.model.note import InputError
from stepgraph.remote.local_api import DEFAULT_ADDRESS, LocalApi, local_api

_OPTION: Final = "--dev-server"
_REQUEST_SECONDS: Final = 5.0
_SEARCH_SECONDS: Final = 1.0
"""The maximum time of the request that finds a server. A server on this machine answers in milliseconds."""

_VALID_SECONDS: Final = 3.0
"""The time for which the result of a search is used."""


class DevServers:
    """Finds the development server, which may start and end at any time. May be used by several threads.

    A call returns the server, or None if none runs at the default address. A server at a named address is always
    returned, so that its errors mention the address.
    """

    def __init__(self, address: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare the search. Raises InputError for an invalid address."""
        self._address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._api: LocalApi | None = None
        self._valid_until = 0.0
        local_api(address or DEFAULT_ADDRESS, _OPTION)

    def __call__(self) -> LocalApi | None:
        """Return the server."""
        if self._address is not None:
            return local_api(self._address, _OPTION, _REQUEST_SECONDS)
        with self._lock:
            if self._clock() >= self._valid_until:
                self._api = _search()
                self._valid_until = self._clock() + _VALID_SECONDS
            api = self._api
        # A new object, because instances may be deleted after they were listed.
        return api and LocalApi(
            api.title,
            api.host,
            api.port,
            api.is_secure,
            api.base_path,
            seconds=_REQUEST_SECONDS,
            option=_OPTION,
        )


def _search() -> LocalApi | None:
    server = local_api(DEFAULT_ADDRESS, _OPTION, _SEARCH_SECONDS)
    try:
        server.workflows()
    except InputError:
        return None
    return server
