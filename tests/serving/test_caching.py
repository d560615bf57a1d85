"""What depends on the graph alone has a validator and is worked out once; nothing else is kept."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from kg_service.serving.cache import key_of
from kg_service.serving.messages import Request

if TYPE_CHECKING:
    from .live import Running


HITS = 'kg_service_cache_total{outcome="hit"}'
READS = [
    "/",
    "/sparql",
    "/sparql?query=SELECT+*+%7B%3Fs+a+%3Fo%7D+ORDER+BY+%3Fs+%3Fo",
    "/queries",
    "/queries/advice?about=green+tea",
    "/graphs?default",
    "/statements/T-1",
    "/.well-known/void",
    "/.well-known/sparql-examples",
    "/audit",
    "/explain?subject=T-1&predicate=modality&object=recommended",
    "/openapi.json",
    "/robots.txt",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_every_read_has_a_validator_and_is_kept(server: Running, path: str, coding: str) -> None:
    first = server.get(path, Accept_Encoding=coding)
    hits = server.metric(HITS)
    again = server.get(path, Accept_Encoding=coding)
    assert server.metric(HITS) == hits + 1
    assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, first.headers["ETag"])
    assert first.headers["Cache-Control"] == "no-cache"
    assert {"Accept", "Accept-Encoding"} <= set(first.headers["Vary"].split(", "))
    held = server.get(path, Accept_Encoding=coding, If_None_Match=first.headers["ETag"])
    assert (held.status, held.body, held.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert held.headers["Vary"] == first.headers["Vary"]
    assert server.get(path, Accept_Encoding=coding, If_None_Match='"other"').status == 200
    head = server.ask("HEAD", path, Accept_Encoding=coding)
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    assert head.headers["Content-Length"] == first.headers["Content-Length"]


def test_a_validator_that_was_made_weak_on_its_way_still_holds(server: Running) -> None:
    """As a proxy does that compresses."""
    tag = server.get("/queries").headers["ETag"]
    for held in (f"W/{tag}", f'"other", W/{tag}', "*"):
        assert server.get("/queries", If_None_Match=held).status == 304
    assert server.get("/queries", If_None_Match='W/"other"').status == 200


def test_compressed_and_plain_are_two_representations(server: Running) -> None:
    plain = server.get("/audit")
    small = server.get("/audit", Accept_Encoding="br, gzip;q=0.5")
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.body) == plain.body
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert server.get("/audit", If_None_Match=small.headers["ETag"]).status == 200
    assert server.get("/audit", Accept_Encoding="gzip;q=0").headers["Content-Encoding"] is None


def test_an_answer_is_kept_for_who_asked_alike(server: Running) -> None:
    asked = "/queries/advice?about=green+tea"
    kinds = ("text/csv", "application/sparql-results+json", "text/html")
    for _ in range(2):
        assert [server.get(asked, Accept=kind).headers.get_content_type() for kind in kinds] == list(kinds)
    assert b"a.example" in server.get("/openapi.json", Host="a.example").body
    assert b"a.example" not in server.get("/openapi.json", Host="b.example").body


@pytest.mark.parametrize("header", ["If_Match", "If_Range", "If_Unmodified_Since", "Range", "Content_Encoding"])
def test_no_header_of_one_client_changes_what_others_get(server: Running, header: str) -> None:
    asked = f"/queries?for={header}"
    server.get(asked, **{header: '"other"'})
    assert server.get(asked).status == 200


def test_what_clients_can_make_long_takes_no_memory(server: Running) -> None:
    """An answer is counted by its size, so what it is kept by must be small."""
    request = Request("GET", "/queries", "x" * 30_000, [["accept", "text/html," * 1000]])
    assert len(key_of(request)) == 32
    graph = "http://a.example/" + "a" * 9_000
    size = server.metric("kg_service_cache_bytes")
    assert server.get(f"/sparql?query=ASK+%7B%7D&default-graph-uri={graph}").headers["Graph-Missing"] == f"<{graph}>"
    assert server.metric("kg_service_cache_bytes") > size + len(graph)


def test_a_query_in_a_body_is_kept_too(server: Running) -> None:
    query = "SELECT (COUNT(*) AS ?posted) { ?s ?p ?o }"
    first, hits = server.sparql(query), server.metric(HITS)
    assert server.sparql(query).body == first.body
    assert server.metric(HITS) == hits + 1
    assert server.sparql(query + " LIMIT 0").body != first.body


@pytest.mark.parametrize("function", ["NOW()", "rand()", "UUID()", "STRUUID()"])
def test_what_changes_each_time_is_not_kept(server: Running, function: str) -> None:
    query = f"SELECT ({function} AS ?new) {{}}"
    first, second = server.sparql(query), server.sparql(query)
    assert first.body != second.body
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers


def test_errors_and_signs_of_life_are_not_kept(server: Running) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/nothing", "/sparql?query=SELECT"):
        hits = server.metric(HITS)
        assert "ETag" not in server.get(path).headers
        server.get(path)
        assert server.metric(HITS) == hits
