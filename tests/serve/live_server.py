"""A server in a thread of the test process, which tests tell to analyze its project again."""

from __future__ import annotations

import socket
import threading

import uvicorn

from stepgraph.serve.server import ServerOptions, local_application, uvicorn_configuration
from tests.cli.sources import write
from tests.serve.serving import FakeDevServer, serve


class LiveServer:
    """A server of the module `orders.py` in the working directory."""

    def __init__(self, text: str, dev_server: FakeDevServer | None = None, port: int = 0) -> None:
        write("orders.py", text)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._project = serve(".").project
        app, self._changes = local_application(
            self._project, ServerOptions((".",), None), lambda: dev_server, self.port
        )
        self._server = uvicorn.Server(uvicorn_configuration(app))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def save(self, text: str) -> None:
        """Write the module, and tell open pages about the change."""
        write("orders.py", text)
        self._project.refresh()
        self._changes.publish()

    def close(self) -> None:
        self._changes.close()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
