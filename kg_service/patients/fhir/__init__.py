"""Reads FHIR R4 in JSON (https://hl7.org/fhir/R4/) into the patient vocabulary."""

from kg_service.patients.fhir.files import read_bytes, read_path
from kg_service.patients.fhir.reading import read_resource
from kg_service.patients.fhir.units import read_unit

__all__ = ["read_bytes", "read_path", "read_resource", "read_unit"]
