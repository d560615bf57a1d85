"""The reading side of the Graph Store HTTP Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service.knowledge import KnowledgeGraph

TEA = "https://w3id.org/guideline-kg/graph/tea"
NTRIPLES = {"Accept": "application/n-triples"}


def read(body: bytes) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)}


def test_named_graph(client: FlaskClient, graph: KnowledgeGraph) -> None:
    response = client.get("/graphs", query_string={"graph": TEA}, headers=NTRIPLES)
    assert response.status_code == 200
    expected = {quad.triple for quad in graph.store.quads_for_pattern(None, None, None, ox.NamedNode(TEA))}
    assert read(response.data) == expected


def test_default_graph_is_the_union(client: FlaskClient, graph: KnowledgeGraph) -> None:
    response = client.get("/graphs?default", headers=NTRIPLES)
    assert read(response.data) == {quad.triple for quad in graph.store}


def test_head(client: FlaskClient) -> None:
    response = client.head("/graphs", query_string={"graph": TEA})
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("query", ["", f"graph={TEA}&default", f"graph={TEA}&graph={TEA}"])
def test_one_graph_is_to_be_named(client: FlaskClient, query: str) -> None:
    assert client.get(f"/graphs?{query}").status_code == 400


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_is_written(client: FlaskClient, method: str, graph: KnowledgeGraph) -> None:
    before = len(graph.store)
    response = client.open("/graphs", method=method, query_string={"graph": TEA}, data="<a:a> <a:b> <a:c> .")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert len(graph.store) == before
