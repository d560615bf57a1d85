"""A statement as a nanopublication: what it says, where that comes from, and who published it when.

https://nanopub.net/guidelines/working_draft/: four named graphs, here under a trusty URI (https://trustyuri.net/spec).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse, serialize

from kg_service.knowledge.graph import is_part
from kg_service.knowledge.namespaces import (
    BASE,
    CORE,
    DCTERMS,
    IDENTIFIER,
    INFERRED,
    RDFS_LABEL,
    SKOS,
    TYPE,
    XSD,
)
from kg_service.provenance.trusty import DRAFT, artifact_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyoxigraph import Triple

    from kg_service.guideline import Guideline
    from kg_service.knowledge.labels import Term

    Node: TypeAlias = NamedNode | BlankNode | Triple
    Fact: TypeAlias = tuple[Node, NamedNode, Term]

T = TypeVar("T")

TRIG = "application/trig"
NANOPUBS = BASE + "np/"
AUTHORS = NamedNode(BASE + "agent/authors")
AUTHORS_NAME = "The guideline-kg authors"

CITO = "http://purl.org/spar/cito/"
NP = "http://www.nanopub.org/nschema#"
NPX = "http://purl.org/nanopub/x/"
PROV = "http://www.w3.org/ns/prov#"
PREFIXES = {"np": NP, "npx": NPX, "prov": PROV, "cito": CITO, "dcterms": DCTERMS, "xsd": XSD}

NANOPUBLICATION, HAS_ASSERTION, HAS_PROVENANCE, HAS_PUBLICATION_INFO = (
    NamedNode(NP + name) for name in ("Nanopublication", "hasAssertion", "hasProvenance", "hasPublicationInfo")
)
DERIVED, PRIMARY_SOURCE, ATTRIBUTED, AGENT = (
    NamedNode(PROV + name) for name in ("wasDerivedFrom", "hadPrimarySource", "wasAttributedTo", "Agent")
)
SOURCE, CREATED, CREATOR, LICENSE = (NamedNode(DCTERMS + name) for name in ("source", "created", "creator", "license"))
NANOPUB_TYPE = NamedNode(NPX + "hasNanopubType")
PASSAGE = NamedNode(CORE + "Passage")
OF_PROVENANCE = {
    SOURCE,
    NamedNode(SKOS + "editorialNote"),
    *(NamedNode(CORE + name) for name in ("locator", "verification", "citesNumeral")),
}
"""What tells where a statement comes from and how far it was checked, beside all of CiTO; the rest is what it says."""


@dataclass(frozen=True, slots=True)
class Nanopub:
    """A nanopublication under its trusty URI."""

    uri: str
    quads: tuple[Quad, ...]
    prefixes: Mapping[str, str]

    def serialize(self) -> str:
        """Return it as TriG (https://www.w3.org/TR/trig/)."""
        return _trig(self.quads, {**self.prefixes, "this": self.uri, "sub": f"{self.uri}#"})


def nanopub(graph: Guideline, statement: NamedNode) -> Nanopub:
    """Return the nanopublication of a statement, without what is inferred; the same for equal releases."""
    draft = list(_Draft(graph, statement).quads())
    uri = NANOPUBS + artifact_code(draft, DRAFT)
    named = (serialize(draft, format=RdfFormat.N_QUADS) or b"").replace((NANOPUBS + DRAFT).encode(), uri.encode())
    return Nanopub(uri, tuple(parse(named, format=RdfFormat.N_QUADS)), {**graph.prefixes, **PREFIXES})


def nanopubs(graph: Guideline) -> Iterator[Nanopub]:
    """Yield the nanopublications of all statements, sorted by the statements' IRIs."""
    found = {quad.subject for quad in graph.store.quads_for_pattern(None, TYPE, PASSAGE)}
    return (nanopub(graph, node) for node in sorted(found, key=str) if isinstance(node, NamedNode))


def to_trig(several: Iterable[Nanopub]) -> str:
    """Write nanopublications into one TriG document."""
    listed = list(several)
    prefixes = {prefix: iri for one in listed for prefix, iri in one.prefixes.items()}
    return _trig([quad for one in listed for quad in one.quads], prefixes)


class _Draft:
    """The four graphs of a nanopublication whose hash is still to be made."""

    def __init__(self, graph: Guideline, statement: NamedNode) -> None:
        self._store = graph.store
        self._digest = graph.digest
        self._statement = statement
        self._uri = NamedNode(NANOPUBS + DRAFT)
        self._head, self._assertion, self._provenance, self._info = (
            NamedNode(f"{NANOPUBS}{DRAFT}#{name}") for name in ("Head", "assertion", "provenance", "pubinfo")
        )

    def quads(self) -> Iterator[Quad]:
        """Yield the quads graph by graph, sorted within each, so that the document reads well."""
        for name, facts in (
            (self._head, self._heading()),
            (self._assertion, self._stated(of_provenance=False)),
            (self._provenance, self._derived()),
            (self._info, self._published()),
        ):
            yield from sorted({Quad(*fact, name) for fact in facts}, key=str)

    def _heading(self) -> Iterator[Fact]:
        yield self._uri, TYPE, NANOPUBLICATION
        yield self._uri, HAS_ASSERTION, self._assertion
        yield self._uri, HAS_PROVENANCE, self._provenance
        yield self._uri, HAS_PUBLICATION_INFO, self._info

    def _derived(self) -> Iterator[Fact]:
        """Yield what the assertion was derived from, and the statement's own provenance."""
        for quad in self._asserted(self._statement):
            if quad.predicate == SOURCE:
                yield self._assertion, DERIVED, quad.object
                yield self._assertion, PRIMARY_SOURCE, quad.object
        yield from self._stated(of_provenance=True)

    def _published(self) -> Iterator[Fact]:
        """Yield publisher and release, and licence and date from the header of the graph that holds the statement."""
        release = NamedNode(_digest_uri(self._digest))
        yield self._uri, CREATOR, AUTHORS
        yield self._uri, ATTRIBUTED, AUTHORS
        yield AUTHORS, TYPE, AGENT
        yield AUTHORS, RDFS_LABEL, Literal(AUTHORS_NAME)
        yield self._uri, DERIVED, release
        yield release, IDENTIFIER, Literal(self._digest)
        for quad in self._asserted(self._statement):
            if quad.predicate == TYPE:
                yield self._uri, NANOPUB_TYPE, quad.object
            if quad.predicate == IDENTIFIER:
                yield self._uri, RDFS_LABEL, quad.object
            if isinstance(quad.graph_name, NamedNode):
                yield from self._dated(quad.graph_name)

    def _dated(self, graph: NamedNode) -> Iterator[Fact]:
        for header in self._asserted(graph):
            if header.predicate == LICENSE:
                yield self._uri, LICENSE, header.object
            if header.predicate == CREATED and isinstance(header.object, Literal):
                moment = Literal(f"{header.object.value}T00:00:00Z", datatype=NamedNode(XSD + "dateTime"))
                yield self._uri, CREATED, moment

    def _stated(self, *, of_provenance: bool) -> Iterator[Fact]:
        """Yield the triples of the statement and its parts that say something, or those that tell where it is from."""
        own = [quad for quad in self._asserted(self._statement) if _is_provenance(quad.predicate) == of_provenance]
        todo = own
        seen: set[Term] = set()
        while todo:
            quad = todo.pop()
            yield self._named(quad.subject), quad.predicate, self._named(quad.object)
            if is_part(quad.object) and quad.object not in seen:
                seen.add(quad.object)
                todo += self._asserted(quad.object)

    def _asserted(self, node: NamedNode | BlankNode) -> list[Quad]:
        return [quad for quad in self._store.quads_for_pattern(node, None, None) if quad.graph_name != INFERRED]

    def _named(self, term: T) -> T | NamedNode:
        """Return the term, or for a blank node a URI within the nanopublication."""
        return NamedNode(f"{self._uri.value}#_{term.value}") if isinstance(term, BlankNode) else term


def _is_provenance(predicate: NamedNode) -> bool:
    return predicate in OF_PROVENANCE or predicate.value.startswith(CITO)


def _digest_uri(digest: str) -> str:
    """Return a digest `sha256:HEX` as a URI (RFC 6920, section 3)."""
    raw = bytes.fromhex(digest.partition(":")[2])
    return f"ni:///sha-256;{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def _trig(quads: Iterable[Quad], prefixes: Mapping[str, str]) -> str:
    """Write quads as TriG, with the prefixes that are used."""
    listed = list(quads)
    plain = (serialize(listed, format=RdfFormat.N_QUADS) or b"").decode()
    used = {prefix: iri for prefix, iri in prefixes.items() if f"<{iri}" in plain}
    return (serialize(listed, format=RdfFormat.TRIG, prefixes=used) or b"").decode()
