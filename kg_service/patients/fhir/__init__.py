"""Reads FHIR R4 in JSON (https://hl7.org/fhir/R4/) into the patient vocabulary."""

from kg_service.patients.fhir.files import read_bytes
from kg_service.patients.fhir.gathered import read_gathered
from kg_service.patients.fhir.lines import LineReader
from kg_service.patients.fhir.reading import read_resource

__all__ = ["LineReader", "read_bytes", "read_gathered", "read_resource"]
