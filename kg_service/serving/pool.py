"""A pool of workers: each request has one to itself, and a worker that takes too long or too much is ended.

Nothing else stops a query: the engine knows no time limit and cannot be interrupted. A request that takes long is moved
out of the way of short ones: its worker gets the lowest priority, and another takes its place. Each has its fair time;
beyond it as many may go on as there are workers, and of more than that the oldest is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kg_service.errors import Busy, ConfigurationError, MemoryLimit, TimeLimit, WorkerLost
from kg_service.serving import messages, metrics
from kg_service.serving.settings import MEGABYTE
from kg_service.serving.worker import READY, Plan, work

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess

    from kg_service.errors import KgServiceError
    from kg_service.serving.messages import Reply, Request
    from kg_service.serving.settings import Settings

LONG = 1.0 if sys.platform == "win32" else 0.05  # seconds until a request makes way; where workers start slowly, later
TICK = 1 / os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 0.0  # seconds, in which Linux counts work
MOST_LONG = 2  # long requests for each worker, fair time or not
START_AGAIN = 1.0  # seconds until a worker that did not start is tried again

log = logging.getLogger(__name__)


class Worker:
    """The server's end of a worker process."""

    def __init__(self, process: BaseProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the process and the two directions of its channel."""
        self.process = process
        self.since = 0.0
        self.fit = True
        self.why: KgServiceError | None = None
        self.look: asyncio.TimerHandle | None = None
        self._before = 0.0
        self._reader = reader
        self._writer = writer

    def begin(self, now: float) -> None:
        """Note that a request begins."""
        self.since = now
        self._before = self._worked()

    def takes_long(self) -> bool:
        """Tell whether the request has kept the processor for long; to wait for it is no work."""
        return self._worked() - self._before >= LONG

    def _worked(self) -> float:
        """Return for how many seconds the process has had the processor; where that is not told, the time."""
        if sys.platform != "linux":
            return time.monotonic()
        with contextlib.suppress(OSError):  # it has just ended
            fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) * TICK  # in the program, and in the kernel for it
        return 0.0

    async def ask(self, request: Request) -> Reply:
        """Return the answer; EOFError or ConnectionError when the process ends first."""
        self._writer.write(messages.pack(request))
        await self._writer.drain()
        lengths = await self._reader.readexactly(messages.LENGTHS.size)
        head, body = messages.LENGTHS.unpack(lengths)
        return messages.reply(await self._reader.readexactly(head), await self._reader.readexactly(body))

    def is_well(self) -> bool:
        """Tell whether it can be asked; one that has ended closed its end of the channel."""
        return not self._reader.at_eof()

    def step_back(self) -> None:
        """Leave the processor to others from now on; it cannot be undone."""
        if hasattr(os, "setpriority") and self.process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, self.process.pid, 19)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self._writer.close()

    async def exit_code(self) -> int | None:
        """Wait for the end of the process and return how it ended; minus the number of a signal."""
        await asyncio.to_thread(self.process.join, 1.0)
        return self.process.exitcode


def _processes(root: Path | None) -> SpawnContext | ForkServerContext:
    """Return how processes are started: as copies of one that has the graph loaded, in milliseconds; else anew."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    copies = multiprocessing.get_context("forkserver")
    copies.set_forkserver_preload(["kg_service.serving.worker" if root else "kg_service.serving.preload"])
    return copies


class Pool:
    """The workers of a server; used in one event loop."""

    def __init__(self, settings: Settings, root: Path | None = None) -> None:
        """Prepare a pool for the release in *root*; `start` starts it."""
        self._settings = settings
        self._plan = Plan(
            root,
            settings.trusted_host,
            settings.row_limit,
            settings.answer_limit * MEGABYTE,
            settings.memory_limit * MEGABYTE,
        )
        self._processes = _processes(root)
        self._starting = asyncio.Lock()
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        self._busy: set[Worker] = set()
        self._long: list[Worker] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        """Start the workers; returns when all can answer. Raises ConfigurationError when they cannot be started."""
        try:
            started = await asyncio.gather(*(self._started() for _ in range(self._settings.workers)))
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or "they end before they can answer"
            raise ConfigurationError(
                f"The workers cannot be started: {reason}. They need memory, and a folder for temporary files (TMPDIR) "
                "that can be written."
            ) from error
        for worker in started:
            self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """End all workers, whatever they do."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._idle.empty():
            self._busy.add(self._idle.get_nowait())
        for worker in self._busy:
            self._end(worker, WorkerLost("The service is being stopped: try again later."))
        await asyncio.gather(*(worker.exit_code() for worker in self._busy))

    def is_ready(self) -> bool:
        """Tell whether there is any worker."""
        return bool(self._busy) or not self._idle.empty()

    async def answer(self, request: Request) -> Reply:
        """Return a worker's answer. Raises Busy, TimeLimit, MemoryLimit or WorkerLost."""
        worker = await self._free()
        worker.begin(asyncio.get_running_loop().time())
        self._busy.add(worker)
        try:
            with metrics.BUSY.track_inprogress():
                return await self._in_time(worker, request)
        except (EOFError, ConnectionError):
            worker.fit = False
            raise worker.why or await self._reason(worker) from None
        except asyncio.CancelledError:
            worker.fit = False  # its answer would be taken for that of the next request
            raise
        finally:
            self._give_back(worker)

    async def _in_time(self, worker: Worker, request: Request) -> Reply:
        loop = asyncio.get_running_loop()
        worker.look = loop.call_later(LONG, self._look_at, worker)
        fair = loop.call_later(self._settings.fair_time, self._make_room)
        limit = loop.call_later(self._settings.time_limit, self._end, worker, self._time_limit())
        try:
            return await worker.ask(request)
        finally:
            for timer in (worker.look, fair, limit):
                timer.cancel()

    async def _free(self) -> Worker:
        while True:
            with metrics.WAITING.track_inprogress():
                try:
                    async with asyncio.timeout(self._settings.patience):
                        worker = await self._idle.get()
                except TimeoutError:
                    raise Busy("All workers are busy: try again in a few seconds.") from None
            if worker.is_well():
                return worker
            metrics.LOST.labels("idle").inc()
            worker.end()
            self._replace()

    def _give_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        if worker in self._long:
            self._long.remove(worker)
            worker.end()
        elif worker.fit and worker.is_well():
            self._idle.put_nowait(worker)
        else:
            worker.end()
            self._replace()

    def _look_at(self, worker: Worker) -> None:
        if worker.takes_long():
            self._move_aside(worker)
        else:
            worker.look = asyncio.get_running_loop().call_later(LONG / 2, self._look_at, worker)

    def _move_aside(self, worker: Worker) -> None:
        worker.step_back()
        self._long.append(worker)
        self._replace()
        self._make_room()
        if len(self._long) > MOST_LONG * self._settings.workers:
            self._end(worker, Busy("Too many requests take long at the moment: try again later."))

    def _make_room(self) -> None:
        """Of more long requests than may go on, end the oldest that have had their fair time."""
        fair, now = self._settings.fair_time, asyncio.get_running_loop().time()
        going_on = [worker for worker in self._long if worker.why is None]
        for worker in going_on[: max(0, len(going_on) - self._settings.workers)]:
            if now - worker.since >= fair:
                why = f"Too many requests take long at the moment, so this one was ended after {fair:g} s: "
                cure = "ask for less at a time, or try again later."
                self._end(worker, Busy(why + cure, limit="fair_time", seconds=fair))

    def _end(self, worker: Worker, why: KgServiceError) -> None:
        if worker.why is None:
            worker.why = why
            metrics.ENDED.labels(why.title.lower()).inc()
            worker.end()

    def _time_limit(self) -> TimeLimit:
        limit = self._settings.time_limit
        return TimeLimit(
            f"Answering takes more than {limit:g} s, the most a request is given: ask for less at a time.",
            limit="time_limit",
            seconds=limit,
        )

    async def _reason(self, worker: Worker) -> KgServiceError:
        """Tell why a worker that nobody ended has ended: what cannot get memory aborts."""
        code = await worker.exit_code()
        if sys.platform == "linux" and code == -signal.SIGABRT:
            metrics.LOST.labels("memory").inc()
            limit = self._settings.memory_limit
            return MemoryLimit(
                f"Answering takes more than {limit} MB of memory, the most a request is given: ask for less at a time.",
                limit="memory_limit",
                megabytes=limit,
            )
        metrics.LOST.labels("busy").inc()
        return WorkerLost("The process that answered has ended; another has taken its place: try again.")

    def _replace(self) -> None:
        if not self._stopped:
            task = asyncio.get_running_loop().create_task(self._add())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _add(self) -> None:
        """Start a worker in place of another, again and again if it must be."""
        while True:
            try:
                worker = await self._started()
            except (OSError, EOFError) as error:
                log.warning("A worker could not be started: %s. It is tried again.", type(error).__name__)
                await asyncio.sleep(START_AGAIN)
            else:
                self._idle.put_nowait(worker)
                return

    async def _started(self) -> Worker:
        ours, theirs = socket.socketpair()
        process = self._processes.Process(target=work, args=(theirs, self._plan), daemon=True)
        async with self._starting:
            with theirs:
                await asyncio.to_thread(process.start)
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            await reader.readexactly(len(READY))
        except BaseException:
            process.kill()
            writer.close()
            raise
        return Worker(process, reader, writer)
