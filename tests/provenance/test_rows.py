"""Explanations of rows: the query asked of the explanation's triples alone gives the row, and none of them is idle."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import Quad, QuerySolutions, Store

from kg_service.errors import ParameterError, QueryError
from kg_service.knowledge.dataset import dataset_clauses
from kg_service.knowledge.namespaces import INFERRED
from kg_service.knowledge.tokens import tokens
from kg_service.provenance.derivation import fact_of
from kg_service.provenance.query import SelectQuery
from kg_service.provenance.rows import quads_behind, solution_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service import Guideline
    from kg_service.knowledge.labels import Term

ROWS_EACH = 2

PREFIXES = """
PREFIX gkg: <https://w3id.org/guideline-kg/core/>
PREFIX graph: <https://w3id.org/guideline-kg/graph/>
PREFIX concept: <https://w3id.org/guideline-kg/concept/>
PREFIX cito: <http://purl.org/spar/cito/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

FREE = {
    "one inferred triple": "SELECT ?x { concept:denosumab gkg:mayBeFollowedBy ?x }",
    "OPTIONAL there": "SELECT * { ?s a gkg:RenalLimit OPTIONAL { ?s gkg:statedStrength ?w } FILTER(BOUND(?w)) }",
    "OPTIONAL that is not": "SELECT * { ?s a gkg:Statement OPTIONAL { ?s gkg:figure ?f } FILTER(!BOUND(?f)) }",
    "UNION": "SELECT ?s { { ?s gkg:priorAgent concept:denosumab } UNION { ?s gkg:aboutAgent concept:raloxifene } }",
    "FILTER on numbers": "SELECT ?f ?v { ?f a gkg:Figure ; gkg:value ?v FILTER(?v > 2 && ?v < 8) }",
    "FILTER EXISTS": "SELECT ?s { ?s gkg:modality gkg:Required FILTER EXISTS { ?s cito:isDisputedBy ?other } }",
    "FILTER NOT EXISTS": "SELECT ?s { ?s gkg:modality gkg:Required FILTER NOT EXISTS { ?s cito:isConfirmedBy ?o } }",
    "MINUS": "SELECT ?s { ?s gkg:priorAgent concept:denosumab MINUS { ?s gkg:modality gkg:EvidenceOnly } }",
    "paths": "SELECT ?a ?c { ?a gkg:memberOf/gkg:subgroupOf* ?c . ?c ^gkg:nextClass ?s }",
    "any depth": "SELECT ?k { concept:ischaemic-stroke gkg:kindOf+ ?k }",
    "any predicate": "SELECT ?p ?o { <https://w3id.org/guideline-kg/statement/F-CA-2a> ?p ?o }",
    "not that predicate": "SELECT ?o { <https://w3id.org/guideline-kg/statement/F-CA-2a> !dcterms:source ?o }",
    "GRAPH": "SELECT ?g ?s { GRAPH ?g { ?s gkg:nextClass concept:bisphosphonate } FILTER(?g != graph:inferred) }",
    "GRAPH of inferences": "SELECT ?s { GRAPH graph:inferred { ?s gkg:nextAgent concept:alendronate } }",
    "FROM": "SELECT ?s ?m FROM <https://w3id.org/guideline-kg/graph/SRC-ARCH> WHERE { ?s gkg:modality ?m }",
    "VALUES after": "SELECT ?s ?m { ?s gkg:modality ?m } VALUES ?m { gkg:Cautioned }",
    "expressions": "SELECT (STR(?l) AS ?name) (STRLEN(?l) AS ?n) { ?c a gkg:Agent ; skos:prefLabel ?l }",
    "BIND and COALESCE": "SELECT ?s ?how { ?s gkg:modality gkg:Cautioned OPTIONAL { ?s gkg:statedStrength ?w }"
    ' BIND(COALESCE(?w, "none") AS ?how) }',
    "sub-select": "SELECT ?s ?texts { { SELECT ?s (GROUP_CONCAT(?l; SEPARATOR='; ') AS ?texts) { SELECT ?s ?l {"
    " ?s gkg:nextClass ?c . ?c skos:prefLabel ?l } ORDER BY ?l } GROUP BY ?s } ?s gkg:modality gkg:Recommended }",
    "LIMIT": "SELECT DISTINCT ?m { ?s gkg:modality ?m ; dcterms:source ?d } ORDER BY ?m LIMIT 4 OFFSET 1",
    "blank node": "SELECT ?p { [] gkg:nextAgent concept:zoledronate ; gkg:priorAgent ?p ; gkg:modality gkg:Suggested }",
}


