"""Runs the service: Granian takes the connections, the gate the requests, the pool's workers the questions."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from kg_service.errors import ConfigurationError, KgServiceError
from kg_service.guideline import Guideline
from kg_service.serving import logs
from kg_service.serving.gate import Gate
from kg_service.serving.pool import Pool
from kg_service.web import create_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from kg_service.serving.settings import Settings

HEADER_TIME = 10_000  # milliseconds a client has to send a request's head, and an idle connection is kept
LONGEST_HEAD = 128 * 1024  # bytes
LAST_ANSWERS = 1.0  # seconds in which those are sent off who still waited when the time to stop was over
MOST_CONNECTIONS = 4096  # idle and slow ones among them, which cost little


def serve(settings: Settings, root: Path | None = None) -> None:
    """Serve the release in *root* until SIGINT or SIGTERM; ConfigurationError when the address cannot be used."""
    family, address, port = _place(settings.host, settings.port)
    app = create_app(Guideline.load(root, store=settings.store or None))
    gc.freeze()  # what lasts need not be looked through for garbage: that would keep all clients waiting
    logs.configure()
    _allow_connections()
    asyncio.run(_run(app, settings, root, (address, port), f"http://{_shown(address, family)}:{port}/"))


async def _run(app: Flask, settings: Settings, root: Path | None, place: tuple[str, int], url: str) -> None:
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_host) or None
    pool = Pool(settings, root)
    app.extensions["kg_service"].is_ready = pool.is_ready
    server = Server(
        Gate(app, pool, settings),
        address=place[0],
        port=place[1],
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        backlog=MOST_CONNECTIONS,
        backpressure=MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIME, max_buffer_size=LONGEST_HEAD),
    )
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(stopping.set))
    try:
        told = loop.create_task(stopping.wait())
        ready = loop.create_task(pool.start())
        await asyncio.wait({ready, told}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            await asyncio.wait({ready}, timeout=settings.stop_time)  # what is half begun cannot be ended well
            return
        await ready
        serving = loop.create_task(server.serve())
        listening = loop.create_task(_listening(*place))
        await asyncio.wait({serving, listening, told}, return_when=asyncio.FIRST_COMPLETED)
        if not (serving.done() or stopping.is_set()):  # else it is another's port that answered
            await listening
            _tell(f"Serving on {url} (stop with Ctrl-C)\n")
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            raise KgServiceError(
                f"The server has ended by itself{_reason(serving)}: start it again, or choose another --port."
            )
        server.stop()
        await asyncio.wait({serving}, timeout=settings.stop_time)
        await pool.stop()
        await asyncio.wait({serving}, timeout=LAST_ANSWERS)
    finally:
        await pool.stop()


def _reason(ended: asyncio.Task[None]) -> str:
    """Return the first line of why a task has ended, if it says so: Granian appends its stack."""
    error = None if ended.cancelled() else ended.exception()
    return f" ({str(error).partition(chr(10))[0]})" if error else ""


def _tell(text: str) -> None:
    """Print the text past the buffer, where it would stay if it cannot be written; it is served all the same."""
    if sys.stdout is not None:
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), text.encode())


def _allow_connections() -> None:
    """Raise the number of files that the process may have open, where the system lets it: each connection is one."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not everywhere

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = 2 * MOST_CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * MOST_CONNECTIONS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


async def _listening(address: str, port: int) -> None:
    """Wait until connections are taken; a minute at most."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not bound
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ConnectionError):
                _, writer = await asyncio.open_connection(reached, port)
                writer.close()
                return
            await asyncio.sleep(0.01)


def _place(host: str, port: int) -> tuple[int, str, int]:
    """Return family, numeric address and port to listen on; a port in use is told of at once."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            if hasattr(socket, "AF_UNIX"):  # on Windows the option would let two servers share the port
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            bound = tried.getsockname()
    except OSError as error:
        reason = "no such host" if isinstance(error, socket.gaierror) else error.strerror
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {reason}. Choose another with --host or --port, "
            "or stop what uses it."
        ) from error
    return family, str(bound[0]), int(bound[1])


def _shown(address: str, family: int) -> str:
    return f"[{address}]" if family == socket.AF_INET6 else address
