"""The one way from Oxigraph to rdflib, for the two libraries that need it (owlrl and pyshacl)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, Triple, serialize

if TYPE_CHECKING:
    from collections.abc import Iterable

    import rdflib
    from pyoxigraph import Quad


def to_rdflib(quads: Iterable[Quad | Triple]) -> rdflib.Graph:
    """Copy the triples of `quads`, whatever graph they are in, to one rdflib graph."""
    import rdflib  # noqa: PLC0415 - 0.1 s that a warm start does not spend

    # rdflib logs the value of an ill-typed literal, with a traceback; the checks here report it with its place.
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
    triples = {quad if isinstance(quad, Triple) else quad.triple for quad in quads}
    graph = rdflib.Graph()
    graph.parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    return graph
