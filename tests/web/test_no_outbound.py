"""Nothing goes out: no request makes the service open a connection or read a file."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

MARK = "9f1c0e52"
CONTENT = f'<https://example.org/s> <https://example.org/p> "{MARK}" .\n'


class Outside(HTTPServer):
    """A server elsewhere, that notes what it is asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/data.nt"


class Answering(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/n-triples")
        self.end_headers()
        self.wfile.write(CONTENT.encode())

    do_POST = do_GET  # noqa: N815 - the name is the base class's

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_hazard_is_real_and_would_be_seen(outside: Outside) -> None:
    """Oxigraph itself does follow SERVICE."""
    with pytest.raises((OSError, RuntimeError, ValueError, SyntaxError)):
        list(ox.Store().query(f"SELECT * {{ SERVICE <{outside.url}> {{ ?s ?p ?o }} }}"))
    assert outside.seen


SERVICE = [
    pytest.param("SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", id="service"),
    pytest.param("SELECT * {{ sErViCe <{url}> {{ ?s ?p ?o }} }}", id="mixed-case"),
    pytest.param("SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}", id="silent"),
    pytest.param("SELECT * {{ ?s ?p ?o FILTER EXISTS {{ SERVICE <{url}> {{ ?a ?b ?c }} }} }}", id="in-exists"),
    pytest.param("SELECT * {{ BIND(<{url}> AS ?u) SERVICE ?u {{ ?s ?p ?o }} }}", id="variable"),
    pytest.param("PREFIX e: <{url}> ASK {{ SERVICE e: {{ ?s ?p ?o }} }}", id="prefixed"),
    pytest.param("PREFIX e: <{url}> ASK {{ SERVICEe:{{ ?s ?p ?o }} }}", id="no-space-before-prefix"),
    pytest.param("ASK {{ SERVICE<{url}>{{ ?s ?p ?o }} }}", id="no-space-before-iri"),
    pytest.param("ASK {{ #\nSERVICE#\n<{url}>#\n{{}} }}", id="among-comments"),
    pytest.param("SELECT * {{ {{ SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }} }}", id="in-subquery"),
    pytest.param("CONSTRUCT {{ ?s ?p ?o }} {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", id="construct"),
    pytest.param("DESCRIBE ?s {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", id="describe"),
    pytest.param('ASK {{ FILTER("#" = "#") SERVICE <{url}> {{}} }}', id="hash-in-string"),
    pytest.param("PREFIX e: <{url}> ASK {{ BIND(1 AS ?a) FILTER(?a<2)SERVICEe:#>\n{{}} }}", id="behind-less-than"),
    pytest.param(
        "PREFIX e: <{url}> ASK {{ BIND(<http://a/\\u0041#> AS ?x) SERVICE e: {{}}\n }}", id="behind-an-escaped-iri"
    ),
]


@pytest.mark.parametrize("query", SERVICE)
def test_service_is_refused(client: FlaskClient, outside: Outside, query: str) -> None:
    response = client.post("/sparql", data={"query": query.format(url=outside.url)})
    assert outside.seen == []
    assert response.status_code == 400
    assert response.json is not None
    assert "SERVICE" in response.json["detail"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("LOAD <{url}>", id="load"),
        pytest.param("LOAD SILENT <{url}> INTO GRAPH <urn:g>", id="load-silent"),
        pytest.param("INSERT DATA {{ <urn:a> <urn:b> <{url}> }}", id="insert"),
        pytest.param("ASK {{}} ; LOAD <{url}>", id="load-after-a-query"),
    ],
)
def test_updates_do_nothing(client: FlaskClient, outside: Outside, query: str) -> None:
    text = query.format(url=outside.url)
    for response in (
        client.post("/sparql", data={"query": text}),
        client.post("/sparql", data={"update": text}),
        client.post("/sparql", data=text, content_type="application/sparql-update"),
    ):
        assert response.status_code in {400, 403}
    assert outside.seen == []
    assert client.get("/sparql?query=ASK+{+GRAPH+<urn:g>+{?s+?p+?o}}").json == {"head": {}, "boolean": False}


@pytest.fixture(params=["http", "file", "path"])
def address(request: pytest.FixtureRequest, outside: Outside, tmp_path: Path) -> str:
    """Something that could be read, if the service did read: at a URL, as a file URL, and as a path."""
    file = tmp_path / "data.nt"
    file.write_text(CONTENT, encoding="utf-8")
    return {"http": outside.url, "file": file.as_uri(), "path": str(file)}[request.param]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM <{url}> {{ ?s ?p ?o }}",
        "SELECT * FROM NAMED <{url}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        "CONSTRUCT {{ ?s ?p ?o }} FROM <{url}> WHERE {{ ?s ?p ?o }}",
        "DESCRIBE <{url}>",
        "SELECT * {{ GRAPH <{url}> {{ ?s ?p ?o }} }}",
    ],
)
def test_graphs_that_are_not_loaded_are_empty(client: FlaskClient, outside: Outside, address: str, query: str) -> None:
    response = client.post("/sparql", data={"query": query.format(url=address)})
    assert response.status_code == 200
    assert MARK not in response.text
    assert outside.seen == []


@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
def test_dataset_of_the_protocol_is_not_fetched(
    client: FlaskClient, outside: Outside, address: str, parameter: str
) -> None:
    query = "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
    response = client.get("/sparql", query_string={"query": query, parameter: address})
    assert response.status_code in {200, 400}
    assert MARK not in response.text
    assert outside.seen == []


@pytest.mark.parametrize("path", ["/graphs?graph={}", "/queries/advice?about={}", "/queries/{}", "/statements/{}"])
def test_other_doors_fetch_nothing(client: FlaskClient, outside: Outside, address: str, path: str) -> None:
    response = client.get(path.format(address))
    assert response.status_code in {400, 404}
    assert MARK not in response.text
    assert outside.seen == []
