"""A worker: a process that holds the guideline and answers one request after the other, until it is ended."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg_service.child import live_no_longer_than_the_parent
from kg_service.errors import AnswerTooLarge
from kg_service.guideline import Guideline
from kg_service.knowledge.limits import Limits
from kg_service.serving import logs, messages
from kg_service.serving.calling import call, refuse
from kg_service.web import create_app

if TYPE_CHECKING:
    import io
    import socket

    from flask import Flask

    from kg_service.serving.messages import Reply, Request

BEHIND = 5
"""How far workers stand behind the server for the processor: it has little to do, and all clients wait for that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker serves, and within which limits: most rows, most bytes, most bytes of memory beyond the graph.

    `store` is the URL of a SPARQL server that answers the queries (empty: none), in at most `seconds`.
    """

    root: Path | None
    trusted_hosts: tuple[str, ...]
    rows: int
    size: int
    memory: int
    store: str
    seconds: float


@functools.cache
def application(root: Path | None) -> Flask:
    """Return the application over the release in *root*; a process that was copied has it already."""
    return create_app(Guideline.load(root))


def work(channel: socket.socket, plan: Plan) -> None:
    """Answer the requests that come through *channel*; the main function of the process."""
    live_no_longer_than_the_parent()
    logs.configure(_apart_from_the_engine())
    app = application(plan.root)
    app.config["TRUSTED_HOSTS"] = plan.trusted_hosts or None
    limits = Limits(rows=plan.rows, size=plan.size)
    graph = app.extensions["kg_service"].graph
    graph.limits = limits
    if plan.store:
        from kg_service.knowledge import remote  # noqa: PLC0415 - an optional library

        bounds = remote.Bounds(seconds=plan.seconds, size=plan.size)
        store = remote.Connection(plan.store, bounds, shown="its address")  # which is nothing for clients
        graph.engine = remote.RemoteEngine(store, remote.Held.of(graph))
    allowance = _Allowance(plan.memory)
    with contextlib.suppress(ConnectionError), channel, channel.makefile("rwb") as stream:  # the server may be gone
        stream.write(messages.READY)
        stream.flush()
        if hasattr(os, "nice"):  # not before: somebody may be waiting for it to be ready
            os.nice(BEHIND)
        while allowance.is_kept() and (request := _read(stream)):
            stream.write(messages.pack(_bounded(call(app, request), app, request, limits)))
            stream.flush()


def _bounded(reply: Reply, app: Flask, request: Request, limits: Limits) -> Reply:
    """Return the reply, or the problem that it is too large: some forms take more bytes than JSON."""
    try:
        limits.check_size(len(reply.body))
    except AnswerTooLarge as error:
        return refuse(app, request, error)
    return reply


def _read(stream: io.BufferedRWPair) -> Request | None:
    lengths = stream.read(messages.LENGTHS.size)
    if len(lengths) < messages.LENGTHS.size:  # the server has closed its end
        return None
    head, body = messages.LENGTHS.unpack(lengths)
    return messages.request(stream.read(head), stream.read(body))


def _apart_from_the_engine() -> int:
    """Return standard error as a file for Python alone: the engine, when it fails, writes there what it was doing."""
    kept = os.dup(sys.stderr.fileno())
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    return kept


class _Allowance:
    """What a worker may take of memory beyond what it has at the start; only Linux can hold it to that."""

    def __init__(self, memory: int) -> None:
        self._most = 0
        if sys.platform == "linux":
            import resource  # noqa: PLC0415 - not everywhere

            self._sizes = os.open("/proc/self/statm", os.O_RDONLY)
            start = self._size()
            self._most = start + memory // 2
            resource.setrlimit(resource.RLIMIT_AS, (start + memory, start + memory))

    def is_kept(self) -> bool:
        """Tell whether enough is left for the next request; if not, a fresh worker takes over."""
        return not self._most or self._size() < self._most

    def _size(self) -> int:
        """Return the size of the address space in bytes, as Linux counts it."""
        return int(os.pread(self._sizes, 32, 0).split()[0]) * os.sysconf("SC_PAGESIZE")
