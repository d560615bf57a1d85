"""Validation over HTTP: every form of record in, every form of report out, and what is refused."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from pyoxigraph import RdfFormat, parse, serialize

from kg_service.web import create_app
from kg_service.web.validation import MAX_RECORDS

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service import Guideline

DOSES = "romosozumab-dose"
NAME = "Zzyzx"
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-03-04"}},
        {
            "resource": {
                "resourceType": "MedicationAdministration",
                "id": "d1",
                "status": "completed",
                "subject": {"reference": "Patient/p1", "display": NAME},
                "medicationCodeableConcept": {
                    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "2123126"}]
                },
                "effectiveDateTime": "2024-06-01",
                "dosage": {"dose": {"value": 105, "system": "http://unitsofmeasure.org", "code": "mg"}},
            }
        },
    ],
}
TURTLE = """
@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://example.org/> .
ex:p1 a patient:Patient ; patient:sex patient:Female ; patient:birthDate "1950-03-04"^^xsd:date .
ex:d1 a patient:Administration ; patient:subject ex:p1 ; patient:status patient:Done ;
    patient:agent concept:romosozumab ; patient:start "2024-06-01"^^xsd:date ; patient:dose 105 ; patient:unit unit:mg .
"""


@pytest.fixture(scope="module")
def client(guideline: Guideline) -> FlaskClient:
    return create_app(guideline).test_client(use_cookies=False)


def outcomes(body: dict[str, Any]) -> dict[str, str]:
    (patient,) = body["patients"]
    return {rule["rule"]: rule["outcome"] for rule in patient["rules"]}


def post(client: FlaskClient, data: str, media_type: str, **headers: str) -> Any:  # noqa: ANN401 - Flask's own response
    return client.post("/validate?as_of=2026-01-31", data=data, content_type=media_type, headers=headers)


def test_a_bundle_is_judged(client: FlaskClient, guideline: Guideline) -> None:
    response = post(client, json.dumps(BUNDLE), "application/fhir+json")
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    (patient,) = response.json["patients"]
    assert patient["resource_id"] == "Patient/p1"
    assert {rule["rule"] for rule in patient["rules"]} == {rule.name for rule in guideline.validator.catalogue.rules}
    (dose,) = [rule for rule in patient["rules"] if rule["rule"] == DOSES]
    assert dose["outcome"] == "violated"
    assert "105 mg" in dose["message"]
    assert "210 mg" in dose["message"]
    assert dose["input_path"] == "Bundle.entry[1].resource"
    assert "F-FDA-3" in dose["statements"]
    assert {citation["source"] for citation in dose["citations"]} >= {"SRC-FDA-EVENITY"}
    assert response.json["as_of"] == "2026-01-31"
    assert response.json["graph_digest"] == guideline.digest == response.headers["Graph-Digest"]
    assert response.json["query_digest"] == guideline.validator.catalogue.digest == response.headers["Query-Digest"]


def test_the_same_patient_in_every_form_gets_the_same_verdicts(client: FlaskClient) -> None:
    triples = [quad.triple for quad in parse(TURTLE, format=RdfFormat.TURTLE)]
    forms = {
        "application/fhir+json": json.dumps(BUNDLE),
        "application/json": json.dumps(BUNDLE),
        "application/fhir+ndjson": json.dumps(BUNDLE) + "\n",
        "text/turtle": TURTLE,
        "application/n-triples": serialize(triples, format=RdfFormat.N_TRIPLES).decode(),
        "application/n-quads": serialize(triples, format=RdfFormat.N_QUADS).decode(),
        "application/trig": TURTLE,
        "application/ld+json": serialize(triples, format=RdfFormat.JSON_LD).decode(),
    }
    answers = {form: outcomes(post(client, data, form).json) for form, data in forms.items()}
    first = answers["text/turtle"]
    assert first[DOSES] == "violated"
    assert {"violated", "undecided"} <= set(first.values())
    assert all(answer == first for answer in answers.values())


@pytest.mark.parametrize(
    ("accept", "sign"),
    [
        ("application/json", '"outcome": "violated"'),
        ("application/x-ndjson", '"as_of": "2026-01-31"'),
        ("text/turtle", "sh:ValidationReport"),
        ("application/ld+json", "http://www.w3.org/ns/shacl#ValidationReport"),
        ("application/fhir+json", '"resourceType": "OperationOutcome"'),
        ("text/csv", "patient,rule,outcome"),
        ("application/xml", "<testsuites"),
        ("text/plain", "VIOLATED"),
        ("text/html", "<h3>Violated"),
    ],
)
def test_every_form_of_report(client: FlaskClient, accept: str, sign: str) -> None:
    response = post(client, TURTLE, "text/turtle", Accept=accept)
    assert (response.status_code, response.mimetype) == (200, accept)
    assert sign in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_the_form_of_a_browser(client: FlaskClient) -> None:
    page = client.get("/validate", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "<textarea" in page.text
    answer = client.post(
        "/validate",
        data={"record": TURTLE, "as_of": "2026-01-31", "jurisdiction": "US"},
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == 200
    assert "105 mg" in answer.text
    assert "for United States" in answer.text


def test_a_jurisdiction_leaves_the_rules_of_others_out(client: FlaskClient) -> None:
    response = client.post("/validate?jurisdiction=JP", data=TURTLE, content_type="text/turtle")
    (patient,) = response.json["patients"]
    rules = {rule["rule"]: rule for rule in patient["rules"]}
    american = rules["romosozumab-event-within-year"]
    assert american["outcome"] == "not-applicable"
    assert american["message"] == "A rule for United States; checked for Japan."


BAD = {
    "truncated JSON": ("application/fhir+json", json.dumps(BUNDLE)[:200], 400),
    "no JSON at all": ("application/fhir+json", f"{NAME} is ill", 400),
    "not UTF-8": ("application/fhir+json", b'{"resourceType": "Bundle\xff"}', 400),
    "an empty body": ("application/fhir+json", "", 400),
    "wrong resource type": ("application/fhir+json", json.dumps({"resourceType": "Questionnaire", "id": NAME}), 422),
    "no resource type": ("application/fhir+json", json.dumps({"id": NAME}), 422),
    "R5 where R4 was meant": (
        "application/fhir+json",
        json.dumps(
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "subject": {"reference": "Patient/1"},
            }
            | {"medication": {"concept": {"text": NAME}}}
        ),
        422,
    ),
    "wrong media type": ("application/pdf", NAME, 415),
    "RDF/XML with entities": (
        "application/rdf+xml",
        f'<!DOCTYPE r [<!ENTITY a "{NAME}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>',
        415,
    ),
    "a remote context": (
        "application/ld+json",
        json.dumps({"@context": "http://127.0.0.1:9/context.jsonld", "@id": "urn:x", "name": NAME}),
        422,
    ),
    "an imported context": (
        "application/ld+json",
        json.dumps({"@context": {"@import": "http://127.0.0.1:9/c.jsonld"}, "@id": "urn:x", "name": NAME}),
        422,
    ),
    "an invalid date": (
        "application/fhir+json",
        json.dumps({"resourceType": "Patient", "id": "1", "birthDate": "1950-13-45", "name": [{"family": NAME}]}),
        422,
    ),
    "an absurd number": ("text/turtle", TURTLE.replace("105", "1e300"), 422),
    "an endless number": ("text/turtle", TURTLE.replace("105", '"INF"^^xsd:double'), 422),
    "an ill-typed number": ("text/turtle", TURTLE.replace("105", f'"{NAME}"^^xsd:decimal'), 422),
    "an unknown concept": ("text/turtle", TURTLE.replace("concept:romosozumab", "concept:romosozumap"), 422),
    "bad Turtle": ("text/turtle", TURTLE + f' ex:x "{NAME}', 400),
    "Turtle without a patient": ("text/turtle", "<urn:a> <urn:b> <urn:c> .", 422),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_clear_error_without_patient_data(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    media_type, body, status = BAD[name]
    with caplog.at_level(logging.DEBUG):
        response = client.post("/validate", data=body, content_type=media_type)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json"), response.text
    assert response.json is not None
    assert len(response.json["detail"]) > 20
    assert NAME not in response.text
    assert NAME not in caplog.text


@pytest.mark.parametrize("door", ["/validate", "/explain?rule=x"])
@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (json.dumps(BUNDLE), 415, "application/fhir+json"),
        (TURTLE + f"# &{NAME}&{NAME}={NAME}", 415, "text/turtle"),
        (f"record=x&{NAME}={NAME}&{NAME}", 400, "record, "),
    ],
)
def test_a_record_that_passes_for_a_form_is_not_quoted(
    client: FlaskClient, door: str, body: str, status: int, told: str
) -> None:
    """As curl sends it when it is not told the media type."""
    response = client.post(door, data=body, content_type="application/x-www-form-urlencoded")
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert told in response.text
    assert NAME not in response.text
    assert "resourceType" not in response.text


def test_place_and_cure_are_named(client: FlaskClient) -> None:
    truncated = post(client, json.dumps(BUNDLE, indent=1)[:200], "application/fhir+json").json
    assert truncated["line"] > 1
    birth = post(client, BAD["an invalid date"][1], "application/fhir+json").json
    assert birth["faults"][0]["path"].endswith("birthDate")
    unknown = post(client, BAD["an unknown concept"][1], "text/turtle").json
    assert "concept:romosozumab" in unknown["detail"]


def test_a_cyclic_reference_ends(client: FlaskClient) -> None:
    bundle = json.loads(json.dumps(BUNDLE))
    bundle["entry"][1]["resource"] = {
        "resourceType": "MedicationRequest", "id": "r1", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p1"}, "medicationReference": {"reference": "Medication/a"},
    }  # fmt: skip
    for here, there in (("a", "b"), ("b", "a")):
        ingredient = [{"itemReference": {"reference": f"Medication/{there}"}}]
        bundle["entry"].append({"resource": {"resourceType": "Medication", "id": here, "ingredient": ingredient}})
    response = post(client, json.dumps(bundle), "application/fhir+json")
    assert response.status_code == 200


def test_bodies_are_limited(client: FlaskClient) -> None:
    assert client.post("/validate", data=b" " * (MAX_RECORDS + 1), content_type="text/turtle").status_code == 413
    large = TURTLE + "#" * (2 * 1024 * 1024)
    assert client.post("/validate", data=large, content_type="text/turtle").status_code == 200
    assert client.post("/validate", data={"record": large}).status_code == 200


def test_compressed_bodies_are_refused(client: FlaskClient) -> None:
    assert post(client, TURTLE, "text/turtle", **{"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("as_of=yesterday", 400, "2026-01-31"),
        ("as_of=2026-01-01&as_of=2026-01-02", 400, "once"),
        ("jurisdiction=Atlantis", 400, "jurisdiction"),
        ("asof=2026-01-01", 400, "as_of"),
    ],
)
def test_bad_parameters(client: FlaskClient, query: str, status: int, told: str) -> None:
    response = client.post(f"/validate?{query}", data=TURTLE, content_type="text/turtle")
    assert response.status_code == status
    assert response.json is not None
    assert told in response.json["detail"]


def test_no_report_in_an_unknown_form(client: FlaskClient) -> None:
    response = post(client, TURTLE, "text/turtle", Accept="image/png")
    assert response.status_code == 406
    assert "text/csv" in response.text
