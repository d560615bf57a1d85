"""Runs batches on several processes, with their results in order.

Each process has a channel of its own that nobody else writes to, so the end of a process ends its channel, whatever it
was about to send. (Those of concurrent.futures share one: one that dies while it writes leaves all waiting for ever.)
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from itertools import chain, islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kg_service.child import live_no_longer_than_the_parent
from kg_service.errors import KgServiceError
from kg_service.guideline import Guideline
from kg_service.population.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext

    from kg_service.patients.survey import Unit
    from kg_service.population.worker import Checked, Task
    from kg_service.validation.validator import Validator

    Batch = Sequence[Unit]
    Channel = Connection[Batch, Checked | Exception]
    Context = ForkContext | SpawnContext
    Rules = tuple[Guideline, Validator] | Path

AHEAD = 2
"""Batches for each process that are under way or wait to be written: what bounds memory."""


def check_all(
    batches: Iterable[Batch], task: Task, guideline: Guideline, validator: Validator, jobs: int
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
    context = multiprocessing.get_context("fork") if can_fork else multiprocessing.get_context("spawn")
    rules = (guideline, validator) if can_fork else guideline.release.root
    with _processes(context, task, rules, jobs) as channels:
        try:
            yield from _in_order(channels, todo)
        except (EOFError, ConnectionError) as error:
            raise KgServiceError(
                "A process that checks patients has ended before its time, perhaps for lack of memory. What is written "
                "so far is kept if it goes to a file: run the same command with --resume, and with fewer --jobs."
            ) from error


@contextmanager
def _processes(context: Context, task: Task, rules: Rules, jobs: int) -> Iterator[list[Channel]]:
    """Start processes and give a channel to each; end them at once when nobody waits for them any more."""
    started, channels = [], []
    try:
        for _ in range(jobs):
            ours, theirs = context.Pipe()
            channels.append(ours)
            started.append(context.Process(target=_work, args=(theirs, task, rules), daemon=True))
            started[-1].start()
            theirs.close()  # before the next is copied: nobody else is to hold it
        yield channels
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.join()
        for channel in channels:
            channel.close()


def _in_order(channels: Sequence[Channel], batches: Iterator[Batch]) -> Iterator[Checked]:
    """Give a batch to each process that has none; yield the results in the order of the batches."""
    idle = list(channels)
    at_work: dict[Channel, int] = {}
    checked: dict[int, Checked] = {}
    given = yielded = 0
    while True:
        room = AHEAD * len(channels) - (given - yielded)
        for batch in islice(batches, min(room, len(idle))):
            channel = idle.pop()
            channel.send(batch)
            at_work[channel] = given
            given += 1
        if yielded in checked:
            yield checked.pop(yielded)
            yielded += 1
        elif at_work:
            for channel in cast("list[Channel]", wait(list(at_work))):
                checked[at_work.pop(channel)] = _received(channel)
                idle.append(channel)
        else:
            return


def _received(channel: Channel) -> Checked:
    result = channel.recv()
    if isinstance(result, Exception):
        raise result
    return result


def _can_fork() -> bool:
    """Tell whether a copy of this process is safe: on Linux, as long as it has but one thread."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def _work(channel: Connection[Checked | Exception, Batch], task: Task, rules: Rules) -> None:
    """Check what comes; the main function of a process."""
    live_no_longer_than_the_parent()
    if isinstance(rules, Path):
        guideline = Guideline.load(rules)
        rules = guideline, guideline.validator_with(task.engine)
    worker = Worker(replace(task, survey=copy(task.survey)), *rules)  # no two processes can share what is open
    gc.freeze()  # what lasts need not be looked through for garbage
    with suppress(EOFError, ConnectionError):  # whoever began it has ended
        while True:
            batch = channel.recv()
            try:
                result: Checked | Exception = worker(batch)
            except Exception as error:  # noqa: BLE001 - raised where somebody can tell of it
                result = error
            channel.send(result)
