"""An explanation in PROV-O: each triple an entity (rdf:Statement) that was derived from others.

A derivation names the rule as the activity that made the triple; an asserted triple names its graph, its statements
and their sources. The values of a row stand in the vocabulary for SPARQL result sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg_service.knowledge.namespaces import DCTERMS, RDF, RDFS_LABEL, TYPE

if TYPE_CHECKING:
    from kg_service.knowledge.labels import Term
    from kg_service.provenance.derivation import Derivation
    from kg_service.provenance.explanation import Explanation, Part
    from kg_service.provenance.rules import Fact

PROV = "http://www.w3.org/ns/prov#"
RESULT_SET = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
PREFIXES = {"prov": PROV, "rs": RESULT_SET, "rdf": RDF}

ENTITY, ACTIVITY, DERIVED, GENERATED, PRIMARY_SOURCE, LOCATION = (
    NamedNode(PROV + name)
    for name in ("Entity", "Activity", "wasDerivedFrom", "wasGeneratedBy", "hadPrimarySource", "atLocation")
)
STATEMENT, SUBJECT, PREDICATE, OBJECT = (
    NamedNode(RDF + name) for name in ("Statement", "subject", "predicate", "object")
)
BINDING, VARIABLE, VALUE = (NamedNode(RESULT_SET + name) for name in ("binding", "variable", "value"))
PART_OF, DESCRIPTION = NamedNode(DCTERMS + "isPartOf"), NamedNode(DCTERMS + "description")


def as_prov(explanation: Explanation) -> list[Triple]:
    """Return the explanation as triples."""
    writer = _Writer()
    for part in explanation.parts:
        writer.part(explanation, part)
    return writer.triples


class _Writer:
    """Writes triples, each triple that is explained once."""

    def __init__(self) -> None:
        self.triples: list[Triple] = []
        self._nodes: dict[Fact, BlankNode] = {}

    def part(self, explanation: Explanation, part: Part) -> None:
        node = BlankNode()
        self._add(node, TYPE, ENTITY)
        self._add(node, RDFS_LABEL, Literal(explanation.subject))
        self._add(node, DESCRIPTION, Literal(part.says))
        for name, term in part.row.items():
            if term is not None:
                binding = BlankNode()
                self._add(node, BINDING, binding)
                self._add(binding, VARIABLE, Literal(name))
                self._add(binding, VALUE, term)
        for derivation in part.derivations:
            self._add(node, DERIVED, self._derivation(derivation))
        if explanation.verdict:
            self._add(node, GENERATED, self._activity(explanation.verdict.rule.iri.value))
            for iri in explanation.verdict.rule.statements:
                self._add(node, DERIVED, iri)
        for condition in (text for obstacle in part.obstacles for text in obstacle.conditions):
            self._add(node, DESCRIPTION, Literal(f"fails: {condition}"))

    def _derivation(self, derivation: Derivation) -> BlankNode:
        if derivation.fact in self._nodes:
            return self._nodes[derivation.fact]
        node = self._nodes[derivation.fact] = BlankNode()
        for kind in (STATEMENT, ENTITY):
            self._add(node, TYPE, kind)
        for predicate, term in zip((SUBJECT, PREDICATE, OBJECT), derivation.fact, strict=True):
            self._add(node, predicate, term)
        if derivation.rule:
            self._add(node, GENERATED, self._activity(derivation.rule))
        for premise in derivation.premises:
            self._add(node, DERIVED, self._derivation(premise))
        self._origin(node, derivation)
        return node

    def _origin(self, node: BlankNode, derivation: Derivation) -> None:
        origin = derivation.origin
        if origin.graph:
            self._add(node, PART_OF, origin.graph)
        if origin.record:
            self._add(node, LOCATION, Literal(origin.record))
        for statement in origin.statements:
            self._add(node, DERIVED, statement)
        for source in origin.sources:
            self._add(node, PRIMARY_SOURCE, source)

    def _activity(self, rule: str) -> BlankNode:
        activity = BlankNode()
        self._add(activity, TYPE, ACTIVITY)
        self._add(activity, RDFS_LABEL, Literal(rule))
        return activity

    def _add(self, subject: BlankNode, predicate: NamedNode, obj: Term) -> None:
        self.triples.append(Triple(subject, predicate, obj))
