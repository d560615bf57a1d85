"""Runs batches on several processes, with their results in order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from kg_service.errors import KgServiceError
from kg_service.guideline import Guideline
from kg_service.population.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.synchronize import Event

    from kg_service.patients.survey import Unit
    from kg_service.population.worker import Checked, Task
    from kg_service.validation.validator import Validator

AHEAD = 2
"""Batches for each process that are under way or wait to be written: what bounds memory."""

_workers: list[Worker] = []  # of this process: how a pool gives its tasks something that lasts


def check_all(
    batches: Iterable[Sequence[Unit]], task: Task, guideline: Guideline, validator: Validator, jobs: int
) -> Iterator[Checked]:
    """Yield what becomes of each batch, in order, checked by `jobs` processes; by this one if one is enough.

    Raises KgServiceError when a process dies.
    """
    pending = iter(batches)
    begun = list(islice(pending, 2))
    todo = chain(begun, pending)
    if min(jobs, len(begun)) <= 1:
        yield from map(Worker(task, guideline, validator), todo)
        return
    can_fork = _can_fork()
    if can_fork:
        validator.engine  # noqa: B018 - made once, before it is shared
    context = multiprocessing.get_context("fork" if can_fork else "spawn")
    stopped = context.Event()
    rules = (guideline, validator) if can_fork else guideline.release.root
    pool = ProcessPoolExecutor(jobs, context, _begin, (task, rules, stopped))
    try:
        yield from _in_order(pool, todo, jobs * AHEAD)
    except BrokenProcessPool as error:
        raise KgServiceError(
            "A process that checks patients has ended before its time, perhaps for lack of memory. What is written so "
            "far is kept if it goes to a file: run the same command with --resume, and with fewer --jobs."
        ) from error
    finally:
        stopped.set()  # whoever is interrupted waits for one patient, not for batches
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, batches: Iterator[Sequence[Unit]], ahead: int) -> Iterator[Checked]:
    pending: deque[Future[Checked]] = deque(pool.submit(_check, batch) for batch in islice(batches, ahead))
    while pending:
        yield pending.popleft().result()
        pending.extend(pool.submit(_check, batch) for batch in islice(batches, 1))


def _can_fork() -> bool:
    """Tell whether a copy of this process is safe: on Linux, as long as it has but one thread."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def _begin(task: Task, rules: tuple[Guideline, Validator] | Path, stopped: Event) -> None:
    """Make this process's worker; it does not outlive the process that has begun it, and leaves Ctrl-C to that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if isinstance(rules, Path):
        guideline = Guideline.load(rules)
        rules = guideline, guideline.validator_with(task.engine)
    _workers[:] = [Worker(task, *rules, is_stopped=stopped.is_set)]
    gc.freeze()  # what lasts need not be looked through for garbage


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _check(batch: Sequence[Unit]) -> Checked:
    return _workers[0](batch)
