"""Reading lines unit by unit, as a survey has found them, is the same as reading them all at once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_service.errors import WrongRecord
from kg_service.patients.fhir import read_bytes
from kg_service.patients.fhir.element import Notes
from kg_service.patients.fhir.entries import open_resource
from kg_service.patients.fhir.reading import read_entries

from .fhir_data import DENOSUMAB, OSTEOPOROSIS, Json, concept, patient, resource

if TYPE_CHECKING:
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

SERVER = "https://fhir.example.org/r4"
PART = re.compile(r"[#.]patient-\d+(?=>)")


def whose(number: str) -> list[Json]:
    """Return the ways to refer to a patient."""
    return [
        {"reference": f"Patient/{number}"},
        {"reference": f"Patient/{number}/_history/2"},
        {"reference": f"{SERVER}/Patient/{number}"},
        {"reference": f"urn:uuid:{number}"},
        {"identifier": {"system": "urn:mrn", "value": f"mrn {number}"}},
        {"reference": f"Patient?identifier=urn:mrn|mrn {number}"},
        {"display": "somebody"},
    ]


def lines_of(number: str) -> list[Json]:
    """Return lines that may be in the input, of a patient of this number and of things of nobody."""
    references = whose(number)
    own = [
        resource("Condition", id=f"{number}c{at}", code=concept(OSTEOPOROSIS), subject=reference)
        for at, reference in enumerate(references)
    ]
    order = {"medicationReference": {"reference": f"Medication/m{number}"}, "subject": references[0]}
    return [
        *own,
        patient(id=number, identifier=[{"system": "urn:mrn", "value": f"mrn {number}"}]),
        resource("MedicationRequest", id=f"{number}o", **order),
        resource("Encounter", id=f"{number}e", subject=references[0]),
        resource("Claim", id=f"{number}x", patient=references[0]),
        {
            "resourceType": "Medication",
            "id": f"m{number}",
            "ingredient": [{"itemReference": {"reference": "Substance/s"}}],
        },
        {"resourceType": "Medication", "id": f"m{number}", "code": concept(DENOSUMAB)},
        {"resourceType": "Organization", "id": number},
    ]


LINES = [line for number in ("a1", "b2", "c3") for line in lines_of(number)]
LINES += [
    {"resourceType": "Substance", "id": "s", "code": concept(DENOSUMAB)},
    resource("Condition", id="two", subject={"reference": "Patient/a1"}, patient={"reference": "Patient/b2"}),
    {"resourceType": "OperationOutcome", "issue": []},
]


def identity(line: Json) -> tuple[object, object]:
    return line["resourceType"], line.get("id")


def said(records: list[PatientRecord]) -> dict[str, tuple[set[str], list[str]]]:
    """Return what is said of each patient; a record of everybody's has the patient's number in its IRI."""
    return {
        record.patient.value: (
            {PART.sub("", str(triple)) for triple in record.triples},
            sorted(fault.reason for fault in record.faults),
        )
        for record in records
    }


@settings(max_examples=150)
@given(chosen=st.lists(st.sampled_from(LINES), min_size=2, unique_by=identity))
def test_lines_in_any_order(terminology: Terminology, chosen: list[Json]) -> None:
    entries, common = [], Notes()
    for number, line in enumerate(chosen, start=1):
        entries += open_resource(line, f"line {number}: ", common)
    data = b"\n".join(json.dumps(line).encode() for line in chosen)
    try:
        at_once = read_entries(entries, common, terminology)
    except WrongRecord:
        with pytest.raises(WrongRecord):
            read_bytes(data, terminology)
    else:
        assert said(read_bytes(data, terminology)) == said(at_once)
