"""The release at a SPARQL server that others run: loaded there (`load`), asked there (`connect`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.knowledge.remote.connection import USUAL, Bounds, Connection
from kg_service.knowledge.remote.engine import RemoteEngine
from kg_service.knowledge.remote.held import Held
from kg_service.knowledge.remote.loading import load

if TYPE_CHECKING:
    from kg_service.knowledge.graph import KnowledgeGraph

__all__ = ["Bounds", "Connection", "Held", "RemoteEngine", "connect", "load"]


def connect(url: str, graph: KnowledgeGraph, bounds: Bounds = USUAL) -> RemoteEngine:
    """Return an engine that asks the server at `url`, which must hold the release of `graph`.

    Raises StoreMismatch, with both digests, when it does not, StoreUnavailable when it is away.
    """
    connection = Connection(url, bounds)
    expected = Held.of(graph)
    expected.check(connection)
    connection.close()  # a process may be forked now: no two shall speak over one connection
    return RemoteEngine(connection, expected)