def asks_again(text: str, quads: Iterable[Quad]) -> list[list[Term | None]]:
    store = Store()
    store.extend(quads)
    answer = store.query(text, use_default_graph_as_union=not dataset_clauses(list(tokens(text))))
    assert isinstance(answer, QuerySolutions)
    return [list(row) for row in answer]


def holds(guideline: Guideline, text: str, number: int) -> None:
    """Prove the explanation of one row: it gives the row, out of triples of the graph, and is minimal."""
    answer = guideline.sparql(text)
    query = SelectQuery.read(text)
    solution = solution_of(query, dict(zip(answer.variables, answer.terms[number], strict=True)), guideline.store)
    quads = quads_behind(query, solution, guideline.store)
    assert all(quad in guideline.store for quad in quads)
    unlimited = text.partition(" ORDER BY")[0] if "LIMIT" in text else text
    assert answer.terms[number] in asks_again(unlimited, quads)
    for quad in quads:
        rest = Store()
        rest.extend(other for other in quads if other != quad)
        assert solution not in list(query.solutions(rest))


@pytest.mark.parametrize("name", list(FREE))
def test_rows_of_free_queries(guideline: Guideline, name: str) -> None:
    text = PREFIXES + FREE[name]
    rows = len(guideline.sparql(text).terms)
    assert rows
    for number in random.Random(4).sample(range(rows), min(ROWS_EACH, rows)):  # noqa: S311 - a draw
        holds(guideline, text, number)


def test_rows_of_all_named_questions(guideline: Guideline) -> None:
    assert len(guideline.questions) > 20
    for name, question in guideline.questions.items():
        text = guideline.text_of(name, **question.example())
        rows = len(guideline.sparql(text).terms)
        for number in random.Random(4).sample(range(rows), min(ROWS_EACH, rows)):  # noqa: S311 - a draw
            holds(guideline, text, number)


def test_a_default_does_not_stand_in_for_a_value_that_is_there(guideline: Guideline) -> None:
    """The row shows 1 because the graph says 1, so the triple that says so is part of the explanation."""
    text = PREFIXES + "SELECT ?m ?n { ?m a gkg:Modality OPTIONAL { ?m gkg:order ?x }"
    text += " BIND(COALESCE(?x, 1) AS ?n) FILTER(?n = 1) }"
    query = SelectQuery.read(text)
    (solution,) = query.solutions(guideline.store)
    behind = quads_behind(query, solution, guideline.store)
    assert [guideline.labels.shown(quad.predicate) for quad in behind] == ["rdf:type", "order"]


def test_each_triple_is_asserted_with_its_statement_or_derived(guideline: Guideline) -> None:
    """Row F-CA-2a, alendronate: the agent is derived, the class and all else the row shows is asserted."""
    which = {"statement": "F-CA-2a", "next": "alendronate"}
    (part,) = guideline.explain.row("sequential-agents", which, after="denosumab").parts
    derived = {guideline.labels.shown(one.fact[1]) for one in part.derivations if one.rule}
    assert derived == {"next agent", "has member"}
    inferred = {fact_of(q) for q in guideline.store.quads_for_pattern(None, None, None, INFERRED)}
    assert all((one.fact in inferred) == bool(one.rule) for one in part.derivations)
    statements = {guideline.labels[n.value] for one in part.derivations for n in one.origin.statements}
    assert statements == {"F-CA-2", "F-CA-2a", "F-CA-2b"}  # F-CA-2b is what to do then
    assert {n.value[-11:] for one in part.derivations for n in one.origin.sources} == {"SRC-OC-2023"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(?s) AS ?n) { ?s ?p ?o }",
        "SELECT ?p (MIN(?s) AS ?m) { ?s ?p ?o } GROUP BY ?p",
        "SELECT ?p { ?s ?p ?o } GROUP BY ?p",
        "SELECT ?p { ?s ?p ?o } GROUP BY ?p HAVING (COUNT(?s) > 1)",
    ],
)
def test_aggregates_are_refused_with_the_reason(guideline: Guideline, text: str) -> None:
    with pytest.raises(QueryError, match="makes one row of many solutions"):
        guideline.explain.sparql(text)


def test_other_forms_of_query_rows_and_columns_that_are_not_there_are_refused(guideline: Guideline) -> None:
    with pytest.raises(QueryError, match="write the query as SELECT"):
        guideline.explain.sparql("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 1")
    with pytest.raises(QueryError, match="depends on chance"):
        guideline.explain.sparql("SELECT (UUID() AS ?id) {}")
    with pytest.raises(ParameterError, match="has 9 rows: there is no row 10"):
        guideline.explain.row("agents-in-class", 10, **{"class": "antiresorptive"})
    with pytest.raises(ParameterError, match="no column 'agents'"):
        guideline.explain.row("agents-in-class", {"agents": "x"}, **{"class": "antiresorptive"})
