"""The rules of OWL 2 RL, one by one on small graphs, and all together against the reasoner that closes the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from kg_service.knowledge.closure import axioms
from kg_service.knowledge.namespaces import INFERRED, OWL, RDF, RDFS, XSD
from kg_service.provenance.closure import Closure
from kg_service.provenance.derivation import fact_of

if TYPE_CHECKING:
    from kg_service import Guideline
    from kg_service.provenance.rules import Fact

PREFIXES = f"@prefix : <https://example.org/> . @prefix owl: <{OWL}> . @prefix rdfs: <{RDFS}> .\n"
SCHEMA = (OWL, RDF, RDFS, XSD)


def facts(turtle: str) -> list[Fact]:
    return [fact_of(quad) for quad in parse((PREFIXES + turtle).encode(), format=RdfFormat.TURTLE)]


@pytest.mark.parametrize(
    ("rule", "asserted", "follows"),
    [
        ("prp-dom", ":p rdfs:domain :C . :a :p :b .", ":a a :C ."),
        ("prp-rng", ":p rdfs:range :C . :a :p :b .", ":b a :C ."),
        ("prp-trp", ":p a owl:TransitiveProperty . :a :p :b . :b :p :c .", ":a :p :c ."),
        ("prp-spo1", ":p rdfs:subPropertyOf :q . :a :p :b .", ":a :q :b ."),
        ("prp-spo2", ":q owl:propertyChainAxiom ( :p :r ) . :a :p :b . :b :r :c .", ":a :q :c ."),
        ("prp-spo2", ":q owl:propertyChainAxiom ( :p :p :r ) . :a :p :b . :b :p :c . :c :r :d .", ":a :q :d ."),
        ("prp-inv1", ":p owl:inverseOf :q . :a :p :b .", ":b :q :a ."),
        ("prp-inv2", ":p owl:inverseOf :q . :a :q :b .", ":b :p :a ."),
        (
            "cls-svf1",
            ":R owl:someValuesFrom :C . :R owl:onProperty :p . :a :p :b . :b a :C .",
            ":a a :R .",
        ),
        ("cax-eqc1", ":C owl:equivalentClass :D . :a a :C .", ":a a :D ."),
        ("cax-eqc2", ":C owl:equivalentClass :D . :a a :D .", ":a a :C ."),
        ("cax-sco", ":C rdfs:subClassOf :D . :a a :C .", ":a a :D ."),
        ("scm-sco", ":C rdfs:subClassOf :D . :D rdfs:subClassOf :E .", ":C rdfs:subClassOf :E ."),
        ("scm-spo", ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r .", ":p rdfs:subPropertyOf :r ."),
    ],
)
def test_each_rule_gives_what_the_specification_says(rule: str, asserted: str, follows: str) -> None:
    closure = Closure(facts(asserted))
    (wanted,) = facts(follows)
    assert list(closure.reasons) == [wanted]
    reason = closure.reasons[wanted]
    assert reason.rule == rule
    assert set(reason.premises) == set(closure.asserted)


def test_nothing_follows_of_a_literal_and_nothing_without_a_premise() -> None:
    assert not Closure(facts(':p rdfs:range :C . :a :p "text" .')).reasons
    assert not Closure(facts(":p a owl:TransitiveProperty . :a :p :b . :c :p :d .")).reasons


def test_a_circle_of_triples_is_derived_from_outside_of_it() -> None:
    closure = Closure(facts(":p a owl:TransitiveProperty . :a :p :b . :b :p :a ."))
    known = set(closure.asserted)
    for follows, reason in closure.reasons.items():  # in the order in which they were found
        assert set(reason.premises) <= known
        known.add(follows)


@pytest.mark.parametrize("release", ["guideline", "knots"])
def test_what_follows_is_what_the_reasoner_infers_of_the_domain(release: str, request: pytest.FixtureRequest) -> None:
    """No triple more (sound), none less (complete)."""
    graph: Guideline = request.getfixturevalue(release)
    asserted = [quad for quad in graph.store if quad.graph_name != INFERRED]
    closure = Closure(fact_of(quad) for quad in axioms(asserted))
    inferred = {fact_of(quad) for quad in graph.store.quads_for_pattern(None, None, None, INFERRED)}
    assert inferred
    assert {fact for fact in closure.reasons if is_of_domain(fact)} == inferred


def is_of_domain(fact: Fact) -> bool:
    subject, _, obj = fact
    ends = [term for term in (subject, obj) if isinstance(term, NamedNode) and not term.value.startswith(SCHEMA)]
    return len(ends) == 2
