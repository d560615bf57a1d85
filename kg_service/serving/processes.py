"""Worker processes as the server sees them: how they are started, asked, watched and ended."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from kg_service.serving import messages
from kg_service.serving.worker import Plan, work

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from kg_service.errors import KgServiceError
    from kg_service.serving.messages import Reply, Request

LONG = 1.0 if sys.platform == "win32" else 0.1  # seconds until a request makes way; where workers start slowly, later


class _Channel(asyncio.Protocol):
    """The server's end of a channel: one message is awaited at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self._received = bytearray()
        self._awaited: asyncio.Future[tuple[bytes, bytes]] | None = None

    async def message(self) -> tuple[bytes, bytes]:
        """Return head and body of the next message; EOFError when the channel ends first."""
        if not self.is_open:
            raise EOFError
        self._awaited = asyncio.get_running_loop().create_future()
        self._take()
        return await self._awaited

    def data_received(self, data: bytes) -> None:
        """Keep what has come until a message is whole."""
        self._received += data
        self._take()

    def eof_received(self) -> None:
        """Note that the process has ended."""
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason does not matter
        """Let nobody wait any longer."""
        self.is_open = False
        if self._awaited and not self._awaited.done():
            self._awaited.set_exception(EOFError())

    def _take(self) -> None:
        if self._awaited and not self._awaited.done() and (message := messages.unpack(self._received)):
            self._received.clear()
            self._awaited.set_result(message)


class Worker:
    """The server's end of a worker process."""

    def __init__(
        self,
        process: BaseProcess,
        transport: asyncio.WriteTransport,
        channel: _Channel,
        alone: ThreadPoolExecutor,
        *,
        waits: bool,
    ) -> None:
        """Take the process, the two directions of its channel, and the one thread that looks after processes.

        Whether it `waits` for another server's answers.
        """
        self.process = process
        self._alone = alone
        self.since = 0.0
        self.fit = True
        self.why: KgServiceError | None = None
        self._before = 0.0
        self._waits = waits
        self._clock = ~(process.pid or 0) << 3 | 2  # as clock_getcpuclockid(3) of Linux has it
        self._transport = transport
        self._channel = channel

    async def is_ready(self) -> None:
        """Wait until the process can answer; EOFError when it ends before."""
        await self._channel.message()

    def begin(self, now: float) -> None:
        """Note that a request begins."""
        self.since = now
        self._before = self._worked()

    def takes_long(self) -> bool:
        """Tell whether the request has kept the processor, or waited for another server, for long.

        To wait for the processor is no work.
        """
        return self._worked() - self._before >= LONG

    def _worked(self) -> float:
        """Return for how many seconds the process has had the processor; where that is not told, the time."""
        if self._waits or sys.platform != "linux":
            return time.monotonic()
        with contextlib.suppress(OSError):  # it has just ended
            return time.clock_gettime(self._clock)
        return 0.0

    async def ask(self, request: Request) -> Reply:
        """Return the answer; EOFError when the process ends first."""
        self._transport.write(messages.pack(request))
        return messages.reply(*await self._channel.message())

    def is_well(self) -> bool:
        """Tell whether it can be asked; one that has ended closed its end of the channel."""
        return self._channel.is_open

    def step_back(self) -> None:
        """Leave the processor to others from now on; it cannot be undone."""
        if hasattr(os, "setpriority") and self.process.pid:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self.process.pid, 19)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self._transport.abort()

    async def exit_code(self) -> int | None:
        """Wait for the end of the process and return how it ended; minus the number of a signal."""
        return await asyncio.get_running_loop().run_in_executor(self._alone, self._joined)

    def _joined(self) -> int | None:
        self.process.join(1.0)
        return self.process.exitcode


def _processes(root: Path | None) -> SpawnContext | ForkServerContext:
    """Return how processes are started: as copies of one that has the graph loaded, in milliseconds; else anew."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    copies = multiprocessing.get_context("forkserver")
    copies.set_forkserver_preload(["kg_service.serving.worker" if root else "kg_service.serving.preload"])
    return copies


def _start_undisturbed(process: BaseProcess) -> None:
    """Start a process that never hears of Ctrl-C: the server is to end it, also while it loads."""
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return
    resource_tracker.ensure_running()  # which is begun with the first process, and lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Starter:
    """Starts workers, in a thread of its own.

    The library is not made for several threads: to start a process it collects what became of those that have ended,
    and of two that collect one process the second is told nothing. Nor does it take a new thread each time, which may
    be refused when much is going on.
    """

    def __init__(self, plan: Plan) -> None:
        """Take what the workers are to serve."""
        self._plan = plan
        self._processes = _processes(plan.root)
        self._alone = ThreadPoolExecutor(1)

    async def __call__(self) -> Worker:
        """Start one and wait until it can answer; OSError or EOFError when it cannot be started."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        process = self._processes.Process(target=work, args=(theirs, self._plan), daemon=True)
        try:
            with theirs:
                await loop.run_in_executor(self._alone, _start_undisturbed, process)
        except BaseException:
            ours.close()
            raise
        transport, channel = await loop.create_connection(_Channel, sock=ours)
        worker = Worker(process, transport, channel, self._alone, waits=bool(self._plan.store))
        try:
            await worker.is_ready()
        except BaseException:
            worker.end()
            raise
        return worker
