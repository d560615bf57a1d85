"""Patient records: RDF and FHIR R4 read into the patient vocabulary, with an account of what was not understood."""

from kg_service.patients.record import Fault, PatientRecord, Remark

__all__ = ["Fault", "PatientRecord", "Remark"]
