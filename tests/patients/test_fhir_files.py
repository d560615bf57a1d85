"""Bytes, files and folders: JSON, NDJSON, bulk export; and what is refused, with place and cure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg_service.errors import MalformedRecord, RecordError, WrongRecord
from kg_service.patients.fhir import read_bytes, read_resource

from .fhir_data import (
    DENOSUMAB,
    OSTEOPOROSIS,
    Json,
    bundle,
    concept,
    facts,
    only,
    patient,
    reasons,
    resource,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg_service import Guideline
    from kg_service.patients.terminology import Terminology

CONDITION = resource("Condition", code=concept(OSTEOPOROSIS))


@pytest.mark.parametrize(
    "data",
    [
        text(bundle(patient(), CONDITION)),
        b"\xef\xbb\xbf" + text(bundle(patient(), CONDITION)),
        json.dumps(bundle(patient(), CONDITION), indent=2).encode(),
        json.dumps(bundle(patient(), CONDITION), indent=2).replace("\n", "\r\n").encode(),
        text(patient(), CONDITION),
        text(CONDITION, patient()),
        text(patient(), {}, CONDITION).replace(b"{}", b"  ") + b"\n\n",
        text(bundle(patient()), CONDITION).replace(b'"collection"', b'"searchset"').replace(b"\n", b"\r\n"),
        text(bundle(CONDITION), bundle(patient())),
        text(patient(multipleBirthInteger=0), CONDITION).replace(b": 0", b": " + b"1" * 5_000),
    ],
)
def test_json_and_ndjson(terminology: Terminology, data: bytes) -> None:
    (record,) = read_bytes(data, terminology)
    assert only(record)["condition"] == ["osteoporosis"]
    assert record.resource_id == "Patient/1"


def test_lines_are_joined_by_patient_and_bundles_stand_alone(terminology: Terminology) -> None:
    other = resource("Condition", id="8", code=concept(OSTEOPOROSIS), subject={"reference": "Patient/2"})
    records = read_bytes(
        text(CONDITION, bundle(patient(id="3"), CONDITION), patient(), other, patient(id="2")), terminology
    )
    assert [record.resource_id for record in records] == ["Patient/3", "Patient/1", "Patient/2"]
    assert [len(facts(record)) for record in records] == [0, 1, 1]
    assert only(records[1])["inputPath"] == ["line 1: Condition"]


def test_bundles_of_one_patient_make_one_record(terminology: Terminology) -> None:
    second = resource("Condition", id="8", code=concept(OSTEOPOROSIS))
    whole = text(bundle(patient(), CONDITION), bundle(patient(id="2")), bundle(patient(), second))
    first, other = read_bytes(whole, terminology)
    assert [fact["resourceId"] for fact in facts(first)] == [["Condition/7"], ["Condition/8"]]
    assert (other.resource_id, facts(other)) == ("Patient/2", [])


def test_resources_beside_bundles_that_are_nobodys_change_nothing(terminology: Terminology) -> None:
    (record,) = read_bytes(text(bundle(patient(), CONDITION), {"resourceType": "Organization"}), terminology)
    assert only(record)["condition"] == ["osteoporosis"]


def test_a_line_file_is_read_bundle_by_bundle(guideline: Guideline, tmp_path: Path) -> None:
    file = tmp_path / "all.ndjson"
    other = CONDITION | {"subject": {"reference": "Patient/2"}}
    file.write_bytes(text(bundle(patient(), CONDITION), bundle(patient(id="2"), other)) + b"\n{")
    records = guideline.records.from_path(file)
    assert next(records).resource_id == "Patient/1"
    assert next(records).resource_id == "Patient/2"
    with pytest.raises(MalformedRecord, match=r"all.ndjson: .* ends in the middle \(line 3, column 2\)"):
        next(records)


def test_a_folder_of_bulk_export(guideline: Guideline, tmp_path: Path) -> None:
    request = resource("MedicationRequest", medicationReference={"reference": "Medication/m"})
    (tmp_path / "Patient.ndjson").write_bytes(text(patient(), patient(id="2")))
    (tmp_path / "Condition.000.ndjson").write_bytes(text(CONDITION))
    (tmp_path / "Condition.001.ndjson").write_bytes(
        text(CONDITION | {"id": "8", "subject": {"reference": "Patient/2"}})
    )
    (tmp_path / "MedicationRequest.jsonl").write_bytes(text(request))
    (tmp_path / "Medication.ndjson").write_bytes(
        text({"resourceType": "Medication", "id": "m", "code": concept(DENOSUMAB)})
    )
    (tmp_path / "Claim.ndjson").write_bytes(text(*(resource("Claim", id=str(n)) for n in range(3))))
    (tmp_path / "readme.txt").write_text("not read")
    first, second = guideline.records.from_path(tmp_path)
    assert [fact["type"] for fact in facts(first)] == [["Condition"], ["Order"]]
    assert facts(first)[0]["inputPath"] == ["Condition.000.ndjson line 1: Condition"]
    assert facts(first)[1]["agent"] == ["denosumab"]
    assert only(second)["resourceId"] == ["Condition/8"]
    assert reasons(first) == "Claim.ndjson line 1: Claim: Claim is not read (and 2 more)."
    assert second.not_understood == ()


def test_a_folder_of_bundles(guideline: Guideline, tmp_path: Path) -> None:
    for number, name in enumerate(("a.json", "b.JSON")):
        owner = {"reference": f"Patient/{number}"}
        (tmp_path / name).write_bytes(text(bundle(patient(id=str(number)), {**CONDITION, "subject": owner})))
    records = list(guideline.records.from_path(tmp_path))
    assert [record.resource_id for record in records] == ["Patient/0", "Patient/1"]
    assert [len(facts(record)) for record in records] == [1, 1]


def test_a_folder_with_folders(guideline: Guideline, tmp_path: Path) -> None:
    """Files of one name are told apart; what is hidden is not read."""
    for folder, condition in (("2024", "1"), ("2025/may", "2"), (".old", "3")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "Condition.ndjson").write_bytes(text(CONDITION | {"id": condition}))
    (tmp_path / "Patient.ndjson").write_bytes(text(patient()))
    (tmp_path / "._Patient.ndjson").write_bytes(b"\x00")
    (record,) = guideline.records.from_path(tmp_path)
    assert [fact["inputPath"] for fact in facts(record)] == [
        ["2024/Condition.ndjson line 1: Condition"],
        ["2025/may/Condition.ndjson line 1: Condition"],
    ]


@pytest.mark.parametrize(
    ("name", "made", "said"),
    [
        ("Condition.ndjson.gz", Path.touch, r"^Condition\.ndjson\.gz in .* is packed, and would be missed: unpack it"),
        ("more/b.xml", Path.touch, r"^more/b\.xml in .* is of a form that is not read, .*: convert it to FHIR JSON"),
        ("more", lambda path: path.symlink_to(path.parents[1]), "^more in .* is linked to a folder"),
        ("c.json", lambda path: path.symlink_to("nothing"), r"^c\.json in .* is no file, or a link to nothing"),
        (
            "d.ndjson",
            lambda path: path.write_text("{\n}"),
            r"^d\.ndjson in .* is JSON over several lines.*name it \.json",
        ),
    ],
)
def test_what_would_be_missed_in_silence(
    guideline: Guideline, tmp_path: Path, name: str, made: Callable[[Path], object], said: str
) -> None:
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), CONDITION)))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    made(tmp_path / name)
    with pytest.raises(RecordError, match=said):
        list(guideline.records.from_path(tmp_path))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, r"^0\.gz in the folder .* is packed, and would be missed: unpack it\.$"),
        (3, r"^0\.gz, 1\.gz, 2\.gz in the folder .* are packed, and would be missed: unpack them\.$"),
        (5, r"^0\.gz, 1\.gz, 2\.gz and 2 more in the folder .* are packed, and would be missed: unpack them\.$"),
    ],
)
def test_of_several_files_that_would_be_missed_three_are_named(
    guideline: Guideline, tmp_path: Path, count: int, said: str
) -> None:
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), CONDITION)))
    (tmp_path / "b.xml").touch()  # for another reason
    for number in range(count):
        (tmp_path / f"{number}.gz").touch()
    with pytest.raises(RecordError, match=said):
        list(guideline.records.from_path(tmp_path))


@pytest.mark.parametrize("member", ["error", "errors"])
def test_the_manifest_of_a_bulk_export_is_nobodys_record(guideline: Guideline, tmp_path: Path, member: str) -> None:
    """What has no `error` is none, and a fault as any JSON that is no resource."""
    manifest = {"transactionTime": "2026-01-30T01:00:00Z", "request": "https://x/$export", "output": [], member: []}
    (tmp_path / "Patient.ndjson").write_bytes(text(patient()))
    (tmp_path / "Condition.ndjson").write_bytes(text(CONDITION))
    (tmp_path / "manifest.json").write_bytes(text(manifest))
    failed: list[RecordError] = []
    (record,) = guideline.records.from_all([tmp_path], unread=failed.append)
    assert len(facts(record)) == 1
    assert [str(error).partition(":")[0] for error in failed] == ([] if member == "error" else ["manifest.json"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.json.GZ", r"^x\.json\.GZ is packed: unpack it\.$"),
        ("x.xml", r"^x\.xml is of a form that is not read: convert it to FHIR JSON\.$"),
        ("x.ntriples", r"^x\.ntriples is not read under this suffix: name it \.nt\.$"),
        ("x.turtle", r"^x\.turtle is not read under this suffix: name it \.ttl\.$"),
        ("x.py", r"^x\.py is no file of records by its suffix\. Read are \.json, \.ndjson, .*, \.jsonld\.$"),
        ("x", r"^x is no file of records by its suffix\. Read are \.json, "),
        ("x.ndjson", r"^x\.ndjson is JSON over several lines, and not one resource a line: name it \.json\.$"),
    ],
)
def test_files_of_other_forms_are_refused_with_what_to_do(
    guideline: Guideline, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / name).write_text('{\n "resourceType": "Patient"\n}')
    with pytest.raises(WrongRecord, match=said):
        list(guideline.records.from_path(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.json", "cannot be read"),
        ("missing", "no file or folder"),
        (".", "no file of records"),
    ],
)
def test_paths_that_cannot_be_read(guideline: Guideline, tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        list(guideline.records.from_path(tmp_path / name))


@pytest.mark.parametrize(
    ("data", "said", "line", "column"),
    [
        (b"", "empty", 1, 1),
        (b" \n ", "empty", 1, 1),
        (b"\xef\xbb\xbf", "empty", 1, 1),
        (b'{"resourceType": "Patient"', "ends in the middle", 1, 27),
        (b'{"resourceType":\n "Pat', "ends in the middle", 2, 2),
        (b'{"resourceType": "Patient",\n "id": 1,}', "not JSON", 2, 10),
        (b"{'resourceType': 'Patient'}", "not JSON", 1, 2),
        (b"<Patient/>", "not JSON", 1, 1),
        (b'{"resourceType": "Patient"}\n{"a": ', "ends in the middle", 2, 7),
        (b'{"a": "\xff"}', "UTF-8", 1, 8),
        ("{}".encode("utf-16"), "UTF-8", 1, 1),
        (b'{"a": 1,\n "b": NaN}', "NaN", 2, 7),
        (b'{"a": -Infinity}', "NaN", 1, 7),
        (b'{"x": "NaN", "a": {"b": 1},\n "a": 2}', "given twice", 2, 2),
        (b'{"a": [{"b": 1, "b": 2}]}', "given twice", 1, 17),
        (b'{"a": 1, "\\u0061": 2}', "given twice", 1, 1),
        (b"[" * 100_000, "too deeply", 1, 1),
        (b'{"a":' * 100_000, "too deeply", 1, 1),
    ],
)
def test_malformed_json_says_where(terminology: Terminology, data: bytes, said: str, line: int, column: int) -> None:
    with pytest.raises(MalformedRecord, match=said) as caught:
        read_bytes(data, terminology)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.extras == {"line": line, "column": column}
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "$this"),
        ([patient()], "$this"),
        ("Patient", "$this"),
        (None, "$this"),
        (7, "$this"),
        (True, "$this"),
        ({}, "resourceType"),
        ({"resourceType": 7}, "resourceType"),
        ({"resourceType": ""}, "resourceType"),
        ({"resourceType": "Questionnaire"}, "Questionnaire"),
        ({"resourceType": "OperationOutcome"}, "OperationOutcome"),
    ],
)
def test_what_is_no_resource_is_refused_with_a_cure(terminology: Terminology, value: object, path: str) -> None:
    with pytest.raises(WrongRecord, match=r"[Gg]ive a") as caught:
        read_resource(value, terminology)
    assert caught.value.extras == {"path": path}
    assert caught.value.status == 422


def codeable(name: str) -> Json:
    return {name: {"concept": concept(DENOSUMAB)}}


@pytest.mark.parametrize(
    ("kind", "members", "member", "version"),
    [
        ("MedicationRequest", codeable("medication"), "medication", "R5"),
        ("MedicationStatement", codeable("medication"), "medication", "R5"),
        ("MedicationAdministration", codeable("medication"), "medication", "R5"),
        ("MedicationDispense", codeable("medication"), "medication", "R5"),
        ("MedicationAdministration", {"occurenceDateTime": "2024"}, "occurenceDateTime", "R5"),
        ("Procedure", {"occurrenceDateTime": "2024"}, "occurrenceDateTime", "R5"),
        ("Condition", {"participant": []}, "participant", "R5"),
        ("AllergyIntolerance", {"type": concept(("urn:x", "allergy"))}, "type", "R5"),
        ("Observation", {"triggeredBy": []}, "triggeredBy", "R5"),
        ("RiskAssessment", {"reason": []}, "reason", "R5"),
        (
            "Condition",
            {"meta": {"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Condition"]}},
            "meta.profile[0]",
            "R5",
        ),
        (
            "Condition",
            {"meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Condition|5.0.0"]}},
            "meta.profile[0]",
            "R5",
        ),
        ("Condition", {"meta": {"fhirVersion": "5.0.0"}}, "meta.fhirVersion", "R5"),
        ("Condition", {"verificationStatus": "confirmed"}, "verificationStatus", "STU3"),
        ("Condition", {"clinicalStatus": "active"}, "clinicalStatus", "STU3"),
        ("Condition", {"assertedDate": "2024"}, "assertedDate", "STU3"),
        ("AllergyIntolerance", {"verificationStatus": "confirmed"}, "verificationStatus", "STU3"),
        ("Observation", {"interpretation": concept(("urn:x", "L"))}, "interpretation", "STU3"),
        ("MedicationStatement", {"taken": "y"}, "taken", "STU3"),
        ("MedicationAdministration", {"notGiven": False}, "notGiven", "STU3"),
        ("Procedure", {"notDone": False}, "notDone", "STU3"),
        ("MedicationRequest", {"context": {"reference": "Encounter/1"}}, "context", "STU3"),
        (
            "Condition",
            {"meta": {"profile": ["http://hl7.org/fhir/3.0/StructureDefinition/Condition"]}},
            "meta.profile[0]",
            "STU3",
        ),
    ],
)
def test_other_versions_are_refused_with_a_cure(
    terminology: Terminology, kind: str, members: Json, member: str, version: str
) -> None:
    with pytest.raises(WrongRecord, match=rf"FHIR {version}.* Convert the data to FHIR R4") as caught:
        read_resource(bundle(patient(), resource(kind, **members)), terminology)
    assert caught.value.path == f"Bundle.entry[1].resource.{member}"


@pytest.mark.parametrize("kind", ["MedicationUsage", "GenomicStudy", "MedicationOrder", "ProcedureRequest", "Sequence"])
def test_types_of_other_versions_are_refused(terminology: Terminology, kind: str) -> None:
    with pytest.raises(WrongRecord, match="Convert the data to FHIR R4") as caught:
        read_resource(bundle(patient(), {"resourceType": kind}), terminology)
    assert caught.value.path == "Bundle.entry[1].resource"


@pytest.mark.parametrize(
    "meta",
    [
        {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition|3.1.1"]},
        {"profile": ["http://hl7.org/fhir/StructureDefinition/Condition|4.0.1"], "fhirVersion": "4.0.1"},
        {"profile": ["http://hl7.org/fhir/4.0/StructureDefinition/Condition"]},
    ],
)
def test_versions_of_profiles_are_not_versions_of_fhir(terminology: Terminology, meta: Json) -> None:
    (record,) = read_resource(bundle(patient(), CONDITION | {"meta": meta}), terminology)
    assert only(record)["condition"] == ["osteoporosis"]
