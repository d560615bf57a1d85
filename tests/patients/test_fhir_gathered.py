"""Lines that a cluster has gathered tell of strays what a survey of the same lines tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kg_service.patients.fhir.gathered import Line, Shelf

if TYPE_CHECKING:
    from kg_service import Guideline

PATIENT = {"resourceType": "Patient", "id": "1", "birthDate": "1950-01-01"}
NOBODYS = {"resource": {"resourceType": "Condition", "id": "c", "code": {"text": "something"}}}
FURTHER = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next"}], "entry": [NOBODYS]}
NO_RESOURCE = {"resourceType": "Bundle", "type": "collection", "entry": [NOBODYS, {"resource": {"id": "x"}}]}
NEWER = {"resourceType": "MedicationStatement", "status": "recorded", "medication": {"concept": {"text": "something"}}}


@pytest.mark.parametrize("stray", [FURTHER, NO_RESOURCE, NEWER], ids=["further", "no-resource", "newer"])
def test_what_is_wrong_with_a_stray_is_told(guideline: Guideline, stray: dict[str, object]) -> None:
    texts = [json.dumps(one).encode() for one in (PATIENT, stray)]
    first, second = (Line(text, number, "", "") for number, text in enumerate(texts, start=1))
    (surveyed,) = guideline.records.from_bytes(b"\n".join(texts), "application/fhir+ndjson")
    (gathered,) = guideline.records.from_gathered([first], Shelf(strays=[second]))
    assert gathered.faults == surveyed.faults
    assert {one.reason for one in gathered.not_understood} == {one.reason for one in surveyed.not_understood}
