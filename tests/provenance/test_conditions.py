"""A WHERE taken apart: each condition by itself, and together what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.provenance.conditions import pieces, triples
from kg_service.provenance.query import SelectQuery, run

if TYPE_CHECKING:
    from kg_service import Guideline


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ("{ ?s a :C ; :p ?o , 1.5 ; :q 'x'@en . }", ["?s a :C .", "?s :p ?o .", "?s :p 1.5 .", "?s :q 'x'@en ."]),
        ("{ ?s :p/^:q* ?o ; !(:a|^:b) [ :c ?d ] }", ["?s :p/^:q* ?o .", "?s !(:a|^:b) [ :c ?d ] ."]),
        ('{ ?s :p "1"^^:int , -2 FILTER (?s > 1) }', ['?s :p "1"^^:int .', "?s :p -2 .", "FILTER (?s > 1)"]),
        ("{ FILTER NOT EXISTS { ?s :p ?o . } ?s :q ?o }", ["FILTER NOT EXISTS { ?s :p ?o . }", "?s :q ?o ."]),
        ("{ { ?s :p ?o } UNION { GRAPH ?g { ?s :q ?o } } }", ["?s :p ?o .", "?s :q ?o ."]),
        ("{ ?s :p ?o OPTIONAL { ?s :q ?x FILTER (?x > 1) } }", ["?s :p ?o ."]),
        ("{ ?s :p ?o MINUS { ?s :q ?o } BIND (1 AS ?n) }", ["?s :p ?o .", "MINUS { ?s :q ?o . }"]),
        ("{ VALUES (?s ?o) { (:a :b) } ?s :p ?o }", ["VALUES (?s ?o) { (:a :b) }", "?s :p ?o ."]),
        ("{ SELECT ?s (MIN(?o) AS ?m) WHERE { ?s :p ?o } GROUP BY ?s }", ["?s :p ?o ."]),
        ("{ ?s :p ?o # no ; condition\n ; :q ( 1 2 ) }", ["?s :p ?o .", "?s :q ( 1 2 ) ."]),
        ("{ FILTER (?a # why\n = ?b) [ :p 1 ] . }", ["FILTER (?a = ?b)", "[ :p 1 ] ."]),
    ],
)
def test_the_conditions_of_a_group(where: str, conditions: list[str]) -> None:
    assert [piece.text for piece in pieces(where) if piece.kind] == conditions


def test_the_triples_of_a_template() -> None:
    assert triples("{ ?record a :Dose ; :total ?total }") == ["?record a :Dose", "?record :total ?total"]


def test_the_pieces_of_every_named_question_ask_the_same_again(guideline: Guideline) -> None:
    for name, question in guideline.questions.items():
        query = SelectQuery.read(guideline.text_of(name, **question.example()))
        again = " ".join(piece.text for piece in pieces(query.where))
        answers = [sorted(map(str, run(query.whole(where), guideline.store))) for where in (query.where, again)]
        assert (name, answers[0]) == (name, answers[1])
        assert answers[0]
