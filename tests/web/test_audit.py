"""The audit over HTTP, on a small release with checks of its own."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
import rdflib

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def test_json(client: FlaskClient) -> None:
    found = client.get("/audit").json
    assert found is not None
    assert found["counts"] == {"note": 1, "warning": 1, "error": 0}
    contradictions, teas = found["checks"]
    (finding,) = contradictions["findings"]
    assert finding["values"]["statement"]["label"] == "T-1"
    assert finding["values"]["counter"]["iri"] == "https://w3id.org/guideline-kg/statement/T-2"
    assert teas["findings"][0]["values"]["tea"]["label"] == "black tea"


def test_page_links_both_sides(client: FlaskClient) -> None:
    page = client.get("/audit", headers={"Accept": "text/html"}).text
    assert '<h2 id="contradictions">Which statements on tea are contradicted?</h2>' in page
    assert '<a href="/statements/T-1">T-1</a>' in page
    assert '<a href="/statements/T-2">T-2</a>' in page
    assert "Brew green tea at 70 °C &lt;not&gt; hotter." in page
    assert "<code>says</code>" in page
    assert '<a href="/audit">' in client.get("/", headers={"Accept": "text/html"}).text


def test_one_source(client: FlaskClient) -> None:
    found = client.get("/audit?source=src-leaf").json
    assert found is not None
    assert (found["source"], [check["name"] for check in found["checks"]]) == ("SRC-LEAF", ["contradictions"])
    page = client.get("/audit?source=SRC-LEAF", headers={"Accept": "text/html"}).text
    assert 'value="SRC-LEAF"' in page
    blank = client.get("/audit?source=").json
    assert blank is not None
    assert blank["source"] is None


def test_rows_and_triples(client: FlaskClient) -> None:
    response = client.get("/audit", headers={"Accept": "text/csv"})
    assert [row["statement"] for row in csv.DictReader(io.StringIO(response.text))] == ["T-1", ""]
    turtle = client.get("/audit", headers={"Accept": "text/turtle"})
    assert turtle.mimetype == "text/turtle"
    assert len(rdflib.Graph().parse(data=turtle.data, format="turtle")) > 20
    assert turtle.headers["ETag"] == client.get("/audit", headers={"Accept": "text/turtle"}).headers["ETag"]


@pytest.mark.parametrize("asked", ["source=nobody", "sauce=SRC-LEAF", "source=SRC-LEAF&source=SRC-LEAF"])
def test_what_is_refused(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/audit?{asked}")
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"


def test_no_document_is_taken(client: FlaskClient) -> None:
    assert client.post("/audit", data=b"text").status_code == 405
    assert client.get("/audit", headers={"Accept": "application/xml"}).status_code == 406
