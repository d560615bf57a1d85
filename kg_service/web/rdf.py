"""Writes small RDF documents: service description, VoID, example queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

PREFIXES: Mapping[str, str] = {
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": XSD,
}

Node = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal


def name(curie: str) -> ox.NamedNode:
    """Return the IRI of a CURIE whose prefix is in PREFIXES."""
    prefix, _, local = curie.partition(":")
    return ox.NamedNode(PREFIXES[prefix] + local)


class Sketch:
    """A graph under construction: ``add(subject, "sd:endpoint", object, ...)``, kept in the order written."""

    def __init__(self) -> None:
        """Start empty."""
        self._triples: list[ox.Triple] = []

    def add(self, subject: Node, predicate: str, *objects: Term | str | int) -> None:
        """Add one triple per object; text and numbers become literals, ``a`` stands for rdf:type."""
        node = RDF_TYPE if predicate == "a" else name(predicate)
        for value in objects:
            term = ox.Literal(value) if isinstance(value, str | int) else value
            self._triples.append(ox.Triple(subject, node, term))

    def __iter__(self) -> Iterator[ox.Triple]:
        """Give the triples in the order in which they were added."""
        return iter(self._triples)
