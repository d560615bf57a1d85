"""Derivations of inferred triples: there is one for each, from asserted triples only, and nothing in it is idle."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from kg_service.errors import KgServiceError, UnknownName
from kg_service.knowledge.namespaces import BASE, INFERRED
from kg_service.provenance.closure import Closure
from kg_service.provenance.derivation import Derivation, fact_of, minimal

if TYPE_CHECKING:
    from kg_service import Guideline
    from kg_service.provenance.rules import Fact

DRAWN = 250
"""How many inferred triples of the domain's own predicates are checked, and how many of type and subclass."""


def inferred(guideline: Guideline) -> list[Fact]:
    quads = guideline.store.quads_for_pattern(None, None, None, INFERRED)
    return sorted((fact_of(quad) for quad in quads), key=str)


def test_every_inferred_triple_has_a_derivation_from_asserted_triples_with_their_graphs(guideline: Guideline) -> None:
    closure = guideline.explain.derive.closure
    asserted = {fact_of(quad) for quad in guideline.store if quad.graph_name != INFERRED}
    found = inferred(guideline)
    assert len(found) > 2500
    for fact in found:
        pending, leaves = [fact], []
        while pending:
            reason = closure.reasons.get(one := pending.pop())
            pending += reason.premises if reason else []
            leaves += [] if reason else [one]
        assert leaves
        assert asserted.issuperset(leaves)


def test_without_any_leaf_of_a_minimal_derivation_the_triple_does_not_follow(guideline: Guideline) -> None:
    """A random sample of inferred triples: of predicates of the domain, and of the rest."""
    closure = guideline.explain.derive.closure
    found = inferred(guideline)
    domain = [fact for fact in found if fact[1].value.startswith(BASE)]
    others = [fact for fact in found if not fact[1].value.startswith(BASE)]
    draw = random.Random(4)  # noqa: S311 - no secret
    for fact in (*draw.sample(domain, DRAWN), *draw.sample(others, DRAWN)):
        leaves = minimal(closure, fact).asserted
        assert fact in Closure(leaves, closure.entries)
        for leaf in leaves:
            assert fact not in Closure([other for other in leaves if other != leaf], closure.entries)


def leaves(derivation: Derivation, guideline: Guideline) -> set[tuple[str, str]]:
    """The asserted triples, without the axioms of the vocabulary, and the statements that they are part of."""
    shown = guideline.labels.shown
    return {
        (" ".join(map(shown, leaf.fact)), ", ".join(map(shown, leaf.origin.statements)))
        for leaf in derivation.leaves()
        if leaf.origin.graph and not leaf.origin.graph.value.endswith("/core/")
    }


def test_a_link_between_agents_goes_back_to_one_statement_and_to_membership(guideline: Guideline) -> None:
    """Osteoporosis Canada: after denosumab a bisphosphonate (F-CA-2a); alendronate is one, as an oral one."""
    (part,) = guideline.explain.triple("F-CA-2a", "next agent", "alendronate").parts
    (derivation,) = part.derivations
    assert derivation.rule == "prp-spo2"
    assert leaves(derivation, guideline) == {
        ("F-CA-2a next class bisphosphonate", "F-CA-2a"),
        ("alendronate member of oral bisphosphonate", ""),
        ("oral bisphosphonate subgroup of bisphosphonate", ""),
    }


def test_an_asserted_triple_leads_to_statement_and_source(guideline: Guideline) -> None:
    explanation = guideline.explain.triple("F-CA-2a", "gkg:nextClass", "bisphosphonate")
    (derivation,) = explanation.parts[0].derivations
    origin = derivation.origin
    assert not derivation.rule
    assert origin.graph is not None
    assert origin.graph.value == f"{BASE}graph/SRC-OC-2023"
    assert [guideline.labels[node.value] for node in (*origin.statements, *origin.sources)] == [
        "F-CA-2a",
        "SRC-OC-2023",
    ]
    assert str(explanation).splitlines()[2:] == [
        "Asserted:",
        "  F-CA-2a | next class | bisphosphonate  [F-CA-2a (SRC-OC-2023)]",
    ]


def test_a_part_leads_to_the_statement_that_has_it(guideline: Guideline) -> None:
    (part,) = guideline.explain.triple("part:F-FDA-3.regimen-1", "gkg:dose", "qty:210-mg").parts
    assert [guideline.labels[node.value] for node in part.derivations[0].origin.statements] == ["F-FDA-3"]


def test_a_triple_that_is_not_held_is_refused_with_what_there_is(guideline: Guideline) -> None:
    with pytest.raises(UnknownName, match="holds no triple F-CA-2a next agent denosumab") as caught:
        guideline.explain.triple("F-CA-2a", "next agent", "denosumab")
    assert "alendronate" in caught.value.nearest
    with pytest.raises(UnknownName, match="no triple with subject romosozumab and predicate rdfs:domain"):
        guideline.explain.triple("romosozumab", "rdfs:domain", "denosumab")


@pytest.mark.parametrize(
    ("subject", "predicate", "message", "nearest"),
    [
        ("romosozumap", "next agent", "'romosozumap' is the name of nothing", "romosozumab"),
        ("romosozumab", "contraindicatedIn", "'contraindicatedIn' is the name of no property", "gkg:contraindicatedIn"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(
    guideline: Guideline, subject: str, predicate: str, message: str, nearest: str
) -> None:
    with pytest.raises(UnknownName, match=message) as caught:
        guideline.explain.triple(subject, predicate, "stroke")
    assert nearest in caught.value.nearest


def test_a_triple_that_follows_by_no_rule_known_is_said_so(guideline: Guideline) -> None:
    (derivation,) = guideline.explain.triple("F-CA-2a", "next agent", "alendronate").parts[0].derivations
    subject, predicate, _ = derivation.fact
    with pytest.raises(KgServiceError, match="no rule known"):
        guideline.explain.derive((subject, predicate, subject))
