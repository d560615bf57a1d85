"""Writes small RDF documents: service description, VoID, example queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.knowledge.namespaces import DCTERMS, OWL, RDF, RDFS, SKOS, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIXES: Mapping[str, str] = {
    "dcterms": DCTERMS,
    "owl": OWL,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": SKOS,
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
        node = TYPE if predicate == "a" else name(predicate)
        for value in objects:
            term = ox.Literal(value) if isinstance(value, str | int) else value
            self._triples.append(ox.Triple(subject, node, term))

    def __iter__(self) -> Iterator[ox.Triple]:
        """Give the triples in the order in which they were added."""
        return iter(self._triples)
