"""What follows from the ontology by OWL 2 RL, less what only restates logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from kg_service.errors import ReleaseError
from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.namespaces import INFERRED, OWL, RDF, RDFS, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from owlrl.OWLRL import OWLRL_Semantics
    from rdflib.term import Node

VERSION = 1
"""Raise it when the rules below change: it is part of the cache's key."""

SCHEMA = (OWL, RDF, RDFS, XSD)
KEPT_SCHEMA_LINKS = frozenset({RDF + "type", RDFS + "subClassOf", RDFS + "subPropertyOf", OWL + "sameAs"})
ANNOTATION_PROPERTY = NamedNode(OWL + "AnnotationProperty")
BUILT_IN_ANNOTATIONS = frozenset(NamedNode(RDFS + name) for name in ("label", "comment", "seeAlso", "isDefinedBy"))
MESSAGES_SHOWN = 5


def infer(asserted: Iterable[Quad]) -> list[Quad]:
    """Return the inferred quads, all in the graph of inferences, for the union of the asserted ones.

    OWL 2 RL rules (https://www.w3.org/TR/owl2-profiles/#Reasoning_in_OWL_2_RL_and_RDF_Graphs_using_Rules) by owlrl.
    Raises ReleaseError when the ontology is inconsistent.
    """
    import rdflib  # noqa: PLC0415 - slow to import, needed only without a cache

    quads = list(asserted)
    before = set(to_rdflib(quads))
    graph = rdflib.Graph(store="SimpleMemory")  # without bookkeeping of graphs: a fifth less time
    graph += to_rdflib(axioms(quads))
    semantics = _rules()(graph, axioms=False, daxioms=False, rdfs=False)
    semantics.closure()
    if semantics.error_messages:
        shown = "; ".join(sorted(semantics.error_messages)[:MESSAGES_SHOWN])
        raise ReleaseError(f"The ontology is inconsistent: {shown}. Correct one of the statements involved.")
    return list(_domain_part(set(graph) - before, before))


def _rules() -> type[OWLRL_Semantics]:
    """Return OWL 2 RL but for rule eq-ref (all is itself): nothing follows from it, and it costs half the time."""
    from owlrl.OWLRL import OWLRL_Semantics  # noqa: PLC0415 - slow to import, needed only without a cache

    class WithoutReflexivity(OWLRL_Semantics):  # type: ignore[misc]  # owlrl is untyped
        def store_triple(self, t: tuple[Node, Node, Node]) -> None:
            if str(t[1]) != OWL + "sameAs" or t[0] != t[2]:
                super().store_triple(t)

    return WithoutReflexivity


def axioms(asserted: Sequence[Quad]) -> Iterator[Quad]:
    """Leave out annotations: they have no part in what follows, and are half of the triples.

    https://www.w3.org/TR/owl2-syntax/#Annotations
    """
    declared = {q.subject for q in asserted if q.predicate == TYPE and q.object == ANNOTATION_PROPERTY}
    annotations = declared | BUILT_IN_ANNOTATIONS
    return (quad for quad in asserted if quad.predicate not in annotations)


def _domain_part(inferred: set[tuple[Node, Node, Node]], asserted: set[tuple[Node, Node, Node]]) -> Iterator[Quad]:
    """Leave out what the rules say of logic itself: see `_is_domain`."""
    values = {(s, o) for s, _, o in asserted}
    for subject, predicate, obj in inferred:
        if _is_domain(subject, predicate, obj, values):
            yield Quad(NamedNode(str(subject)), NamedNode(str(predicate)), _to_oxigraph(obj), INFERRED)


def _is_domain(subject: Node, predicate: Node, obj: Node, values: set[tuple[Node, Node]]) -> bool:
    """Tell whether an inferred triple speaks of the domain.

    Kept are links between IRIs outside the OWL, RDF, RDFS and XSD vocabularies, by a property of the domain or by
    type, subclass, subproperty or identity; not a thing's identity with itself; no blank nodes (class expressions).
    A literal is kept only where the same subject has it asserted: the rules also copy equal values in other
    lexical forms (2.0 for 2), which would show as a second figure.
    """
    import rdflib  # noqa: PLC0415 - loaded by now

    if not (isinstance(subject, rdflib.URIRef) and isinstance(predicate, rdflib.URIRef)):
        return False
    if _is_schema(subject) or (_is_schema(predicate) and str(predicate) not in KEPT_SCHEMA_LINKS):
        return False
    if isinstance(obj, rdflib.Literal):
        return (subject, obj) in values
    return isinstance(obj, rdflib.URIRef) and not _is_schema(obj) and not (subject == obj and _is_schema(predicate))


def _is_schema(term: Node) -> bool:
    return str(term).startswith(SCHEMA)


def _to_oxigraph(term: Node) -> NamedNode | Literal:
    import rdflib  # noqa: PLC0415 - loaded by now

    if not isinstance(term, rdflib.Literal):
        return NamedNode(str(term))
    if term.language:
        return Literal(str(term), language=term.language)
    return Literal(str(term), datatype=NamedNode(str(term.datatype)) if term.datatype else None)
