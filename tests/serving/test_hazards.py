"""The proven hazards of the libraries beneath, tried at every door of a running server that holds the released graph.

Nothing goes out, no file is read, nothing of a body is logged or kept, and the next request is answered. What only a
program can ask for (files and URLs as arguments of a library, options of engines) is out of reach here: a door takes
bodies and names, never paths. `tests/web/test_no_outbound.py` has every spelling of SERVICE, FROM and LOAD.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from .live import Running, running, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "zzyzx-of-a-file"
NAME = "zzyzx-of-a-patient"
CONTEXT = json.dumps({"@context": {"name": f"urn:{MARK}"}})


class Outside(http.server.ThreadingHTTPServer):
    """A server elsewhere, which notes that it was reached."""

    seen = 0

    def verify_request(self, *_: object) -> bool:
        self.seen += 1
        return False


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    server = Outside(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    thread.join()
    server.server_close()
    assert server.seen == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("server") / "log"
    with running(log, root=None, time_limit=3.0) as started:
        yield started
        assert until(lambda: '"status": 200' in log.read_text())
        assert NAME not in log.read_text()
        assert MARK not in log.read_text()


@pytest.fixture(params=["http", "file", "path"])
def address(request: pytest.FixtureRequest, outside: str, tmp_path: Path) -> str:
    file = tmp_path / "secret.jsonld"
    file.write_text(CONTEXT, encoding="utf-8")
    return {"http": outside, "file": file.as_uri(), "path": str(file)}[request.param]


def harmless(server: Running, path: str, body: str, media_type: str) -> int:
    started = time.monotonic()
    response = server.ask("POST", path, body.encode(), Content_Type=media_type)
    assert time.monotonic() - started < 5
    assert response.status < 500 or response.headers["Retry-After"]
    assert MARK.encode() not in response.body
    assert NAME.encode() not in response.body
    assert server.get("/sparql?query=ASK+%7B%7D").status == 200
    return response.status


DOORS = ["/validate", "/explain?rule=x"]
CONTEXTS = [
    '{{"@context": "{0}", "@id": "urn:x", "name": "{1}"}}',
    '{{"@context": ["{0}"], "@id": "urn:x", "name": "{1}"}}',
    '{{"@context": {{"@import": "{0}"}}, "@id": "urn:x", "name": "{1}"}}',
    '{{"@context": {{"p": {{"@id": "urn:p", "@context": "{0}"}}}}, "@id": "urn:x", "p": {{"name": "{1}"}}}}',
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("body", CONTEXTS)
def test_contexts_of_json_ld_are_not_fetched(server: Running, door: str, body: str, address: str) -> None:
    assert harmless(server, door, body.format(address, NAME), "application/ld+json") in range(400, 500)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} }}",
        "ASK {{ FILTER EXISTS {{ SERVICE <{0}> {{ ?s ?p ?o }} }} }}",
        "SELECT * FROM <{0}> {{ ?s ?p ?o }}",
        "SELECT * FROM NAMED <{0}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        "LOAD <{0}>",
        "DESCRIBE <{0}>",
    ],
)
def test_queries_reach_loaded_graphs_only(server: Running, query: str, address: str) -> None:
    assert harmless(server, "/sparql", query.format(address), "application/sparql-query") in {200, 400}


@pytest.mark.parametrize(
    "path",
    [
        "/graphs?graph={}",
        "/queries/{}",
        "/statements/{}",
        "/audit?source={}",
        "/explain?subject={}&predicate=a&object=x",
    ],
)
def test_names_are_no_paths(server: Running, path: str, address: str) -> None:
    response = server.get(path.format(address))
    assert response.status in {400, 404}
    assert MARK.encode() not in response.body


IMPORTS = '@prefix owl: <http://www.w3.org/2002/07/owl#> . <urn:x> a owl:Ontology ; owl:imports <{0}> ; <urn:p> "{1}" .'
SHAPE = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:s> a sh:NodeShape ; sh:targetNode <urn:x> ; "
    'sh:sparql [ sh:select "SELECT $this FROM <{0}> {{}}" ] ; sh:js [ sh:jsLibraryURL <{0}> ] ; <urn:p> "{1}" .'
)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("body", [IMPORTS, SHAPE])
def test_records_bring_no_imports_and_no_shapes(server: Running, door: str, body: str, address: str) -> None:
    harmless(server, door, body.format(address, NAME), "text/turtle")


ENTITIES = (
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "{0}"><!ENTITY b "'
    + "&a;" * 100
    + '">]><r>&x;'
    + "&b;" * 1000
    + "</r>"
)
BODIES = [
    pytest.param(ENTITIES, "application/rdf+xml", {415}, id="entities"),
    pytest.param(ENTITIES, "application/trix", {415}, id="entities-trix"),
    pytest.param(
        "<urn:x> <urn:p> " + "(" * 5000 + '"{0}"' + ")" * 5000 + " .", "text/turtle", {400, 413, 422}, id="deep-turtle"
    ),
    pytest.param("[" * 100_000 + '"{0}"', "application/ld+json", {400}, id="deep-json-ld"),
    pytest.param("[" * 100_000 + '"{0}"', "application/fhir+json", {400}, id="deep-fhir"),
    pytest.param("0", "application/ld+json", {400, 422}, id="a-number"),
    pytest.param(
        '<urn:x> <urn:p> "{0}"^^<http://www.w3.org/2001/XMLSchema#date> .', "text/turtle", {400, 422}, id="ill-typed"
    ),
    pytest.param('<urn:x> <urn:p> "{0}', "text/turtle", {400}, id="broken"),
    pytest.param('{{"resourceType": "{0}"', "application/fhir+json", {400}, id="broken-fhir"),
    pytest.param(
        '{{"resourceType": "Patient", "name": [{{"text": "{0}"}}], "birthDate": "{0}"}}',
        "application/fhir+json",
        {200, 400, 422},
        id="ill-typed-fhir",
    ),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("body", "media_type", "statuses"), BODIES)
def test_bodies_that_bring_parsers_down(
    server: Running, door: str, body: str, media_type: str, statuses: set[int]
) -> None:
    sent = body.replace("{0}", NAME).replace("{{", "{").replace("}}", "}")
    no_such_rule = {404} if door != "/validate" else set()
    assert harmless(server, door, sent, media_type) in statuses | no_such_rule


def test_compressed_bodies_are_not_read(server: Running) -> None:
    for path, kind in (("/validate", "text/turtle"), ("/sparql", "application/sparql-query")):
        assert (
            server.ask("POST", path, b"\x1f\x8b" + b"x" * 50, Content_Type=kind, Content_Encoding="gzip").status == 415
        )


def test_an_updates_text_changes_nothing(server: Running) -> None:
    size = server.sparql("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body
    for update in ("CLEAR ALL", "DELETE WHERE { ?s ?p ?o }", "INSERT DATA { <urn:a> <urn:b> 1 }", "DROP ALL"):
        assert server.sparql(update).status == 400
        assert server.ask("POST", "/sparql", update, Content_Type="application/sparql-update").status == 403
    assert server.sparql("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body == size
