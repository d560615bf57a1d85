"""Whoever asks by topic finds every claim: no statement is known only to those who know its identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service import KnowledgeGraph, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.knowledge.questions import Question

NOT_BY_TOPIC = {
    "disputed-statements",
    "evidence-for",
    "lookup",
    "source-conflicts",
    "statement",
    "statements-by-source",
    "unresolved-citations",
}
UNREACHED = {"S-EFF-1": "introduces S-EFF-1.1 to S-EFF-1.4, which carry its figures and are reached"}
"""Statements that no question by topic shows, with the reason."""

CLAIMS = """
PREFIX gkg: <https://w3id.org/guideline-kg/core/>
SELECT DISTINCT ?statement WHERE {
  ?statement a gkg:Statement .
  MINUS { VALUES ?kind { gkg:CompositeStatement gkg:StudyDescription gkg:LicenceStatement } ?statement a ?kind }
}"""


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return load()


def parameters(graph: KnowledgeGraph, question: Question) -> Iterator[dict[str, str]]:
    """Yield what to ask the question with: nothing, or each value of the parameter that it requires."""
    required = [parameter for parameter in question.parameters if parameter.required]
    if not required:
        yield {}
        return
    (parameter,) = required
    members = graph.sparql(f"PREFIX gkg: <https://w3id.org/guideline-kg/core/> SELECT ?it {{ ?it a {parameter.kind} }}")
    for row in members.rows:
        yield {parameter.name: str(row["it"])}


def shown(graph: KnowledgeGraph, question: Question) -> set[str]:
    """Return the IRIs in all cells of all answers to the question."""
    answers = (graph.query(question.name, **given) for given in parameters(graph, question))
    return {str(cell) for answer in answers for row in answer.rows for cell in row.values()}


def test_every_statement_is_in_the_answer_to_a_question_by_topic(graph: KnowledgeGraph) -> None:
    assert set(graph.questions) > NOT_BY_TOPIC
    topical = [question for name, question in graph.questions.items() if name not in NOT_BY_TOPIC]
    found = set().union(*(shown(graph, question) for question in topical))
    claims = {str(row["statement"]) for row in graph.sparql(CLAIMS).rows}
    assert claims
    assert {claim.rpartition("/")[2] for claim in claims - found} == set(UNREACHED)
