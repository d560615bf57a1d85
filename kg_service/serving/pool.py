"""A pool of workers: each request has one to itself, and a worker that takes too long or too much is ended.

Nothing else stops a query: the engine knows no time limit and cannot be interrupted. A request that takes long is moved
out of the way of short ones: its worker gets the lowest priority, and another takes its place. Each has its fair time;
beyond it as many may go on as there are workers, and of more than that the oldest is ended.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from kg_service.errors import Busy, ConfigurationError, MemoryLimit, TimeLimit, WorkerLost
from kg_service.serving import metrics
from kg_service.serving.processes import LONG, Starter
from kg_service.serving.settings import MEGABYTE
from kg_service.serving.worker import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from kg_service.errors import KgServiceError
    from kg_service.serving.messages import Reply, Request
    from kg_service.serving.processes import Worker
    from kg_service.serving.settings import Settings

MOST_LONG = 2  # long requests for each worker, fair time or not
STOPPED = "The service is being stopped: try again later."
START_AGAIN = 1.0  # seconds until a worker that did not start is tried again

log = logging.getLogger(__name__)


class _Turn(NamedTuple):
    """A request that waits, since when, and the worker it is to get."""

    since: float
    worker: asyncio.Future[Worker]


class Pool:
    """The workers of a server; used in one event loop."""

    def __init__(self, settings: Settings, root: Path | None = None) -> None:
        """Prepare a pool for the release in *root*; `start` starts it."""
        self._settings = settings
        plan = Plan(
            root,
            settings.trusted_host,
            settings.row_limit,
            settings.answer_limit * MEGABYTE,
            settings.memory_limit * MEGABYTE,
            settings.store,
            settings.time_limit,
        )
        self._started = Starter(plan)
        self._idle: list[Worker] = []  # the one used last is asked next: it is warm
        self._waiting: deque[_Turn] = deque()
        self._busy: set[Worker] = set()
        self._long: list[Worker] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._tick: asyncio.TimerHandle | None = None
        self._stopped = False
        metrics.BUSY.set_function(lambda: len(self._busy))
        metrics.WAITING.set_function(lambda: sum(not turn.worker.done() for turn in self._waiting))

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
        self._idle += started
        self._watch()

    async def stop(self) -> None:
        """End all workers, whatever they do."""
        self._stopped = True
        if self._tick:
            self._tick.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._busy.update(self._idle)
        self._idle.clear()
        while self._waiting:
            self._turn_away(WorkerLost(STOPPED))
        for worker in self._busy:
            self._end(worker, WorkerLost(STOPPED))
        await asyncio.gather(*(worker.exit_code() for worker in self._busy))

    def is_ready(self) -> bool:
        """Tell whether there is any worker that lives."""
        return any(worker.is_well() for worker in (*self._busy, *self._idle))

    async def answer(self, request: Request) -> Reply:
        """Return a worker's answer. Raises Busy, TimeLimit, MemoryLimit or WorkerLost."""
        worker = await self._free()
        worker.begin(asyncio.get_running_loop().time())
        self._busy.add(worker)
        try:
            return await worker.ask(request)
        except EOFError:
            worker.fit = False
            raise worker.why or await self._reason(worker) from None
        except asyncio.CancelledError:
            worker.fit = False  # its answer would be taken for that of the next request
            raise
        finally:
            self._give_back(worker)

    async def _free(self) -> Worker:
        while True:
            worker = self._idle.pop() if self._idle else await self._wait()
            if worker.is_well():
                return worker
            self._lose(worker)

    def _replace_dead(self) -> None:
        """Replace idle workers that have ended, before anybody waits for them."""
        for worker in [worker for worker in self._idle if not worker.is_well()]:
            self._idle.remove(worker)
            self._lose(worker)

    def _lose(self, worker: Worker) -> None:
        metrics.LOST.labels("idle").inc()
        worker.end()
        self._replace()

    async def _wait(self) -> Worker:
        """Wait for one's turn: a worker is handed to whoever has waited longest, so that nobody can take it first."""
        loop = asyncio.get_running_loop()
        turn = _Turn(loop.time(), loop.create_future())
        self._waiting.append(turn)
        try:
            return await turn.worker
        except asyncio.CancelledError:
            if not (turn.worker.cancelled() or turn.worker.exception()):
                self._offer(turn.worker.result())  # it came together with the end of the request
            raise

    def _offer(self, worker: Worker) -> None:
        while self._waiting:
            turn = self._waiting.popleft().worker
            if not turn.done():
                turn.set_result(worker)
                return
        self._idle.append(worker)

    def _send_away(self) -> None:
        """Turn away who has waited for long enough."""
        latest = asyncio.get_running_loop().time() - self._settings.patience
        while self._waiting and self._waiting[0].since <= latest:
            self._turn_away(Busy("All workers are busy: try again in a few seconds."))

    def _turn_away(self, why: KgServiceError) -> None:
        """Answer whoever has waited longest, and waits still."""
        turn = self._waiting.popleft().worker
        if not turn.done():
            turn.set_exception(why)

    def _give_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        if worker in self._long:
            self._long.remove(worker)
            worker.end()
        elif worker.fit and worker.why is None and worker.is_well():
            self._offer(worker)
        else:
            worker.end()
            self._replace()

    def _watch(self) -> None:
        """Look at all that is under way, again and again: timers for each request would cost more than most do.

        Each look is by itself, so that a fault in one spares the others.
        """
        loop = asyncio.get_running_loop()
        self._tick = loop.call_later(LONG / 2, self._watch)
        for worker in self._busy:
            loop.call_soon(self._look_at, worker)
        for look in (self._make_room, self._send_away, self._replace_dead):
            loop.call_soon(look)

    def _look_at(self, worker: Worker) -> None:
        if worker not in self._busy or worker.why is not None:
            return
        if asyncio.get_running_loop().time() - worker.since >= self._settings.time_limit:
            self._end(worker, self._time_limit())
        elif worker not in self._long and worker.takes_long():
            self._move_aside(worker)

    def _move_aside(self, worker: Worker) -> None:
        worker.step_back()
        self._long.append(worker)
        self._replace()
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
                self._offer(worker)
                return
