"""A way out of the lab, for the few servers that a build may ask: a proxy inside, whose connections start outside."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

from tests.lab.forward import pump
from tests.lab.lab import Lab
from tests.lab.layout import CONTROL

DIALS_WITHIN = 20.0  # seconds


@contextmanager
def way_out(lab: Lab, *servers: str) -> Iterator[str]:
    """Open an HTTP proxy that all hosts of the lab reach, to port 443 of these servers only; yields its address."""
    listening = lab.call(CONTROL, socket.create_server, (lab.address(CONTROL), 0))
    port = listening.getsockname()[1]
    proxy = _Proxy(listening, servers)
    thread = threading.Thread(target=asyncio.run, args=(proxy.serve(),), name="way-out")
    thread.start()
    try:
        yield f"http://{lab.address(CONTROL)}:{port}"
    finally:
        proxy.stop()
        thread.join()


class _Proxy:
    def __init__(self, listening: socket.socket, servers: Collection[str]) -> None:
        listening.setblocking(False)
        self._listening, self._servers = listening, servers
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._carried = set[asyncio.Task[None]]()

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, sock=self._listening)
        self._ready.set()
        async with server:
            await self._stop.wait()
            for task in self._carried:
                task.cancel()
            await asyncio.gather(*self._carried, return_exceptions=True)

    def stop(self) -> None:
        self._ready.wait()
        if self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b" ", 2)
                if method == b"CONNECT" and target.decode() in {f"{server}:443" for server in self._servers}:
                    await self._connect(head, target.decode(), reader, writer)
                else:
                    writer.write(b"HTTP/1.1 403 Not through this way out\r\n\r\n")
                    await writer.drain()
        finally:
            writer.close()

    async def _connect(
        self, head: bytes, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Dial as this machine does: through its own proxy, if it has one."""
        upstream = urlsplit(getproxies().get("https", ""))
        host, port = (upstream.hostname, upstream.port) if upstream.hostname else target.split(":")
        far_reader, far_writer = await asyncio.wait_for(asyncio.open_connection(host, port), DIALS_WITHIN)
        try:
            if upstream.hostname:
                far_writer.write(head)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        finally:
            far_writer.close()
