"""Bundles of every type, and references in every form: whose record is it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.errors import WrongRecord
from kg_service.patients.fhir import read_resource
from kg_service.patients.fhir.reading import READERS

from .fhir_data import (
    DENOSUMAB,
    INFARCTION,
    LOINC,
    OSTEOPOROSIS,
    Json,
    bundle,
    concept,
    facts,
    only,
    patient,
    person,
    read_one,
    reasons,
    resource,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kg_service import Guideline
    from kg_service.patients.terminology import Terminology

UUID = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
OID = "urn:oid:1.2.840.99"
URL = "https://ehr.example.org/fhir/Patient/1"
HISTORY_URL = "https://ehr.example.org/fhir/Condition/7"


def entries(*pairs: tuple[str | None, Json], kind: str = "transaction") -> Json:
    made = [{"resource": r} | ({"fullUrl": url} if url else {}) for url, r in pairs]
    return {"resourceType": "Bundle", "type": kind, "entry": made}


def condition(reference: Json, **members: object) -> Json:
    return resource("Condition", code=concept(OSTEOPOROSIS), subject=reference, **members)


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        (None, {"reference": "Patient/1"}),
        (None, {"reference": "Patient/1/_history/2"}),
        (None, {"reference": "https://ehr.example.org/fhir/Patient/1"}),
        (URL, {"reference": URL}),
        (URL, {"reference": f"{URL}/_history/4"}),
        (URL, {"reference": "Patient/1"}),
        (UUID, {"reference": UUID}),
        (UUID, {"reference": "Patient/1"}),
        (UUID, {"reference": "https://ehr.example.org/fhir/Patient/1"}),
        (OID, {"reference": OID}),
        (None, {"reference": "urn:uuid:1"}),
        (UUID, {"reference": "Patient?identifier=urn:mrn|A7"}),
        (UUID, {"reference": "Patient?identifier=urn%3Amrn%7CA7"}),
        (UUID, {"reference": "Patient?identifier=A7"}),
        (UUID, {"identifier": {"system": "urn:mrn", "value": "A7"}}),
        (UUID, {"reference": "Patient/99", "identifier": {"system": "urn:mrn", "value": "A7"}}),
    ],
)
def test_references_that_lead_to_the_patient(terminology: Terminology, url: str | None, reference: Json) -> None:
    owner = patient(identifier=[{"system": "urn:mrn", "value": "A7"}])
    (record,) = read_resource(entries((url, owner), (None, condition(reference))), terminology)
    assert only(record)["condition"] == ["osteoporosis"]
    assert record.not_understood == ()
    assert record.patient.value == (url or "https://w3id.org/guideline-kg/record/Patient/1")


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/2"},
        {"reference": "Group/1"},
        {"reference": "https://other.example.org/fhir/Patient/1"},  # the same id on another server is another patient
        {"reference": "urn:uuid:00000000-0000-0000-0000-000000000000"},
        {"reference": "#p"},
        {"reference": "Patient?identifier=urn:mrn|B8"},
        {"reference": "Patient?name=Smith"},
        {"identifier": {"system": "urn:mrn", "value": "B8"}},
        {"display": "Somebody"},
        {},
    ],
)
def test_a_record_of_nobody_here_may_be_of_anyone_here(terminology: Terminology, reference: Json) -> None:
    (record,) = read_resource(entries((URL, patient()), (None, condition(reference))), terminology)
    fact = only(record)
    assert (fact["type"], fact["unreadable"], "condition" in fact) == (["Condition"], ["true"], False)
    assert reasons(record) == "Bundle.entry[1].resource.subject: This Condition names no patient in the input."


def test_relative_references_are_of_the_same_server(terminology: Terminology) -> None:
    one, other = "https://one.example.org/fhir", "https://other.example.org/fhir"
    pairs = [
        (f"{one}/Patient/1", patient()),
        (f"{other}/Patient/1", patient()),
        (f"{other}/Condition/7", condition({"reference": "Patient/1"})),
        (None, condition({"reference": "Patient/1"}, id="8")),  # which of the two is not said
    ]
    first, second = read_resource(entries(*pairs), terminology)
    assert [fact.get("unreadable") for fact in facts(first)] == [["true"]]
    assert [fact.get("unreadable") for fact in facts(second)] == [None, ["true"]]
    assert "Bundle.entry[3].resource.subject: This Condition names no patient" in reasons(first)


def test_several_patients_make_several_records(terminology: Terminology) -> None:
    two = bundle(
        patient(),
        patient(id="2", gender="male"),
        condition({"reference": "Patient/2"}, id="a"),
        condition({"reference": "Patient/1"}, id="b"),
    )
    first, second = read_resource(two, terminology)
    assert (first.resource_id, second.resource_id) == ("Patient/1", "Patient/2")
    assert only(first)["resourceId"] == ["Condition/b"]
    assert only(second)["resourceId"] == ["Condition/a"]


@pytest.mark.parametrize(
    "kind",
    ["collection", "transaction", "batch", "searchset", "document", "message", "history", "transaction-response"],
)
def test_bundles_of_every_type(terminology: Terminology, kind: str) -> None:
    whole = bundle(patient(), resource("Condition", code=concept(OSTEOPOROSIS)), kind=kind)
    (record,) = read_resource(whole, terminology)
    assert only(record)["condition"] == ["osteoporosis"]


def test_bundles_in_bundles(terminology: Terminology) -> None:
    inner = bundle(resource("Condition", code=concept(OSTEOPOROSIS)))
    assert only(read_one(terminology, inner))["inputPath"] == ["Bundle.entry[1].resource.entry[0].resource"]


def test_a_history_is_read_in_its_newest_versions(terminology: Terminology) -> None:
    def version(number: str, code: tuple[str, str], **members: object) -> Json:
        meta = {"versionId": number, "lastUpdated": f"2024-01-0{number}T10:00:00Z"}
        return resource("Condition", code=concept(code), meta=meta, **members)

    history = bundle(version("2", INFARCTION), version("1", OSTEOPOROSIS), patient(), kind="history")
    (record,) = read_resource(history, terminology)
    assert only(record)["condition"] == ["myocardial-infarction"]
    assert record.not_understood == ()


AT = {"etag": 'W/"2"', "lastModified": "2024-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("url", "response", "deletion_url", "kept_url"),
    [
        ("Condition/7", AT, None, None),
        ("Condition/7", AT, HISTORY_URL, HISTORY_URL),
        ("Condition/7", AT, f"{HISTORY_URL}/_history/2", f"{HISTORY_URL}/_history/1"),
        ("Condition/7", AT, None, HISTORY_URL),
        ("Condition/7", AT, HISTORY_URL, None),
        ("Condition/7/_history/2", AT, None, HISTORY_URL),
        ("https://example.org/fhir/Condition/7", AT, None, None),
        (None, AT, HISTORY_URL, HISTORY_URL),
        ("Condition/7", {"status": "204"}, HISTORY_URL, HISTORY_URL),  # a history has the newest first
        ("Condition/7", None, None, HISTORY_URL),
    ],
)
def test_what_a_history_deletes_is_gone(
    terminology: Terminology, url: str | None, response: Json | None, deletion_url: str | None, kept_url: str | None
) -> None:
    deletion = {"fullUrl": deletion_url, "request": {"method": "DELETE", "url": url}, "response": response}
    kept = resource("Condition", code=concept(OSTEOPOROSIS), meta={"lastUpdated": "2024-01-01T00:00:00Z"})
    history = entries((kept_url, kept), (None, patient()), kind="history")
    history["entry"].insert(0, deletion)
    (record,) = read_resource(history, terminology)
    assert (facts(record), record.faults) == ([], ())


def test_what_was_deleted_and_made_anew_is_there(terminology: Terminology) -> None:
    deletion = {"request": {"method": "DELETE", "url": "Condition/7"}, "response": AT}
    anew = resource("Condition", code=concept(OSTEOPOROSIS), meta={"lastUpdated": "2024-03-01T00:00:00Z"})
    history = entries((HISTORY_URL, anew), (None, patient()), kind="history")
    history["entry"].insert(0, deletion)
    (record,) = read_resource(history, terminology)
    assert only(record)["condition"] == ["osteoporosis"]


def test_a_deletion_of_who_knows_what_is_a_fault(terminology: Terminology) -> None:
    history = bundle(patient(), resource("Condition", code=concept(OSTEOPOROSIS)), kind="history")
    history["entry"].append({"request": {"method": "DELETE"}})
    (record,) = read_resource(history, terminology)
    assert [fault.path for fault in record.faults] == ["Bundle.entry[2].request.url"]


def test_resources_in_parameters_are_read(terminology: Terminology, guideline: Guideline, tmp_path: Path) -> None:
    """An operation returns them so; in lines the condition is found to be of the patient, too."""
    held = resource("Condition", code=concept(OSTEOPOROSIS))
    part = {"name": "return", "part": [{"name": "record", "resource": held}, {"name": "more", "valueCode": "no"}]}
    parameters: Json = {"resourceType": "Parameters", "parameter": [part]}
    path = "parameter[0].part[0].resource"
    assert only(read_one(terminology, parameters))["inputPath"] == [f"Bundle.entry[1].resource.{path}"]
    (tmp_path / "lines.ndjson").write_bytes(text(patient(), parameters))
    (record,) = guideline.records.from_path(tmp_path)
    assert only(record)["inputPath"] == [f"lines.ndjson line 2: Parameters.{path}"]


def test_a_resource_given_twice_is_read_once_and_said(terminology: Terminology) -> None:
    old = resource("Condition", code=concept(OSTEOPOROSIS), meta={"lastUpdated": "2023-01-01T00:00:00+01:00"})
    new = resource("Condition", code=concept(INFARCTION), meta={"lastUpdated": "2024-01-01T00:00:00Z"})
    record = read_one(terminology, old, new)
    assert only(record)["condition"] == ["myocardial-infarction"]
    assert "more than once" in reasons(record)


@pytest.mark.parametrize(
    ("old", "new", "are_in_order"),
    [
        ({}, {}, False),
        ({"versionId": "1"}, {"versionId": "1"}, False),
        ({}, {"lastUpdated": "2024-01-01T00:00:00Z"}, False),
        ({"versionId": "1"}, {"versionId": "2"}, True),
    ],
)
def test_two_resources_of_one_id_are_a_fault(
    terminology: Terminology,
    old: Json,
    new: Json,
    are_in_order: bool,  # noqa: FBT001
) -> None:
    one = resource("Condition", code=concept(OSTEOPOROSIS), meta=old)
    other = resource("Condition", code=concept(INFARCTION), meta=new)
    record = read_one(terminology, one, other)
    assert [fault.path for fault in record.faults] == ([] if are_in_order else ["Bundle.entry[2].resource"])
    assert read_one(terminology, one, one).faults == ()


@pytest.mark.parametrize(
    ("kind", "written", "member"),
    [("AllergyIntolerance", "Allergy", "patient"), ("MedicationRequest", "Order", "subject")],
)
def test_what_names_nobody_is_unreadable_for_everybody(
    terminology: Terminology, kind: str, written: str, member: str
) -> None:
    lost = resource(kind, **{member: None})
    for record in read_resource(bundle(patient(), patient(id="2"), lost), terminology):
        assert (only(record)["type"], only(record)["unreadable"]) == ([written], ["true"])
        assert "names no patient in the input" in reasons(record)
    assert facts(read_one(terminology, lost | {"status": "entered-in-error"})) == []


@pytest.mark.parametrize(
    ("kind", "members", "said"),
    [
        ("Observation", {"code": concept((LOINC, "17861-6"))}, ("Observation", "observable", "serum-calcium")),
        ("Procedure", {"code": concept(INFARCTION)}, ("Condition", "condition", "myocardial-infarction")),
        ("Encounter", {"reasonCode": [concept(INFARCTION)]}, ("Condition", "condition", "myocardial-infarction")),
    ],
)
@pytest.mark.parametrize("subject", [None, {"display": "Somebody"}, {"reference": "Group/1"}])
def test_what_names_nobody_is_possible_for_everybody(
    terminology: Terminology, kind: str, members: Json, said: tuple[str, str, str], subject: Json | None
) -> None:
    """Left open as a whole, each such record would leave open nearly all that is judged."""
    lost = resource(kind, subject=subject, **members)
    both = read_resource(bundle(patient(), patient(id="2"), lost), terminology)
    for record in both:
        fact = only(record)
        assert (fact["type"], fact[said[1]], fact["codeMatch"]) == ([said[0]], [said[2]], ["ByWiderCode"])
        assert "names no patient in the input" in reasons(record)
    nodes = [{triple.subject for triple in record.triples} for record in both]
    assert nodes[0].isdisjoint(nodes[1])


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Device/analyser"},
        {"reference": "Device/analyser/_history/2"},
        {"reference": "urn:uuid:0e4b7b0c-0000-4000-8000-000000000001"},
        {"reference": "#inner"},
        {"type": "Device", "identifier": {"value": "1"}},
    ],
)
def test_what_is_of_a_thing_is_of_nobody(terminology: Terminology, subject: Json) -> None:
    inner = {"resourceType": "Device", "id": "inner"}
    control = resource("Observation", code=concept((LOINC, "17861-6")), subject=subject, contained=[inner])
    analyser = {"resourceType": "Device", "id": "0e4b7b0c-0000-4000-8000-000000000001"}
    assert facts(read_one(terminology, control, analyser)) == []


def test_a_misspelt_record_of_nobody_is_possible_too(terminology: Terminology) -> None:
    calcium = resource("Observation", code=concept((LOINC, "17861-6")), subject=None) | {"resourceType": "Observaton"}
    assert only(read_one(terminology, calcium))["observable"] == ["serum-calcium"]


def test_a_lone_resource_is_of_the_patient_that_it_names(terminology: Terminology) -> None:
    (record,) = read_resource(resource("Condition", code=concept(OSTEOPOROSIS)), terminology)
    assert record.resource_id == "Patient/1"
    assert record.patient.value == "https://w3id.org/guideline-kg/record/Patient/1"
    assert only(record) | {"type": []} == {
        "type": [],
        "inputPath": ["Condition"],
        "resourceId": ["Condition/7"],
        "subject": ["1"],
        "condition": ["osteoporosis"],
    }
    assert "Condition.subject: The Patient resource is absent" in reasons(record)


def test_resources_without_a_patient_resource_go_by_what_they_name(terminology: Terminology) -> None:
    by_identifier = {"identifier": {"system": "urn:mrn", "value": "A7"}}
    whole = bundle(
        condition({"reference": "Patient/5"}, id="a"),
        condition({"reference": "Patient/5/_history/3"}, id="b"),
        condition({"reference": URL}, id="c"),
        condition(by_identifier, id="d"),
        condition(by_identifier, id="e"),
    )
    records = read_resource(whole, terminology)
    assert [len(facts(record)) for record in records] == [2, 1, 2]
    assert [record.resource_id for record in records[:2]] == ["Patient/5", "Patient/1"]
    assert "A7" not in str(records)


def test_a_contained_patient(terminology: Terminology) -> None:
    lone = resource(
        "Condition",
        contained=[{"resourceType": "Patient", "id": "p", "birthDate": "1950"}],
        code=concept(OSTEOPOROSIS),
        subject={"reference": "#p"},
    )
    (record,) = read_resource(lone, terminology)
    assert person(record)["birthDate"] == "1950"
    assert person(record)["inputPath"] == "Condition.contained[0]"
    assert only(record)["condition"] == ["osteoporosis"]


def test_a_lone_patient(terminology: Terminology) -> None:
    (record,) = read_resource(patient(), terminology)
    assert person(record) == {
        "type": "Patient",
        "birthDate": "1950-06-15",
        "sex": "Female",
        "inputPath": "Patient",
        "resourceId": "1",
    }


def test_iris_are_full_urls_or_made_of_type_and_id_or_path(terminology: Terminology) -> None:
    def iri(url: str | None, **members: object) -> str:
        made = condition({"reference": "Patient/1"}) | members
        (record,) = read_resource(entries((None, patient()), (url, made)), terminology)
        return next(t.subject.value for t in record.triples if t.subject != record.patient)

    home = "https://w3id.org/guideline-kg/record/"
    assert iri(UUID) == UUID
    assert iri(None) == f"{home}Condition/7"
    assert iri("no absolute iri") == f"{home}Condition/7"
    assert iri(None, id="ä b") == f"{home}Condition/%C3%A4%20b"
    assert iri(None, id=None) == f"{home}Bundle.entry%5B1%5D.resource"
    assert iri("https://w3id.org/guideline-kg/concept/osteoporosis") == f"{home}Condition/7"  # no term of the graph


MEDICATION = {"resourceType": "Medication", "id": "m", "code": concept(DENOSUMAB)}


@pytest.mark.parametrize(
    ("reference", "contained", "beside"),
    [
        ("#m", [MEDICATION], []),
        ("Medication/m", [], [MEDICATION]),
        ("urn:uuid:m", [], [MEDICATION]),
        ("Medication/k", [], [MEDICATION, {
            "resourceType": "Medication", "id": "k", "code": {"text": "a kit"},
            "ingredient": [{"itemReference": {"reference": "Medication/m"}}],
        }]),
        ("Medication/k", [], [{
            "resourceType": "Medication", "id": "k",
            "ingredient": [{"itemCodeableConcept": concept(DENOSUMAB)}, {"itemCodeableConcept": {"text": "water"}}],
        }]),
        ("Medication/k", [], [{
            "resourceType": "Medication", "id": "k",
            "ingredient": [{"itemReference": {"reference": "Substance/s"}}],
        }, {"resourceType": "Substance", "id": "s", "code": concept(DENOSUMAB)}]),
    ],
)  # fmt: skip
def test_medications_by_reference(
    terminology: Terminology, reference: str, contained: list[Json], beside: list[Json]
) -> None:
    request = resource("MedicationRequest", medicationReference={"reference": reference}, contained=contained)
    record = read_one(terminology, request, *beside)
    assert only(record)["agent"] == ["denosumab"]
    assert "codeMatch" not in only(record)
    assert record.not_understood == ()


def test_an_inactive_ingredient_is_no_agent(terminology: Terminology) -> None:
    kit = {"itemCodeableConcept": concept(DENOSUMAB), "isActive": False}
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "a kit"}, "ingredient": [kit]}
    request = resource("MedicationRequest", medicationReference={"reference": "Medication/m"})
    assert "agent" not in only(read_one(terminology, request, medication))


def test_circles_of_references_end(terminology: Terminology) -> None:
    def medication(name: str, to: str) -> Json:
        return {
            "resourceType": "Medication",
            "id": name,
            "ingredient": [{"itemReference": {"reference": f"Medication/{to}"}}],
        }

    request = resource("MedicationRequest", medicationReference={"reference": "Medication/a"})
    record = read_one(terminology, request, medication("a", "b"), medication("b", "a"))
    assert only(record)["unreadable"] == ["true"]
    looped = resource(
        "MedicationRequest", medicationReference={"reference": "#a"}, contained=[
            {"resourceType": "Medication", "id": "a", "ingredient": [{"itemReference": {"reference": "#a"}}]}
        ],
    )  # fmt: skip
    assert only(read_one(terminology, looped))["unreadable"] == ["true"]


def test_a_medication_that_is_not_there_is_unreadable_unless_named(terminology: Terminology) -> None:
    lost = resource("MedicationRequest", medicationReference={"reference": "Medication/m"})
    assert only(read_one(terminology, lost))["unreadable"] == ["true"]
    named = resource("MedicationRequest", medicationReference={"reference": "Medication/m", "display": "Prolia"})
    record = read_one(terminology, named)
    assert only(record)["agent"] == ["denosumab"]
    assert only(record)["codeMatch"] == ["ByText"]
    assert "leads to no medication in the input" in reasons(record)


def test_resources_not_read_are_counted_by_type(terminology: Terminology) -> None:
    claims = [resource("Claim", id=str(n), patient={"reference": "Patient/1"}, subject=None) for n in range(15)]
    practitioner = {"resourceType": "Practitioner", "id": "d"}
    record = read_one(terminology, practitioner, *claims, resource("Encounter"))
    assert reasons(record).splitlines() == [
        "Bundle.entry[2].resource: Claim is not read (and 14 more).",
        "Bundle.entry[17].resource: Of Encounter only the reasons are read.",
    ]


@pytest.mark.parametrize("slip", ["MedicationAdminstration", "medicationAdministration", "MedicationAdministrations"])
def test_a_slip_in_the_type_of_a_treatment_is_a_fault(terminology: Terminology, slip: str) -> None:
    (fault,) = read_one(terminology, resource(slip)).faults
    assert fault.path == "Bundle.entry[1].resource"
    assert "MedicationAdministration is perhaps meant" in fault.reason


@pytest.mark.parametrize("kind", sorted(READERS))
def test_one_wrong_letter_is_a_slip_in_any_type(terminology: Terminology, kind: str) -> None:
    for place in range(len(kind)):
        swapped = kind[:place] + kind[place : place + 2][::-1] + kind[place + 2 :]
        for slip in {kind[:place] + "x" + kind[place + 1 :], kind[:place] + kind[place + 1 :], swapped} - {kind}:
            (fault,) = read_one(terminology, resource(slip)).faults
            assert f"{kind} is perhaps meant" in fault.reason


@pytest.mark.parametrize("kind", ["CommunicationRequest", "MedicationKnowledge", "ServiceRequest", "DiagnosticReport"])
def test_another_resource_is_no_slip(terminology: Terminology, kind: str) -> None:
    assert read_one(terminology, resource(kind)).faults == ()


@pytest.mark.parametrize("subject", [None, {"display": "Jane"}, {"reference": "Patient/zz"}])
@pytest.mark.parametrize("kind", ["MedicationRequest", "MedicationRequet", "MedicationStatemet", "Conditoin"])
def test_a_record_of_nobody_is_left_open_however_it_is_spelt(
    terminology: Terminology, kind: str, subject: Json | None
) -> None:
    record = read_one(terminology, resource(kind, subject=subject))
    assert only(record)["unreadable"] == ["true"]


def test_a_slip_begins_the_record_of_a_patient_who_is_only_referred_to(terminology: Terminology) -> None:
    slip = resource("MedicationRequet", subject={"reference": "Patient/2"})
    first, second = read_resource(bundle(resource("MedicationRequest"), slip), terminology)
    assert (first.faults, [fault.path for fault in second.faults]) == ((), ["Bundle.entry[1].resource"])
    assert only(first)["resourceId"] == ["MedicationRequest/7"]


def test_an_operation_outcome_is_told(terminology: Terminology) -> None:
    record = read_one(terminology, {"resourceType": "OperationOutcome", "issue": []})
    assert "Bundle.entry[1].resource: An OperationOutcome" in reasons(record)


@pytest.mark.parametrize(
    "whole",
    [
        bundle(),
        {"resourceType": "Bundle"},
        {"resourceType": "Questionnaire"},
        {"resourceType": "OperationOutcome"},
        {"resourceType": "Encounter", "subject": {"reference": "Patient/1"}},
        {"resourceType": "Condition", "code": concept(OSTEOPOROSIS)},
        {"resourceType": "Condition", "subject": {"display": "Somebody"}},
        bundle({"resourceType": "Practitioner"}, MEDICATION),
    ],
)
def test_nothing_of_a_patient_is_an_error(terminology: Terminology, whole: Json) -> None:
    with pytest.raises(WrongRecord, match="Give a Patient, with resources such as AllergyIntolerance, Condition"):
        read_resource(whole, terminology)


def test_root_path_goes_before_every_path(terminology: Terminology) -> None:
    (record,) = read_resource(condition({"reference": "Patient/1"}), terminology, "line 3: ")
    assert only(record)["inputPath"] == ["line 3: Condition"]
    assert reasons(record).startswith("line 3: Condition.subject: ")
