"""The endpoint's description of itself (https://www.w3.org/TR/sparql11-service-description/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.knowledge.namespaces import INFERRED
from kg_service.web.rdf import Sketch, name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORMATS = "http://www.w3.org/ns/formats/"
_FORMAT_NAMES: Mapping[str, str] = {
    "application/sparql-results+json": "SPARQL_Results_JSON",
    "application/sparql-results+xml": "SPARQL_Results_XML",
    "text/csv": "SPARQL_Results_CSV",
    "text/tab-separated-values": "SPARQL_Results_TSV",
    "text/turtle": "Turtle",
    "application/n-triples": "N-Triples",
    "application/rdf+xml": "RDF_XML",
    "application/ld+json": "JSON-LD",
}
"""Media type to the W3C's name of the format (https://www.w3.org/ns/formats/)."""

_SIMPLE = ox.NamedNode("http://www.w3.org/ns/entailment/Simple")
_ENTAILMENT = ox.NamedNode("http://www.w3.org/ns/entailment/OWL-RDF-Based")
_PROFILE = ox.NamedNode("http://www.w3.org/ns/owl-profile/RL")


def describe_service(endpoint: str, media_types: Sequence[str], triples: int, graph_sizes: Mapping[str, int]) -> Sketch:
    """Describe the endpoint at the URL *endpoint*.

    *media_types* are what answers can be sent as, *triples* is the size of the default graph (the union of
    the named graphs), *graph_sizes* the number of triples of each named graph by its IRI. What the files
    assert stands as it is; the closure by OWL 2 RL is a graph of its own, and part of the default graph.
    """
    sketch = Sketch()
    service, dataset = ox.NamedNode(f"{endpoint}#service"), ox.NamedNode(f"{endpoint}#dataset")
    sketch.add(service, "a", name("sd:Service"))
    sketch.add(service, "sd:endpoint", ox.NamedNode(endpoint))
    sketch.add(service, "sd:supportedLanguage", name("sd:SPARQL11Query"))
    sketch.add(service, "sd:feature", name("sd:UnionDefaultGraph"))
    sketch.add(service, "sd:defaultEntailmentRegime", _ENTAILMENT)
    sketch.add(service, "sd:defaultSupportedEntailmentProfile", _PROFILE)
    for media_type in media_types:
        sketch.add(service, "sd:resultFormat", ox.NamedNode(_FORMATS + _FORMAT_NAMES[media_type]))
    sketch.add(service, "sd:defaultDataset", dataset)
    _describe_dataset(sketch, dataset, triples, graph_sizes)
    return sketch


def _describe_dataset(sketch: Sketch, dataset: ox.NamedNode, triples: int, graph_sizes: Mapping[str, int]) -> None:
    default = ox.BlankNode("default")
    sketch.add(dataset, "a", name("sd:Dataset"))
    sketch.add(dataset, "sd:defaultGraph", default)
    sketch.add(default, "a", name("sd:Graph"))
    sketch.add(default, "void:triples", triples)
    for number, (iri, size) in enumerate(sorted(graph_sizes.items())):
        named, content = ox.BlankNode(f"named{number}"), ox.BlankNode(f"graph{number}")
        sketch.add(dataset, "sd:namedGraph", named)
        sketch.add(named, "a", name("sd:NamedGraph"))
        sketch.add(named, "sd:name", ox.NamedNode(iri))
        if iri == INFERRED.value:
            sketch.add(named, "sd:entailmentRegime", _ENTAILMENT)
            sketch.add(named, "sd:supportedEntailmentProfile", _PROFILE)
        else:
            sketch.add(named, "sd:entailmentRegime", _SIMPLE)
        sketch.add(named, "sd:graph", content)
        sketch.add(content, "a", name("sd:Graph"))
        sketch.add(content, "void:triples", size)
