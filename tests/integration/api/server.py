"""The API under uvicorn in a thread, on loopback: real HTTP."""

import socket
import threading

import uvicorn

from coordinator.api.app import create_app
from tests.integration.transport.waiting import wait_until


class Api:
    """A running API; `url` is its address."""

    def __init__(self, services):
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(services, stopping=lambda: self._server.should_exit),
                log_config=None,
                lifespan="off",
            )
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self):
        self._thread.start()
        wait_until(lambda: self._server.started, "the API listens")

    def stop(self):
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        assert not self._thread.is_alive()
