"""What the graph says of an entity, grouped by property for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg_service.knowledge.namespaces import BASE, CORE, INFERRED
from kg_service.web.context import service
from kg_service.web.pages import Shown, has_page, show
from kg_service.web.rdf import RDF_TYPE, name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEADING = (
    RDF_TYPE.value,
    *(CORE + term for term in ("modality", "jurisdiction", "verification")),
    name("dcterms:source").value,
    CORE + "locator",
)
"""What a reader wants to know first, in this order; the rest follows by label."""

_HEADLINES = tuple(name(curie) for curie in ("dcterms:description", "dcterms:title", "skos:definition"))
_LEFT_OUT_OF_PARTS = frozenset({RDF_TYPE, name("rdfs:label"), name("rdfs:isDefinedBy")})
_DEPTH = 3
"""How deep parts without a page of their own (locator, regimen, figure, quantity) are written out."""

_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_Link = tuple[ox.NamedNode, _Term, object]
"""A property, the term at its other end, and the graph that says so."""


@dataclass(frozen=True)
class Value:
    """One value of a property, with what it consists of where it has no page of its own."""

    shown: Shown
    inferred: bool
    parts: Sequence[Fact] = ()


@dataclass(frozen=True)
class Fact:
    """A property and its values."""

    iri: str
    property: Shown
    values: Sequence[Value]


def headline(iri: ox.NamedNode) -> str:
    """Return the sentence that says what the entity is: the first of description, title and definition."""
    store = service().graph.store
    found = (quad.object for term in _HEADLINES for quad in store.quads_for_pattern(iri, term, None, None))
    return next((term.value for term in found if isinstance(term, ox.Literal)), "")


def facts_about(iri: ox.NamedNode) -> list[Fact]:
    """Return what the graph says of the entity, its parts written out."""
    return _group(_links_from(iri), _DEPTH)


def facts_naming(iri: ox.NamedNode) -> list[Fact]:
    """Return the properties under which other entities name this one, with those entities as values."""
    quads = service().graph.store.quads_for_pattern(None, None, iri, None)
    return _group(((quad.predicate, quad.subject, quad.graph_name) for quad in quads), 0)


def _links_from(node: ox.NamedNode | ox.BlankNode) -> Iterable[_Link]:
    quads = service().graph.store.quads_for_pattern(node, None, None, None)
    return ((quad.predicate, quad.object, quad.graph_name) for quad in quads)


def _group(links: Iterable[_Link], depth: int) -> list[Fact]:
    """Group links by property; a value counts as inferred when only the graph of inferences has it."""
    grouped: dict[ox.NamedNode, dict[_Term, bool]] = {}
    for predicate, term, graph in links:
        values = grouped.setdefault(predicate, {})
        values[term] = values.get(term, True) and graph == INFERRED
    facts = [Fact(predicate.value, show(predicate), _values(values, depth)) for predicate, values in grouped.items()]
    return sorted(facts, key=_rank)


def _values(terms: dict[_Term, bool], depth: int) -> list[Value]:
    values = [Value(show(term), inferred, _parts(term, depth)) for term, inferred in terms.items()]
    return sorted(values, key=lambda value: (value.inferred, value.shown))


def _parts(term: _Term, depth: int) -> list[Fact]:
    if depth == 0 or not _is_part(term):
        return []
    assert isinstance(term, ox.NamedNode | ox.BlankNode)  # noqa: S101 - narrows the type
    return _group((link for link in _links_from(term) if link[0] not in _LEFT_OUT_OF_PARTS), depth - 1)


def _is_part(term: _Term) -> bool:
    """Tell whether a term is a node of this graph that is read together with the entity naming it."""
    if isinstance(term, ox.BlankNode):
        return True
    if not isinstance(term, ox.NamedNode) or has_page(term.value):
        return False
    return term.value.startswith(BASE) and not term.value.startswith(CORE)


def _rank(fact: Fact) -> tuple[int, str]:
    place = _LEADING.index(fact.iri) if fact.iri in _LEADING else len(_LEADING)
    return place, fact.property.text.casefold()
