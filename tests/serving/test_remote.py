"""The service over a SPARQL server: what that keeps waiting holds up nobody else."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from kg_service import Guideline

from .live import RELEASE, running, until

pytest.importorskip("requests", reason="a remote store needs requests: pip install 'guideline-kg[remote]'")

from kg_service.knowledge import remote

from ..knowledge.remote.conftest import Server  # noqa: TID252 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SILENT = 2.0  # seconds
WAITING = 4


@pytest.fixture
def store() -> Iterator[Server]:
    """A server that holds the release on tea."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    remote.load(Guideline.load(RELEASE), remote.Connection(server.url), remote.Connection(server.url))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_clients_are_not_told_where_the_store_is(store: Server, tmp_path: Path) -> None:
    with running(tmp_path / "log", store=store.url) as server:
        store.faults.append(lambda handler: handler.answer(b"", status=500))
        failed = server.sparql("ASK {}")
        assert failed.status >= 500
        assert "The store at its address failed" in failed.json["detail"]
        assert str(store.server_port) not in failed.body.decode()


def test_queries_that_wait_for_a_silent_store_hold_up_no_page(store: Server, tmp_path: Path) -> None:
    with running(tmp_path / "log", store=store.url, time_limit=10.0, fair_time=5.0) as server:
        assert server.sparql("ASK {}").json["boolean"] is True
        store.faults.extend([lambda _: time.sleep(SILENT)] * WAITING)
        asking = [
            threading.Thread(target=server.sparql, args=(f"ASK {{ ?s ?p {number} }}",)) for number in range(WAITING)
        ]
        for one in asking:
            one.start()
        assert until(lambda: not store.faults, SILENT)
        begin = time.monotonic()
        assert server.get("/.well-known/void").status == 200
        assert time.monotonic() - begin < SILENT / 2
        for one in asking:
            one.join()
