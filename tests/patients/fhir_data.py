"""Small FHIR R4 inputs, and records as short readable dicts."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from kg_service.patients.fhir import read_resource

if TYPE_CHECKING:
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

Json = dict[str, Any]
SNOMED, ICD, LOINC = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org"
RXNORM, ATC, UCUM = (
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://www.whocc.no/atc",
    "http://unitsofmeasure.org",
)

OSTEOPOROSIS = (SNOMED, "64859006")
INFARCTION = (SNOMED, "22298006")
OLD_INFARCTION = (SNOMED, "399211009")
DENOSUMAB = (RXNORM, "993449")
T_SCORE = (LOINC, "38267-1")


def concept(*codes: tuple[str, str], text: str | None = None) -> Json:
    """A CodeableConcept."""
    codings = [{"system": system, "code": code} for system, code in codes]
    return ({"coding": codings} if codings else {}) | ({"text": text} if text else {})


def patient(**members: object) -> Json:
    return {"resourceType": "Patient", "id": "1", "birthDate": "1950-06-15", "gender": "female", **members}


def resource(kind: str, **members: object) -> Json:
    """A resource of the patient above, with what its kind cannot do without."""
    owner = "patient" if kind in {"AllergyIntolerance", "FamilyMemberHistory"} else "subject"
    needed: Json = {
        "Observation": {"status": "final"},
        "RiskAssessment": {"status": "final"},
        "Procedure": {"status": "completed"},
        "FamilyMemberHistory": {"status": "completed"},
        "MedicationRequest": {"status": "active", "intent": "order"},
        "MedicationStatement": {"status": "active"},
        "MedicationAdministration": {"status": "completed"},
        "MedicationDispense": {"status": "completed"},
    }.get(kind, {})
    return {"resourceType": kind, "id": "7", owner: {"reference": "Patient/1"}, **needed, **members}


def bundle(*resources: Json, kind: str = "collection") -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources]}


def read_one(terminology: Terminology, *resources: Json, person: Json | None = None) -> PatientRecord:
    """The one record of a bundle of the patient and these resources."""
    (record,) = read_resource(bundle(person or patient(), *resources), terminology)
    return record


def text(*values: Json) -> bytes:
    """JSON, or lines of it."""
    return b"\n".join(json.dumps(value).encode() for value in values)


def facts(record: PatientRecord) -> list[dict[str, list[str]]]:
    """What is said of every node but the patient, in order: local names of properties and values, sorted."""
    nodes: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for triple in record.triples:
        name = triple.predicate.value.replace("#", "/").rpartition("/")[2]
        value = triple.object.value
        nodes[triple.subject.value][name].append(
            value.rpartition("/")[2] if value.startswith("https://w3id") else value
        )
    return [
        {name: sorted(values) for name, values in node.items()}
        for iri, node in nodes.items()
        if iri != record.patient.value
    ]


def person(record: PatientRecord) -> dict[str, str]:
    """What is said of the patient."""
    own = [t for t in record.triples if t.subject == record.patient]
    return {t.predicate.value.replace("#", "/").rpartition("/")[2]: t.object.value.rpartition("/")[2] for t in own}


def only(record: PatientRecord) -> dict[str, list[str]]:
    """What is said of the only record."""
    (fact,) = facts(record)
    return fact


def reasons(record: PatientRecord) -> str:
    """All remarks and their places, as one text."""
    return "\n".join(f"{remark.path}: {remark.reason}" for remark in record.not_understood)
