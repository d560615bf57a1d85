"""What is given together is one input: files, lines and resources are joined by patient, and no two people by an id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kg_service.patients.fhir import read_bytes

from .fhir_data import (
    DENOSUMAB,
    INFARCTION,
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
    from collections.abc import Iterator
    from pathlib import Path

    from kg_service import Guideline
    from kg_service.errors import RecordError
    from kg_service.patients.terminology import Terminology

CONDITION = resource("Condition", code=concept(OSTEOPOROSIS))
MEDICATION: Json = {"resourceType": "Medication", "id": "m"}


@pytest.mark.parametrize("given", ["folder", "files", "bytes", "resources"])
def test_what_several_say_of_one_patient_is_one_record(guideline: Guideline, tmp_path: Path, given: str) -> None:
    """A patient whose infarction stands in another file has had it."""
    infarction = resource("Condition", id="8", code=concept(INFARCTION))
    parts = [bundle(patient(), CONDITION), bundle(patient(), infarction), {**CONDITION, "id": "9"}]
    files = [tmp_path / f"{number}.json" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(text(part))
    inputs = {"folder": tmp_path, "files": files, "bytes": list(map(text, parts)), "resources": parts}
    (record,) = guideline.read(inputs[given])  # type: ignore[arg-type]
    assert sorted(fact["condition"][0] for fact in facts(record)) == [
        "myocardial-infarction",
        "osteoporosis",
        "osteoporosis",
    ]
    assert record.faults == ()


def test_two_patients_of_one_id_in_two_files_are_a_fault(guideline: Guideline, tmp_path: Path) -> None:
    for name, born in (("a.json", "1950-01-01"), ("b.json", "1960-01-01")):
        (tmp_path / name).write_bytes(text(bundle(patient(birthDate=born), CONDITION)))
    (record,) = guideline.records.from_path(tmp_path)
    assert "Two different resources have one id" in record.faults[0].reason


def own(number: int | str, kind: str = "Condition", **members: object) -> Json:
    return resource(kind, **{"code": concept(OSTEOPOROSIS), "subject": {"reference": f"Patient/{number}"}, **members})


def test_chains_of_lines_are_joined_to_their_ends(terminology: Terminology) -> None:
    """Each bundle names two patients, and shares one of them with the next; hashes are drawn anew each time."""
    links = [bundle(own(n, id=f"a{n}"), own(n + 1, id=f"b{n}")) for n in (3, 0, 5, 1, 4, 2)]
    data = text(*(patient(id=str(n)) for n in (2, 6, 0, 4, 1, 5, 3)), *links)
    for _ in range(30):
        records = read_bytes(data, terminology)
        assert [record.resource_id for record in records] == [f"Patient/{n}" for n in (2, 6, 0, 4, 1, 5, 3)]
        assert [len(facts(record)) for record in records] == [2, 1, 1, 2, 2, 2, 2]


def entry(base: str, made: Json) -> Json:
    return {"fullUrl": f"{base}/{made['resourceType']}/{made['id']}", "resource": made}


def test_a_record_of_another_server_is_not_this_patient_s(guideline: Guideline, tmp_path: Path) -> None:
    """Patient/1 in a record of hb is hb's (https://hl7.org/fhir/R4/bundle.html#references), so it may be anybody's."""
    first = [entry("http://ha/fhir", patient()), entry("http://ha/fhir", CONDITION)]
    second = [entry("http://hb/fhir", resource("Condition", id="8", code=concept(INFARCTION)))]
    for name, entries in (("a.json", first), ("b.json", second)):
        (tmp_path / name).write_bytes(text({"resourceType": "Bundle", "type": "searchset", "entry": entries}))
    (record,) = guideline.records.from_path(tmp_path)
    assert [fact.get("condition") for fact in facts(record)] == [["osteoporosis"], None]
    assert facts(record)[1]["unreadable"] == ["true"]


def versions(first: Json, second: Json) -> Iterator[Json]:
    for number, made in enumerate((first, second)):
        yield {**made, "meta": {"lastUpdated": f"202{number}-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("first", "second", "are_two"),
    [
        ({"birthDate": "1950-06-15"}, {"birthDate": "1960-06-15"}, True),
        ({"birthDate": "1950"}, {"birthDate": "1950-06-15"}, False),
        ({"name": [{"family": "A", "given": ["B"]}]}, {"name": [{"family": "C", "given": ["D"]}]}, True),
        ({"name": [{"family": "A", "given": ["B"]}]}, {"name": [{"family": "C", "given": ["b", "X"]}]}, False),
        (
            {"identifier": [{"system": "urn:m", "value": "1"}]},
            {"identifier": [{"system": "urn:m", "value": "2"}]},
            True,
        ),
        (
            {"identifier": [{"system": "urn:m", "value": "1"}]},
            {"identifier": [{"system": "urn:n", "value": "2"}]},
            False,
        ),
        ({"gender": "female"}, {"gender": "unknown"}, False),
    ],
)
def test_two_people_are_no_versions_of_one(terminology: Terminology, first: Json, second: Json, are_two: bool) -> None:  # noqa: FBT001
    one, other = versions(patient(**first), patient(**second))
    records = read_bytes(text(bundle(one, CONDITION), bundle(other, {**CONDITION, "id": "8"})), terminology)
    assert [bool(record.faults) for record in records] == [are_two]


def test_two_medications_are_no_versions_of_one(terminology: Terminology) -> None:
    one, other = versions({**MEDICATION, "code": concept(DENOSUMAB)}, {**MEDICATION, "code": concept(text="x")})
    order = resource("MedicationRequest", medicationReference={"reference": "Medication/m"})
    (record,) = read_bytes(text(bundle(patient(), order, one), bundle(CONDITION, other)), terminology)
    assert "Two things, not versions of one" in record.faults[0].reason


def test_files_of_one_name_are_told_apart(guideline: Guideline, tmp_path: Path) -> None:
    """Neither resource has an id: each is named by its place."""
    files = [tmp_path / name / "p.json" for name in ("a", "b")]
    for file, number in zip(files, (1, 2), strict=True):
        file.parent.mkdir()
        file.write_bytes(text(bundle(patient(id=str(number)), own(number, id=None))))
    first, second = guideline.read(files)
    assert only(first)["inputPath"] == [f"{files[0]}: Bundle.entry[1].resource"]
    assert only(second)["inputPath"] == [f"{files[1]}: Bundle.entry[1].resource"]


def test_a_record_of_nobody_in_another_file_may_be_of_anyone(guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), CONDITION)))
    (tmp_path / "b.json").write_bytes(text(resource("MedicationAdministration", subject=None)))
    (record,) = guideline.records.from_path(tmp_path)
    assert [fact.get("unreadable") for fact in facts(record)] == [None, ["true"]]
    assert "b.json: MedicationAdministration.subject: This MedicationAdministration names no patient" in reasons(record)


def test_linked_patients_in_two_files_are_a_fault(guideline: Guideline, tmp_path: Path) -> None:
    link = [{"type": "seealso", "other": {"reference": "Patient/2"}}]
    (tmp_path / "a.json").write_bytes(text(patient(link=link)))
    (tmp_path / "b.json").write_bytes(text(bundle(patient(id="2"), own(2))))
    faulty = [record for record in guideline.records.from_path(tmp_path) if record.faults]
    assert "are one person" in faulty[0].faults[0].reason


def test_a_medication_in_another_file_is_found(guideline: Guideline, tmp_path: Path) -> None:
    order = resource("MedicationRequest", medicationReference={"reference": "Medication/m"})
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), order)))
    (tmp_path / "b.json").write_bytes(text({**MEDICATION, "code": concept(DENOSUMAB)}))
    (record,) = guideline.records.from_path(tmp_path)
    assert only(record)["agent"] == ["denosumab"]


def test_a_file_that_cannot_be_read_costs_no_other(guideline: Guideline, tmp_path: Path) -> None:
    whole = bundle(patient(), CONDITION)
    (tmp_path / "a.json").write_bytes(json.dumps(whole).encode("utf-16"))
    (tmp_path / "b.json").write_bytes(text(whole))
    unread: list[RecordError] = []
    (record,) = guideline.records.from_all([tmp_path], unread=unread.append)
    assert only(record)["condition"] == ["osteoporosis"]
    assert "not UTF-8" in str(unread[0])


@pytest.mark.parametrize(
    ("name", "torn", "kinds"),
    [
        ("b.json", '{"resourceType": "Condition", "id": "8", "code": {"cod', ["Condition"]),
        ("b.ndjson", '{"resourceType": "Condition", "id": "8", "code": {"cod', ["Condition"]),
        ("b.ndjson", '{"resourceType":"MedicationRequest"', ["Order"]),
        ("b.json", '{"id": "8", "cod', ["Administration", "Allergy", "Condition", "Observation", "Order", "Use"]),
        ("b.json", '{"resourceType": "Observation", "id": ', ["Observation"]),
        ("b.json", '{"resourceType": "Encounter", "id": ', []),  # leaves no verdict open
        ("b.ndjson", '{"resourceType": "Patient", "id": "2"', []),  # somebody else
        ("b.ndjson", '{"resourceType": "Conditon", "id": "2"', ["Condition"]),
        ("b.json", '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition"', []),
        ("b.json", '{"name": "of no patient"}', []),
    ],
)
def test_what_cannot_be_read_may_be_of_any_patient(
    guideline: Guideline, tmp_path: Path, name: str, torn: str, kinds: list[str]
) -> None:
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), CONDITION)))
    (tmp_path / name).write_text(torn)
    unread: list[RecordError] = []
    (record,) = guideline.records.from_all([tmp_path], unread=unread.append)
    torn = [fact for fact in facts(record) if fact["inputPath"][0].startswith(name)]
    assert [fact["type"][0] for fact in torn] == kinds
    assert all("unreadable" in fact or len(fact["observable"]) > 10 for fact in torn)
    assert len(unread) == 1


def test_a_record_of_a_group_may_be_of_any_patient(guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text(bundle(patient(), CONDITION)))
    group = resource("Condition", id="8", subject={"reference": "Group/x"}, code=concept(INFARCTION))
    (tmp_path / "b.ndjson").write_bytes(text(group))
    (record,) = guideline.records.from_path(tmp_path)
    assert [fact.get("unreadable") for fact in facts(record)] == [None, ["true"]]


@pytest.mark.parametrize(
    ("urls", "born", "faults"),
    [
        (("urn:uuid:1", "urn:uuid:2"), "1950-06-15", 1),
        ((None, "urn:uuid:2"), "1950-06-15", 1),
        (("urn:uuid:1", "urn:uuid:1"), "1950-06-15", 0),
        (("urn:uuid:1", "urn:uuid:2"), "1960-06-15", 0),  # two people
        (("https://a.example/Patient/1", "https://b.example/Patient/1"), "1950-06-15", 0),  # of two servers
    ],
)
def test_one_id_under_several_urls(guideline: Guideline, urls: tuple[str | None, str], born: str, faults: int) -> None:
    """Who may be one person is not judged in two halves."""
    parts = [bundle(patient()), bundle(patient(birthDate=born))]
    for part, url in zip(parts, urls, strict=True):
        part["entry"][0]["fullUrl"] = url  # type: ignore[index]
    records = list(guideline.read(parts))
    assert [len(record.faults) for record in records] == [faults] * len(records)
    assert len(records) == len(set(urls))


def test_a_document_of_lines_is_joined_too(guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text(patient(), CONDITION))
    (tmp_path / "b.ndjson").write_bytes(text({**CONDITION, "id": "9"}))
    (record,) = guideline.records.from_path(tmp_path)
    assert [fact["inputPath"] for fact in facts(record)] == [
        ["a.json line 2: Condition"],
        ["b.ndjson line 1: Condition"],
    ]
