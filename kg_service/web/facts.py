"""What the graph says of an entity, grouped by property for a reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph as ox
from flask import url_for

from kg_service.knowledge.graph import is_part
from kg_service.knowledge.labels import Term
from kg_service.knowledge.namespaces import CORE, INFERRED, TYPE
from kg_service.web.context import service
from kg_service.web.pages import Shown, door_of, show
from kg_service.web.rdf import name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LEADING = (
    TYPE.value,
    *(CORE + term for term in ("modality", "jurisdiction", "verification")),
    name("dcterms:source").value,
    CORE + "locator",
)
"""What a reader wants to know first, in this order; the rest follows by label."""

_HEADLINES = tuple(name(curie) for curie in ("dcterms:description", "dcterms:title", "skos:definition", "rdfs:label"))
_IN_THE_HEADING = frozenset({name("dcterms:description"), name("dcterms:identifier")})
_LEFT_OUT_OF_PARTS = frozenset({TYPE, name("rdfs:label"), name("rdfs:isDefinedBy")})
_DEPTH = 3
"""How deep parts are written out: figures, regimens and locators, which have no page of their own."""

_DIGITS = re.compile(r"([0-9]+)")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_Link = tuple[ox.NamedNode, Term, object]
"""A property, the term at its other end, and the graph that says so."""

_Why: TypeAlias = "Callable[[ox.NamedNode, Term], str]"
"""Where it is explained that an entity has a property, by this and the term at its other end."""


@dataclass(frozen=True)
class Value:
    """One value of a property: what an identifier stands for, or, without a page of its own, its parts.

    `why` is where an inferred one is explained.
    """

    shown: Shown
    inferred: bool
    parts: Sequence[Fact] = ()
    gloss: str = ""
    why: str = ""


@dataclass(frozen=True)
class Fact:
    """A property and its values."""

    iri: str
    property: str
    values: Sequence[Value]


def headline(iri: ox.NamedNode) -> str:
    """Return the sentence that says what the entity is: the first of description, title and definition."""
    store = service().graph.store
    found = (quad.object for term in _HEADLINES for quad in store.quads_for_pattern(iri, term, None, None))
    return next((term.value for term in found if isinstance(term, ox.Literal)), "")


def facts_about(iri: ox.NamedNode) -> list[Fact]:
    """Return what the graph says of the entity beside its heading, its parts written out."""
    heading = headline(iri)
    said = (link for link in _links_from(iri) if link[0] not in _IN_THE_HEADING and _text(link[1]) != heading)
    return _group(said, _value_said, lambda link, term: _why(iri, link, term))


def facts_naming(iri: ox.NamedNode) -> list[Fact]:
    """Return the properties under which other entities name this one, with those entities as values."""
    quads = service().graph.store.quads_for_pattern(None, None, iri, None)
    links = ((quad.predicate, quad.subject, quad.graph_name) for quad in quads)
    return _group(links, _value_naming, lambda link, term: _why(term, link, iri))


def listed(door: str) -> list[tuple[ox.NamedNode, Shown, str]]:
    """Return all entities of a kind, as they are shown, each with its headline where that is not how it is shown."""
    found = [
        (node, show(node), headline(node))
        for iri in service().subjects
        if door_of(iri) == door
        for node in [ox.NamedNode(iri)]
    ]
    return sorted(
        ((node, shown, says if says != shown.text else "") for node, shown, says in found),
        key=lambda one: _natural(one[1].text.casefold()),
    )


def _links_from(node: ox.NamedNode | ox.BlankNode) -> Iterable[_Link]:
    quads = service().graph.store.quads_for_pattern(node, None, None, None)
    return ((quad.predicate, quad.object, quad.graph_name) for quad in quads)


def _group(links: Iterable[_Link], value: Callable[[Term, bool], Value], why: _Why = lambda *_: "") -> list[Fact]:
    """Group links by property; a value counts as inferred when only the graph of inferences has it."""
    grouped: dict[ox.NamedNode, dict[Term, bool]] = {}
    for predicate, term, graph in links:
        values = grouped.setdefault(predicate, {})
        values[term] = values.get(term, True) and graph == INFERRED
    return sorted((_fact(predicate, terms, value, why) for predicate, terms in grouped.items()), key=_rank)


def _fact(predicate: ox.NamedNode, terms: dict[Term, bool], value: Callable[[Term, bool], Value], why: _Why) -> Fact:
    values = sorted(
        (
            replace(value(term, inferred), why=why(predicate, term) if inferred else "")
            for term, inferred in terms.items()
        ),
        key=lambda item: (item.inferred, _natural(item.shown.text)),
    )
    return Fact(predicate.value, _wording(predicate.value), values)


def _why(subject: Term, predicate: ox.NamedNode, obj: Term) -> str:
    """Return where a triple is explained; nothing where an end of it has no name."""
    if not isinstance(subject, ox.NamedNode) or not isinstance(obj, ox.NamedNode):
        return ""
    return url_for("explain.explain", subject=subject.value, predicate=predicate.value, object=obj.value)


def _natural(text: str) -> list[str]:
    """Return a key that puts T-2 before T-10."""
    return [piece.zfill(9) if piece.isdigit() else piece for piece in _DIGITS.split(text)]


def _text(term: Term) -> str:
    return term.value if isinstance(term, ox.Literal) else ""


def _wording(iri: str) -> str:
    """Return the label of a property; where it has none, the words that its name consists of."""
    if iri == TYPE.value:
        return "kind"
    labels = service().graph.labels
    label, curie = labels[iri], labels.curie(iri)
    return label if label != curie else _CAPITAL.sub(" ", curie.rpartition(":")[2]).lower()


def _value_said(term: Term, inferred: bool, depth: int = _DEPTH) -> Value:  # noqa: FBT001 - of the link
    """Show a value; of a part without a label, only what it consists of."""
    if not is_part(term) or depth == 0:
        return Value(show(term), inferred, gloss=_gloss(term))
    said = (link for link in _links_from(term) if link[0] not in _LEFT_OUT_OF_PARTS)
    parts = _group(said, lambda item, new: _value_said(item, new, depth - 1))
    return Value(Shown(_label(term)), inferred, parts)


def _value_naming(term: Term, inferred: bool) -> Value:  # noqa: FBT001 - of the link
    """Show who names the entity; a part that belongs to one other entity is shown as that entity's."""
    owners = _owners(term) if is_part(term) else []
    if len(owners) != 1:
        return Value(show(term), inferred, gloss=_gloss(term))
    owner, label = show(owners[0]), _label(term)
    return Value(Shown(f"{owner.text}: {label}" if label else owner.text, owner.href), inferred)


def _owners(part: Term) -> list[ox.NamedNode]:
    subjects = {quad.subject for quad in service().graph.store.quads_for_pattern(None, None, part, None)}
    return [node for node in subjects if isinstance(node, ox.NamedNode) and door_of(node.value)]


def _gloss(term: Term) -> str:
    """Return what stands behind an identifier; nothing for what is shown by a label, which speaks for itself."""
    if not isinstance(term, ox.NamedNode) or not door_of(term.value):
        return ""
    identified = any(service().graph.store.quads_for_pattern(term, name("dcterms:identifier"), None, None))
    return headline(term) if identified else ""


def _label(part: Term) -> str:
    """Return the label of a part, or nothing."""
    if not isinstance(part, ox.NamedNode):
        return ""
    labels = service().graph.labels
    label = labels[part.value]
    return "" if label == labels.curie(part.value) else label


def _rank(fact: Fact) -> tuple[int, str]:
    place = _LEADING.index(fact.iri) if fact.iri in _LEADING else len(_LEADING)
    return place, fact.property.casefold()
