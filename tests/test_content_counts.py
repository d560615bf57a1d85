"""docs/content.md counts what is in the graph; when the graph changes, this test prints the tables to put there."""

from pathlib import Path

import pytest

from kg_service import KnowledgeGraph

PAGE = Path(__file__).parents[1] / "docs" / "content.md"

PREFIXES = """
PREFIX gkg: <https://w3id.org/guideline-kg/core/>
PREFIX graph: <https://w3id.org/guideline-kg/graph/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
TABLES = {
    "Passages by source": """
        SELECT ?source (COUNT(DISTINCT ?row) AS ?rows) (COUNT(DISTINCT ?part) AS ?atoms)
               (COUNT(DISTINCT ?figure) AS ?figures)
        WHERE {
          ?passage dcterms:source/dcterms:identifier ?source ; dcterms:identifier ?id .
          OPTIONAL { ?passage gkg:figure ?figure }
          BIND(REGEX(?id, "[0-9A-Z][a-z]$") AS ?lettered)
          OPTIONAL { ?passage dcterms:isPartOf ?whole . ?whole a gkg:Statement ; dcterms:identifier ?outer .
                     FILTER(?lettered && STRSTARTS(?id, ?outer)) }
          BIND(IF(BOUND(?whole), ?passage, 1/0) AS ?part)
          BIND(IF(BOUND(?whole), 1/0, ?passage) AS ?row)
        } GROUP BY ?source ORDER BY ?source""",
    "Passages by kind": """
        SELECT ?kind (COUNT(DISTINCT ?passage) AS ?passages)
        WHERE {
          GRAPH ?file { ?passage a ?type ; dcterms:identifier ?id ; gkg:locator ?locator }
          FILTER(?file != graph:inferred)
          ?type rdfs:label ?kind
        } GROUP BY ?kind ORDER BY ?kind""",
    "Passages by verification": """
        SELECT ?status (COUNT(DISTINCT ?passage) AS ?passages)
        WHERE { ?passage a gkg:Passage ; gkg:verification/rdfs:label ?status } GROUP BY ?status ORDER BY ?status""",
}


def as_markdown(rows: list[dict[str, str]]) -> str:
    head = list(rows[0])
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


@pytest.mark.parametrize("title", TABLES)
def test_the_page_counts_what_is_there(guideline: KnowledgeGraph, title: str) -> None:
    table = as_markdown(guideline.sparql(PREFIXES + TABLES[title]).readable())
    assert f"## {title}\n\n{table}\n" in PAGE.read_text(encoding="utf-8"), f"docs/content.md should hold:\n{table}"


def test_every_source_is_counted_or_named_as_silent(guideline: KnowledgeGraph) -> None:
    """62 sources: 59 with passages; three are registered only."""
    sources = {
        row["id"] for row in guideline.sparql(PREFIXES + "SELECT ?id { ?s a gkg:Source ; dcterms:identifier ?id }").rows
    }
    assert len(sources) == 62
    with_passages = {row["source"] for row in guideline.sparql(PREFIXES + TABLES["Passages by source"]).rows}
    assert sources - with_passages == {"SRC-FIXEN-2021", "SRC-JBMR-READM", "SRC-TOMINAGA"}


def test_every_row_of_the_evidence_is_counted_once(guideline: KnowledgeGraph) -> None:
    """56 lines of the article and 127 verified facts of other sources."""
    rows = {row["source"]: row["rows"] for row in guideline.sparql(PREFIXES + TABLES["Passages by source"]).rows}
    assert rows.pop("SRC-ARTICLE") == 56
    assert sum(rows.values()) == 127
