"""What every view needs at hand: the graph that the application serves, and what is counted of it once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph as ox
from flask import Flask, current_app

from kg_service.web import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kg_service.guideline import Guideline

_KEY = "kg_service"


class Service:
    """The served graph, and its sizes, counted when first asked for."""

    def __init__(self, graph: Guideline) -> None:
        """Serve *graph*, which does not change."""
        self.graph = graph
        self.is_ready: Callable[[], bool] = lambda: True

    @cached_property
    def graph_sizes(self) -> Mapping[str, int]:
        """Number of triples of each named graph, in the order of their IRIs."""
        store = self.graph.store
        names = sorted(graph.value for graph in store.named_graphs() if isinstance(graph, ox.NamedNode))
        return {iri: sum(1 for _ in store.quads_for_pattern(None, None, None, ox.NamedNode(iri))) for iri in names}

    @cached_property
    def subjects(self) -> frozenset[str]:
        """IRIs of all entities that the graph says something of."""
        return frozenset(quad.subject.value for quad in self.graph.store if isinstance(quad.subject, ox.NamedNode))

    @cached_property
    def size(self) -> int:
        """Number of triples of the default graph: the union of all named graphs."""
        return len(self._default_graph())

    @cached_property
    def partitions(self) -> partitions.Partitions:
        """Usage of classes and properties in the default graph."""
        return partitions.count(self._default_graph())

    def _default_graph(self) -> set[ox.Triple]:
        return {quad.triple for quad in self.graph.store}


def attach(app: Flask, graph: Guideline) -> None:
    """Make *graph* the one that *app* serves."""
    app.extensions[_KEY] = Service(graph)


def service() -> Service:
    """Return what the application at work serves."""
    found = current_app.extensions[_KEY]
    assert isinstance(found, Service)  # noqa: S101 - narrows the type; `attach` put it there
    return found
