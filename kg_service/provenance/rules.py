"""The rules by which triples follow from others, as data: https://www.w3.org/TR/owl2-profiles/, section 4.3.

They are the rules of OWL 2 RL that speak of what the ontologies here use, by the names that the specification gives
them. What a rule concludes of a literal as subject is left out: RDF has no such triples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg_service.knowledge.labels import Term
from kg_service.knowledge.namespaces import OWL, RDF, RDFS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Fact: TypeAlias = tuple[NamedNode | BlankNode | Triple, NamedNode, Term]
"""A triple as a tuple: subject, predicate, object."""

Pattern: TypeAlias = tuple[Term | str, Term | str, Term | str]
"""A triple with variables, which are plain texts beginning with a question mark."""

CHAIN, FIRST, REST = NamedNode(OWL + "propertyChainAxiom"), NamedNode(RDF + "first"), NamedNode(RDF + "rest")
NIL = NamedNode(RDF + "nil")
NAMESPACES = {"owl": OWL, "rdf": RDF, "rdfs": RDFS}

OWL_2_RL: Mapping[str, str] = {
    "prp-dom": "?p rdfs:domain ?c . ?x ?p ?y => ?x rdf:type ?c",
    "prp-rng": "?p rdfs:range ?c . ?x ?p ?y => ?y rdf:type ?c",
    "prp-trp": "?p rdf:type owl:TransitiveProperty . ?x ?p ?y . ?y ?p ?z => ?x ?p ?z",
    "prp-spo1": "?p rdfs:subPropertyOf ?q . ?x ?p ?y => ?x ?q ?y",
    "prp-inv1": "?p owl:inverseOf ?q . ?x ?p ?y => ?y ?q ?x",
    "prp-inv2": "?p owl:inverseOf ?q . ?x ?q ?y => ?y ?p ?x",
    "cls-svf1": "?r owl:someValuesFrom ?c . ?r owl:onProperty ?p . ?x ?p ?y . ?y rdf:type ?c => ?x rdf:type ?r",
    "cax-eqc1": "?c owl:equivalentClass ?d . ?x rdf:type ?c => ?x rdf:type ?d",
    "cax-eqc2": "?c owl:equivalentClass ?d . ?x rdf:type ?d => ?x rdf:type ?c",
    "cax-sco": "?c rdfs:subClassOf ?d . ?x rdf:type ?c => ?x rdf:type ?d",
    "scm-sco": "?c rdfs:subClassOf ?d . ?d rdfs:subClassOf ?e => ?c rdfs:subClassOf ?e",
    "scm-spo": "?p rdfs:subPropertyOf ?q . ?q rdfs:subPropertyOf ?r => ?p rdfs:subPropertyOf ?r",
}
"""From tables 5 (prp), 6 (cls), 7 (cax) and 9 (scm) there; prp-spo2 is made for each property chain: see `rules`."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule: what it needs, and what follows."""

    name: str
    premises: tuple[Pattern, ...]
    conclusion: Pattern


def rules(asserted: Sequence[Fact]) -> list[Rule]:
    """Return the rules for a graph: the fixed ones, and rule prp-spo2 once for each property chain it asserts."""
    return [*(_read(name, text) for name, text in OWL_2_RL.items()), *_chains(asserted)]


def _read(name: str, text: str) -> Rule:
    needs, _, follows = text.partition(" => ")
    return Rule(name, tuple(_pattern(premise) for premise in needs.split(" . ")), _pattern(follows))


def _pattern(text: str) -> Pattern:
    subject, predicate, obj = (_term(word) for word in text.split())
    return subject, predicate, obj


def _term(word: str) -> NamedNode | str:
    if word.startswith("?"):
        return word
    prefix, _, local = word.partition(":")
    return NamedNode(NAMESPACES[prefix] + local)


def _chains(asserted: Iterable[Fact]) -> Iterator[Rule]:
    """Yield prp-spo2 for each chain; the triples of its list are premises like any other."""
    links = {(s, p): o for s, p, o in asserted if p in {FIRST, REST}}
    for subject, predicate, head in asserted:
        if predicate != CHAIN:
            continue
        axiom: list[Fact] = [(subject, predicate, head)]
        properties = []
        node = head
        while node != NIL and not isinstance(node, Literal):
            first, rest = links[node, FIRST], links[node, REST]
            axiom += [(node, FIRST, first), (node, REST, rest)]
            properties.append(first)
            node = rest
        steps: list[Pattern] = [(f"?u{i}", step, f"?u{i + 1}") for i, step in enumerate(properties)]
        yield Rule("prp-spo2", (*axiom, *steps), ("?u0", subject, f"?u{len(properties)}"))
