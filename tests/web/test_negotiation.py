"""Which representation each client gets; the Accept headers are those that the clients were measured to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

SELECT = "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"
ASK = "ASK {}"
CONSTRUCT = "CONSTRUCT WHERE { ?s ?p ?o }"
DESCRIBE = "DESCRIBE <https://w3id.org/guideline-kg/statement/T-1>"

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
TURTLE = "text/turtle"
NTRIPLES = "application/n-triples"
RDFXML = "application/rdf+xml"
JSONLD = "application/ld+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
JENA_SELECT = f"{JSON}, {XML};q=0.9, {TSV};q=0.7, {CSV};q=0.5, application/json;q=0.2, application/xml;q=0.2, */*;q=0.1"
JENA_GRAPH = f"{TURTLE},{NTRIPLES};q=0.9,{JSONLD};q=0.8,{RDFXML};q=0.7,*/*;q=0.3"


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        pytest.param(SELECT, None, JSON, id="select-no-header"),
        pytest.param(SELECT, "", JSON, id="select-empty-header"),
        pytest.param(SELECT, "*/*", JSON, id="select-anything"),
        pytest.param(ASK, "*/*", JSON, id="ask-anything"),
        pytest.param(CONSTRUCT, None, TURTLE, id="construct-no-header"),
        pytest.param(DESCRIBE, "*/*", TURTLE, id="describe-anything"),
        pytest.param(SELECT, JENA_SELECT, JSON, id="jena-select"),
        pytest.param(CONSTRUCT, JENA_GRAPH, TURTLE, id="jena-construct"),
        pytest.param(SELECT, XML, XML, id="sparqlwrapper-default"),
        pytest.param(
            SELECT, f"{JSON},application/json,text/javascript,application/javascript", JSON, id="sparqlwrapper-json"
        ),
        pytest.param(SELECT, "text/javascript", JSON, id="javascript-alone"),
        pytest.param(CONSTRUCT, RDFXML, RDFXML, id="sparqlwrapper-construct"),
        pytest.param(CONSTRUCT, "application/turtle,text/turtle", TURTLE, id="sparqlwrapper-turtle"),
        pytest.param(CONSTRUCT, "application/turtle", TURTLE, id="old-name-of-turtle"),
        pytest.param(SELECT, f"{XML}, {RDFXML}", XML, id="rdflib-select"),
        pytest.param(CONSTRUCT, f"{XML}, {RDFXML}", RDFXML, id="rdflib-construct"),
        pytest.param(SELECT, f"{JSON},*/*;q=0.9", JSON, id="yasgui-select"),
        pytest.param(CONSTRUCT, f"{NTRIPLES},*/*;q=0.9", NTRIPLES, id="yasgui-construct"),
        pytest.param(SELECT, f"{JSON};q=1.0,{XML};q=0.7", JSON, id="comunica"),
        pytest.param(SELECT, BROWSER, "text/html", id="browser"),
        pytest.param(SELECT, "application/json", JSON, id="json-by-its-short-name"),
        pytest.param(SELECT, "text/xml", XML, id="xml-by-its-old-name"),
        pytest.param(SELECT, f"{XML};q=0.5, {JSON};q=0.4", XML, id="higher-weight-wins"),
        pytest.param(SELECT, f"{JSON};q=0, */*", XML, id="weight-zero-excludes-the-default"),
        pytest.param(SELECT, f"{CSV}, */*", CSV, id="named-beats-wildcard"),
        pytest.param(SELECT, "text/*", CSV, id="family"),
        pytest.param(CONSTRUCT, "text/*", TURTLE, id="family-of-graphs"),
        pytest.param(SELECT, f"{CSV};charset=utf-8", CSV, id="parameters-are-ignored"),
        pytest.param(SELECT, "TEXT/CSV", CSV, id="case-is-ignored"),
    ],
)
def test_type_sent(client: FlaskClient, query: str, accept: str | None, expected: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = client.get("/sparql", query_string={"query": query}, headers=headers)
    assert response.status_code == 200
    assert response.content_type == f"{expected}; charset=utf-8"
    assert "Accept" in response.vary


@pytest.mark.parametrize(
    ("query", "accept", "available"),
    [
        pytest.param(SELECT, TURTLE, [JSON, XML, CSV, TSV], id="table-as-graph"),
        pytest.param(CONSTRUCT, JSON, [TURTLE, NTRIPLES, RDFXML, JSONLD], id="graph-as-table"),
        pytest.param(ASK, CSV, [JSON, XML], id="boolean-as-csv"),
        pytest.param(SELECT, "image/png", [JSON, XML, CSV, TSV], id="picture"),
        pytest.param(SELECT, "*/*;q=0", [JSON, XML, CSV, TSV], id="everything-excluded"),
    ],
)
def test_nothing_fits(client: FlaskClient, query: str, accept: str, available: list[str]) -> None:
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    assert response.status_code == 406
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert response.json["available"] == [*available, "text/html"]
