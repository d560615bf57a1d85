"""What is sent is what was inspected, whichever way a server reads."""

from __future__ import annotations

import pytest

from kg_service.errors import RefusedQuery
from kg_service.knowledge.engine import Query
from kg_service.knowledge.namespaces import XSD
from kg_service.knowledge.remote.portable import portable


def sent(text: str, base_iri: str | None = None) -> str:
    return portable(Query.inspect(text, base_iri=base_iri))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SELECT?s{?s ?p 1.5}", "SELECT?s{?s ?p 1.5}", id="as it is"),
        pytest.param('ASK { ?s ?p "a"@en , -3 , 2<=1 }', 'ASK { ?s ?p "a"@en , -3 , 2<=1 }', id="signs stay together"),
        pytest.param("ASK # \\u000A SERVICE <http://e/>\n{ }", "ASK { }", id="escape in a comment"),
        pytest.param("#pragma\nASK {#x\n}", " ASK { }", id="comments"),
        pytest.param(r'ASK { ?s ?p "\u0022 } #" }', 'ASK { ?s ?p "\\" } #" }', id="escape in a string"),
        pytest.param(r"ASK { ?s ?p '''\u0027\u000A\U0001F600''' }", "ASK { ?s ?p '''\\'\\n😀''' }", id="long string"),
        pytest.param(r'ASK { ?s ?p "\\ \n \" x" }', r'ASK { ?s ?p "\\ \n \" x" }', id="other escapes"),
        pytest.param(r"ASK { <http://e/\u00E9> ?p ?o }", "ASK { <http://e/é> ?p ?o }", id="escape in an IRI"),
        pytest.param("ASK FROM <urn:a> FROM NAMED <urn:b> { }", "ASK       { }", id="FROM"),
        pytest.param("PREFIX e: <urn:> ASK FROM e:a{}", "PREFIX e: <urn:> ASK   {}", id="FROM with prefix"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert sent(text).split() == expected.split()


def test_relative_iris_have_the_base_of_the_door() -> None:
    assert sent("ASK { <a> ?p ?o }", "http://e/sparql") == "BASE <http://e/sparql>\nASK { <a> ?p ?o }"


@pytest.mark.parametrize("text", [r'ASK { ?s ?p "\\u0022 } #" }', r"ASK { ?s ?p '''\\U00000027''' }"])
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(RefusedQuery, match="two ways"):
        sent(text)


@pytest.mark.parametrize(
    "text",
    [
        "PREFIX bif: <bif:> ASK { FILTER(bif:http_get('http://127.0.0.1:9/')) }",
        "PREFIX b: <\\u0062if:> ASK { ?s b:contains 'x' }",
        "ASK { ?s <JAVA:org.example.Code> ?o }",
        "PREFIX e: <http://e/> SELECT (e:f(?x) AS ?y) { ?x ?p ?o }",
        "ASK { ?x ?p ?o FILTER <http://e/f>(?x) }",
        "PREFIX xsd: <http://e/> ASK { FILTER(xsd:integer(1)) }",
        "ASK { ?x ?p ?o } ORDER BY <http://e/f> (?x)",
    ],
)
def test_code_of_the_server_is_not_called(text: str) -> None:
    with pytest.raises(RefusedQuery, match="own"):
        sent(text)


def test_casts_are_sent() -> None:
    text = f"PREFIX x: <{XSD}> ASK {{ FILTER(x:integer('1') IN (<{XSD}int>(1))) }}"
    assert sent(text) == text


def test_a_base_that_is_no_iri_is_not_sent() -> None:
    with pytest.raises(ValueError, match="IRI"):
        sent("ASK {}", "http://e/> ASK { SERVICE <http://127.0.0.1:9/> {} } #")
