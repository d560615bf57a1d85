"""Every error is one body of one form, in the form that the client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.web import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service.knowledge import KnowledgeGraph

ERRORS = [
    pytest.param("GET", "/nothing", 404, id="no-such-page"),
    pytest.param("GET", "/queries/nothing", 404, id="no-such-question"),
    pytest.param("GET", "/queries/advice", 400, id="parameter-missing"),
    pytest.param("GET", "/queries/advice?abuot=x", 400, id="parameter-unknown"),
    pytest.param("GET", "/statements/T-9", 404, id="no-such-statement"),
    pytest.param("GET", "/sources/SRC-LEAVES", 404, id="no-such-source"),
    pytest.param("GET", "/graphs", 400, id="no-graph-named"),
    pytest.param("GET", "/graphs?graph=https://example.org/", 404, id="no-such-graph"),
    pytest.param("GET", "/sparql?query=SELECT", 400, id="malformed"),
    pytest.param("GET", "/sparql?query=ASK+{SERVICE+<http://a.example/>+{}}", 400, id="service"),
    pytest.param("PUT", "/sparql", 405, id="method"),
    pytest.param("POST", "/queries", 405, id="method-of-questions"),
    pytest.param("DELETE", "/statements/T-1", 405, id="method-of-statements"),
    pytest.param("POST", "/sparql", 415, id="media-type"),
]


@pytest.mark.parametrize(("method", "path", "status"), ERRORS)
def test_body(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.content_type == "application/problem+json; charset=utf-8"
    assert response.json is not None
    assert {"type", "title", "status", "detail", "instance"} <= set(response.json)
    assert response.json["status"] == status
    assert response.json["instance"] == path.partition("?")[0]
    assert len(response.json["detail"]) > 20


@pytest.mark.parametrize(("method", "path", "status"), ERRORS)
def test_as_text(client: FlaskClient, method: str, path: str, status: int) -> None:
    detail = client.open(path, method=method).json["detail"]  # type: ignore[index]
    text = client.open(path, method=method, headers={"Accept": "text/plain"})
    assert (text.status_code, text.mimetype) == (status, "text/plain")
    assert text.text.startswith(f"{status} ")
    assert detail in text.text


@pytest.mark.parametrize(("method", "path", "status"), [error for error in ERRORS if error.id != "parameter-missing"])
def test_as_a_page(client: FlaskClient, method: str, path: str, status: int) -> None:
    page = client.open(path, method=method, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert f"Status {status}" in page.text


def test_a_browser_that_opens_a_question_gets_its_form_and_no_error(client: FlaskClient) -> None:
    page = client.get("/queries/advice", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert 'name="about"' in page.text


def test_allow_is_kept(client: FlaskClient) -> None:
    response = client.post("/queries")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.json is not None
    assert response.json["allow"] == ["GET", "HEAD", "OPTIONS"]


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        pytest.param("/queries/advise", "advice", id="question"),
        pytest.param("/queries/advice?abuot=x", "about", id="parameter"),
        pytest.param("/queries/advice?about=gren%20tea", "green tea", id="value"),
        pytest.param("/statements/t-1", "T-1", id="statement"),
        pytest.param("/sources/SRC-LEAVES", "SRC-LEAF", id="source"),
        pytest.param("/concepts/red-tea", "green-tea", id="concept"),
        pytest.param(
            "/graphs?graph=https://w3id.org/guideline-kg/graph/te",
            "https://w3id.org/guideline-kg/graph/tea",
            id="graph",
        ),
    ],
)
def test_nearest_names_are_offered(client: FlaskClient, path: str, nearest: str) -> None:
    response = client.get(path)
    assert response.json is not None
    assert nearest in response.json["nearest"]


def test_a_fault_of_the_program_shows_nothing_of_its_inside_and_logs_no_request(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    message = "a secret of the request"

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(message)

    app = create_app(graph)
    monkeypatch.setattr(type(graph), "sparql", fail)
    response = app.test_client().get("/sparql?query=ASK+{}")
    assert response.status_code == 500
    assert response.mimetype == "application/problem+json"
    assert message.encode() not in response.data
    assert b"Zero" not in response.data
    assert "ZeroDivisionError" in caplog.text
    assert message not in caplog.text
    assert "ASK" not in caplog.text


def test_text_of_the_request_is_escaped_in_pages(client: FlaskClient) -> None:
    for path in ("/<script>alert(1)</script>", "/queries/<script>", "/sparql?query=<script>alert(1)</script>"):
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.mimetype == "text/html"
        assert "<script" not in page.text
