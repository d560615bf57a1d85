"""The endpoint by the protocol: what the W3C suite leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rdflib import Graph

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service.knowledge import KnowledgeGraph

TEA = "https://w3id.org/guideline-kg/graph/tea"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
NAMES = "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }"


def rows(response: object) -> list[dict[str, str]]:
    bindings = response.json["results"]["bindings"]  # type: ignore[attr-defined]
    return [{name: term["value"] for name, term in row.items()} for row in bindings]


def test_get_form_and_direct_post_agree(client: FlaskClient) -> None:
    got = client.get("/sparql", query_string={"query": COUNT})
    form = client.post("/sparql", data={"query": COUNT})
    direct = client.post("/sparql", data=COUNT, content_type="application/sparql-query")
    assert got.status_code == form.status_code == direct.status_code == 200
    assert got.data == form.data == direct.data


def test_default_graph_is_the_union_of_the_named_graphs(client: FlaskClient, graph: KnowledgeGraph) -> None:
    union = {quad.triple for quad in graph.store}
    assert rows(client.get("/sparql", query_string={"query": COUNT})) == [{"n": str(len(union))}]


def test_default_graph_uri_narrows_the_dataset(client: FlaskClient, graph: KnowledgeGraph) -> None:
    one = sum(1 for quad in graph.store if str(quad.graph_name.value) == TEA)
    asked = {"query": COUNT, "default-graph-uri": TEA}
    assert rows(client.get("/sparql", query_string=asked)) == [{"n": str(one)}]
    assert rows(client.post("/sparql", data=asked)) == [{"n": str(one)}]
    in_url = client.post(
        "/sparql", data=COUNT, content_type="application/sparql-query", query_string={"default-graph-uri": TEA}
    )
    assert rows(in_url) == [{"n": str(one)}]


def test_named_graph_uri_narrows_graph(client: FlaskClient) -> None:
    assert rows(client.get("/sparql", query_string={"query": NAMES, "named-graph-uri": TEA})) == [{"g": TEA}]


def test_a_graph_that_is_not_loaded_is_empty(client: FlaskClient) -> None:
    asked = {"query": COUNT, "default-graph-uri": "https://example.org/nowhere"}
    assert rows(client.get("/sparql", query_string=asked)) == [{"n": "0"}]


def test_dataset_of_the_protocol_beats_from(client: FlaskClient) -> None:
    query = "ASK FROM <https://example.org/nowhere> { ?s ?p ?o }"
    response = client.get("/sparql", query_string={"query": query, "default-graph-uri": TEA})
    assert response.json == {"head": {}, "boolean": True}


def test_a_graph_name_that_is_no_iri_is_refused(client: FlaskClient) -> None:
    response = client.get("/sparql", query_string={"query": COUNT, "default-graph-uri": "not an iri"})
    assert response.status_code == 400


def test_unknown_parameters_are_ignored(client: FlaskClient) -> None:
    extras = {"format": "json", "output": "json", "results": "json", "ac": "1"}
    assert client.get("/sparql", query_string={"query": COUNT, **extras}).status_code == 200
    assert client.post("/sparql", data={"query": COUNT, **extras}).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param({"method": "POST", "data": {"other": "1"}}, 400, id="form-without-query"),
        pytest.param({"method": "POST", "data": {"query": ["ASK {}", "ASK {}"]}}, 400, id="two-queries-in-form"),
        pytest.param(
            {"method": "POST", "data": {"query": "ASK {}"}, "query_string": {"query": "ASK {}"}},
            400,
            id="query-in-form-and-url",
        ),
        pytest.param(
            {
                "method": "POST",
                "data": "ASK {}",
                "content_type": "application/sparql-query",
                "query_string": {"query": "ASK {}"},
            },
            400,
            id="query-in-body-and-url",
        ),
        pytest.param({"method": "GET", "query_string": "query=%FF%FE"}, 400, id="url-not-utf8"),
        pytest.param(
            {"method": "POST", "data": b"query=%FF", "content_type": "application/x-www-form-urlencoded"},
            400,
            id="form-not-utf8",
        ),
        pytest.param(
            {"method": "POST", "data": b"ASK {} # \xff", "content_type": "application/sparql-query"},
            400,
            id="body-not-utf8",
        ),
        pytest.param(
            {"method": "POST", "data": "ASK {}", "content_type": "application/sparql-query; charset=latin-1"},
            400,
            id="charset-not-utf8",
        ),
        pytest.param({"method": "POST", "data": "{}", "content_type": "application/json"}, 415, id="json-body"),
        pytest.param({"method": "POST", "data": "ASK {}"}, 415, id="no-media-type"),
        pytest.param(
            {
                "method": "POST",
                "data": "ASK {}",
                "content_type": "application/sparql-query",
                "headers": {"Content-Encoding": "gzip"},
            },
            415,
            id="compressed",
        ),
        pytest.param({"method": "POST", "data": {"update": "CLEAR ALL"}}, 403, id="update-form"),
        pytest.param({"method": "GET", "query_string": {"update": "CLEAR ALL"}}, 403, id="update-url"),
        pytest.param(
            {"method": "POST", "data": "CLEAR ALL", "content_type": "application/sparql-update"},
            403,
            id="update-body",
        ),
        pytest.param({"method": "GET", "query_string": {"query": "CLEAR ALL"}}, 400, id="update-as-query"),
        pytest.param({"method": "POST", "data": {"query": "#" * 1_100_000}}, 413, id="too-long"),
        pytest.param({"method": "PUT", "data": "ASK {}"}, 405, id="put"),
        pytest.param({"method": "PATCH"}, 405, id="patch"),
        pytest.param({"method": "DELETE"}, 405, id="delete"),
    ],
)
def test_refusals(client: FlaskClient, request_: dict[str, object], status: int) -> None:
    response = client.open("/sparql", **request_)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert response.json["status"] == status
    assert response.json["detail"]


@pytest.mark.parametrize("text", ["CLEAR ALL", "INSERT DATA { <a:a> <a:b> <a:c> }", "LOAD <http://example.org/>"])
def test_updates_are_told_that_the_endpoint_is_read_only(client: FlaskClient, text: str) -> None:
    for response in (
        client.post("/sparql", data={"update": text}),
        client.post("/sparql", data=text, content_type="application/sparql-update"),
        client.post("/sparql", data={"query": text}),
    ):
        assert response.status_code in {400, 403}
        assert response.json is not None
        assert "read-only" in response.json["detail"]


def test_other_methods_are_told_the_ones_allowed(client: FlaskClient) -> None:
    response = client.put("/sparql")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_malformed_query_names_line_and_column(client: FlaskClient) -> None:
    response = client.post("/sparql", data={"query": "SELECT *\nWHERE { ?s ?p }"})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["line"] == 2
    assert response.json["column"] > 1
    plain = client.post("/sparql", data={"query": "SELECT *\nWHERE { ?s ?p }"}, headers={"Accept": "text/plain"})
    assert plain.content_type == "text/plain; charset=utf-8"
    assert "line: 2" in plain.text


def test_head_is_get_without_a_body(client: FlaskClient) -> None:
    got, head = (client.open("/sparql", method=m, query_string={"query": COUNT}) for m in ("GET", "HEAD"))
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.content_type == got.content_type


def test_options_opens_the_endpoint_to_scripts_of_all_sites(client: FlaskClient) -> None:
    response = client.options("/sparql", headers={"Origin": "https://editor.example"})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert client.get("/sparql").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/queries", "/graphs?default", "/statements/T-1", "/healthz", "/nothing"])
def test_nothing_else_is_opened(client: FlaskClient, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path).headers


def test_every_answer_names_the_release(client: FlaskClient, graph: KnowledgeGraph) -> None:
    for path in ("/", "/sparql", "/sparql?query=ASK+{}", "/queries", "/queries/teas", "/nothing", "/healthz"):
        response = client.get(path)
        assert response.headers["Graph-Digest"] == graph.digest
        if response.status_code == 200 and path != "/healthz":
            assert response.headers["ETag"].startswith(f'"{graph.digest.rpartition(":")[2][:16]}-')


def test_an_answer_that_the_client_holds_is_not_sent_again(client: FlaskClient) -> None:
    asked = {"query": COUNT}
    etag = client.get("/sparql", query_string=asked).headers["ETag"]
    again = client.get("/sparql", query_string=asked, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/sparql", query_string=asked, headers={"If-None-Match": etag, "Accept": "text/csv"})
    assert other.status_code == 200


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # rdflib's own reader of JSON-LD
@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_description_without_a_query(client: FlaskClient, media_type: str) -> None:
    response = client.get("/sparql", headers={"Accept": media_type})
    assert response.mimetype == media_type
    described = Graph().parse(data=response.data, format=media_type, publicID="http://localhost/sparql")
    reference = client.get("/sparql")
    assert len(described) == len(Graph().parse(data=reference.data, format="turtle")) > 20


def test_browsers_get_a_page_with_a_query_box(client: FlaskClient) -> None:
    page = client.get("/sparql", headers={"Accept": "text/html"}).text
    assert '<form method="post" action="/sparql">' in page
    assert '<textarea id="query" name="query"' in page
    answer = client.post("/sparql", data={"query": COUNT}, headers={"Accept": "text/html"})
    assert answer.mimetype == "text/html"
    assert '<th scope="col">n</th>' in answer.text


def test_a_graph_that_is_not_loaded_is_named(client: FlaskClient) -> None:
    response = client.get("/sparql", query_string={"query": "ASK FROM <http://127.0.0.1:9/ä> { ?s ?p ?o }"})
    assert response.status_code == 200
    assert response.headers["Graph-Missing"] == "<http://127.0.0.1:9/%C3%A4>"
    assert "Graph-Missing" not in client.get("/sparql", query_string={"query": "ASK { ?s ?p ?o }"}).headers


def test_an_answer_names_the_query_it_answers(client: FlaskClient, graph: KnowledgeGraph) -> None:
    """SHA-256 by hand: printf '%s' 'ASK {}' | sha256sum."""
    expected = "sha256:819ea91ed5f12b38cced0681c93fbb6a850455b3d9fa51852ffba5f85a5f355a"
    assert client.get("/sparql?query=ASK+{}").headers["Query-Digest"] == expected
    assert client.post("/sparql", data={"query": "ASK {}"}).headers["Query-Digest"] == expected
    teas = client.get("/queries/advice?about=green+tea").headers["Query-Digest"]
    assert teas == graph.query("advice", about="green tea").record["query_digest"]
    assert client.get("/explain?question=advice&about=green+tea").headers["Query-Digest"] == teas
    assert "Query-Digest" in client.get("/sparql?query=ASK+{}").headers["Access-Control-Expose-Headers"]
    assert "Query-Digest" not in client.get("/sparql").headers
