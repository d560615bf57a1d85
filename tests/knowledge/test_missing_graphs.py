"""A graph that is asked of and not loaded is empty, never fetched, and named."""

import pytest

from kg_service import KnowledgeGraph

ABSENT = "http://127.0.0.1:9/absent"
CORE = "https://w3id.org/guideline-kg/core/"
PATTERN = "{ ?s ?p ?o }"


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        (f"ASK {PATTERN}", ()),
        (f"ASK FROM <{ABSENT}> {PATTERN}", (ABSENT,)),
        (f"ASK FROM NAMED <{ABSENT}> {{ GRAPH ?g {PATTERN} }}", (ABSENT,)),
        (f"ASK FROM <{CORE}> {PATTERN}", ()),
        (f"ASK FROM <{CORE}> FROM <{ABSENT}> FROM NAMED <{ABSENT}> {PATTERN}", (ABSENT,)),
        (f"PREFIX l: <http://127.0.0.1:9/> ASK FROM l:absent {PATTERN}", (ABSENT,)),
        ("ASK FROM <file:///etc/hostname> { ?s ?p ?o }", ("file:///etc/hostname",)),
        ("ASK { ?s ?p 'FROM <http://x/>' } # FROM <http://y/>", ()),
    ],
)
def test_the_graphs_of_the_query(guideline: KnowledgeGraph, query: str, missing: tuple[str, ...]) -> None:
    answer = guideline.sparql(query)
    assert answer.missing_graphs == missing
    if missing and CORE not in query:
        assert answer.boolean is False


def test_the_graphs_of_the_protocol_win(guideline: KnowledgeGraph) -> None:
    answer = guideline.sparql(f"ASK FROM <{ABSENT}> {PATTERN}", default_graphs=[CORE])
    assert answer.missing_graphs == ()
    assert answer.boolean is True
    assert guideline.sparql(f"ASK {PATTERN}", named_graphs=[ABSENT]).missing_graphs == (ABSENT,)
