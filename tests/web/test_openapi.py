"""The description of the interface, held against the application that it describes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.mimetype == "application/json"
    assert response.json is not None
    return dict(response.json)


def test_version_and_server(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://localhost"}]


def test_every_route_is_described_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    routes = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    questions = {f"/queries/{name}" for name in ("advice", "map", "teas")}
    assert set(document["paths"]) == routes - {"/queries/{name}"} | questions


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    summaries = [operation["summary"] for path in document["paths"].values() for operation in path.values()]
    assert all(summaries)


def test_parameters_of_a_question_come_from_its_header(document: dict[str, Any]) -> None:
    described = document["paths"]["/queries/advice"]["get"]
    assert described["summary"] == "What is advised on a tea?"
    assert described["tags"] == ["tea", "advice"]
    assert [(p["name"], p["required"], p["schema"]) for p in described["parameters"]] == [
        ("about", True, {"type": "string"}),
        ("modality", False, {"type": "string"}),
        ("limit", False, {"type": "integer"}),
    ]


def test_variables_of_a_path_are_described(document: dict[str, Any]) -> None:
    assert [(p["name"], p["in"]) for p in document["paths"]["/statements/{identifier}"]["get"]["parameters"]] == [
        ("identifier", "path")
    ]


def test_bodies_of_the_endpoint(document: dict[str, Any]) -> None:
    body = document["paths"]["/sparql"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/x-www-form-urlencoded", "application/sparql-query"}


EXAMPLES = {"/statements/{identifier}": "/statements/T-1", "/sources/{identifier}": "/sources/SRC-LEAF"} | {
    "/concepts/{identifier}": "/concepts/green-tea",
    "/graphs": "/graphs?default",
    "/queries/advice": "/queries/advice?about=green+tea",
    "/explain": "/explain?subject=T-1&predicate=modality&object=recommended",
}


def test_what_is_described_is_what_is_sent(client: FlaskClient, document: dict[str, Any]) -> None:
    """Ask every path for every type that it is said to send; /sparql sends those of its answer's kind only."""
    for path, item in document["paths"].items():
        if path in {"/sparql", "/conflicts/{identifier}"} or path.startswith("/queries/"):
            continue
        for media_type in item["get"]["responses"]["200"]["content"]:
            response = client.get(EXAMPLES.get(path, path), headers={"Accept": media_type})
            assert (path, response.status_code, response.mimetype) == (path, 200, media_type)
