"""What every view needs at hand: the graph that the application serves, and facts about it that are costly to count."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import pyoxigraph as ox
from flask import current_app

from kg_service.knowledge.graph import KnowledgeGraph

_KEY = "kg_service"


class Service:
    """The served graph with its sizes, counted once."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph

    @cached_property
    def graph_sizes(self) -> Mapping[str, int]:
        """Number of triples of each named graph, by its IRI, in the order of the IRIs."""
        store = self.graph.store
        names = sorted(graph.value for graph in store.named_graphs() if isinstance(graph, ox.NamedNode))
        return {
            name: sum(1 for _ in store.quads_for_pattern(None, None, None, ox.NamedNode(name))) for name in names
        }

    @cached_property
    def size(self) -> int:
        """Number of triples of the default graph: the union of all named graphs."""
        return len({quad.triple for quad in self.graph.store})


def attach(graph: KnowledgeGraph) -> dict[str, Service]:
    """Return what to put into ``app.extensions`` so that ``service()`` finds *graph*."""
    return {_KEY: Service(graph)}


def service() -> Service:
    """Return the service of the application at work."""
    found = current_app.extensions[_KEY]
    assert isinstance(found, Service)  # noqa: S101 - narrows the type; create_app put it there
    return found
