"""/explain: why a triple holds, a row came or did not, a rule judged as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.provenance.explanation import MEDIA_TYPES
from kg_service.web import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service import Guideline

HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
DERIVED = "/explain?subject=T-1&predicate=a&object=passage"
ROW = "/explain?question=advice&about=green+tea"
RECORD = """@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://example.org/p> a patient:Patient .
<https://example.org/d> a patient:Administration ; patient:subject <https://example.org/p> ;
    patient:agent concept:romosozumab ; patient:effective "2025-01-01"^^xsd:date ; patient:dose 105 ;
    patient:unit unit:mg .
"""
VERDICT = "/explain?rule=romosozumab-dose&as_of=2026-01-31"


@pytest.fixture(scope="module")
def released(guideline: Guideline) -> FlaskClient:
    return create_app(guideline).test_client()


@pytest.mark.parametrize("media_type", MEDIA_TYPES.values())
def test_a_triple_in_every_form(client: FlaskClient, media_type: str) -> None:
    response = client.get(DERIVED, headers={"Accept": media_type})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert "cax-sco" in response.text


def test_the_page_of_a_triple_links_its_statement(client: FlaskClient) -> None:
    page = client.get("/explain?subject=T-1&predicate=modality&object=recommended", headers=HTML)
    assert '<a href="/statements/T-1">T-1</a>, <a href="/sources/SRC-LEAF">SRC-LEAF</a>' in page.text
    assert "cax-sco" in client.get(DERIVED, headers=HTML).text
    assert "Ask why a triple holds" in client.get("/explain", headers=HTML).text


@pytest.mark.parametrize("number", ["one", "-1", "\N{SUPERSCRIPT TWO}", "1" * 5000])
def test_what_is_no_number_of_a_row(client: FlaskClient, number: str) -> None:
    response = client.get(f"{ROW}&row={number}", headers=JSON)
    assert response.status_code == 400
    assert "is no number of a row" in response.text


def test_a_row_by_number_by_values_and_one_that_is_not_there(client: FlaskClient) -> None:
    second = client.get(f"{ROW}&row=2", headers=JSON).json
    assert second is not None
    assert second["parts"][0]["row"]["statement"] == "<https://w3id.org/guideline-kg/statement/T-2>"
    assert client.get(f"{ROW}&where.statement=T-2", headers=JSON).json["parts"] == second["parts"]  # type: ignore[index]
    absent = client.get(f"{ROW}&modality=recommended&where.statement=T-2", headers=HTML)
    assert "It would be there but for" in absent.text


@pytest.mark.parametrize(
    ("address", "status", "detail"),
    [
        ("/explain", 400, "A triple needs a subject"),
        ("/explain?subject=T-1", 400, "A triple needs a predicate"),
        ("/explain?subject=T-1&predicate=modality&object=no", 404, "holds no triple"),
        (
            "/explain?subject=T-7&predicate=modality&object=no",
            404,
            "'T-7' is the name of nothing in this graph. Nearest: T-",
        ),
        ("/explain?subjects=T-1", 400, "no parameter 'subjects'"),
        ("/explain?subject=T-1&subject=T-2", 400, "given 2 times"),
        (f"{ROW}&row=x", 400, "no number of a row"),
        (f"{ROW}&row=9", 400, "there is no row 9"),
        (f"{ROW}&where.tea=T-2", 400, "no column 'tea'"),
        ("/explain?question=nothing", 404, "no question named"),
        ("/explain?question=map", 400, "write the query as SELECT"),
    ],
)
def test_errors_name_place_and_cure(client: FlaskClient, address: str, status: int, detail: str) -> None:
    response = client.get(address, headers=JSON)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert detail in response.json["detail"]


def test_a_verdict_on_a_record_in_the_body_is_not_kept(released: FlaskClient) -> None:
    response = released.post(VERDICT, data=RECORD, content_type="text/turtle", headers=JSON)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert (response.json["rule"], response.json["outcome"]) == ("romosozumab-dose", "violated")
    form = {"record": RECORD, "rule": "romosozumab-dose", "as_of": "2026-01-31", "patient": ""}
    page = released.post("/explain", data=form, headers=HTML)
    assert '<a href="/statements/F-FDA-3">F-FDA-3</a>' in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_errors_of_a_verdict(released: FlaskClient) -> None:
    def status(address: str, body: str = RECORD, media_type: str = "text/turtle") -> int:
        return released.post(address, data=body, content_type=media_type, headers=JSON).status_code

    assert status("/explain") == 400
    assert status("/explain?rule=nothing") == 404
    assert status(f"{VERDICT}&patients=1") == 400
    assert status(VERDICT, "no turtle") == 400
    assert status(VERDICT, media_type="image/png") == 415
