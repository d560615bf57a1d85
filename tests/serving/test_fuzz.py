"""Requests made from the interface's own description, and made-up queries and records: none ends in a 5xx."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .live import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SOME = settings(FEW, max_examples=120)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server") / "log", time_limit=20, fair_time=20, memory_limit=500) as started:
        yield started


def test_requests_made_from_the_description(server: Running) -> None:
    described = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:

        @FEW
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:  # noqa: ANN401 - schemathesis' own case
            response = case.call()
            assert response.status_code < 500, response.text
            if response.status_code >= 400:
                assert response.headers["content-type"][0].startswith("application/problem+json")

        ask()


def check(server: Running, path: str, body: bytes, media_type: str) -> None:
    response = server.ask("POST", path, body, Content_Type=media_type)
    assert response.status < 500, response.body


VARIABLE = st.sampled_from(["?a", "?b", "?c"])
TERM = VARIABLE | st.sampled_from(
    ["<urn:x>", "1", '"x"@en', "'2026-01-01'^^<urn:t>", "true", "[]", "_:b", "(1 ?a)", "-1e3"]
)
PATH = st.recursive(
    VARIABLE | st.sampled_from(["a", "<urn:p>"]),
    lambda inner: (
        st.builds("({}){}".format, inner, st.sampled_from("*+?"))
        | st.builds("({}|{})".format, inner, inner)
        | st.builds("({}/^{})".format, inner, inner)
        | st.builds("!({})".format, inner)
    ),
    max_leaves=4,
)
EXPRESSION = st.recursive(
    TERM,
    lambda inner: (
        st.builds(
            "{}({},{})".format,
            st.sampled_from(["CONCAT", "REGEX", "STRDT", "COALESCE", "SUBSTR", "<urn:f>", "NOW"]),
            inner,
            inner,
        )
        | st.builds("({} {} {})".format, inner, st.sampled_from(["+", "/", "=", "<", "&&", "IN"]), inner)
    ),
    max_leaves=5,
)
GROUP = st.recursive(
    st.builds("{} {} {} .".format, TERM, PATH, TERM),
    lambda inner: (
        st.builds("{} OPTIONAL {{ {} }}".format, inner, inner)
        | st.builds("{{ {} }} UNION {{ {} }}".format, inner, inner)
        | st.builds("{} FILTER({})".format, inner, EXPRESSION)
        | st.builds("{} BIND({} AS ?d)".format, inner, EXPRESSION)
        | st.builds("{} FILTER NOT EXISTS {{ {} }}".format, inner, inner)
        | st.builds("GRAPH {} {{ {} }}".format, VARIABLE, inner)
        | st.builds("{} MINUS {{ {} }}".format, inner, inner)
        | st.builds("{{ SELECT {} {{ {} }} LIMIT 3 }}".format, VARIABLE, inner)
    ),
    max_leaves=3,
)
QUERY = st.builds(
    "{} {{ {} }} {}".format,
    st.sampled_from(
        ["SELECT *", "SELECT (COUNT(*) AS ?n)", "ASK", "CONSTRUCT { ?a ?b ?c } WHERE", "DESCRIBE ?a", "SELECT ?a"]
    ),
    GROUP,
    st.sampled_from(
        ["LIMIT 5", "GROUP BY ?a", "ORDER BY DESC(?b) LIMIT 5", "HAVING(?a > 1)", "OFFSET -1", "VALUES ?a { 1 UNDEF }"]
    ),
)


@SOME
@given(query=QUERY)
def test_made_up_queries(server: Running, query: str) -> None:
    check(server, "/sparql", query.encode(), "application/sparql-query")


NODE = st.sampled_from(
    ["<urn:p>", "_:b", "<>", "<http://[>", "p:Patient", "a", "[]", "()", "(1 2)", "<< <a:b> <a:c> 1 >>"]
)
LITERAL = st.builds(
    '"{}"^^<http://www.w3.org/2001/XMLSchema#{}>'.format,
    st.text(st.characters(exclude_characters='"\\\n\r', exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["date", "decimal", "boolean", "dateTime", "string", "nonsense"]),
)
TURTLE = st.lists(st.builds("{} {} {} .".format, NODE, NODE, NODE | LITERAL), max_size=6).map(
    lambda lines: "@prefix p: <https://w3id.org/guideline-kg/patient/> .\n" + "\n".join(lines)
)
JSON_LD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["@id", "@type", "@list", "http://127.0.0.1:9/x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@context", "@id", "@graph", "@type", "@import", "urn:p", "@value"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@SOME
@given(
    body=TURTLE.map(str.encode) | st.binary(max_size=60),
    kind=st.sampled_from(["text/turtle", "application/n-quads", "application/trig"]),
)
def test_made_up_records(server: Running, body: bytes, kind: str) -> None:
    check(server, "/validate", body, kind)


@SOME
@given(body=JSON_LD)
def test_made_up_json(server: Running, body: object) -> None:
    for kind in ("application/ld+json", "application/fhir+json"):
        check(server, "/validate", json.dumps(body).encode(), kind)


@SOME
@given(raw=st.binary(max_size=200))
def test_made_up_bytes(server: Running, raw: bytes) -> None:
    """Not HTTP at all, mostly."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.connect()
    connection.sock.sendall(raw + b"\r\n\r\n")
    connection.sock.shutdown(1)
    answer = connection.sock.recv(100)
    connection.close()
    assert not answer.startswith(b"HTTP/1.1 5")
