"""A desk that listens on a port nobody else has: two test processes, or a program of this computer, may run beside it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from desk_client import desk_settings

from cdgis.web.desk_app import make_app

_HELD: dict[int, socket.socket] = {}
_START_S = 120.0


def held_port() -> int:
    """Return a free port of this computer, kept for this process until `listening` serves on it."""
    held = socket.create_server(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    _HELD[port] = held
    return port


def free_port() -> int:
    """Return a port that was free just now, for a program that binds it itself."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def listening(root: Path, port: int, **changed: object) -> Iterator[object]:
    """Serve the desk of a workspace on a held port, and give its application."""
    app = make_app(desk_settings(root, hosts=(f"127.0.0.1:{port}",), port=port, **changed))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [_HELD.pop(port)]}, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + _START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise TimeoutError(f"the desk does not listen on port {port}")
            time.sleep(0.02)
        yield app
    finally:
        server.should_exit = True
        thread.join(10)
        app.state.desk.close()
