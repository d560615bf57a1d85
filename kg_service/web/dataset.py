"""The description of the data in VoID (https://www.w3.org/TR/void/).

Beside sizes it tells which classes bear which properties: that is what SPARQL editors read in order to offer
terms while one types. What stands at the other end of each is left out: it would make the document four times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
from flask import Blueprint, Response, url_for

from kg_service.web.context import Service, service
from kg_service.web.openapi import operation
from kg_service.web.pages import DOORS
from kg_service.web.rdf import Sketch, name
from kg_service.web.responses import media_types, send_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kg_service.web.partitions import Partitions

blueprint = Blueprint("dataset", __name__)


@blueprint.get("/.well-known/void")
@operation(*media_types(["graph"]))
def void() -> Response:
    """Describe the data: its size, its vocabularies, its classes and properties."""
    address = url_for("dataset.void", _external=True)
    known = service()
    sketch, dataset = Sketch(), ox.NamedNode(f"{address}#dataset")
    sketch.add(dataset, "void:sparqlEndpoint", ox.NamedNode(url_for("sparql.get_query", _external=True)))
    sketch.add(dataset, "void:dataDump", ox.NamedNode(url_for("graph_store.get_graph", default="", _external=True)))
    _describe(sketch, dataset, known)
    _add_properties(sketch, dataset, known.partitions)
    _add_classes(sketch, dataset, known.partitions)
    return send_graph(sketch)


def _describe(sketch: Sketch, dataset: ox.NamedNode, known: Service) -> None:
    licensed = known.graph.store.quads_for_pattern(None, name("dcterms:license"), None, None)
    sketch.add(dataset, "a", name("void:Dataset"))
    sketch.add(dataset, "dcterms:title", ox.Literal("guideline-kg", language="en"))
    sketch.add(dataset, "dcterms:identifier", known.graph.digest)
    licenses = {quad.object for quad in licensed if isinstance(quad.object, ox.NamedNode)}
    sketch.add(dataset, "dcterms:license", *sorted(licenses, key=str))
    sketch.add(dataset, "void:triples", known.size)
    sketch.add(dataset, "void:properties", len(known.partitions.properties))
    sketch.add(dataset, "void:classes", len(known.partitions.members))
    sketch.add(dataset, "void:vocabulary", *(ox.NamedNode(iri) for iri in known.partitions.namespaces))
    sketch.add(dataset, "void:exampleResource", *(ox.NamedNode(iri) for iri in _examples(known)))


def _examples(known: Service) -> Iterator[str]:
    """Yield the first entity of each kind that has pages."""
    for namespace in DOORS.values():
        entities = (iri for iri in known.subjects if iri.startswith(namespace) and iri != namespace)
        if first := min(entities, default=None):
            yield first


def _add_properties(sketch: Sketch, dataset: ox.NamedNode, partitions: Partitions) -> None:
    for number, (predicate, triples) in enumerate(_by_iri(partitions.properties)):
        node = ox.BlankNode(f"p{number}")
        sketch.add(dataset, "void:propertyPartition", node)
        sketch.add(node, "void:property", predicate)
        sketch.add(node, "void:triples", triples)


def _add_classes(sketch: Sketch, dataset: ox.NamedNode, partitions: Partitions) -> None:
    for number, (cls, members) in enumerate(_by_iri(partitions.members)):
        node = ox.BlankNode(f"c{number}")
        sketch.add(dataset, "void:classPartition", node)
        sketch.add(node, "void:class", cls)
        sketch.add(node, "void:entities", members)
        for place, predicate in enumerate(sorted(partitions.usage[cls], key=str)):
            used = ox.BlankNode(f"c{number}p{place}")
            sketch.add(node, "void:propertyPartition", used)
            sketch.add(used, "void:property", predicate)


def _by_iri(counted: Mapping[ox.NamedNode, int]) -> list[tuple[ox.NamedNode, int]]:
    return sorted(counted.items(), key=lambda item: item[0].value)
