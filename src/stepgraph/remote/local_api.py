"""The local API of `wrangler dev`, which also serves `pywrangler dev`."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from socket import SHUT_RDWR, socket
from ssl import SSLCertVerificationError, SSLError
from threading import Event, Timer
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct, field

from stepgraph.limits import MEGABYTE, SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.remote.instance_source import (
    PER_PAGE,
    RemoteInstance,
    RemoteWorkflow,
    UnknownInstanceError,
    instances_of_pages,
)
from stepgraph.remote.responses import (
    Envelope,
    EnvelopeError,
    UnexpectedResponseError,
    is_name,
    read_envelope,
    read_instances,
    read_log_text,
    read_workflows,
)

DEFAULT_ADDRESS: Final = "http://localhost:8787"
"""The address at which `wrangler dev` listens by default."""

_SECONDS: Final = 30.0
"""The maximum time of a request, and of the connection before it."""

_BASE_PATHS: Final = ("/cdn-cgi/local/explorer/api", "/cdn-cgi/explorer/api")
"""The path of the API, and its path in older versions of wrangler."""

_CHECK: Final = (
    "Use the address that `wrangler dev` prints. If it is right, update wrangler: old versions lack this API."
)
_TRUST: Final = "Trust the certificate with the environment variable SSL_CERT_FILE, or use http."
_UNSAFE: Final = re.compile(r"[^\w.:-]")
_OK: Final = 200
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_REDIRECTS: Final = range(300, 400)


class _Response(NamedTuple):
    """A response over HTTP."""

    status: int
    content_type: str
    body: bytes


class RefusedRequestError(InputError):
    """A request that the server refuses."""

    def __init__(self, problem: Problem, status: int, error: EnvelopeError) -> None:
        super().__init__(problem)
        self.status = status
        """The HTTP status."""
        self.error = error


class LocalApi(Struct):
    """The local API at an address."""

    title: str
    """The origin, as messages name it: `http://localhost:8787`."""
    host: str
    port: int | None
    is_secure: bool
    """Whether the address begins with `https`."""
    base_path: str | None = None
    """The path of the API, or None before the first request."""
    listed_ids: set[tuple[str, str]] = field(default_factory=set)
    """The workflows and ids of the instances that the server has listed."""
    seconds: float = _SECONDS
    """The maximum time of a request, and of the connection before it."""
    option: str = "--local"
    """The option that names the address, for messages."""

    def workflows(self) -> Sequence[RemoteWorkflow]:
        """Return all workflows."""
        with self._expected_responses():
            return read_workflows(self._result("/workflows"))

    def instances(self, workflow: str, *, not_ended: bool = False) -> Iterator[RemoteInstance]:
        """Yield the instances of a workflow, newest first: all, or those that have not ended."""
        for instance in instances_of_pages(self._pages(workflow), self.title, workflow):
            # The local engine also lists ids that were only asked for, with neither status nor time.
            if (instance.status or instance.created) and not (not_ended and instance.has_ended):
                self.listed_ids.add((workflow, instance.id))
                yield instance

    def log(self, workflow: str, instance_id: str) -> bytes:
        """Return the log of an instance as JSON. Raises UnknownInstanceError if the server has no such instance."""
        # The local engine creates an instance without steps for each unknown id that it is asked for.
        if (workflow, instance_id) not in self.listed_ids and not self._lists(workflow, instance_id):
            raise UnknownInstanceError(Problem(self.title, f"`{workflow}` has no instance `{instance_id}`."))
        path = f"{_instances_path(workflow)}/{quote(instance_id, safe='')}"
        with self._expected_responses():
            return read_log_text(self._result(path, UnknownInstanceError))

    def request(self, method: str, path: Sequence[str], body: bytes | None = None) -> bytes:
        """Send a request, possibly with JSON as its body, and return the result as JSON.

        `path` has the parts of the path below the API. The id of an instance must be one that the server lists. Raises
        RefusedRequestError for a response with an error, and InputError if there is none.
        """
        if not all(map(is_name, path)):
            problem = Problem(self.title, "no such path.")
            raise RefusedRequestError(problem, _NOT_FOUND, EnvelopeError(message="invalid name or id"))
        if self.base_path is None:
            self.workflows()  # a request that may be sent twice
        text = "/" + "/".join(quote(part, safe="") for part in path)
        with self._expected_responses():
            return bytes(self._result(text, RefusedRequestError, method, body).result)

    def _lists(self, workflow: str, instance_id: str) -> bool:
        return any(each.id == instance_id for each in self.instances(workflow))

    def _pages(self, workflow: str) -> Iterator[list[RemoteInstance]]:
        for page in count(1):
            parameters = urlencode({"page": page, "per_page": PER_PAGE})
            with self._expected_responses():
                envelope = self._result(f"{_instances_path(workflow)}?{parameters}")
                instances = read_instances(envelope)
            yield instances
            if envelope.is_last(page * PER_PAGE):
                return

    @contextmanager
    def _expected_responses(self) -> Iterator[None]:
        """Convert a response that is not one of the API to an InputError."""
        try:
            yield
        except UnexpectedResponseError as error:
            message = f"answers, but not as the local API of `wrangler dev`: {error}."
            raise InputError(Problem(self.title, message, _CHECK)) from None

    def _result(
        self, path: str, refused: type[InputError] = InputError, method: str = "GET", body: bytes | None = None
    ) -> Envelope:
        """Return the response of the API to a request. Raises InputError, or `refused` for status 404."""
        status, envelope = self._respond(path, method, body)
        if envelope.success and status == _OK:
            return envelope
        problem = Problem(self.title, f"the server reports an error: {envelope.error_text or f'HTTP status {status}'}.")
        if refused is RefusedRequestError:
            raise RefusedRequestError(problem, status, next(iter(envelope.errors or ()), EnvelopeError()))
        raise (refused if status == _NOT_FOUND else InputError)(problem)

    def _respond(self, path: str, method: str, body: bytes | None) -> tuple[int, Envelope]:
        """Return the HTTP status and the envelope of a response, and remember which path the API has.

        If neither path leads to the API, the response at the current one is reported.
        """
        if self.base_path is not None:
            return self._envelope(self.base_path + path, method, body)
        current, older = _BASE_PATHS
        try:
            response = self._envelope(current + path, method, body)
        except UnexpectedResponseError as error:
            try:
                response = self._envelope(older + path, method, body)
            except UnexpectedResponseError:
                raise error from None
            current = older
        self.base_path = current
        return response

    def _envelope(self, path: str, method: str, request_body: bytes | None) -> tuple[int, Envelope]:
        response = self._exchange(path, method, request_body)
        try:
            return response.status, read_envelope(response.body, response.content_type)
        except UnexpectedResponseError as error:
            if response.status in _REDIRECTS:
                raise UnexpectedResponseError("a redirect") from None
            if response.status == _FORBIDDEN:
                raise UnexpectedResponseError("access denied") from None
            prefix = "" if response.status == _OK else f"HTTP status {response.status}, "
            raise UnexpectedResponseError(f"{prefix}{error}") from None

    def _exchange(self, path: str, method: str, request_body: bytes | None) -> _Response:
        """Send a request and return its response. Redirects are not followed."""
        headers = {"Accept": "application/json"}
        if request_body is not None:
            headers["Content-Type"] = "application/json"
        connection = (HTTPSConnection if self.is_secure else HTTPConnection)(self.host, self.port, timeout=self.seconds)
        try:
            with _time_limit(connection, self.seconds):
                connection.request(method, path, request_body, headers=headers)
                with connection.getresponse() as response:
                    body = response.read(SAVED_BYTES + 1)
        except TimeoutError:
            raise InputError(Problem(self.title, f"no complete response within {self.seconds:.0f} seconds.")) from None
        except (OSError, UnicodeError) as error:
            raise self._connection_error(error) from None
        except HTTPException:
            raise UnexpectedResponseError("a response that is not HTTP") from None
        finally:
            connection.close()
        if len(body) > SAVED_BYTES:
            raise InputError(Problem(self.title, f"the response is larger than {SAVED_BYTES // MEGABYTE} MB."))
        return _Response(response.status, response.getheader("Content-Type", ""), body)

    def _connection_error(self, error: OSError | UnicodeError) -> InputError:
        if isinstance(error, SSLCertVerificationError):
            return InputError(Problem(self.title, f"the certificate is not trusted: {error.verify_message}.", _TRUST))
        if isinstance(error, SSLError):
            return InputError(Problem(self.title, "no TLS connection is possible.", "Write http in place of https."))
        reason = (getattr(error, "strerror", None) or "the name of the host is invalid").lower()
        advice = f"Start `wrangler dev` or `pywrangler dev`, or name its address with `{self.option}=URL`."
        return InputError(Problem(self.title, f"cannot be reached: {reason}.", advice))


def _instances_path(workflow: str) -> str:
    return f"/workflows/{quote(workflow, safe='')}/instances"


@contextmanager
def _time_limit(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    """Connect, and limit the time until the end of the block. Raises TimeoutError after it.

    The timeout of a socket limits each operation only, so a server that sends one byte at a time never exceeds it.
    """
    connection.connect()
    connected, expired = connection.sock, Event()

    def disconnect() -> None:
        expired.set()
        with suppress(OSError):
            # The method of a TLS socket is not safe while another thread reads.
            socket.shutdown(connected, SHUT_RDWR)

    timer = Timer(seconds, disconnect)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if expired.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        timer.join()
    if expired.is_set():
        raise TimeoutError


def local_api(address: str = DEFAULT_ADDRESS, option: str = "--local", seconds: float = _SECONDS) -> LocalApi:
    """Return the local API at a URL, at a host with a port, or at a port of this machine.

    Only the host and the port of a URL are used. `option` is the option that names the address, for messages. Raises
    InputError for an invalid address.
    """
    scheme, host, port = _origin(address) or ("", "", None)
    if not host:
        advice = f"Write a URL such as `{DEFAULT_ADDRESS}`."
        raise InputError(Problem(option, f"`{address}` is not an address of `wrangler dev`.", advice))
    shown = f"[{host}]" if ":" in host else host
    title = f"{scheme}://{shown}" + ("" if port is None else f":{port}")
    return LocalApi(title, host, port, scheme == "https", seconds=seconds, option=option)


def _origin(address: str) -> tuple[str, str, int | None] | None:
    """Return the scheme, the host and the port of an address, or None if it is invalid."""
    url = f"localhost:{address}" if address.isdecimal() else address
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    # urllib leaves out control characters.
    is_valid = address.isprintable() and parts.scheme in ("http", "https") and not _UNSAFE.search(host)
    return (parts.scheme, host, port) if is_valid and parts.username is None else None


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

    def failure(self) -> InputError | None:
        """Request the workflows of a server at a named address. Return the error, or None without an error."""
        if self._address is None:
            return None
        try:
            local_api(self._address, _OPTION, _SEARCH_SECONDS).workflows()
        except InputError as error:
            return error
        return None


def _search() -> LocalApi | None:
    server = local_api(DEFAULT_ADDRESS, _OPTION, _SEARCH_SECONDS)
    try:
        server.workflows()
    except InputError:
        return None
    return server
