"""The Workflows API of a Cloudflare account, through the official client, which the extra `api` installs.

Responses are read as JSON, because the models of the client drop unexpected values. The pages of lists are requested
one by one, because the client requests pages until one is empty.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import missing_extra
from stepgraph.remote.instance_source import (
    PER_PAGE,
    RemoteInstance,
    RemoteWorkflow,
    UnknownInstanceError,
    instances_of_pages,
    running_instances,
    workflows_of_pages,
)
from stepgraph.remote.limited_body import call_within
from stepgraph.remote.responses import (
    Envelope,
    UnexpectedResponseError,
    is_name,
    read_envelope,
    read_instances,
    read_log_text,
    read_workflows,
)

if TYPE_CHECKING:
    from cloudflare import APIResponse, APIStatusError, Cloudflare

Model = TypeVar("Model")

_VARIABLE: Final = "CLOUDFLARE_API_TOKEN"
"""The environment variable with the token. Its value appears in no message."""

_URL_VARIABLE: Final = "CLOUDFLARE_BASE_URL"
"""The environment variable with the address of the API."""

_SECONDS: Final = 30.0
"""The maximum time between two parts of a response."""

_TOTAL_SECONDS: Final = 120.0
"""The maximum time of a request, with its repetitions by the client."""

_ERROR_NUMBER: Final = re.compile(r"^\[Errno -?[0-9]+\] ")
"""The number at the start of an error of the operating system."""
_ACCOUNT_ID: Final = re.compile(r"[0-9a-fA-F]{32}")
_TOKEN_TEXT: Final = re.compile(r"[!-~]{1,1024}")
_PERMISSION: Final = (
    f"{_VARIABLE} must contain a valid API token with the permission `Workers Scripts: Read` for this account."
)
_CREATE: Final = (
    "Create an API token with the permission `Workers Scripts: Read` in Cloudflare's dashboard, and export it."
)
_STATUS_ADVICE: Final = {
    401: _PERMISSION,
    403: _PERMISSION,
    429: "Wait five minutes, or select one workflow with --workflow NAME.",
}
_NOT_FOUND: Final = 404
_HIDDEN: Final = "[token]"


class AccountApi:
    """The API of an account."""

    # Not a record, whose text form would show the token.
    def __init__(self, account_id: str, client: Cloudflare) -> None:
        self._account_id = account_id
        self._client = client

    @property
    def title(self) -> str:
        """The name of the account in messages."""
        return _title(self._account_id)

    def workflows(self) -> Sequence[RemoteWorkflow]:
        """Return all workflows."""
        return workflows_of_pages(self._workflow_pages(), self.title)

    def instances(self, workflow: str, *, not_ended: bool = False) -> Iterator[RemoteInstance]:
        """Return the instances of a workflow, newest first: all, or those that have not ended."""
        if not_ended:
            return running_instances(lambda status: self._instances(workflow, {"status": status}))
        return self._instances(workflow, {})

    def log(self, workflow: str, instance_id: str) -> bytes:
        """Return the log of an instance as JSON. Raises UnknownInstanceError if the server has no such instance."""
        if not is_name(workflow) or not is_name(instance_id):
            raise UnknownInstanceError(Problem(self.title, f"no instance `{instance_id}`."))
        instances = self._client.workflows.instances.with_streaming_response
        request = instances.get(instance_id, account_id=self._account_id, workflow_name=workflow)
        with self._expected_responses():
            return read_log_text(self._result(request, UnknownInstanceError))

    def _workflow_pages(self) -> Iterator[list[RemoteWorkflow]]:
        resource = self._client.workflows.with_streaming_response
        for page in count(1):
            request = resource.list(account_id=self._account_id, page=page, per_page=PER_PAGE)
            with self._expected_responses():
                envelope = self._result(request)
                workflows = read_workflows(envelope)
            yield workflows
            if envelope.is_last(page * PER_PAGE):
                return

    def _instances(self, workflow: str, query: dict[str, object]) -> Iterator[RemoteInstance]:
        return instances_of_pages(self._instance_pages(workflow, query), self.title, workflow)

    def _instance_pages(self, workflow: str, query: dict[str, object]) -> Iterator[list[RemoteInstance]]:
        """Yield the pages of a list, by cursor, or by number if the API sends no cursor."""
        resource = self._client.workflows.instances.with_streaming_response
        position: dict[str, object] = {}
        for page in count(1):
            parameters = {**query, **position, "per_page": PER_PAGE}
            request = resource.list(workflow, account_id=self._account_id, extra_query=parameters)
            with self._expected_responses():
                envelope = self._result(request)
                instances = read_instances(envelope)
            yield sorted(instances, key=lambda each: each.created, reverse=True)
            if envelope.cursor is not None:
                position = {"cursor": envelope.cursor}
            elif envelope.is_last(page * PER_PAGE):
                return
            else:
                position = {"page": page + 1}

    @contextmanager
    def _expected_responses(self) -> Iterator[None]:
        """Convert a response that is not one of the API to an InputError."""
        try:
            yield
        except UnexpectedResponseError as error:
            message = f"the server answers, but not as the Workflows API: {error}."
            raise InputError(Problem(self.title, message)) from None

    def _result(
        self, request: AbstractContextManager[APIResponse[Model]], not_found: type[InputError] = InputError
    ) -> Envelope:
        """Return the response of the API to a request. Raises InputError, or `not_found` for status 404."""
        from cloudflare import APIStatusError, APITimeoutError, CloudflareError
        from httpx import HTTPError, TimeoutException

        try:
            envelope = call_within(_TOTAL_SECONDS, lambda: self._received(request))
        except APIStatusError as error:
            raise self._status_error(error, not_found) from None
        except (APITimeoutError, TimeoutException, TimeoutError):
            raise InputError(Problem(self.title, "the API sent no complete response in time.")) from None
        except (CloudflareError, HTTPError) as error:
            reason = self._without_token(_ERROR_NUMBER.sub("", str(error.__cause__ or error)).rstrip("."))
            message = f"the API cannot be reached: {reason[:1].lower()}{reason[1:]}."
            raise InputError(Problem(self.title, message, "Check the network connection.")) from None
        if not envelope.success:
            raise InputError(Problem(self.title, f"the API reports an error: {envelope.error_text or 'no message'}."))
        return envelope

    def _received(self, request: AbstractContextManager[APIResponse[Model]]) -> Envelope:
        with request as response:
            return self._envelope(response.read(), response.headers.get("Content-Type", ""))

    def _status_error(self, error: APIStatusError, not_found: type[InputError]) -> InputError:
        """Return the error for a response with an HTTP status other than 200."""
        status = error.status_code
        try:
            reason = self._envelope(error.response.content).error_text
        except UnexpectedResponseError:
            reason = ""
        message = f"the API reports an error: {reason or f'HTTP status {status}'}."
        kind = not_found if status == _NOT_FOUND else InputError
        return kind(Problem(self.title, message, _STATUS_ADVICE.get(status, "")))

    def _envelope(self, body: bytes, content_type: str = "") -> Envelope:
        """Return the envelope in a body. Raises UnexpectedResponseError for anything else."""
        # Before any text is cut, because a part of the token would not be recognized.
        token = (self._client.api_token or "").encode()
        return read_envelope(body.replace(token, _HIDDEN.encode()), content_type)

    def _without_token(self, text: str) -> str:
        """Return a text of a server without the token, which a server might repeat."""
        return text.replace(self._client.api_token or "", _HIDDEN)


def account_api(account_id: str) -> AccountApi:
    """Return the API of an account, with the token in the environment.

    Raises InputError if the client is not installed, the token is missing or invalid, or the id is invalid.
    """
    if find_spec("cloudflare") is None:
        raise InputError(Problem("--account", f"{missing_extra('the option', 'api')}."))
    if not _ACCOUNT_ID.fullmatch(account_id):
        message = f"`{account_id}` is not an account id, which has 32 hexadecimal digits."
        raise InputError(Problem("--account", message, "`wrangler whoami` prints it."))
    token = os.environ.get(_VARIABLE, "").strip()
    if not token:
        raise InputError(Problem(_VARIABLE, "the environment variable is not set.", _CREATE))
    if not _TOKEN_TEXT.fullmatch(token):
        raise InputError(Problem(_VARIABLE, "the environment variable contains characters that no token has.", _CREATE))
    return AccountApi(account_id, _client(token, _title(account_id)))


def _title(account_id: str) -> str:
    return f"account {account_id}"


def _client(token: str, title: str) -> Cloudflare:
    from cloudflare import Cloudflare, DefaultHttpxClient
    from httpx import InvalidURL

    from stepgraph.remote.limited_body import limit_body

    try:
        client = Cloudflare(
            api_token=token,
            timeout=_SECONDS,
            default_headers={"Accept-Encoding": "identity"},
            http_client=DefaultHttpxClient(
                # The API sends no redirects, and the token must not reach another server.
                follow_redirects=False,
                timeout=_SECONDS,
                event_hooks={"response": [lambda response: limit_body(response, title)]},
            ),
        )
    except (InvalidURL, ValueError) as error:
        raise InputError(Problem(_URL_VARIABLE, f"not a URL: {error}.")) from None
    if client.base_url.scheme not in {"http", "https"} or not client.base_url.host:
        raise InputError(Problem(_URL_VARIABLE, "not a URL that begins with https:// or http://."))
    # The client would send these in place of the token.
    client.api_email = client.api_key = client.user_service_key = None
    return client
