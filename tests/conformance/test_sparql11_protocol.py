"""The W3C's SPARQL 1.1 Protocol tests, driven from their manifest.

Query-side tests and malformed updates are run as the manifest says. Well-formed updates need a writable
store, which this service has not on purpose; for them the suite is not applicable, and what is shown
instead is that they are refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection

from kg_service.knowledge import KnowledgeGraph
from kg_service.web import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from rdflib.term import Node
    from werkzeug.test import TestResponse

SUITE = Path(__file__).parents[3] / "shared" / "conformance" / "sparql11-protocol"
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
RDFS_LABEL = URIRef("http://www.w3.org/2000/01/rdf-schema#label")

TABULAR = {
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
}
BOOLEAN = {"application/sparql-results+json", "application/sparql-results+xml"}
RDF_TYPES = {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"}

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="the W3C suite in ../shared/conformance is not here")


@dataclass(frozen=True)
class Exchange:
    """One request of a test and what is expected of its answer."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statuses: frozenset[int]
    format: str | None
    boolean: bool | None


def text(manifest: Graph, subject: Node, predicate: URIRef) -> str:
    return str(manifest.value(subject, predicate, default=""))


def read_exchange(manifest: Graph, request: Node) -> Exchange:
    body = manifest.value(request, HT.body)
    response = manifest.value(request, HT.resp)
    header_list = manifest.value(request, HT.headers)
    headers = Collection(manifest, header_list) if header_list else []
    content = text(manifest, body, CNT.chars) if body else ""
    encoding = text(manifest, body, CNT.characterEncoding) if body else "UTF-8"
    boolean = manifest.value(response, MF.expectedBoolean)
    return Exchange(
        method=text(manifest, request, HT.methodName),
        path=text(manifest, request, HT.absolutePath).replace("/sparql/", "/sparql", 1),
        headers=tuple((text(manifest, h, HT.fieldName), text(manifest, h, HT.fieldValue)) for h in headers),
        body=content.encode(encoding),
        statuses=frozenset(
            int(str(status).rpartition("StatusCode")[2][0]) for status in manifest.objects(response, MF.expectedStatus)
        ),
        format=text(manifest, response, MF.expectedFormat) or None,
        boolean=None if boolean is None else bool(boolean.toPython()),
    )


def read_suite() -> dict[str, list[Exchange]]:
    if not SUITE.is_dir():
        return {}
    manifest = Graph().parse(SUITE / "manifest.ttl", format="turtle", publicID="http://suite.example/manifest.ttl")
    entries = manifest.value(predicate=MF.entries, object=None, subject=manifest.value(None, RDF.type, MF.Manifest))
    suite = {}
    for entry in Collection(manifest, entries):
        connection = manifest.value(entry, MF.action)
        requests = Collection(manifest, manifest.value(connection, HT.requests))
        suite[str(entry).rpartition("#")[2]] = [read_exchange(manifest, request) for request in requests]
    return suite


TESTS = read_suite()
QUERY_SIDE = [name for name in TESTS if "query" in name or name == "bad_multiple_queries"]
MALFORMED_UPDATES = [name for name in TESTS if name.startswith("bad_") and "update" in name]
UPDATES = [name for name in TESTS if name.startswith("update_")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Serve the suite's data under the names that the manifest uses.

    The engine names a graph after the one ontology that its file declares, so each file gets that declaration.
    """
    root = tmp_path_factory.mktemp("w3c")
    for folder in ("ontology", "queries", "shapes"):
        (root / folder).mkdir()
    for file in sorted(SUITE.glob("data*.nt")):
        name = f"http://kasei.us/2009/09/sparql/data/{file.stem}.rdf"
        declared = f"<{name}> a <http://www.w3.org/2002/07/owl#Ontology> .\n"
        (root / "ontology" / f"{file.stem}.ttl").write_text(
            declared + file.read_text(encoding="utf-8"), encoding="utf-8"
        )
    return create_app(KnowledgeGraph.load(root)).test_client()


def send(client: FlaskClient, exchange: Exchange) -> TestResponse:
    return client.open(
        exchange.path,
        method=exchange.method,
        headers=list(exchange.headers),
        data=exchange.body,
        base_url="http://www.example",
    )


def read_boolean(response: TestResponse) -> bool:
    if response.mimetype.endswith("+json"):
        return json.loads(response.data)["boolean"]
    found = ET.fromstring(response.data).find("{http://www.w3.org/2005/sparql-results#}boolean")  # noqa: S314
    return found.text == "true"


def check(response: TestResponse, exchange: Exchange) -> None:
    assert response.status_code // 100 in exchange.statuses, response.text
    if exchange.format == "boolean":
        assert response.mimetype in BOOLEAN
    elif exchange.format == "tabular":
        assert response.mimetype in TABULAR
    elif exchange.format == "RDF":
        assert response.mimetype in RDF_TYPES
        Graph().parse(data=response.data, format=response.mimetype, publicID="http://www.example/")
    if exchange.boolean is not None:
        assert read_boolean(response) is exchange.boolean


def test_every_test_of_the_manifest_is_run() -> None:
    assert (len(QUERY_SIDE), len(MALFORMED_UPDATES), len(UPDATES)) == (20, 7, 7)
    assert {*QUERY_SIDE, *MALFORMED_UPDATES, *UPDATES} == set(TESTS)


@pytest.mark.parametrize("name", QUERY_SIDE)
def test_query_side(client: FlaskClient, name: str) -> None:
    for exchange in TESTS[name]:
        check(send(client, exchange), exchange)


@pytest.mark.parametrize("name", MALFORMED_UPDATES)
def test_malformed_update(client: FlaskClient, name: str) -> None:
    for exchange in TESTS[name]:
        check(send(client, exchange), exchange)


@pytest.mark.parametrize("name", UPDATES)
def test_update_is_not_applicable_to_a_read_only_endpoint_and_refused(client: FlaskClient, name: str) -> None:
    response = send(client, TESTS[name][0])
    assert response.status_code == 403
    assert "read-only" in response.json["detail"]
