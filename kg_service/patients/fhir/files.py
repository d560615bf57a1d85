"""FHIR R4 in bytes: JSON, or NDJSON (http://ndjson.org) whose lines are bundles or resources."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kg_service.patients.fhir.glance import glance
from kg_service.patients.fhir.json_text import parse_json
from kg_service.patients.fhir.lines import LineReader
from kg_service.patients.fhir.reading import read_resource
from kg_service.patients.sources import Form, Source, is_lines
from kg_service.patients.survey import IN_MEMORY, Survey

if TYPE_CHECKING:
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology


def read_bytes(data: bytes, terminology: Terminology) -> list[PatientRecord]:
    """Read a JSON resource, or NDJSON whose lines are joined by patient, into one record per patient.

    Raises MalformedRecord or WrongRecord.
    """
    if not is_lines(data):
        return read_resource(parse_json(data), terminology)
    with Survey([Source("", Form.RESOURCES, data=data)], IN_MEMORY) as survey:
        deque(survey.take(glance), maxlen=0)
        read = LineReader(survey, terminology)
        return [record for unit in survey.units() for record in read(unit)]
