"""A door from outside into a namespace: listens on a unix socket or a loopback port, connects inside.

Started by the lab as `python -m tests.lab.forward`; it listens first, then enters the namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from pathlib import Path

from tests.lab.inside import enter


def listen(door: str) -> socket.socket:
    """Return a listening socket; `door` is a path, or a port of 127.0.0.1 written in digits."""
    if door.isdigit():
        return socket.create_server(("127.0.0.1", int(door)))
    path = Path(door)
    hidden = path.with_name(path.name + ".new")  # so that the door is seen only when it listens
    hidden.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(hidden))
    server.listen(64)
    hidden.rename(path)
    return server


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end of the stream, then tell the other side that no more comes."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int) -> None:
    """Carry one connection; one that is refused inside is closed outside."""
    try:
        with contextlib.suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection(address, port)
            try:
                await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
            finally:
                inner_writer.close()
    finally:
        writer.close()


async def serve(server: socket.socket, address: str, port: int) -> None:
    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(carry(reader, writer, address, port))
        running.add(task)
        task.add_done_callback(running.discard)

    running = set[asyncio.Future[None]]()
    await (await asyncio.start_server(accept, sock=server)).serve_forever()


def main(door: str, handle: str, address: str, port: str) -> None:
    server = listen(door)
    server.setblocking(False)
    enter(Path(handle))
    asyncio.run(serve(server, address, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
